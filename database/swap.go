package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// swapLimit is how long sessions of the live database may take to end.
const swapLimit = 10 * time.Second

// swap gives the new database the live one's name. Both renamings are one transaction:
// there is no moment without a database of that name. If it does not come about, the live
// database takes sessions again.
func (r Restore) swap(ctx context.Context, conn *pgx.Conn, work mark) (err error) {
	live := r.Server.shown().Database
	work.Step, work.Live = Swapping, live
	if err := writeMark(ctx, conn, work); err != nil {
		return r.Server.problem("cannot note how far the restore is", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(r.Server.problem("the databases were not swapped", err), r.reopen(conn, work))
		}
	}()
	if _, err := conn.Exec(ctx, "alter database "+quote(live)+" allow_connections false"); err != nil {
		return err
	}
	if err := r.empty(ctx, conn, live); err != nil {
		return err
	}
	if err := r.empty(ctx, conn, work.Database); err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	done := work
	done.Step, done.Database = Swapped, live
	for _, command := range []string{
		"alter database " + quote(live) + " rename to " + quote(work.Kept),
		"alter database " + quote(work.Database) + " rename to " + quote(live),
		"alter database " + quote(work.Kept) + " allow_connections true",
	} {
		if _, err := tx.Exec(ctx, command); err != nil {
			return err
		}
	}
	if err := writeMark(ctx, tx.Conn(), done); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "comment on database "+quote(work.Kept)+" is "+literal("replaced by a restore of slipway")); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// empty ends the sessions of a database that takes no new ones, and waits until they are gone.
func (r Restore) empty(ctx context.Context, conn *pgx.Conn, database string) error {
	limit := time.Now().Add(swapLimit)
	for {
		if _, err := conn.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and backend_type = 'client backend'`, database); err != nil {
			return err
		}
		left, err := r.sessions(ctx, conn, database)
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(limit) {
			s := left[0]
			return &Problem{
				Fault: Busy, Wrong: "the databases were not swapped", Found: fmt.Sprintf("pid %d of %s, user %s, did not end", s.PID, s.Application, s.User),
				Next: "end it: " + s.End(),
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reopen lets the live database take sessions again, if it is there and does not.
func (r Restore) reopen(conn *pgx.Conn, work mark) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if conn.IsClosed() {
		again, err := r.maintenance(ctx)
		if err != nil {
			return fmt.Errorf("and %s may take no sessions: %w", work.Live, err)
		}
		defer shut(again)
		conn = again
	}
	if done, ok, err := readMark(ctx, conn, work.Live); err == nil && ok && done.Step == Swapped && done.ID == work.ID {
		return nil // it came about, and the answer was lost
	}
	work.Step = Ready
	_ = writeMark(ctx, conn, work)
	if _, err := conn.Exec(ctx, "alter database "+quote(work.Live)+" allow_connections true"); err != nil {
		return r.Server.problem("and "+work.Live+" takes no sessions", err)
	}
	return nil
}

// Reopen lets a database take sessions again that a killed swap has closed.
func (s Server) Reopen(ctx context.Context) error {
	conn, err := Restore{Server: s}.maintenance(ctx)
	if err != nil {
		return err
	}
	defer shut(conn)
	_, err = conn.Exec(ctx, "alter database "+quote(s.shown().Database)+" allow_connections true")
	return s.problem("cannot open "+s.shown().Database, err)
}
