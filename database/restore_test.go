package database

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var tables = []string{"users", "api_keys", `"Odd name"`, "schema_migrations"}

// After backup, a bad migration and restore every row of every table is what it was, the
// replaced database is kept with what was in it, and settings and rights are the live one's.
func TestRestore(t *testing.T) {
	for _, format := range []Format{Custom, Plain} {
		t.Run(string(format), func(t *testing.T) {
			s, pg := server(t, datahub)
			pg.Exec(t, s.Database, `alter database `+s.Database+` set work_mem to '7MB'; alter database `+s.Database+` set search_path to public, pg_temp;
				revoke connect on database `+s.Database+` from public; grant connect on database `+s.Database+` to pg_monitor`)
			before := rows(t, pg, s.Database, tables...)
			m, path, err := backup(t, s, func(b *Backup) { b.Format = format })
			if err != nil {
				t.Fatal(err)
			}
			pg.Exec(t, s.Database, `alter table api_keys drop column secret; delete from users where id > 100 and id not in (select owner from api_keys);
				create table later (owner bigint references users); update users set name = 'x'; insert into schema_migrations values (42, true)`)
			other := pg.Connect(t, s.Database)
			r := Restore{Server: s, Path: path, SHA256: m.SHA256, ID: "a", Since: m.Snapshot}
			o, err := r.Check(t.Context())
			if err != nil || len(o.Refusals) > 0 || len(o.Sessions) == 0 || o.Sessions[len(o.Sessions)-1].Application != "pgtest" {
				t.Fatalf("%+v, %v", o, err)
			}
			steps := map[string]bool{}
			out, err := r.Run(t.Context(), func(p Progress) { steps[p.Step] = true })
			if err != nil {
				t.Fatal(err)
			}
			if after := rows(t, pg, s.Database, tables...); !maps.Equal(before, after) {
				t.Errorf("the rows differ: %d, %d", len(before), len(after))
			}
			if other.Ping(t.Context()) == nil {
				t.Error("a session of the replaced database goes on")
			}
			if kept := rows(t, pg, out.Kept, "users", "later"); len(kept) == 0 || kept["users 0"] == before["users 0"] {
				t.Errorf("kept: %v", len(kept))
			}
			var memory, path2 string
			var public, monitor bool
			conn := pg.Connect(t, s.Database)
			err = conn.QueryRow(t.Context(), `select current_setting('work_mem'), current_setting('search_path'), has_database_privilege('pg_signal_backend', current_database(), 'connect'),
				has_database_privilege('pg_monitor', current_database(), 'connect')`).Scan(&memory, &path2, &public, &monitor)
			if err != nil || memory != "7MB" || path2 != "public, pg_temp" || public || !monitor {
				t.Errorf("%s, %s, %v, %v, %v", memory, path2, public, monitor, err)
			}
			if !steps["restore"] || !steps["verify"] || !steps["swap"] {
				t.Errorf("%v", steps)
			}
			again, err := r.Run(t.Context(), func(Progress) {})
			if err != nil || again.Kept != out.Kept {
				t.Errorf("the same attempt again: %+v, %v", again, err)
			}
			standing, err := s.Standing(t.Context())
			if err != nil || standing.Closed || len(standing.Left) > 0 || standing.Kept() != out.Kept {
				t.Errorf("%+v, %v", standing, err)
			}
		})
	}
}

// What must not be restored is refused before anything is done.
func TestRestoreRefuses(t *testing.T) {
	s, pg := server(t, datahub)
	m, path, err := backup(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	pg.Exec(t, "postgres", `drop role if exists clerk; create role clerk login password 'clerk'`)
	copyTo := func(change func([]byte) []byte, of func(*Manifest)) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), filepath.Base(path))
		if err := os.WriteFile(to, change(text), 0o600); err != nil {
			t.Fatal(err)
		}
		next := m
		of(&next)
		if err := next.write(to); err != nil {
			t.Fatal(err)
		}
		return to
	}
	same := func(b []byte) []byte { return b }
	for name, c := range map[string]struct {
		change func(*Restore)
		fault  Fault
	}{
		"a changed byte": {func(r *Restore) {
			r.Path = copyTo(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, func(*Manifest) {})
		}, Changed},
		"half of it":       {func(r *Restore) { r.Path = copyTo(func(b []byte) []byte { return b[:len(b)/2] }, func(*Manifest) {}) }, Changed},
		"an empty file":    {func(r *Restore) { r.Path = copyTo(func([]byte) []byte { return nil }, func(*Manifest) {}) }, Empty},
		"another checksum": {func(r *Restore) { r.SHA256 = strings.Repeat("0", 64) }, Changed},
		"another database": {func(r *Restore) { r.Path = copyTo(same, func(m *Manifest) { m.Database = "billing" }) }, OtherDatabase},
		"another server":   {func(r *Restore) { r.Path = copyTo(same, func(m *Manifest) { m.System = "7" }) }, OtherDatabase},
		"too old":          {func(r *Restore) { r.Since = m.Snapshot.Add(time.Second) }, TooOld},
		"no description":   {func(r *Restore) { r.Path += ".gone" }, Incomplete},
		"no permission":    {func(r *Restore) { r.Server.User, r.Server.Password = "clerk", NewSecret("clerk") }, NoPermission},
		"other rows": {func(r *Restore) {
			r.Path = copyTo(same, func(m *Manifest) { m.Rows = map[string]int64{"public.users": 7} })
		}, Differs},
	} {
		t.Run(name, func(t *testing.T) {
			r := Restore{Server: s, Path: path, ID: name}
			c.change(&r)
			_, err := r.Run(t.Context(), func(Progress) {})
			if FaultOf(err) != c.fault {
				t.Errorf("%q: %v, want %q", FaultOf(err), err, c.fault)
			}
			untouched(t, s)
		})
	}
}

