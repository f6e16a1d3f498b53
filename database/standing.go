package database

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// mark is the comment that a restore puts on a database: how far it is, where whoever
// comes next can read it.
type mark struct {
	ID       string      `json:"id"`
	SHA256   string      `json:"sha256"`
	Step     RestoreStep `json:"step"`
	Live     string      `json:"live,omitempty"`
	Kept     string      `json:"kept,omitempty"` // what the replaced database is called
	Database string      `json:"-"`
}

const markWord = "slipway restore "

func writeMark(ctx context.Context, conn *pgx.Conn, m mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "comment on database "+quote(m.Database)+" is "+literal(markWord+string(text)))
	return err
}

const marksQuery = `select datname, shobj_description(oid, 'pg_database') from pg_database where shobj_description(oid, 'pg_database') like 'slipway restore %'`

func readMarks(ctx context.Context, conn *pgx.Conn) (out []mark, err error) {
	rows, err := conn.Query(ctx, marksQuery+` order by 1`)
	if err != nil {
		return nil, err
	}
	var name, comment string
	_, err = pgx.ForEachRow(rows, []any{&name, &comment}, func() error {
		var m mark
		if json.Unmarshal([]byte(strings.TrimPrefix(comment, markWord)), &m) == nil {
			m.Database = name
			out = append(out, m)
		}
		return nil
	})
	return out, err
}

func readMark(ctx context.Context, conn *pgx.Conn, database string) (m mark, ok bool, err error) {
	all, err := readMarks(ctx, conn)
	for _, m := range all {
		if m.Database == database {
			return m, true, err
		}
	}
	return m, false, err
}

// Standing is where restores of a database stand, as the server shows it.
type Standing struct {
	Closed bool   // the live database takes no sessions: a swap was cut off
	Left   []mark // databases of attempts that did not come to their end
	Done   *mark  // the live database is the work of this restore
	Alive  bool   // one is under way now
}

// Step is how far the attempt is that was not finished, or "".
func (s Standing) Step() RestoreStep {
	if len(s.Left) == 0 {
		return ""
	}
	return s.Left[len(s.Left)-1].Step
}

// Kept is what the database is called that the last restore replaced, or "".
func (s Standing) Kept() string {
	if s.Done == nil {
		return ""
	}
	return s.Done.Kept
}

// ready is the database of an attempt with the same dump that is complete and was not
// swapped yet: it need not be restored again.
func (s Standing) ready(m Manifest) (mark, bool) {
	for _, left := range s.Left {
		if left.SHA256 == m.SHA256 && (left.Step == Ready || left.Step == Swapping) {
			return left, true
		}
	}
	return mark{}, false
}

// Standing looks where restores of the database stand.
func (s Server) Standing(ctx context.Context) (Standing, error) {
	conn, err := Restore{Server: s}.maintenance(ctx)
	if err != nil {
		return Standing{}, err
	}
	defer shut(conn)
	out, err := standing(ctx, conn, s.shown().Database)
	return out, s.problem("cannot see whether a restore is under way", err)
}

func standing(ctx context.Context, conn *pgx.Conn, live string) (s Standing, err error) {
	var open bool
	err = conn.QueryRow(ctx, `
		select d.datallowconn, exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = hashtext('slipway restore')::oid and l.pid <> pg_backend_pid()
			and l.objid = hashtext($1)::oid)
		from pg_database d where d.datname = $1`, live).Scan(&open, &s.Alive)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return s, err
	}
	s.Closed = err == nil && !open
	all, err := readMarks(ctx, conn)
	if err != nil {
		return s, err
	}
	for _, m := range all {
		switch {
		case m.Database == live && m.Step == Swapped:
			s.Done = &m
		case m.Live == live && m.Step != Swapped && m.Database != live:
			s.Left = append(s.Left, m)
		}
	}
	return s, nil
}
