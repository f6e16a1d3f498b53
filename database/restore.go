package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Restore brings a database back to a dump.
type Restore struct {
	Server   Server // of the live database
	Programs Programs
	Path     string    // of the dump
	SHA256   string    // what it must have; empty: what its manifest says
	Since    time.Time // a dump of an earlier snapshot is refused; zero: none is
	ID       string    // of the attempt
}

// RestoreStep is how far a restore is.
type RestoreStep string

// The steps of a restore, in order. Until Swapping nothing has changed for anybody.
const (
	Filling  RestoreStep = "restore" // the dump goes into a new database
	Checking RestoreStep = "verify"  // the new database is compared with the manifest
	Ready    RestoreStep = "ready"   // it is complete
	Swapping RestoreStep = "swap"    // the live one takes no sessions; the names are swapped in one transaction
	Swapped  RestoreStep = "done"    // the new one has the name
)

// Outlook is what a restore would do, and what stands against it.
type Outlook struct {
	Manifest Manifest
	Sessions []Session // that would be ended
	Refusals []error
	Standing Standing
}

// Restored is what a restore did.
type Restored struct {
	Database string
	Kept     string // the name that the replaced database has now
	Snapshot time.Time
	Took     time.Duration
}

// Check reads the dump through and looks at the server, without changing anything.
func (r Restore) Check(ctx context.Context) (o Outlook, err error) {
	if o.Manifest, err = ReadManifest(r.Path); err != nil {
		return o, err
	}
	for _, refusal := range []error{r.fits(o.Manifest), r.intact(ctx, o.Manifest)} {
		if refusal != nil {
			o.Refusals = append(o.Refusals, refusal)
		}
	}
	conn, err := r.maintenance(ctx)
	if err != nil {
		return o, err
	}
	defer shut(conn)
	refusals, err := r.permitted(ctx, conn, o.Manifest)
	if err != nil {
		return o, r.Server.problem("cannot look at the server", err)
	}
	o.Refusals = append(o.Refusals, refusals...)
	if o.Sessions, err = r.sessions(ctx, conn, r.Server.shown().Database); err != nil {
		return o, r.Server.problem("cannot see who is connected", err)
	}
	o.Standing, err = standing(ctx, conn, r.Server.shown().Database)
	return o, r.Server.problem("cannot see whether a restore is under way", err)
}

// fits checks that the dump is of this database and new enough.
func (r Restore) fits(m Manifest) error {
	live := r.Server.shown().Database
	switch {
	case m.Database != live:
		return &Problem{
			Fault: OtherDatabase, Wrong: "the dump is of another database", Found: Server{}.clean(m.Database), Accepted: live,
			Next: "name a dump of " + live,
		}
	case !r.Since.IsZero() && m.Snapshot.Before(r.Since):
		return &Problem{
			Fault: TooOld, Wrong: "the dump is older than asked for", Found: "taken at " + m.Snapshot.Format(time.RFC3339),
			Accepted: "one of " + r.Since.UTC().Format(time.RFC3339) + " or later", Next: "name a newer dump",
		}
	case r.SHA256 != "" && r.SHA256 != m.SHA256:
		return changed(m.SHA256, r.SHA256)
	}
	return nil
}

func changed(found, want string) error {
	return &Problem{
		Fault: Changed, Wrong: "the dump is not the one that was taken", Found: "sha256 " + Server{}.clean(found), Accepted: "sha256 " + want,
		Next: "name another dump: this one was changed",
	}
}

// intact reads the whole file.
func (r Restore) intact(ctx context.Context, m Manifest) error {
	info, err := os.Stat(r.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &Problem{Fault: Incomplete, Wrong: "the dump is not there", Found: "no file " + shownPath(r.Path), Next: "name another dump"}
	case err != nil:
		return r.Server.problem("cannot read the dump", err)
	case info.Size() == 0:
		return &Problem{Fault: Empty, Wrong: "the dump is empty", Found: "a file of 0 bytes", Next: "name another dump"}
	}
	sum, err := checksum(ctx, r.Path, nil)
	if err != nil {
		return r.Server.problem("cannot read the dump", err)
	}
	if sum != m.SHA256 {
		return changed(sum, m.SHA256)
	}
	return nil
}

