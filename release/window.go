package release

import (
	"fmt"
	"time"
)

// Windows are when changes may be made, resolved to instants: weekly hours, without
// which it is always, and freezes, which come before them. The zero value never closes.
type Windows struct {
	Weekly  bool           // changes are made in Open only
	Words   string         // "Mon–Fri 09:00–16:00 Europe/Berlin"
	Zone    *time.Location // that times are shown in; nil: as they are
	Open    []Window       // in order, apart from each other
	Freezes []Window       // in order
	From    time.Time      // known from then
	Until   time.Time      // and to then; what lies beyond is not known
	Finish  time.Duration  // how long after a closing a release that began in time may still advance
}

// Window is a stretch of time: its first instant belongs to it, its end does not.
type Window struct {
	From, To time.Time
	Reason   string // of a freeze
	By       string // who set it, or ""
	Change   string // its change request, or ""
}

func (w Window) covers(at time.Time) bool { return !at.Before(w.From) && at.Before(w.To) }

// Opening is how the windows stand at a moment.
type Opening struct {
	Closed bool
	Freeze *Window   // the freeze that closes them, if one does
	Since  time.Time // Closed: when they closed; zero = that is not known
	Opens  time.Time // Closed: when they open, window and freeze together; zero = no opening is known
	Closes time.Time // open: when they close; zero = no closing is known
}

// Restricted tells whether there is ever a time when changes are not made.
func (w Windows) Restricted() bool { return w.Weekly || len(w.Freezes) > 0 }

// At says how the windows stand. Deny beats allow. What lies beyond the horizon is closed,
// where weekly hours open them: unknown is not good.
func (w Windows) At(now time.Time) Opening {
	if !w.Restricted() {
		return Opening{}
	}
	if w.open(now) {
		return Opening{Closes: w.change(now, true)}
	}
	o := Opening{Closed: true, Since: w.closedSince(now)}
	for i, f := range w.Freezes {
		if f.covers(now) {
			o.Freeze = &w.Freezes[i]
		}
	}
	o.Opens = w.change(now, false)
	return o
}

// open tells whether changes may be made at a moment.
func (w Windows) open(at time.Time) bool {
	for _, f := range w.Freezes {
		if f.covers(at) {
			return false
		}
	}
	if !w.Weekly {
		return true
	}
	for _, o := range w.Open {
		if o.From.After(at) {
			break
		}
		if o.covers(at) {
			return true
		}
	}
	return false
}

// change is the next moment at which open becomes otherwise than it is now; zero: none
// is known.
func (w Windows) change(now time.Time, isOpen bool) time.Time {
	next := zeroTime
	w.edges(func(at time.Time) {
		if at.After(now) && (next.IsZero() || at.Before(next)) && w.open(at) != isOpen {
			next = at
		}
	})
	return next
}

// closedSince is when the windows closed that are closed now; zero: that is not known.
func (w Windows) closedSince(now time.Time) time.Time {
	since, opened := zeroTime, zeroTime
	w.edges(func(at time.Time) {
		switch {
		case at.After(now):
		case w.open(at):
			if at.After(opened) {
				opened = at
			}
		}
	})
	w.edges(func(at time.Time) {
		if !at.After(now) && at.After(opened) && !w.open(at) && (since.IsZero() || at.Before(since)) {
			since = at
		}
	})
	if opened.IsZero() && w.Weekly {
		return zeroTime
	}
	return since
}

// edges calls for every moment at which something begins or ends.
func (w Windows) edges(each func(time.Time)) {
	for _, list := range [][]Window{w.Open, w.Freezes} {
		for _, x := range list {
			each(x.From)
			each(x.To)
		}
	}
}

