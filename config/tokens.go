package config

import (
	"regexp"
	"strings"
)

// token is one of PromQL, with our placeholders still in it.
type token struct {
	kind tokenKind
	text string
}

type tokenKind int

// The kinds of tokens are the groups of tokens, in their order.
const (
	space  tokenKind = iota + 1 // comments too
	quoted                      // with its quotes
	word
	number // durations too, and {window}
	period // in square brackets, with them
	sign
)

// tokens are those of prometheus.io/docs/prometheus/latest/querying/basics.
var tokens = regexp.MustCompile(`^(?:` +
	`(\s+|#[^\n]*)` +
	`|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|` + "`[^`]*`)" +
	`|([a-zA-Z_:][a-zA-Z0-9_:]*)` +
	`|([0-9.][0-9a-zA-Z_.]*|\{window\})` +
	"|(\\[(?:[^][\"'`#{}]|\\{window\\})*\\])" +
	`|(=~|!~|[!=<>]=|[-+*/%^<>=(){},@])` +
	`)`)

// tokenize takes a query apart, without space; ok is false at what it does not know.
func tokenize(query string) (all []token, ok bool) {
	for query != "" {
		at := tokens.FindStringSubmatchIndex(query)
		if at == nil {
			return nil, false
		}
		kind := space
		for at[2*kind] < 0 {
			kind++
		}
		if kind != space {
			all = append(all, token{kind, query[:at[1]]})
		}
		query = query[at[1]:]
	}
	return all, true
}

// is compares as PromQL does: words in any case.
func (t token) is(kind tokenKind, texts ...string) bool {
	for _, text := range texts {
		if t.kind == kind && strings.EqualFold(t.text, text) {
			return true
		}
	}
	return false
}

// inside is the text of a quoted token.
func (t token) inside() string { return t.text[1 : len(t.text)-1] }