// maintenance opens a session that is not in the live database: databases are made and
// renamed from there.
func (r Restore) maintenance(ctx context.Context) (*pgx.Conn, error) {
	live := r.Server.shown().Database
	var first error
	for _, name := range []string{"postgres", "template1"} {
		if name == live {
			continue
		}
		conn, err := r.Server.In(name).manage(ctx)
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// permitted checks what only the server can say: whose server it is, and what the role may do.
func (r Restore) permitted(ctx context.Context, conn *pgx.Conn, m Manifest) (out []error, err error) {
	var system string
	if scan := conn.QueryRow(ctx, `select system_identifier::text from pg_control_system()`).Scan(&system); scan == nil && m.System != "" && system != m.System {
		out = append(out, &Problem{
			Fault: OtherDatabase, Wrong: "the dump is of a database on another server", Found: "server " + Server{}.clean(m.Server) + " with identity " + m.System,
			Accepted: "identity " + system, Next: "name a dump of this server's database",
		})
	}
	live := r.Server.shown().Database
	var create, own bool
	err = conn.QueryRow(ctx, `
		select r.rolcreatedb or r.rolsuper, pg_has_role(current_user, d.datdba, 'usage')
		from pg_catalog.pg_roles r, pg_catalog.pg_database d where r.rolname = current_user and d.datname = $1`, live).Scan(&create, &own)
	if errors.Is(err, pgx.ErrNoRows) {
		// It may be that a swap was cut off; the standing says so.
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	user := r.Server.shown().User
	if !create {
		out = append(out, &Problem{
			Fault: NoPermission, Wrong: "user " + user + " may not create a database", Found: "the role has no CREATEDB",
			Accepted: "a role that may create the database that the dump goes into", Next: "alter role " + quote(user) + " createdb; or name another user. Nothing is restored over the live database",
		})
	}
	if !own {
		out = append(out, &Problem{
			Fault: NoPermission, Wrong: "user " + user + " may not rename " + live, Found: "another role owns it",
			Accepted: "its owner", Next: "name the owner as user. Nothing is restored over the live database",
		})
	}
	return out, nil
}

// sessions are those in a database.
func (r Restore) sessions(ctx context.Context, conn *pgx.Conn, database string) ([]Session, error) {
	rows, err := conn.Query(ctx, `
		select pid, coalesce(usename::text, ''), coalesce(application_name, ''), coalesce(host(client_addr), ''), coalesce(state, ''), left(coalesce(query, ''), 200),
			coalesce(extract(epoch from clock_timestamp() - state_change), 0)::float8, coalesce(extract(epoch from clock_timestamp() - xact_start), 0)::float8
		from pg_catalog.pg_stat_activity where datname = $1 and backend_type = 'client backend' order by 3, 1`, database)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Session, err error) {
		var since, transaction float64
		err = row.Scan(&s.PID, &s.User, &s.Application, &s.Client, &s.State, &s.Query, &since, &transaction)
		s.User, s.Application, s.Query = r.Server.clean(s.User), r.Server.clean(s.Application), r.Server.clean(s.Query)
		s.For, s.Transaction = seconds(since), seconds(transaction)
		return s, err
	})
}

// Run restores. If it fails before the swap the live database is as it was, and what was
// made for it is gone; what a killed attempt has left is taken on or removed.
func (r Restore) Run(ctx context.Context, report func(Progress)) (out Restored, err error) {
	began := time.Now()
	live := r.Server.shown().Database
	o, err := r.Check(ctx)
	if err != nil {
		return out, err
	}
	conn, err := r.maintenance(ctx)
	if err != nil {
		return out, err
	}
	defer shut(conn)
	var alone bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtext('slipway restore'), hashtext($1))`, live).Scan(&alone); err != nil {
		return out, r.Server.problem("cannot begin the restore", err)
	}
	if !alone {
		return out, &Problem{Fault: Busy, Wrong: "the restore was not begun", Found: "another restore of " + live + " is under way", Next: "wait until it is done"}
	}
	if o.Standing, err = standing(ctx, conn, live); err != nil {
		return out, r.Server.problem("cannot see whether a restore is under way", err)
	}
	if done := o.Standing.Done; done != nil && done.ID == r.ID && r.ID != "" {
		return Restored{Database: live, Kept: done.Kept, Snapshot: o.Manifest.Snapshot}, nil // it was done, and the answer lost
	}
	if len(o.Refusals) > 0 {
		return out, o.Refusals[0]
	}
	work, ready := o.Standing.ready(o.Manifest)
	if err := r.clear(ctx, conn, o.Standing, work); err != nil {
		return out, err
	}
	if !ready {
		work = mark{ID: r.ID, SHA256: o.Manifest.SHA256, Step: Filling, Live: live, Database: scratchName(live, began)}
		if err := r.fill(ctx, conn, o.Manifest, &work, began, report); err != nil {
			r.drop(conn, work.Database)
			return out, err
		}
	}
	work.ID, work.Kept = r.ID, keptName(live, time.Now())
	report(Progress{Step: string(Swapping), Bytes: o.Manifest.Bytes, Done: o.Manifest.Bytes, Of: o.Manifest.Bytes, Elapsed: time.Since(began)})
	if err := r.swap(ctx, conn, work); err != nil {
		return out, err
	}
	return Restored{Database: live, Kept: work.Kept, Snapshot: o.Manifest.Snapshot, Took: time.Since(began)}, nil
}

func scratchName(live string, now time.Time) string { return named(live, "_restore_", now) }
func keptName(live string, now time.Time) string    { return named(live, "_", now) }

// named is a database's name with a time added, within the 63 bytes that a name may have.
func named(live, between string, now time.Time) string {
	end := between + now.UTC().Format("20060102T150405")
	return strings.ToValidUTF8(live[:min(len(live), 63-len(end))], "") + end
}

// clear removes what earlier attempts have left, but the database that is taken on.
func (r Restore) clear(ctx context.Context, conn *pgx.Conn, s Standing, keep mark) error {
	for _, left := range s.Left {
		if left.Database == keep.Database {
			continue
		}
		if err := r.dropNow(ctx, conn, left.Database); err != nil {
			return r.Server.problem("cannot remove what an earlier restore has left", err)
		}
	}
	return nil
}

// drop removes the database of an attempt that failed, also after its context has ended.
func (r Restore) drop(conn *pgx.Conn, database string) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if conn.IsClosed() {
		again, err := r.maintenance(ctx)
		if err != nil {
			return // it stays, with its mark; the next attempt removes it
		}
		defer shut(again)
		conn = again
	}
	_ = r.dropNow(ctx, conn, database)
}

// dropNow removes a database that bears the mark of an unfinished restore, and no other.
func (r Restore) dropNow(ctx context.Context, conn *pgx.Conn, database string) error {
	m, ok, err := readMark(ctx, conn, database)
	if err != nil || !ok || m.Step == Swapped {
		return err
	}
	if _, err := conn.Exec(ctx, "alter database "+quote(database)+" allow_connections false"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()`, database); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "drop database if exists "+quote(database))
	return err
}

