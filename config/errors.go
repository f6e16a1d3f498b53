package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with the configuration.
type Problem struct {
	File     string // or the flag or variable that the value came from
	Line     int    // 0 when it is in no line
	Key      string // "environments[1].health"; empty for the file as a whole
	Found    string
	Accepted string
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		fmt.Fprintf(&b, ": %s", p.Key)
	}
	fmt.Fprintf(&b, ": found %s; accepted: %s", p.Found, p.Accepted)
	return b.String()
}

// Errors is everything wrong with the configuration, in the order of the lines.
type Errors []Problem

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return e
}

// distinct is what is wrong in the order of the lines, each once: one line may stand
// against several environments.
func (e Errors) distinct() Errors {
	var all Errors
	for _, p := range e.sorted() {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// NotFoundError says that there is no configuration file.
type NotFoundError struct{ Looked []string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no configuration: found neither %s; write one, beginning from config.example.yaml, or name one with --config",
		strings.Join(e.Looked, " nor "))
}
