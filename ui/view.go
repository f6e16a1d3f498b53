package ui

import (
	"time"

	"datahub.io/slipway/release"
)

// press is a key, or text that was pasted.
type press struct {
	key  string    // as Bubble Tea names it: "u", "enter", "space", "ctrl+c"; "" when pasted
	text string    // what it types, if anything
	at   time.Time // when it came
}

// action is what follows from a key. The zero value is nothing.
type action struct {
	intent release.Intent // submitted with seen; the overlay waits for the answer
	seen   release.Seen
	open   overlay // laid on top
	close  bool    // the overlay that answered is taken away first
	view   string  // the title of the view to change to
	copy   string  // put into the clipboard
	follow *string // the pod whose log is followed, "" for none
	say    string  // shown in the headline's place for three seconds
	retry  bool    // lost links are tried again now
	leave  bool    // the program ends
}

// hint is a key and what it does now, for the footer and for help.
type hint struct{ key, does string }

// view is one of the screen's views: the body between header and footer. It may
// keep a selection or a scroll position, changed only by its press.
type view interface {
	title() string
	// trouble is the mark beside the view's name, "" when there is none: "✗3".
	trouble(sc scene, t theme) row
	// body fills exactly w×h.
	body(sc scene, t theme, w, h int) block
	// next says what enter would do now: the first of the two rows above the keys.
	next(sc scene) row
	// hints are the keys that only this view has, in order.
	hints(sc scene) []hint
	// press answers a key; handled is false for keys that it does not know.
	press(sc scene, p press) (a action, handled bool)
}

// typist is a view or an overlay into which text can be typed. While it is,
// letters are not keys, and undo is ctrl+z.
type typist interface{ typing(sc scene) bool }

// overlay is what lies on top of a view and takes the keys: a dialog in the
// middle, or a sheet that is docked at the bottom.
type overlay interface {
	// docked tells whether it stands at the bottom, in the place of the rows above
	// the keys, and the body shrinks; otherwise it lies over the greyed body.
	docked() bool
	// draw gives a block of at most w×h; a docked one is w wide.
	draw(sc scene, t theme, w, h int) block
	// hints are the footer's keys while it is open; nil keeps those of the view.
	hints(sc scene) []hint
	press(sc scene, p press) action
	// over tells whether what it asks about is no longer there; it is closed then.
	over(sc scene) bool
}