// fill makes the new database, restores into it and compares it with the manifest.
func (r Restore) fill(ctx context.Context, conn *pgx.Conn, m Manifest, work *mark, began time.Time, report func(Progress)) error {
	live := r.Server.shown().Database
	if err := r.create(ctx, conn, live, *work); err != nil {
		return r.Server.problem("cannot make the database that the dump goes into", err)
	}
	if err := r.pour(ctx, m, work.Database, began, report); err != nil {
		return err
	}
	work.Step = Checking
	if err := writeMark(ctx, conn, *work); err != nil {
		return r.Server.problem("cannot note how far the restore is", err)
	}
	report(Progress{Step: string(Checking), Bytes: m.Bytes, Done: m.Bytes, Of: m.Bytes, Elapsed: time.Since(began)})
	if err := r.compare(ctx, m, work.Database); err != nil {
		return err
	}
	work.Step = Ready
	if err := writeMark(ctx, conn, *work); err != nil {
		return r.Server.problem("cannot note how far the restore is", err)
	}
	return nil
}

// create makes a database like the live one, and puts the mark on it.
func (r Restore) create(ctx context.Context, conn *pgx.Conn, live string, work mark) error {
	var owner, encoding, collate, ctype, tablespace string
	var limit int32
	err := conn.QueryRow(ctx, `
		select pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, t.spcname, datconnlimit
		from pg_database d join pg_tablespace t on t.oid = d.dattablespace where datname = $1`, live).
		Scan(&owner, &encoding, &collate, &ctype, &tablespace, &limit)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("create database %s owner %s template template0 encoding %s lc_collate %s lc_ctype %s tablespace %s connection limit %d",
		quote(work.Database), quote(owner), literal(encoding), literal(collate), literal(ctype), quote(tablespace), limit))
	if err != nil {
		return err
	}
	if err := writeMark(ctx, conn, work); err != nil {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "drop database if exists "+quote(work.Database))
		return err
	}
	return likeLive(ctx, conn, live, work.Database)
}

