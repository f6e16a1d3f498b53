package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// consent is what the person at the terminal has said about a change. What they
// read is what is sent, whatever has become of it meanwhile; when it has moved,
// they are asked again, about what is true then.
type consent struct {
	attended bool            // a person is asked first
	asked    question        // what they were asked, until they have answered
	given    *release.Choice // what they said yes to, until it is sent
	moved    time.Time       // the look that a refusal was met with: only a newer one is asked about
}

// question is what a person is asked before a change.
type question struct {
	text string
	yes  func(typed string) bool // what confirms; nothing else does
	no   string                  // what it means when they do not confirm

	other *release.Choice // what they can choose instead, or nil
	says  string          // what they type for it
}

// agreed gives the choice to be sent; ok is false while there is none to send yet.
// Its error ends the command: the person did not confirm.
func (c *consent) agreed(d *driver, now release.Choice, q question) (choice release.Choice, ok bool, err error) {
	switch {
	case !d.frame.State.View.Workload.At.After(c.moved), !d.glimpsed():
		return now, false, nil
	case !c.attended:
		return now, true, nil
	case c.given != nil:
		return *c.given, true, nil
	}
	if d.shown == nil {
		c.asked = q
	}
	shown, typed, answered := d.confirm(now, c.asked.text)
	if !answered {
		return now, false, nil
	}
	switch {
	case c.asked.yes(typed):
	case c.asked.other != nil && typed == c.asked.says:
		shown = *c.asked.other
	default:
		return now, false, fail(exitError, "not confirmed: %s", c.asked.no)
	}
	c.given = &shown
	if !d.ready() {
		fmt.Fprintln(d.out, "confirmed; waits for the API server to say who asks")
	}
	return shown, true, nil
}

// sent says that what was confirmed is on its way: it is used up.
func (c *consent) sent() { c.given = nil }

// again makes the next newer look the one to be asked about.
func (c *consent) again(f release.Frame) { c.given, c.moved = nil, f.State.View.Workload.At }

// says accepts a few words, in capitals too.
func says(words ...string) func(string) bool {
	return func(typed string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, typed) })
	}
}

// exactly accepts one word as it is.
func exactly(word string) func(string) bool {
	return func(typed string) bool { return typed == word }
}
