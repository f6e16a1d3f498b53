package ui

import (
	"slices"
	"strings"
)

// section is rows of a dialog that stay or go together: a text, or the keys.
type section struct {
	rows  block
	drop  int  // where there is no room the highest goes first, the last of equals; 0 stays
	firm  bool // stays whatever room there is
	whole bool // and is not shortened either
}

// spare is a section that may go, keep one that stays while it helps to shorten
// it, firm one that always stays, fixed one that always stays as it is: the keys.
func spare(drop int, rows ...row) section { return section{rows: rows, drop: drop} }
func keep(rows ...row) section            { return section{rows: rows} }
func firm(rows ...row) section            { return section{rows: rows, firm: true} }
func fixed(rows ...row) section           { return section{rows: rows, firm: true, whole: true} }

// needed is how many rows the sections have that do not go for looks alone.
func needed(sections []section) int {
	n := 0
	for _, s := range sections {
		if s.drop < 6 {
			n += len(s.rows)
		}
	}
	return n
}

// squeeze makes of sections at most h rows. What is spare goes first, but the
// last of it only after long texts were shortened to two rows; then they are
// shortened to one, and then they go, the last first. The keys stay.
func (p pen) squeeze(sections []section, h int) block {
	s := squeezing{sections: sections, rows: make([]int, len(sections)), over: -h}
	for i, section := range sections {
		s.rows[i] = len(section.rows)
		s.over += s.rows[i]
	}
	s.leaveOut(3)
	s.shorten(2)
	s.leaveOut(1)
	s.shorten(1)
	s.cut()
	out := block{}
	for i, section := range sections {
		out = append(out, p.shorten(section.rows, s.rows[i])...)
	}
	return out
}

// squeezing is how many rows each section keeps, and how many are still too
// many.
type squeezing struct {
	sections []section
	rows     []int
	over     int
}

func (s *squeezing) take(i, n int) {
	s.rows[i] -= n
	s.over -= n
}

// leaveOut leaves out what is spare and has at least that drop.
func (s *squeezing) leaveOut(least int) {
	for s.over > 0 {
		worst := -1
		for i, section := range s.sections {
			if s.rows[i] > 0 && section.drop >= least && (worst < 0 || section.drop >= s.sections[worst].drop) {
				worst = i
			}
		}
		if worst < 0 {
			return
		}
		s.take(worst, s.rows[worst])
	}
}

// shorten takes rows from the longest texts until they have that many.
func (s *squeezing) shorten(to int) {
	for s.over > 0 {
		longest := -1
		for i, section := range s.sections {
			if section.drop == 0 && !section.whole && s.rows[i] > to && (longest < 0 || s.rows[i] >= s.rows[longest]) {
				longest = i
			}
		}
		if longest < 0 {
			return
		}
		s.take(longest, 1)
	}
}

// cut leaves out what is not firm, the last first.
func (s *squeezing) cut() {
	for i := len(s.rows) - 1; i >= 0 && s.over > 0; i-- {
		if !s.sections[i].firm {
			s.take(i, s.rows[i])
		}
	}
}

// shorten is the first n rows of a text, the last of them cut at its end.
func (p pen) shorten(rows block, n int) block {
	if n >= len(rows) || n == 0 {
		return rows[:n]
	}
	out := slices.Clone(rows[:n])
	last := out[n-1].slice(0, p.gutter+p.w).trimmed()
	rest := ""
	for _, r := range rows[n:] {
		rest += " " + strings.TrimSpace(r.plain())
	}
	last = append(last, span{rest, last[len(last)-1].ink})
	out[n-1] = join(last.fit(p.gutter+p.w, p.th.glyphs.ellipsis), line(plain.of(spaces(p.gutter))))
	return out
}
