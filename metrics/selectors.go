package metrics

import (
	"slices"
	"strings"
)

// selector is one vector selector of a query: what it reads, without range,
// offset or @.
type selector struct {
	metric string // its name, or empty when it selects by labels only
	text   string // `http_requests_total{code=~"5.."}`
}

// words of PromQL that are not metrics where they stand bare.
var (
	grouping = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	keywords = []string{"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "anchored", "smoothed"}
)

// selectors finds the vector selectors of a query. It is a scanner, not a
// parser: of a query that Prometheus would refuse, its answer means nothing,
// and Prometheus says what is wrong with it.
func selectors(query string) []selector {
	s := scanner{text: query}
	var found []selector
	for s.space(); s.at < len(s.text); s.space() {
		switch c := s.text[s.at]; {
		case c == '"' || c == '\'' || c == '`':
			s.quoted()
		case c == '[':
			s.skipTo(']')
		case c == '{':
			found = append(found, selector{text: s.braces()})
		case digit(c):
			s.while(func(c byte) bool { return digit(c) || letter(c) || c == '.' })
		case letter(c):
			if sel, ok := s.word(); ok {
				found = append(found, sel)
			}
		default:
			s.at++
		}
	}
	return found
}

type scanner struct {
	text string
	at   int
}

// word reads an identifier and tells whether it begins a selector.
func (s *scanner) word() (selector, bool) {
	name := s.while(func(c byte) bool { return letter(c) || digit(c) })
	lower := strings.ToLower(name)
	s.space()
	if slices.Contains(grouping, lower) {
		if s.next() == '(' {
			s.skipTo(')')
		}
		return selector{}, false
	}
	switch {
	case s.next() == '{':
		return selector{metric: name, text: name + s.braces()}, true
	case s.next() == '(', slices.Contains(keywords, lower), s.groups():
		return selector{}, false
	default:
		return selector{metric: name, text: name}, true
	}
}

// groups tells whether `by` or `without` comes next, so that the word before
// it is an aggregation.
func (s *scanner) groups() bool {
	ahead := *s
	lower := strings.ToLower(ahead.while(letter))
	return lower == "by" || lower == "without"
}

func (s *scanner) braces() string {
	begin := s.at
	s.skipTo('}')
	return s.text[begin:s.at]
}

// skipTo goes behind the next end that is not in a string.
func (s *scanner) skipTo(end byte) {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"', '\'', '`':
			s.quoted()
		case end:
			s.at++
			return
		default:
			s.at++
		}
	}
}

func (s *scanner) quoted() {
	quote := s.text[s.at]
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\' && quote != '`' && s.at+1 < len(s.text):
			s.at++
		case c == quote:
			s.at++
			return
		}
	}
}

// space skips white space and comments.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		case '#':
			s.while(func(c byte) bool { return c != '\n' })
		default:
			return
		}
	}
}

func (s *scanner) while(ok func(byte) bool) string {
	begin := s.at
	for s.at < len(s.text) && ok(s.text[s.at]) {
		s.at++
	}
	return s.text[begin:s.at]
}

func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':'
}