// Show writes a time as people of the windows' zone read it: "Mon 09:00".
func (w Windows) Show(at, now time.Time) string {
	if w.Zone != nil {
		at, now = at.In(w.Zone), now.In(w.Zone)
	}
	switch {
	case at.Year() == now.Year() && at.YearDay() == now.YearDay():
		return at.Format("15:04")
	case at.Sub(now) < 6*24*time.Hour && at.After(now):
		return at.Format("Mon 15:04")
	}
	return at.Format("Mon 2 Jan 15:04")
}

// WindowWaiver opens the windows for one release.
type WindowWaiver struct {
	Reason string    `json:"reason"`
	By     Actor     `json:"by"`
	At     time.Time `json:"at"`
}

// window says that changes are not made now. A waiver opens it for its release. One that
// was deployed in time may go on for a while after the closing; ends is how long.
func window(plan Plan, s State, now time.Time) Refusal {
	o := plan.Windows.At(now)
	if !o.Closed || s.Waiver != nil || now.Before(s.finishes(plan)) {
		return Refusal{}
	}
	text := "the change window is closed"
	if o.Freeze != nil {
		text = fmt.Sprintf("changes are frozen: %q", o.Freeze.Reason)
	}
	return Refusal{Kind: RefusedWindow, Until: o.Opens, Text: text + "; " + opensWords(plan.Windows, o, now)}
}

// windowOfDeploy is the window of a deploy: one that changes nothing needs none.
func windowOfDeploy(plan Plan, s State, now time.Time) Refusal {
	if s.Unchanged() {
		return Refusal{}
	}
	return window(plan, s, now)
}

// openAlready says that there is nothing to waive.
func openAlready(plan Plan, s State, now time.Time) Refusal {
	switch {
	case s.Waiver != nil:
		return refusal(RefusedAlready, "waived already by "+s.Waiver.By.Name)
	case window(plan, s, now).None():
		return refusal(RefusedAlready, "the change window is open")
	}
	return Refusal{}
}

func waiveWindowChoice(plan Plan, s State, now time.Time) Choice {
	return Choice{
		Kind: DoWaiveWindow, Intent: WaiveWindow{}, Refusals: blocks(plan, s, now, WaiveWindow{}),
		Preview: Preview{
			Title: "Waive the change window", Object: object(plan), Facts: windowFacts(plan, s, now),
			Line: fmt.Sprintf("waive the change window for the deploy of %s, with a reason · recorded with your name", s.To.Version),
		},
	}
}

// waiveWindow opens the windows for this release.
func (t *turn) waiveWindow(by Actor, reason string) {
	t.record().Waiver = &WindowWaiver{Reason: reason, By: by, At: t.now}
	t.tell(by, MarkWaived, fmt.Sprintf("waived the change window for this deploy: %q", reason))
}

// waivedWords stands in the change-cause of a change that was made in spite of the window.
func (s State) waivedWords() string {
	if s.Waiver == nil {
		return ""
	}
	return fmt.Sprintf(", change window waived by %s: %q", s.Waiver.By.Name, s.Waiver.Reason)
}

// windows tells when the change window opens or closes, and a freeze begins.
func (t *turn) windows() {
	if !t.plan.Windows.Restricted() {
		return
	}
	o := t.plan.Windows.At(t.now)
	before, text := t.s.View.Window, "change window open"
	switch {
	case o.Freeze != nil:
		text = fmt.Sprintf("changes frozen: %q", o.Freeze.Reason) + freezeBy(*o.Freeze)
	case o.Closed:
		text = "change window closed"
	}
	if t.s.View.Window = text; before != "" && before != text {
		t.tell(Itself, MarkNone, text)
	}
}

// opensWords says when the windows open: "it opens Mon 09:00, in 2d 14h".
func opensWords(w Windows, o Opening, now time.Time) string {
	if o.Opens.IsZero() {
		return "no next opening is known"
	}
	return fmt.Sprintf("opens %s, in %s", w.Show(o.Opens, now), Far(o.Opens.Sub(now)))
}

