package ui

import (
	"slices"
	"strings"
	"unicode"
)

// prompt is one line of typed text. The zero value is empty.
type prompt struct {
	value  []rune
	cursor int // 0..len(value)
}

// cursorInk is the cell that the next character goes to.
var cursorInk = ink{fg: badgeText, bg: moving}

// longest is how many characters a prompt takes: a reason is a line, not a report.
const longest = 200

func (p *prompt) text() string    { return string(p.value) }
func (p *prompt) trimmed() string { return strings.TrimSpace(p.text()) }

// edit takes a key, or the text that it stands for. Pasted text comes the same
// way.
func (p *prompt) edit(key, typed string) {
	switch key {
	case "left":
		p.cursor = max(p.cursor-1, 0)
	case "right":
		p.cursor = min(p.cursor+1, len(p.value))
	case "home", "ctrl+a":
		p.cursor = 0
	case "end", "ctrl+e":
		p.cursor = len(p.value)
	case "backspace":
		p.remove(p.cursor-1, p.cursor)
	case "delete":
		p.remove(p.cursor, p.cursor+1)
	case "ctrl+w":
		p.remove(p.word(), p.cursor)
	case "ctrl+u":
		p.remove(0, p.cursor)
	default:
		p.insert(typed)
	}
}

func (p *prompt) insert(typed string) {
	added := []rune(clean(typed))
	added = added[:min(len(added), longest-len(p.value))]
	p.value = slices.Insert(p.value, p.cursor, added...)
	p.cursor += len(added)
}

func (p *prompt) remove(from, to int) {
	from, to = max(from, 0), min(to, len(p.value))
	if from < to {
		p.value = slices.Delete(p.value, from, to)
		p.cursor = from
	}
}

// word is where the word before the cursor begins.
func (p *prompt) word() int {
	at := p.cursor
	for at > 0 && unicode.IsSpace(p.value[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(p.value[at-1]) {
		at--
	}
	return at
}

// row draws the text with its cursor in w cells. Where nothing is typed yet,
// the rest of ghost shows faintly what is expected. The part around the cursor
// stays in sight.
func (p *prompt) row(th theme, w int, ghost string) row {
	before, under, after := string(p.value[:p.cursor]), "", ""
	if p.cursor < len(p.value) {
		under, after = string(p.value[p.cursor]), string(p.value[p.cursor+1:])
	}
	if over := cells(before) - max(w-2, 0); over > 0 {
		before = cutLeft(before, over)
	}
	typed := ink{fg: bright, bold: true, underline: true}
	r := line(typed.of(before))
	if rest := p.missing(ghost); under == "" && rest != "" {
		return append(r, cursorInk.of(rest[:1]), faint.of(rest[1:])).fit(w, th.glyphs.ellipsis)
	}
	if under == "" {
		under = " "
	}
	return append(r, cursorInk.of(under), typed.of(after)).fit(w, th.glyphs.ellipsis)
}

// missing is what is still to be typed of an ASCII word, if so far it is right.
func (p *prompt) missing(word string) string {
	rest, right := strings.CutPrefix(word, p.text())
	if !right || p.cursor < len(p.value) {
		return ""
	}
	return rest
}
