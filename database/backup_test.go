package database

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"datahub.io/slipway/database/pgtest"
)

// A backup of either format has every row, its checksum, its snapshot and nothing else beside it.
func TestBackup(t *testing.T) {
	for _, format := range []Format{Custom, Plain} {
		t.Run(string(format), func(t *testing.T) {
			s, _ := server(t, datahub)
			var last Progress
			b := Backup{Server: s, Path: filepath.Join(t.TempDir(), "new", DumpName(format, time.Now())), Format: format, LockWait: time.Second}
			before := time.Now()
			m, err := b.Run(t.Context(), func(p Progress) { last = p })
			if err != nil {
				t.Fatal(err)
			}
			for table, n := range map[string]int64{"public.users": 200, "public.api_keys": 5000, `public."Odd name"`: 2, "public.schema_migrations": 1} {
				if m.Rows[table] != n {
					t.Errorf("%d rows of %s, want %d: %v", m.Rows[table], table, n, m.Rows)
				}
			}
			if m.Snapshot.Before(before.Add(-time.Second)) || m.Snapshot.After(time.Now().Add(time.Second)) {
				t.Errorf("the snapshot is of %v", m.Snapshot)
			}
			if len(m.Applied) != 1 || m.Applied[0].Versions[0].ID != "41" || m.Size == 0 || last.Bytes != m.Bytes || last.Rows != 5203 {
				t.Errorf("%+v, %+v", m.Applied, last)
			}
			sum, err := exec.Command("sha256sum", b.Path).Output()
			if err != nil || !strings.HasPrefix(string(sum), m.SHA256) {
				t.Errorf("%s, %v, want %s", sum, err, m.SHA256)
			}
			read, err := ReadManifest(b.Path)
			a, _ := json.Marshal(read)
			w, _ := json.Marshal(m)
			if err != nil || string(a) != string(w) {
				t.Errorf("%s, %v, want %s", a, err, w)
			}
			files, _ := os.ReadDir(filepath.Dir(b.Path))
			if len(files) != 2 {
				t.Errorf("%v", files)
			}
			if info, _ := os.Stat(b.Path); info.Mode().Perm() != 0o600 {
				t.Errorf("%v: others may read it", info.Mode())
			}
			if _, err := b.Run(t.Context(), func(Progress) {}); FaultOf(err) != Exists {
				t.Errorf("over a backup: %v", err)
			}
			if again, _ := exec.Command("sha256sum", b.Path).Output(); string(again) != string(sum) {
				t.Error("the earlier backup was touched")
			}
		})
	}
}

