package metrics

import (
	"context"
	"strings"
	"sync"

	"datahub.io/slipway/release"
)

// Versus is one metric's query for each version of a canary release. {version}
// in them stands for a regular expression of that version's name, and is filled
// in when it is known which versions are compared.
type Versus struct {
	Metric         release.MetricName
	Canary, Stable string // PromQL
	Trial          bool   // the statistical judge looks at it
}

// The sides of a comparison.
const (
	canary = iota
	stable
)

// side gives the query of one side, about that version.
func (v Versus) side(side int, of release.Comparing) string {
	if side == canary {
		return about(v.Canary, literal(of.Canary))
	}
	return about(v.Stable, literal(of.Stable))
}

// version is what a query has where a version's name comes.
const version = "{version}"

// anyVersion matches whatever has the label at all.
const anyVersion = ".+"

func about(query, pattern string) string { return strings.ReplaceAll(query, version, pattern) }

// literal makes a regular expression of a version. It has no backslash, which
// PromQL reads in one way between " and in another between `, and no quote of
// either kind: what has no place in an image's tag matches any character. Of an
// unknown version any will do.
func literal(v string) string {
	if v == "" {
		return anyVersion
	}
	var b strings.Builder
	for _, r := range v {
		switch {
		case r == '.':
			b.WriteString("[.]")
		case r < 0x80 && (letter(byte(r)) || digit(byte(r))), r == '-', r == '/', r == '@':
			b.WriteRune(r)
		default:
			b.WriteByte('.')
		}
	}
	return b.String()
}

// wish is what Watch is to compare. Its context ends when that changes.
type wish struct {
	mu  sync.Mutex
	of  release.Comparing
	ctx context.Context
	end context.CancelFunc
}

// Compare says what Watch is to compare from now on; the zero value ends it. It
// never blocks, and Watch looks at once. What was being asked about the former
// comparison is dropped: a Compared that Watch has not begun to emit does not come
// any more.
func (c *Client) Compare(of release.Comparing) {
	w := &c.wish
	w.mu.Lock()
	was := w.of
	same := was.On == of.On && was.Since.Equal(of.Since) && was.Canary == of.Canary && was.Stable == of.Stable
	if !same {
		w.set(of)
	}
	w.mu.Unlock()
	if !same {
		c.Retry() // wakes Watch
	}
}

func (w *wish) set(of release.Comparing) {
	if w.end != nil {
		w.end()
	}
	w.of = of
	w.ctx, w.end = context.WithCancel(context.Background())
}

// now gives what is compared, and a context that ends when something else is.
func (w *wish) now() (release.Comparing, context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of, w.ctx
}
