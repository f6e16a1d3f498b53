package database

import (
	"bytes"
	"strings"
	"sync/atomic"
)

// rowCounter counts the rows of each table in a dump's SQL, as it goes by: COPY
// has one line for each.
type rowCounter struct {
	rows  map[string]int64
	data  bool   // a section with a table's rows has begun
	table string // whose rows go by now, or ""
	rest  []byte // the beginning of a line
	long  bool   // the line is longer than what is kept of it
	last  string // the last line that says something
	bytes atomic.Int64
	total atomic.Int64
}

// mostLine is more than any line that is looked into has.
const mostLine = 64 << 10

func (c *rowCounter) Write(p []byte) (int, error) {
	n := len(p)
	c.bytes.Add(int64(n))
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			c.keep(p)
			break
		}
		if len(c.rest) == 0 && !c.long {
			c.line(p[:end])
		} else {
			c.keep(p[:end])
			c.line(c.rest)
			c.rest, c.long = c.rest[:0], false
		}
		p = p[end+1:]
	}
	return n, nil
}

func (c *rowCounter) keep(p []byte) {
	if room := mostLine - len(c.rest); len(p) > room {
		p, c.long = p[:room], true
	}
	c.rest = append(c.rest, p...)
}

// The words of pg_dump. A COPY that is not in a section of data is one of a function's body.
var (
	dataWord = []byte("-- Data for Name: ")
	copyWord = []byte("COPY ")
	fromWord = []byte(" FROM stdin;")
	copyEnd  = []byte(`\.`)
)

func (c *rowCounter) line(text []byte) {
	switch {
	case c.table != "" && bytes.Equal(text, copyEnd):
		c.table = ""
	case c.table != "":
		c.rows[c.table]++
		c.total.Add(1)
	case bytes.HasPrefix(text, dataWord):
		c.data = true
	case c.data && bytes.HasPrefix(text, copyWord) && bytes.HasSuffix(text, fromWord):
		c.data, c.table = false, copied(string(text))
		if c.rows == nil {
			c.rows = map[string]int64{}
		}
		c.rows[c.table] += 0
	case bytes.HasPrefix(text, []byte("-- PostgreSQL database dump")):
		c.last = string(text)
	}
}

// complete tells whether a plain dump has its last line.
func (c *rowCounter) complete() bool {
	return c.table == "" && c.last == "-- PostgreSQL database dump complete"
}

// copied is the table of a COPY, as SQL names it: of `COPY public."a b" (id) FROM stdin;` it is `public."a b"`.
func copied(text string) string {
	text = strings.TrimPrefix(text, string(copyWord))
	quoted := false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ' ' && !quoted:
			return text[:i]
		}
	}
	return text
}
