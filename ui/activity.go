package ui

import (
	"strings"

	"datahub.io/slipway/release"
)

// activityPanel is the newest lines of activity, newest first.
func activityPanel(sc scene, t theme, w, h int) block {
	body := make(block, 0, h)
	for i := len(sc.Activity) - 1; i >= 0 && len(body) < h-2; i-- {
		body = append(body, activityRow(sc, t, sc.Activity[i], w-4))
	}
	if len(body) == 0 {
		body = append(body, line(faint.of("nothing has happened yet")))
	}
	return panel{
		title: line(strong.of("Activity")),
		label: line(faint.of(viewNumber(sc, logTitle) + " whole log")),
	}.draw(t, inset(body...), w, h)
}

// activityRow is one line: when, who, what.
func activityRow(sc scene, t theme, l release.Line, w int) row {
	who := strong
	if l.By == release.Itself {
		who = muted
	}
	name := padRight(cutMiddle(l.By.Name, 8, t.glyphs.ellipsis), 8)
	out := line(faint.of(l.At.Format("15:04:05")), plain.of(" "), who.of(name), plain.of(" "))
	out = join(out, accented(t.spell(line(plain.of(l.Text)))[0].text, l.Mark))
	out = out.fit(w, t.glyphs.ellipsis)
	if age := sc.Now.Sub(l.At); age >= 0 && age < noticeTime {
		return out.emboldened()
	}
	return out
}

// accented writes a line of activity: in a hue only what a person must look at,
// up to its reason, and what was accepted.
func accented(s string, m release.Mark) row {
	switch m {
	case release.MarkFail, release.MarkAttention, release.MarkWaived, release.MarkUnknown, release.MarkStale:
		k := markInk(m)
		k.bold = false
		what, why, told := strings.Cut(s, ": ")
		if !told {
			return line(k.of(s))
		}
		return line(k.of(what), plain.of(": "+why))
	}
	before, after, found := strings.Cut(s, "✓ accepted")
	if !found {
		return line(plain.of(s))
	}
	return line(plain.of(before), passing.of("✓ accepted"), plain.of(after))
}
