package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backup is a dump that is to be taken.
type Backup struct {
	Server   Server
	Programs Programs
	Path     string // the file of the dump; nothing may have that name
	Format   Format
	LockWait time.Duration // how long pg_dump may wait for a table that somebody has locked
}

const partialSuffix = ".partial"

// DumpName is the name of a dump that is taken now, without its folder.
func DumpName(format Format, now time.Time) string {
	ending := ".dump"
	if format == Plain {
		ending = ".sql"
	}
	return "backup_" + now.Format("20060102T150405") + ending
}

// partials are the files that attempts with such names leave when they are killed.
var partials = regexp.MustCompile(`^backup_\d{8}T\d{6}\.(dump|sql)(\.json)?\.partial$`)

// Run takes the dump and tells now and then how far it is. When it returns an
// error, or its context ends, nothing of the attempt is left.
func (b Backup) Run(ctx context.Context, report func(Progress)) (m Manifest, err error) {
	began := time.Now()
	dir := filepath.Dir(b.Path)
	versions := Versions{}
	if versions.Program, err = b.Programs.Version(ctx, "pg_dump"); err != nil {
		return m, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return m, b.Server.problem("cannot use the folder for backups", err)
	}
	if _, err := os.Lstat(b.Path); !errors.Is(err, fs.ErrNotExist) {
		return m, b.exists(err)
	}
	sweep(dir, began)

	conn, err := b.Server.session(ctx, map[string]string{
		"default_transaction_read_only": "on", "lock_timeout": milliseconds(lockLimit), "idle_in_transaction_session_timeout": "0",
	})
	if err != nil {
		return m, err
	}
	defer shut(conn)
	if versions.Server, err = serverVersion(ctx, conn); err != nil {
		return m, b.Server.problem("cannot ask for the server's version", err)
	}
	if err := versions.fit(); err != nil {
		return m, err
	}
	m = Manifest{Format: b.Format, Database: b.Server.shown().Database, Server: b.Server.Address(), Versions: versions}
	snapshot, err := b.snapshot(ctx, conn, &m)
	if err != nil {
		return m, b.Server.problem("cannot take a snapshot of "+b.Server.String(), err)
	}
	if err := b.room(dir, m.Size); err != nil {
		return m, err
	}

	file, err := b.partial()
	if err != nil {
		return m, err
	}
	defer func() {
		_ = file.Close()
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	d := &dumping{backup: b, file: file, sum: sha256.New(), manifest: &m, began: began, report: report}
	if err := d.run(ctx, conn, snapshot); err != nil {
		return m, err
	}
	if err := d.finish(ctx); err != nil {
		return m, err
	}
	m.Seconds = time.Since(began).Seconds()
	if err := m.write(b.Path); err != nil {
		return m, b.Server.problem("cannot write the description of the dump", err)
	}
	if err := name(file.Name(), b.Path); err != nil {
		_ = os.Remove(manifestPath(b.Path))
		if errors.Is(err, fs.ErrExist) {
			return m, b.exists(nil)
		}
		return m, b.Server.problem("cannot give the dump its name", err)
	}
	if err := settle(dir); err != nil {
		return m, b.Server.problem("cannot make the dump's name last", err)
	}
	return m, nil
}

func (b Backup) exists(err error) error {
	if err != nil {
		return b.Server.problem("cannot look at "+shownPath(b.Path), err)
	}
	return &Problem{
		Fault: Exists, Wrong: "the backup was not taken", Found: "there is a file " + shownPath(b.Path) + " already",
		Accepted: "a name that is free", Next: "try again; the earlier backup is untouched",
	}
}

// name gives a file its final name, and never takes it from another.
func name(partial, path string) error {
	if err := os.Link(partial, path); err == nil || errors.Is(err, fs.ErrExist) {
		if err == nil {
			_ = os.Remove(partial)
		}
		return err
	}
	// The file system has no second names.
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fs.ErrExist
	}
	return os.Rename(partial, path)
}

// partial makes the file that becomes the dump. One that a killed attempt has left is used
// again; one that somebody writes is not.
func (b Backup) partial() (*os.File, error) {
	file, err := os.OpenFile(b.Path+partialSuffix, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, b.Server.problem("cannot write "+shownPath(b.Path), err)
	}
	if !seize(file.Fd()) {
		file.Close()
		return nil, &Problem{
			Fault: Busy, Wrong: "the backup was not taken", Found: "somebody else writes " + shownPath(b.Path) + partialSuffix,
			Next: "wait until that is done",
		}
	}
	if err := file.Truncate(0); err != nil {
		file.Close()
		return nil, b.Server.problem("cannot write "+shownPath(b.Path), err)
	}
	return file, nil
}

