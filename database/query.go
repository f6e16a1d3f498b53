package database

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Answer is the first row of a query, as text.
type Answer struct {
	Text string // its columns, with | between them
	Rows int    // how many there are, at most mostRows
}

const mostRows = 1000

// Ask runs a query that can change nothing and takes no longer than the limit.
func (s Server) Ask(ctx context.Context, query string, limit time.Duration) (a Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit+time.Second)
	defer cancel()
	conn, err := s.session(ctx, map[string]string{
		"default_transaction_read_only": "on", "statement_timeout": milliseconds(limit), "lock_timeout": milliseconds(lockLimit),
	})
	if err != nil {
		return a, err
	}
	defer shut(conn)
	rows, err := conn.Query(ctx, query, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return a, s.problem("the query failed", err)
	}
	defer rows.Close()
	for a.Rows < mostRows && rows.Next() {
		if a.Rows++; a.Rows > 1 {
			continue
		}
		var columns []string
		for _, raw := range rows.RawValues() {
			if raw == nil {
				columns = append(columns, "null")
			} else {
				columns = append(columns, s.clean(string(raw)))
			}
		}
		a.Text = strings.Join(columns, "|")
	}
	if a.Rows < mostRows {
		err = rows.Err()
	}
	return a, s.problem("the query failed", err)
}

// Expect asks and compares: any other answer is a problem.
func (s Server) Expect(ctx context.Context, query, want string, limit time.Duration) (Answer, error) {
	a, err := s.Ask(ctx, query, limit)
	if err != nil {
		return a, err
	}
	if a.Rows == 1 && a.Text == want {
		return a, nil
	}
	found := a.Text
	switch {
	case a.Rows == 0:
		found = "no row"
	case a.Rows > 1:
		found = fmt.Sprintf("%d rows, the first %s", a.Rows, a.Text)
	}
	return a, &Problem{Fault: Unexpected, Wrong: "the query gave another answer", Found: found, Accepted: want, Next: "see what the migration did"}
}