// untouched fails unless the live database takes sessions and nothing of a restore is left.
func untouched(t *testing.T, s Server) {
	t.Helper()
	standing, err := s.Standing(t.Context())
	if err != nil || standing.Closed || len(standing.Left) > 0 || standing.Done != nil {
		t.Errorf("%+v, %v", standing, err)
	}
}

// A restore that is cancelled before the swap leaves everything as it was.
func TestRestoreCancelled(t *testing.T) {
	for _, at := range []RestoreStep{Filling, Checking} {
		t.Run(string(at), func(t *testing.T) {
			s, pg := server(t, datahub)
			_, path, err := backup(t, s, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := rows(t, pg, s.Database, tables...)
			ctx, cancel := context.WithCancel(t.Context())
			_, err = Restore{Server: s, Path: path, ID: "a"}.Run(ctx, func(p Progress) {
				if p.Step == string(at) {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			untouched(t, s)
			if !maps.Equal(before, rows(t, pg, s.Database, tables...)) {
				t.Error("the rows differ")
			}
		})
	}
}

// A restore that was killed is taken on where it stood: what was not complete is made again,
// what was is swapped in, and a live database that was closed opens.
func TestRestoreIsTakenOn(t *testing.T) {
	for _, at := range []RestoreStep{Filling, Ready, Swapping} {
		t.Run(string(at), func(t *testing.T) {
			s, pg := server(t, datahub)
			m, path, err := backup(t, s, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := rows(t, pg, s.Database, tables...)
			pg.Exec(t, s.Database, "delete from api_keys")
			// What a process leaves that is killed at that step.
			r := Restore{Server: s, Path: path, ID: "killed"}
			conn, err := r.maintenance(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer shut(conn)
			work := mark{ID: "killed", SHA256: m.SHA256, Step: Filling, Live: s.Database, Database: s.Database + "_restore_x"}
			if at == Filling {
				err = r.create(t.Context(), conn, s.Database, work)
			} else {
				err = r.fill(t.Context(), conn, m, &work, time.Now(), func(Progress) {})
			}
			if err != nil {
				t.Fatal(err)
			}
			if at == Swapping {
				work.Step = Swapping
				if err := writeMark(t.Context(), conn, work); err != nil {
					t.Fatal(err)
				}
				pg.Exec(t, "postgres", "alter database "+s.Database+" allow_connections false")
			}
			standing, err := s.Standing(t.Context())
			if err != nil || standing.Step() != at || standing.Closed != (at == Swapping) || standing.Alive {
				t.Fatalf("%+v, %v", standing, err)
			}
			restored := 0
			_, err = Restore{Server: s, Path: path, ID: "next"}.Run(t.Context(), func(p Progress) {
				if p.Step == string(Filling) {
					restored++
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if (restored > 0) != (at == Filling) {
				t.Errorf("restored %d times", restored)
			}
			if !maps.Equal(before, rows(t, pg, s.Database, tables...)) {
				t.Error("the rows differ")
			}
			standing, err = s.Standing(t.Context())
			if err != nil || standing.Closed || len(standing.Left) > 0 || standing.Done == nil {
				t.Errorf("%+v, %v", standing, err)
			}
		})
	}
}

// Only one restore of a database runs, and one that cannot end a session leaves the live
// database open.
func TestRestoreAlone(t *testing.T) {
	s, pg := server(t, datahub)
	_, path, err := backup(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	other := pg.Connect(t, "postgres")
	if _, err := other.Exec(t.Context(), `select pg_advisory_lock(hashtext('slipway restore'), hashtext($1))`, s.Database); err != nil {
		t.Fatal(err)
	}
	standing, err := s.Standing(t.Context())
	if err != nil || !standing.Alive {
		t.Errorf("%+v, %v", standing, err)
	}
	_, err = Restore{Server: s, Path: path, ID: "a"}.Run(t.Context(), func(Progress) {})
	if FaultOf(err) != Busy || !strings.Contains(err.Error(), "another restore") {
		t.Errorf("%v", err)
	}
}