// sweep removes what killed attempts have left: files with our names for what is not
// finished, which nobody holds.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !partials.MatchString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		// A young one may be on its way from being made to being held.
		if info, err := file.Stat(); err == nil && now.Sub(info.ModTime()) > time.Minute && seize(file.Fd()) {
			_ = os.Remove(path)
		}
		_ = file.Close()
	}
}

// snapshot opens the transaction whose view of the database pg_dump takes over, so that it
// is known to the moment what is in the dump.
func (b Backup) snapshot(ctx context.Context, conn *pgx.Conn, m *Manifest) (id string, err error) {
	if _, err := conn.Exec(ctx, `begin isolation level repeatable read read only`); err != nil {
		return "", err
	}
	err = conn.QueryRow(ctx, `
		select pg_export_snapshot(), clock_timestamp(), pg_database_size(current_database())`).Scan(&id, &m.Snapshot, &m.Size)
	if err != nil {
		return "", err
	}
	// Not every role may ask for it; the name of the database then has to do.
	if _, err := conn.Exec(ctx, `savepoint s`); err != nil {
		return "", err
	}
	if err := conn.QueryRow(ctx, `select system_identifier::text from pg_control_system()`).Scan(&m.System); err != nil {
		if _, err := conn.Exec(ctx, `rollback to savepoint s`); err != nil {
			return "", err
		}
	}
	m.Snapshot = m.Snapshot.UTC()
	return id, nil
}

// reserve is what must stay free beside the dump.
const reserve = 16 << 20

// room checks that the dump will fit: it can become as large as the database is.
func (b Backup) room(dir string, need int64) error {
	have, err := free(dir)
	if err != nil {
		return b.Server.problem("cannot see how much space is free", err)
	}
	if have >= need+reserve {
		return nil
	}
	return &Problem{
		Fault: NoSpace, Wrong: "there is not enough space for the backup", Found: fmt.Sprintf("%s free in %s", Bytes(have), Server{}.clean(dir)),
		Accepted: fmt.Sprintf("%s, the size of the database, and %s", Bytes(need), Bytes(reserve)),
		Next:     "free some space, or name another folder",
	}
}

// dumping is a dump that is being taken.
type dumping struct {
	backup   Backup
	file     *os.File
	sum      hash.Hash
	manifest *Manifest
	began    time.Time
	report   func(Progress)
	written  int64
	count    rowCounter
}

// run has pg_dump write to the file and, at the same time, what reads a dump read it.
func (d *dumping) run(parent context.Context, conn *pgx.Conn, snapshot string) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	b := d.backup
	args := append([]string{
		"--format=" + string(b.Format), "--snapshot=" + snapshot, "--lock-wait-timeout=" + milliseconds(b.LockWait),
	}, b.Server.address()...)
	dump, err := b.Programs.command(ctx, b.Server, "pg_dump", append(args, "--dbname="+connectionWord(b.Server.Database))...)
	if err != nil {
		return err
	}
	out, err := dump.cmd.StdoutPipe()
	if err != nil {
		return b.Server.problem("cannot read from pg_dump", err)
	}
	var reader *reading
	if b.Format == Custom {
		if reader, err = b.reader(ctx, &d.count); err != nil {
			return err
		}
	}
	if err := dump.start(); err != nil {
		reader.end(ctx)
		return err
	}
	described := make(chan error, 1)
	go func() { described <- d.describe(ctx, conn) }()

	told := time.Time{}
	buffer := make([]byte, 256<<10)
	var fault error
	for {
		n, readErr := out.Read(buffer)
		if n > 0 && fault == nil {
			if _, err := d.file.Write(buffer[:n]); err != nil {
				fault = b.Server.problem("cannot write the dump", err)
				cancel(fault)
			}
			_, _ = d.sum.Write(buffer[:n])
			if reader != nil {
				reader.write(buffer[:n])
			} else {
				_, _ = d.count.Write(buffer[:n])
			}
			d.written += int64(n)
			if now := time.Now(); now.Sub(told) >= reportEvery {
				told = now
				d.tell(now)
			}
		}
		if readErr != nil {
			break
		}
	}
	dumped := dump.wait(ctx)
	read := reader.end(ctx)
	knows := <-described
	switch {
	case fault != nil:
		return fault
	case parent.Err() != nil:
		return b.Server.problem("the backup was not taken", context.Cause(parent))
	case dumped != nil:
		return dumped
	case read != nil:
		return &Problem{
			Fault: Incomplete, Wrong: "the dump cannot be read to its end", Found: Server{}.clean(read.Error()),
			Next: "take the backup again; earlier ones are untouched", Err: read,
		}
	case knows != nil:
		return b.Server.problem("cannot describe what is in the dump", knows)
	}
	return nil
}

