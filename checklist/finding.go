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
type finding struct {
	release.Result
	facts  []fact
	digest string        // of the image that was looked at
	wait   time.Duration // that the other side asks for before the next question
}

// fact is one line of evidence: what was read of one thing.
type fact struct {
	name string
	mark release.Mark
	text string
}

func (f *finding) add(name string, mark release.Mark, text string) {
	f.facts = append(f.facts, fact{name, mark, untrusted.Line(text, longest)})
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
func from(r release.Result) finding { return finding{Result: r} }

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

// ShortDigest is a digest as a person compares it: "sha256:9f2c41d0…e41".
func ShortDigest(digest string) string {
	const head, end = 8, 3
	algorithm, hex, _ := strings.Cut(digest, ":")
	if len(hex) <= head+end {
		return digest
	}
	return algorithm + ":" + hex[:head] + "…" + hex[len(hex)-end:]
}
