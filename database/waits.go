package database

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is one session of the server. Its query is hidden from users who may not
// see it.
type Session struct {
	PID         int32
	User        string
	Application string
	Client      string // its address, or "" for a socket
	State       string // "active", "idle in transaction"
	Query       string // the newest one
	For         time.Duration
	Transaction time.Duration // since its transaction began; 0: it has none
}

// Wait is a session that waits for a lock, with those that stand in its way.
type Wait struct {
	Session
	Table    string // what the lock is on, or ""
	Mode     string // the lock that it wants
	Blockers []Session
}

// Work is how far a long command of the server is.
type Work struct {
	PID      int32
	Command  string // "CREATE INDEX CONCURRENTLY", "VACUUM"
	Table    string
	Phase    string
	Done, Of int64
}

// Activity is what goes on in a database.
type Activity struct {
	At    time.Time
	Waits []Wait // the longest first
	Works []Work
	// Others counts the other sessions by application, or by user where it has no name.
	Others map[string]int
	// Partial tells that this user may not see the queries of others.
	Partial bool
}

// End is the command that would end a session. Nothing here runs it.
func (s Session) End() string { return fmt.Sprintf("select pg_terminate_backend(%d);", s.PID) }

const waitsQuery = `
with waiting as (
	select w.pid, pg_catalog.pg_blocking_pids(w.pid) as blockers
	from pg_catalog.pg_stat_activity w
	where w.datname = current_database() and w.wait_event_type = 'Lock'
)
select w.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''), coalesce(a.state, ''),
	left(coalesce(a.query, ''), 500), coalesce(extract(epoch from clock_timestamp() - coalesce(l.waitstart, a.query_start)), 0)::float8,
	coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8,
	coalesce(l.relation::regclass::text, ''), coalesce(l.mode, ''),
	b.pid, coalesce(b.usename::text, ''), coalesce(b.application_name, ''), coalesce(host(b.client_addr), ''), coalesce(b.state, ''),
	left(coalesce(b.query, ''), 500), coalesce(extract(epoch from clock_timestamp() - b.state_change), 0)::float8,
	coalesce(extract(epoch from clock_timestamp() - b.xact_start), 0)::float8
from waiting w
join pg_catalog.pg_stat_activity a on a.pid = w.pid
left join lateral (select l.relation, l.mode, %s as waitstart from pg_catalog.pg_locks l where l.pid = w.pid and not l.granted limit 1) l on true
join pg_catalog.pg_stat_activity b on b.pid = any(w.blockers)
order by 7 desc, 1, 11`

const worksQuery = `
select pid, command, coalesce(relid::regclass::text, ''), phase, greatest(blocks_done, tuples_done), greatest(blocks_total, tuples_total)
from pg_catalog.pg_stat_progress_create_index where datname = current_database()
union all
select pid, 'VACUUM', relid::regclass::text, phase, heap_blks_scanned, heap_blks_total
from pg_catalog.pg_stat_progress_vacuum where datname = current_database()
union all
select pid, command, relid::regclass::text, phase, heap_blks_scanned, heap_blks_total
from pg_catalog.pg_stat_progress_cluster where datname = current_database()
order by 1`

const othersQuery = `
select coalesce(nullif(application_name, ''), usename::text, 'unknown'), count(*)
from pg_catalog.pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and application_name <> '` + application + `'
group by 1`

// Watcher looks again and again at what goes on in a database, over one session.
type Watcher struct {
	server  Server
	conn    *pgx.Conn
	version int
	partial bool
}

// Watch opens the session.
func (s Server) Watch(ctx context.Context) (*Watcher, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	w := &Watcher{server: s, conn: conn}
	err = conn.QueryRow(ctx, `select current_setting('server_version_num')::int,
		not pg_has_role(current_user, 'pg_read_all_stats', 'usage')`).Scan(&w.version, &w.partial)
	if err != nil {
		shut(conn)
		return nil, s.problem("cannot look at the activity of "+s.String(), err)
	}
	return w, nil
}

// Close ends the session.
func (w *Watcher) Close() { shut(w.conn) }

// Look is one look. After an error the watcher is of no more use.
func (w *Watcher) Look(ctx context.Context) (Activity, error) {
	a, err := w.look(ctx)
	return a, w.server.problem("cannot look at the activity of "+w.server.String(), err)
}

func (w *Watcher) look(ctx context.Context) (Activity, error) {
	out := Activity{Partial: w.partial, Others: map[string]int{}}
	waitstart := "l.waitstart"
	if w.version < 140000 {
		waitstart = "null::timestamptz"
	}
	rows, err := w.conn.Query(ctx, fmt.Sprintf(waitsQuery, waitstart))
	if err != nil {
		return out, err
	}
	var wait Wait
	var by Session
	var waits, transaction, byFor, byTransaction float64
	_, err = pgx.ForEachRow(rows, []any{
		&wait.PID, &wait.User, &wait.Application, &wait.Client, &wait.State, &wait.Query, &waits, &transaction, &wait.Table, &wait.Mode,
		&by.PID, &by.User, &by.Application, &by.Client, &by.State, &by.Query, &byFor, &byTransaction,
	}, func() error {
		wait.For, wait.Transaction, by.For, by.Transaction = seconds(waits), seconds(transaction), seconds(byFor), seconds(byTransaction)
		if n := len(out.Waits); n == 0 || out.Waits[n-1].PID != wait.PID {
			one := wait
			one.Blockers = nil
			one.Session = w.shown(one.Session)
			out.Waits = append(out.Waits, one)
		}
		last := &out.Waits[len(out.Waits)-1]
		last.Blockers = append(last.Blockers, w.shown(by))
		return nil
	})
	if err != nil {
		return out, err
	}
	if rows, err = w.conn.Query(ctx, worksQuery); err != nil {
		return out, err
	}
	if out.Works, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k Work, err error) {
		return k, row.Scan(&k.PID, &k.Command, &k.Table, &k.Phase, &k.Done, &k.Of)
	}); err != nil {
		return out, err
	}
	if rows, err = w.conn.Query(ctx, othersQuery); err != nil {
		return out, err
	}
	var name string
	var count int
	if _, err = pgx.ForEachRow(rows, []any{&name, &count}, func() error {
		out.Others[w.server.clean(name)] = count
		return nil
	}); err != nil {
		return out, err
	}
	out.At = time.Now()
	return out, nil
}

// shown is a session whose texts can be shown: they are written by strangers.
func (w *Watcher) shown(s Session) Session {
	s.User, s.Application, s.Query = w.server.clean(s.User), w.server.clean(s.Application), w.server.clean(s.Query)
	return s
}

func seconds(n float64) time.Duration {
	return max(time.Duration(n*float64(time.Second)), 0).Round(time.Millisecond)
}