func (d *dumping) tell(now time.Time) {
	d.report(Progress{
		Step: "dump", Bytes: d.written, Rows: d.count.total.Load(), Done: d.count.bytes.Load(), Of: d.manifest.Size, Elapsed: now.Sub(d.began),
	})
}

// describe reads in the dump's own snapshot what the database is.
func (d *dumping) describe(ctx context.Context, conn *pgx.Conn) (err error) {
	m := d.manifest
	if m.Schema, err = readSchema(ctx, conn); err != nil {
		return err
	}
	if m.Applied, err = readApplied(ctx, conn); err != nil {
		return err
	}
	m.Writes, err = readWrites(ctx, conn)
	return err
}

// finish makes sure that what is on the disk is a whole dump of the whole database.
func (d *dumping) finish(ctx context.Context) error {
	m := d.manifest
	m.Bytes, m.Rows = d.written, d.count.rows
	if d.written == 0 {
		return &Problem{Fault: Empty, Wrong: "the dump is empty", Found: "pg_dump wrote nothing and reported no error", Next: "see which pg_dump is used"}
	}
	if d.backup.Format == Plain && !d.count.complete() {
		return &Problem{
			Fault: Incomplete, Wrong: "the dump cannot be read to its end", Found: "its last line is missing",
			Next: "take the backup again; earlier ones are untouched",
		}
	}
	var missing []string
	tables := 0
	for _, table := range slices.Sorted(maps.Keys(m.Schema.Tables)) {
		t := m.Schema.Tables[table]
		if t.Kind != KindTable || t.Extension {
			continue
		}
		tables++
		if _, ok := m.Rows[table]; !ok {
			missing = append(missing, table)
		}
	}
	switch {
	case tables == 0:
		return &Problem{
			Fault: Empty, Wrong: "the database has no table", Found: "an empty database " + m.Database,
			Accepted: "a database with tables", Next: "see that the database's name is right",
		}
	case len(missing) > 0:
		return &Problem{
			Fault: Incomplete, Wrong: "the dump lacks tables", Found: fmt.Sprintf("no rows section for %s of %d tables", list(missing, 3), tables),
			Next: "see which pg_dump is used",
		}
	}
	if err := d.file.Sync(); err != nil {
		return d.backup.Server.problem("cannot bring the dump to the disk", err)
	}
	m.SHA256 = hex.EncodeToString(d.sum.Sum(nil))
	sum, err := checksum(ctx, d.file.Name(), nil)
	if err != nil {
		return d.backup.Server.problem("cannot read the dump back", err)
	}
	if sum != m.SHA256 {
		return &Problem{
			Fault: Changed, Wrong: "the file is not what pg_dump wrote", Found: "sha256 " + sum, Accepted: m.SHA256,
			Next: "see to the disk, and take the backup again",
		}
	}
	d.tell(time.Now())
	return nil
}

// checksum reads a file through.
func checksum(ctx context.Context, path string, report func(done, of int64)) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	buffer := make([]byte, 1<<20)
	var done int64
	for ctx.Err() == nil {
		n, err := file.Read(buffer)
		_, _ = sum.Write(buffer[:n])
		if done += int64(n); report != nil {
			report(done, info.Size())
		}
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", ctx.Err()
}

// reading is a pg_restore that reads a dump through and gives its rows to be counted. It
// touches no database.
type reading struct {
	program *program
	in      io.WriteCloser
	broken  bool
}

func (b Backup) reader(ctx context.Context, to io.Writer) (*reading, error) {
	p, err := b.Programs.command(ctx, Server{}, "pg_restore", "--data-only", "--file=/dev/stdout")
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout = to
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, b.Server.problem("cannot write to pg_restore", err)
	}
	return &reading{program: p, in: in}, p.start()
}

// write hands it a piece. When it has ended, with an error, the rest is not for it.
func (r *reading) write(p []byte) {
	if r.broken {
		return
	}
	if _, err := r.in.Write(p); err != nil {
		r.broken = true
	}
}

func (r *reading) end(ctx context.Context) error {
	if r == nil {
		return nil
	}
	_ = r.in.Close()
	return r.program.wait(ctx)
}

// connectionWord is a database's name for --dbname, which would take one with = for a whole
// connection string.
func connectionWord(database string) string {
	if database == "" {
		return ""
	}
	return "dbname='" + escape(database) + "'"
}