// likeLive gives a database what a dump does not hold: the live one's settings and rights.
func likeLive(ctx context.Context, conn *pgx.Conn, live, database string) error {
	rows, err := conn.Query(ctx, `
		select 'alter ' || case when s.setrole = 0 then 'database %s' else 'role ' || quote_ident(pg_get_userbyid(s.setrole)) || ' in database %s' end
			|| ' set ' || quote_ident(split_part(c, '=', 1)) || ' to ' ||
			case when split_part(c, '=', 1) in ('search_path', 'session_preload_libraries', 'local_preload_libraries', 'temp_tablespaces', 'DateStyle')
				then substr(c, strpos(c, '=') + 1) else quote_literal(substr(c, strpos(c, '=') + 1)) end
		from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) c where d.datname = $1
		union all
		select 'revoke all on database %s from public' from pg_database where datname = $1 and datacl is not null
		union all
		select 'grant ' || a.privilege_type || ' on database %s to ' ||
			case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
			|| case when a.is_grantable then ' with grant option' else '' end
		from pg_database d, aclexplode(d.datacl) a where d.datname = $1 and a.grantee <> d.datdba`, live)
	if err != nil {
		return err
	}
	commands, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, command := range commands {
		if _, err := conn.Exec(ctx, strings.Replace(command, "%s", quote(database), 1)); err != nil {
			return err
		}
	}
	return nil
}

// pour has the dump restored into an empty database. What is read of the file is what its
// checksum is made of, so that it cannot be another file than the one that was looked at.
func (r Restore) pour(ctx context.Context, m Manifest, database string, began time.Time, report func(Progress)) error {
	file, err := os.Open(r.Path)
	if err != nil {
		return r.Server.problem("cannot read the dump", err)
	}
	defer file.Close()
	target := r.Server.In(database)
	name, args := "pg_restore", []string{"--exit-on-error"}
	if m.Format == Plain {
		name, args = "psql", []string{"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null"}
	}
	args = append(append(args, target.address()...), "--dbname="+connectionWord(database))
	p, err := r.Programs.command(ctx, target, name, args...)
	if err != nil {
		return err
	}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return target.problem("cannot write to "+name, err)
	}
	if err := p.start(); err != nil {
		return err
	}
	sum := sha256.New()
	var read int64
	told := time.Time{}
	buffer := make([]byte, 256<<10)
	var fault error
	for fault == nil {
		n, err := file.Read(buffer)
		_, _ = sum.Write(buffer[:n])
		read += int64(n)
		if _, writeErr := in.Write(buffer[:n]); writeErr != nil {
			break // the program has ended, and says why
		}
		if now := time.Now(); now.Sub(told) >= reportEvery {
			told = now
			report(Progress{Step: string(Filling), Bytes: read, Done: read, Of: m.Bytes, Elapsed: now.Sub(began)})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fault = r.Server.problem("cannot read the dump", err)
		}
	}
	_ = in.Close()
	ended := p.wait(ctx)
	switch {
	case fault != nil:
		return fault
	case ended != nil:
		return ended
	case hex.EncodeToString(sum.Sum(nil)) != m.SHA256:
		return changed(hex.EncodeToString(sum.Sum(nil)), m.SHA256)
	}
	return nil
}

// compare looks whether the new database is what the dump's manifest says, and lets the
// server learn its tables, so that the first queries are not slow.
func (r Restore) compare(ctx context.Context, m Manifest, database string) error {
	target := r.Server.In(database)
	conn, err := target.manage(ctx)
	if err != nil {
		return err
	}
	defer shut(conn)
	schema, err := readSchema(ctx, conn)
	if err != nil {
		return target.problem("cannot read what was restored", err)
	}
	if changes := Diff(m.Schema, schema); len(changes) > 0 {
		return &Problem{
			Fault: Differs, Wrong: "what was restored is not what was dumped", Found: Server{}.clean(changes[0].String()),
			Accepted: "the schema of the dump", Next: "nothing was swapped; restore another dump",
		}
	}
	for _, table := range slices.Sorted(maps.Keys(m.Rows)) {
		if t, ok := schema.Tables[table]; !ok || t.Extension {
			continue
		}
		var n int64
		if err := conn.QueryRow(ctx, "select count(*) from only "+table).Scan(&n); err != nil {
			return target.problem("cannot count what was restored", err)
		}
		if n != m.Rows[table] {
			return &Problem{
				Fault: Differs, Wrong: "what was restored is not what was dumped", Found: fmt.Sprintf("%d rows in %s", n, Server{}.clean(table)),
				Accepted: fmt.Sprint(m.Rows[table]), Next: "nothing was swapped; restore another dump",
			}
		}
	}
	if _, err := conn.Exec(ctx, "analyze"); err != nil {
		return target.problem("cannot analyze what was restored", err)
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