// finishes is until when a release that was deployed in time may go on; zero: it was not.
func (s State) finishes(plan Plan) time.Time {
	began := s.Deployed
	if s.Phase != Deploying && s.Phase != Verifying || began.IsZero() {
		return zeroTime
	}
	o := plan.Windows.At(began)
	if o.Closed || o.Closes.IsZero() {
		return zeroTime
	}
	return o.Closes.Add(plan.Windows.Finish)
}

// Far writes a span of days as people say it: "2d 14h", "3h 05m", "12m".
func Far(d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	switch days, hours := minutes/(24*60), minutes/60%24; {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %02dm", hours, minutes%60)
	default:
		return fmt.Sprintf("%dm", max(minutes, 0))
	}
}

// WindowView is what is said of the windows in the header and the checklist.
type WindowView struct {
	Closed bool
	Waived bool
	Words  string // "window opens Mon 09:00 (in 2d 14h)", "window to 16:00 (2h 10m)"; "" = never closed
	Short  string // "Mon 09:00"
}

// WindowOf describes the windows now; zero when they never close.
func WindowOf(plan Plan, s State, now time.Time) WindowView {
	w := plan.Windows
	if !w.Restricted() {
		return WindowView{}
	}
	o := w.At(now)
	v := WindowView{Closed: o.Closed, Waived: o.Closed && s.Waiver != nil && !s.Phase.Over()}
	switch ends := s.finishes(plan); {
	case v.Waived:
		v.Words, v.Short = "window waived by "+s.Waiver.By.Name, "waived"
	case o.Closed && now.Before(ends):
		v.Words = fmt.Sprintf("window closed, finish by %s (%s)", w.Show(ends, now), Far(ends.Sub(now)))
		v.Short = "to " + w.Show(ends, now)
	case o.Closed && o.Opens.IsZero():
		v.Words, v.Short = "window closed", "closed"
	case o.Closed:
		v.Words = fmt.Sprintf("window opens %s (in %s)", w.Show(o.Opens, now), Far(o.Opens.Sub(now)))
		v.Short = w.Show(o.Opens, now)
	case o.Closes.IsZero():
		v.Words, v.Short = "window open", "open"
	default:
		v.Words = fmt.Sprintf("window to %s (%s)", w.Show(o.Closes, now), Far(o.Closes.Sub(now)))
		v.Short = "to " + w.Show(o.Closes, now)
	}
	return v
}

// windowFacts say what closes the windows, what still goes on and how to open them.
func windowFacts(plan Plan, s State, now time.Time) []Fact {
	w := plan.Windows
	if !w.Restricted() {
		return nil
	}
	o := w.At(now)
	if !o.Closed {
		if o.Closes.IsZero() {
			return nil
		}
		return []Fact{{"window", MarkPass, fmt.Sprintf("open to %s, for %s", w.Show(o.Closes, now), Far(o.Closes.Sub(now)))}}
	}
	text := opensWords(w, o, now)
	if !o.Since.IsZero() {
		text += "; closed since " + w.Show(o.Since, now)
	}
	facts := []Fact{{"window", MarkWaiting, text}}
	if w.Words != "" {
		facts = append(facts, Fact{"", MarkNone, w.Words})
	}
	if f := o.Freeze; f != nil {
		facts = append(facts, Fact{"freeze", MarkWaiting, fmt.Sprintf("%q", f.Reason)})
		facts = append(facts, Fact{"", MarkNone, fmt.Sprintf("%s to %s%s", w.Show(f.From, now), w.Show(f.To, now), freezeBy(*f))})
	}
	if s.Waiver != nil {
		facts = append(facts, Fact{"waived", MarkWaived, fmt.Sprintf("%s %s: %q", s.Waiver.By.Name, s.Waiver.At.Format(time.TimeOnly), s.Waiver.Reason)})
	}
	return facts
}

func freezeBy(f Window) string {
	text := ""
	if f.By != "" {
		text = ", set by " + f.By
	}
	if f.Change != "" {
		text += ", " + f.Change
	}
	return text
}
