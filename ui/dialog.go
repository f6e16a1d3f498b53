package ui

import (
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// How long no key may have come before keys count again.
const (
	// quietTime is for what a person has to read first: a sheet that opened by
	// itself, a line that changed while it was being read.
	quietTime = 425 * time.Millisecond
	// freshTime is for a confirmation that a key just opened: what performs it is
	// a press of its own, not a key that repeats by itself, nor keys that were
	// kept back on their way and come all at once.
	freshTime = 150 * time.Millisecond
	// longestQuiet is how long keys are held back at most: who is still pressing the
	// key then has had the time to read, and means it.
	longestQuiet = 1500 * time.Millisecond
	// repeatTime is between two presses of a person at least. What comes faster is a
	// key that is held down, or keys that were kept back, and never counts.
	repeatTime = 60 * time.Millisecond
)

// hush holds keys back until none has come for a while, and not for ever from who goes
// on pressing. The zero value holds nothing back.
type hush struct {
	began time.Time
	since time.Time // the last key that was held back
	quiet time.Duration
}

// begin holds keys back from now on, until none has come for quiet.
func (h *hush) begin(now time.Time, quiet time.Duration) { h.began, h.since, h.quiet = now, now, quiet }

// holds tells whether a key that came now is to be ignored.
func (h *hush) holds(now time.Time) bool {
	if h.since.IsZero() {
		return false
	}
	gap := now.Sub(h.since)
	if h.since = now; gap < repeatTime || now.Before(h.ends(gap)) {
		return true
	}
	h.since = time.Time{}
	return false
}

// ends is when a key counts that comes gap after the one before it.
func (h *hush) ends(gap time.Duration) time.Time {
	quiet, longest := h.since.Add(h.quiet-gap), h.began.Add(longestQuiet)
	if quiet.After(longest) {
		return longest
	}
	return quiet
}

// over tells whether a key would count that came now.
func (h *hush) over(now time.Time) bool {
	return h.since.IsZero() || !now.Before(h.ends(0))
}

// confirmation is a choice as a person read it. It is confirmed only as long as
// the world is still the one that was read.
type confirmation struct {
	kind     release.IntentKind
	item     string // of a tick or a waiver
	revision int64  // of an undo; 0 is the previous one, whichever that is
	read     release.Choice
	moved    map[string]bool // what differed at the last refused press
	hush     hush
	sent     release.IntentKind // and not answered yet; "" is nothing
	refusal  string             // why it was not taken when it was sent
}

// confirm asks about a choice; by is the key that opened the question.
func confirm(c release.Choice, by press) confirmation {
	out := confirmation{kind: c.Kind, item: c.Item, read: c}
	out.hush.begin(by.at, freshTime)
	return out
}

// now is the choice as it is offered now.
func (c *confirmation) now(sc scene) release.Choice {
	for _, choice := range sc.Choices {
		if choice.Kind != c.kind || choice.Item != c.item {
			continue
		}
		if c.revision == 0 || choice.Seen.Revision == c.revision {
			return choice
		}
	}
	return c.read.Refuse(release.RefusedUnknown, "no longer possible")
}

// press gives the choice to be submitted, or false: it is not allowed now or was
// sent already, the key was not pressed anew, or what was read has moved. Then the changed lines
// are marked and the next press confirms what they say now.
func (c *confirmation) press(sc scene, p press) (release.Choice, bool) {
	now := c.now(sc)
	switch {
	case c.waiting():
		return now.Refuse(release.RefusedBusy, sentWords), false
	case !now.OK() || c.hush.holds(p.at):
		return now, false
	case now.Seen != c.read.Seen:
		c.moved, c.read, c.refusal = differences(c.read, now), now, ""
		c.hush.begin(p.at, quietTime)
		return now, false
	}
	return now, true
}

// marks says which lines are to be marked as changed since they were read.
func (c *confirmation) marks(sc scene) map[string]bool {
	if now := c.now(sc); now.OK() && now.Seen != c.read.Seen {
		return differences(c.read, now)
	}
	return c.moved
}

// differences names the lines of a confirmation that are not the same in two
// choices: the labels under which they stand.
func differences(a, b release.Choice) map[string]bool {
	was, is := a.Preview, b.Preview
	runs := a.Seen.Before != b.Seen.Before
	changed := map[string]bool{
		"undo to":  a.Seen.Revision != b.Seen.Revision || a.Seen.Template != b.Seen.Template,
		"object":   was.Object != is.Object || a.Seen.UID != b.Seen.UID || a.Seen.Canary != b.Seen.Canary,
		"change":   was.Change != is.Change || was.Line != is.Line || runs || a.Seen.Weight != b.Seen.Weight,
		"how":      was.How != is.How,
		"way back": was.Back != is.Back,
		"same as":  was.SameAs.String() != is.SameAs.String(),
		"now":      runs,
	}
	before, after := factTexts(was), factTexts(is)
	for label := range after {
		changed[label] = before[label] != after[label]
	}
	return changed
}

// factTexts is what stands under each label. What was read how long ago differs
// always and is no move.
func factTexts(p release.Preview) map[string]string {
	out := map[string]string{}
	for _, f := range p.Facts {
		if f.Label != release.FactFresh {
			out[string(f.Label)] += f.Text + "\n"
		}
	}
	return out
}

// dialogWidth is how wide a dialog becomes.
const dialogWidth = 100

// dialogPen writes in a dialog where w cells are free.
func dialogPen(sc scene, t theme, w int) pen {
	width := min(dialogWidth, w)
	gutter, labels := 2, 12
	if width < dialogWidth {
		gutter, labels = 1, 10
	}
	return pen{th: t, s: sc, w: width - 2 - 2*gutter, gutter: gutter, labels: labels}
}

// cramped tells whether there is no room for a frame: a confirmation is one
// sentence then.
func cramped(w, h int) bool { return w < minWidth-2 || h < minHeight-headerRows-1 }

// frameDialog puts sections into a heavy frame as high as they need, at most h.
func frameDialog(p pen, title string, label row, sections []section, h int) block {
	body := p.squeeze(sections, h-2)
	frame := panel{title: line(strong.of(p.th.glyphs.say(title))), label: label, hue: text, heavy: true}
	return frame.draw(p.th, body, p.full()+2, min(len(body)+2, h))
}

// sentence is a confirmation where there is no room for more: what it does, and
// the keys.
func sentence(sc scene, t theme, w, h int, what, keys row) block {
	p := pen{th: t, s: sc, w: max(w-2, 1), gutter: 1, labels: 1}
	rows := append(p.paragraph(what), p.paragraph(keys)...)
	if len(rows) > h {
		rows = append(p.paragraph(keys), p.paragraph(what)...)
	}
	return rows[:min(len(rows), h)]
}

// keyLabel is the key that performs: reversed, with what it does.
func keyLabel(k ink, key, does string) span { return k.of(" " + key + "  " + does + " ") }

// alsoKey is another key: bold, with what it does.
func alsoKey(key, does string) row {
	return line(strong.of(key), plain.of(" "+does))
}

// leaving is the key that leaves things as they are.
func leaving() row { return line(strong.of("esc"), plain.of(" leave as it is")) }

// submit sends what was confirmed.
func submit(c release.Choice, intent release.Intent) action {
	return action{intent: intent, seen: c.Seen}
}

// refuse answers a key in the headline: why what it asks for is not possible.
func refuse(key string, c release.Choice) action {
	why := c.Why()
	if why == "" {
		why = "not possible now"
	}
	return action{say: key + ": " + why}
}

// movedNote says what to do after a press was refused because the world moved,
// here or where it was sent to.
func movedNote(p pen, c *confirmation, key string) block {
	switch {
	case c.waiting():
		return nil
	case c.refusal != "" && len(c.marks(p.s)) > 0:
		return p.paragraph(line(
			warning.bolder().of("! not taken: "+c.refusal+". "),
			plain.of("The lines marked ! are new; "), strong.of(key), plain.of(" reads them again."),
		))
	case c.refusal != "":
		return p.paragraph(line(warning.bolder().of("! not taken: "+c.refusal+". "), strong.of(key), plain.of(" asks again.")))
	case len(c.marks(p.s)) == 0:
		return nil
	}
	return p.paragraph(line(
		warning.bolder().of("! it moved while you read. "),
		plain.of("The lines marked ! are new; "), strong.of(key), plain.of(" performs what they say now."),
	))
}

// prose starts with its first words in bold: the object of a change.
func prose(s string) row {
	first, rest, _ := strings.Cut(s, " ")
	return line(strong.of(first), plain.of(" "+rest))
}

// always answers the keys that every dialog has in which nothing is typed: undo
// is never more than two keys away, and the program can always be left.
func always(sc scene, p press) action {
	switch p.key {
	case "u":
		return openUndo(sc, p)
	case "ctrl+c":
		return openLeave(sc, p)
	}
	return action{}
}

// whileTyping answers the same where letters are typed.
func whileTyping(sc scene, p press) (action, bool) {
	switch p.key {
	case "ctrl+z":
		return openUndo(sc, p), true
	case "ctrl+c":
		return openLeave(sc, p), true
	}
	return action{}, false
}
