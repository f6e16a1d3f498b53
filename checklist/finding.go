package checklist

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// finding is a result on its way: what a probe found so far.
type finding struct{ release.Result }

// add adds a row of evidence.
func (f *finding) add(label string, mark release.Mark, text string) {
	f.Rows = append(f.Rows, release.Fact{Label: release.FactLabel(label), Mark: mark, Text: untrusted.Line(text, longest)})
}

// fact keeps what later steps can use.
func (f *finding) fact(name release.FactName, text string) {
	if f.Facts == nil {
		f.Facts = release.Facts{}
	}
	if text != "" {
		f.Facts[name] = text
	}
}

// fail makes a finding one that fails; what fails stays the first reason.
func (f *finding) fail(short, detail string) {
	if f.Verdict != release.Fail {
		f.Verdict, f.Short, f.Detail = release.Fail, untrusted.Line(short, longest), untrusted.Line(detail, longest)
	}
}

// noData makes a finding that passed so far one that is not known.
func (f *finding) noData(short, detail string) {
	if f.Verdict == release.Pass {
		f.Verdict, f.Short, f.Detail = release.NoData, untrusted.Line(short, longest), untrusted.Line(detail, longest)
	}
}

// from begins a finding with what is known.
func from(r release.Result) finding { return finding{r} }

// longestWait bounds what another side may ask us to wait.
const longestWait = time.Hour

// retryAfter is how long an answer asks to wait; 0: it does not say.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	at, err := http.ParseTime(text)
	sent, wrong := http.ParseTime(header.Get("Date"))
	if err != nil || wrong != nil {
		return 0
	}
	return min(max(at.Sub(sent), 0), longestWait)
}

// nearest gives the names that are most like one, at most three.
func nearest(name string, all []string) []string {
	const shown = 3
	type near struct {
		name string
		far  int
	}
	var found []near
	for _, other := range all {
		if len(other) <= longest {
			found = append(found, near{untrusted.Line(other, longest), release.Distance(strings.ToLower(name), strings.ToLower(other))})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.far, b.far), -cmp.Compare(a.name, b.name)) // the higher version first
	})
	names := []string{}
	for _, n := range found[:min(shown, len(found))] {
		names = append(names, n.name)
	}
	return names
}
