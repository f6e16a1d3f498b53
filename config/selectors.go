package config

import (
	"slices"
	"strings"
)

// selection is what a query asks for.
type selection struct {
	selectors []selector
	// joined: on(label) holds the series of two selectors against each other, and
	// what one demands of that label the other has to have as well.
	joined bool
}

// selector is one vector selector.
type selector struct {
	metric   string // empty where a matcher says which
	matchers []matcher
}

// matcher is what a selector demands of a label: "=", "!=", "=~" or "!~" a value.
type matcher struct{ op, value string }

// with gives the matchers that have a placeholder in their value.
func (s selection) with(placeholder string) (all []matcher) {
	for _, selector := range s.selectors {
		for _, m := range selector.matchers {
			if strings.Contains(m.value, placeholder) {
				all = append(all, m)
			}
		}
	}
	return all
}

// without gives the selectors that demand nothing by any of the placeholders.
func (s selection) without(placeholders []string) (all []selector) {
	for _, selector := range s.selectors {
		if !slices.ContainsFunc(selector.matchers, func(m matcher) bool { return containsAny(m.value, placeholders) }) {
			all = append(all, selector)
		}
	}
	return all
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// shown names the selector to people.
func (s selector) shown() string {
	if s.metric == "" {
		return "a selector"
	}
	return "the selector of " + shown(s.metric)
}

// selected finds the selectors of a query that has its placeholders still. It is no
// parser of PromQL: ok is false where it is not sure, and what is wrong with a query
// is for Prometheus to say.
func selected(query string) (found selection, ok bool) {
	s := scan{}
	if s.left, ok = tokenize(query); !ok {
		return selection{}, false
	}
	for len(s.left) > 0 {
		if !s.next() {
			return selection{}, false
		}
	}
	return s.selection, true
}

// scan is on its way through a query. Its methods tell whether it is still sure.
type scan struct {
	left []token
	selection
	complete bool // an operand is: an operator follows, or a modifier
}

// take gives the next token; the zero one at the end.
func (s *scan) take() (t token) {
	if t = s.peek(); len(s.left) > 0 {
		s.left = s.left[1:]
	}
	return t
}

func (s *scan) peek() (t token) {
	if len(s.left) > 0 {
		t = s.left[0]
	}
	return t
}

func (s *scan) next() bool {
	t, then := s.take(), s.peek()
	switch {
	case t.kind == sign:
		return s.sign(t)
	case then.is(sign, "(") && t.is(word, "by", "without", "on", "ignoring", "group_left", "group_right"):
		return s.labels(t)
	case t.is(word, "and", "or", "unless", "atan2", "bool", "offset", "group_left", "group_right"):
		s.complete = false
		return true
	case s.complete != (t.kind == period):
		return false // two operands in a row, or a period of none
	case t.kind != word || t.is(word, "inf", "nan"):
		s.complete = true
		return true
	case then.is(sign, "("): // a function; info has a selector that is none of series
		return !t.is(word, "info")
	case then.is(word, "by", "without"): // an aggregation
		return true
	case then.is(sign, "{"):
		s.take()
		return s.selector(t.text)
	}
	s.selectors = append(s.selectors, selector{metric: t.text})
	s.complete = true
	return true
}

func (s *scan) sign(t token) bool {
	switch t.text {
	case "{":
		return !s.complete && s.selector("")
	case "}", "=", "=~", "!~":
		return false
	}
	s.complete = t.text == ")"
	return true
}

// labels passes over the list of a clause. After those of a matching an operand
// follows.
func (s *scan) labels(clause token) bool {
	s.take()
	if clause.is(word, "on") && !s.peek().is(sign, ")") {
		s.joined = true
	}
	for t := s.take(); !t.is(sign, ")"); t = s.take() {
		if t.kind == 0 {
			return false
		}
	}
	s.complete = clause.is(word, "by", "without")
	return true
}

// selector reads what stands between the braces, after the opening one.
func (s *scan) selector(metric string) bool {
	found := selector{metric: metric}
	for !s.peek().is(sign, "}") {
		switch label := s.take(); {
		case label.kind != word && label.kind != quoted:
			return false
		case s.peek().is(sign, "=", "!=", "=~", "!~"):
			op, value := s.take(), s.take()
			if value.kind != quoted {
				return false
			}
			found.matchers = append(found.matchers, matcher{op.text, value.inside()})
		case label.kind == quoted && found.metric == "": // {"the.metric"}
			found.metric = label.inside()
		default:
			return false
		}
		if !s.peek().is(sign, "}") && !s.take().is(sign, ",") {
			return false
		}
	}
	s.take()
	s.selectors = append(s.selectors, found)
	s.complete = true
	return true
}