// fake is a folder of programs in which one is replaced.
func fake(t *testing.T, bin, name, script string) Programs {
	t.Helper()
	dir := t.TempDir()
	for _, program := range []string{"pg_dump", "pg_restore", "psql"} {
		if program != name {
			if err := os.Symlink(filepath.Join(bin, program), filepath.Join(dir, program)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if script != "" {
		script = strings.ReplaceAll("#!/bin/sh\n"+script, "REAL", filepath.Join(bin, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	return Programs(dir)
}

const version = `case "$*" in *--version*) exec REAL --version;; esac
`

// Each thing that stands against a backup is named, nothing is left behind, and an earlier
// backup stays.
func TestBackupFails(t *testing.T) {
	s, pg := server(t, datahub)
	for name, c := range map[string]struct {
		change func(*Backup)
		fault  Fault
		words  string
	}{
		"no pg_dump": {func(b *Backup) { b.Programs = fake(t, pg.Bin, "pg_dump", "") }, NoProgram, "install postgresql-client"},
		"an older pg_dump": {
			func(b *Backup) { b.Programs = fake(t, pg.Bin, "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'") }, OldProgram,
			"pg_dump is older than the server: pg_dump 9.6.24, server ",
		},
		"another program":   {func(b *Backup) { b.Programs = fake(t, pg.Bin, "pg_dump", "echo hello") }, NoProgram, "does not say its version: hello"},
		"a wrong password":  {func(b *Backup) { b.Server.Password = NewSecret("wr0ng-one") }, BadLogin, "password"},
		"nobody there":      {func(b *Backup) { b.Server.Port = 1 }, Unreachable, "see that the server runs"},
		"no such database":  {func(b *Backup) { b.Server.Database = "nowhere" }, NoDatabase, "nowhere"},
		"an empty database": {func(b *Backup) { b.Server.Database = "postgres" }, Empty, "has no table"},
		"half a dump": {
			func(b *Backup) { b.Programs = fake(t, pg.Bin, "pg_dump", version+`REAL "$@" | head -c 60000`) }, Incomplete, "cannot be read to its end",
		},
		"half a plain dump": {func(b *Backup) {
			b.Format, b.Programs = Plain, fake(t, pg.Bin, "pg_dump", version+`REAL "$@" | head -c 60000`)
		}, Incomplete, "its last line is missing"},
		"nothing at all": {func(b *Backup) { b.Format, b.Programs = Plain, fake(t, pg.Bin, "pg_dump", version+"exit 0") }, Empty, "wrote nothing"},
		"a table left out": {
			func(b *Backup) {
				b.Programs = fake(t, pg.Bin, "pg_dump", version+`exec REAL --exclude-table=users "$@"`)
			}, Incomplete, "public.users",
		},
		"a dump that fails late": {
			func(b *Backup) {
				b.Programs = fake(t, pg.Bin, "pg_dump", version+`REAL "$@"; echo "pg_dump: error: late" >&2; exit 3`)
			}, Failed, "exit code 3: late",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			earlier := filepath.Join(dir, "backup_20260101T000000.dump")
			if err := os.WriteFile(earlier, []byte("earlier"), 0o600); err != nil {
				t.Fatal(err)
			}
			b := Backup{Server: s, Path: filepath.Join(dir, DumpName(Custom, time.Now())), Format: Custom, LockWait: time.Second}
			c.change(&b)
			_, err := b.Run(t.Context(), func(Progress) {})
			if FaultOf(err) != c.fault || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%q: %v, want %q: %q", FaultOf(err), err, c.fault, c.words)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "s3cret") || strings.Contains(fmt.Sprint(err), "wr0ng") {
				t.Errorf("the password is in %#v", err)
			}
			files, _ := os.ReadDir(dir)
			if text, _ := os.ReadFile(earlier); len(files) != 1 || string(text) != "earlier" {
				t.Errorf("%v is left, the earlier backup is %q", files, text)
			}
		})
	}
}

// A table that somebody has locked is named, in the time given.
func TestBackupMeetsALock(t *testing.T) {
	s, pg := server(t, datahub)
	other := pg.Connect(t, s.Database)
	if _, err := other.Exec(t.Context(), "begin; lock table api_keys in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	_, path, err := backup(t, s, func(b *Backup) { b.LockWait = 300 * time.Millisecond })
	if FaultOf(err) != Locked || !strings.Contains(err.Error(), "api_keys") {
		t.Errorf("%q: %v", FaultOf(err), err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) > 0 {
		t.Errorf("%v is left", files)
	}
}

// The password is in no argument and no variable of the program that is run.
func TestPasswordIsHidden(t *testing.T) {
	s, pg := server(t, datahub)
	said := filepath.Join(t.TempDir(), "said")
	programs := fake(t, pg.Bin, "pg_dump", version+`{ echo "$@"; env; cat /proc/$$/cmdline /proc/$$/environ; } >`+said+`
exec REAL "$@"`)
	if _, _, err := backup(t, s, func(b *Backup) { b.Programs = programs }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(said)
	if err != nil || !strings.Contains(string(text), "--no-password") || strings.Contains(string(text), "s3cret") {
		t.Errorf("%v: %s", err, text)
	}
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%x", s.Password)} {
		if strings.Contains(shown, "s3cret") || strings.Contains(shown, "733363") {
			t.Errorf("%s", shown)
		}
	}
	if out, _ := json.Marshal(s); strings.Contains(string(out), "s3cret") {
		t.Errorf("%s", out)
	}
}

// A backup that is cancelled in the middle leaves nothing, and what a killed one left goes
// with the next; one that is being written stays.
func TestBackupCancelled(t *testing.T) {
	s, pg := server(t, datahub+`insert into api_keys (owner, secret) select 1, md5(i::text) from generate_series(1, 200000) i;`)
	dir := t.TempDir()
	old := filepath.Join(dir, "backup_20260101T000000.dump.partial")
	held := filepath.Join(dir, "backup_20260102T000000.dump.partial")
	for _, path := range []string{old, held} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	writer, err := os.Open(held)
	if err != nil || !seize(writer.Fd()) {
		t.Fatal(err)
	}
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	b := Backup{Server: s, Path: filepath.Join(dir, DumpName(Custom, time.Now())), Format: Custom, LockWait: time.Second}
	_, err = b.Run(ctx, func(p Progress) {
		if p.Bytes > 0 {
			cancel()
		}
	})
	if FaultOf(err) != Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 1 || files[0].Name() != filepath.Base(held) {
		t.Errorf("%v is left", files)
	}
	conn := pg.Connect(t, s.Database)
	left := 1
	for limit := time.Now().Add(10 * time.Second); left > 0 && time.Now().Before(limit); {
		err := conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = $1 and application_name = 'slipway'`, s.Database).Scan(&left)
		if err != nil {
			t.Fatal(err)
		}
	}
	if left > 0 {
		t.Errorf("%d sessions are left", left)
	}
}

// A backup on a disk that is full is refused before, or fails with nothing left.
func TestBackupNeedsRoom(t *testing.T) {
	s, _ := server(t, datahub)
	b := Backup{Server: s}
	if err := b.room(t.TempDir(), 1<<60); FaultOf(err) != NoSpace || !strings.Contains(err.Error(), "free in") {
		t.Errorf("%v", err)
	}
	full := fmt.Errorf("write x: %w", syscall.ENOSPC)
	if err := s.problem("cannot write the dump", full); FaultOf(err) != NoSpace {
		t.Errorf("%v", err)
	}
}

func TestVersions(t *testing.T) {
	s, pg := server(t, datahub)
	v, err := Programs(pg.Bin).Compare(t.Context(), s)
	if err != nil || major(v.Program) == 0 || major(v.Server) == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	s.Password = NewSecret(pgtest.Password + "x")
	if _, err := Programs(pg.Bin).Compare(t.Context(), s); FaultOf(err) != BadLogin {
		t.Errorf("%v", err)
	}
}
