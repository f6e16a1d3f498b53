package ui

import (
	"strconv"
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
