package ui

import (
	"strconv"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// linkState is a link with the age of what it last brought.
func (t theme) linkState(sc scene, source release.Source, name string) row {
	l := sc.link(source)
	at := l.Last
	stale := false
	if source == release.Prometheus {
		if !sc.sampled.IsZero() {
			at, stale = sc.sampled, sc.stale
		}
	}
	age := release.Age(sc.Now.Sub(at))
	if source == release.Kubernetes {
		age = steadyAge(sc.Now.Sub(at))
	}
	switch {
	case l.Last.IsZero() && l.Since.IsZero():
		return line(faint.of(t.glyphs.marks[release.MarkWaiting]), faint.of(" "+name+" not yet"))
	case !l.OK && at.IsZero():
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " " + name + " never"))
	case !l.OK:
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " " + name + " " + age))
	case stale:
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkStale] + " " + name + " " + age))
	case t.glyphs.ascii:
		return line(plain.of(name+" "), passing.of(t.glyphs.link), faint.of(" "+age))
	}
	return line(passing.of(t.glyphs.link), plain.of(" "+name+" "), faint.of(age))
}

// steadyAge is an age of a few seconds with its tenths, so that what stands
// before it does not move each time the API server answers.
func steadyAge(d time.Duration) string {
	if d < time.Second || d >= 10*time.Second {
		return release.Age(d)
	}
	return strconv.FormatFloat(d.Truncate(100*time.Millisecond).Seconds(), 'f', 1, 64) + "s"
}

// splitState is what divides the traffic, with the age of the last look at it; nil
// where no object does. Well tells that it was seen lately.
func (t theme) splitState(sc scene) (out row, well bool) {
	plan := sc.Plan.Canary
	if plan == nil || plan.Route == "" {
		return nil, true
	}
	name := "route"
	switch kind, _, _ := strings.Cut(plan.Route, "/"); kind {
	case "virtualservice":
		name = "istio"
	case "httproute":
		name = "gateway api"
	}
	split := sc.State.View.Split
	age := sc.Now.Sub(split.At)
	switch {
	case split.At.IsZero() && split.Err == "":
		return line(faint.of(t.glyphs.marks[release.MarkWaiting]), faint.of(" "+name+" not yet")), true
	case split.Err != "":
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown] + " " + name + " unreadable")), false
	case age > sc.Plan.Stale.Workload:
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkStale] + " " + name + " " + release.Age(age))), false
	case t.glyphs.ascii:
		return line(plain.of(name+" "), passing.of(t.glyphs.link), faint.of(" "+steadyAge(age))), true
	}
	return line(passing.of(t.glyphs.link), plain.of(" "+name+" "), faint.of(steadyAge(age))), true
}
