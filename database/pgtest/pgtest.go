// Package pgtest runs a real PostgreSQL for tests. Where none is installed the
// tests that need it are skipped, each by its name, unless SLIPWAY_POSTGRES says
// that there must be one.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Password is that of User, who may do everything.
const (
	User     = "postgres"
	Password = "it's a s3cret:\\pass"
)

// Server is a PostgreSQL on the loopback interface.
type Server struct {
	Bin  string // the folder of its programs
	Host string
	Port int
}

const required = "SLIPWAY_POSTGRES"

var (
	shared  *Server
	missing error
)

// Main runs a package's tests with one server for all of them, and takes it down.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	s, stop, err := start(dir)
	if err != nil {
		missing = err
		if os.Getenv(required) == "required" {
			fmt.Fprintln(os.Stderr, "PostgreSQL is required here:", err)
			return 1
		}
		return m.Run()
	}
	defer stop()
	shared = s
	return m.Run()
}

// Need is the server, or the end of a test that cannot do without.
func Need(t testing.TB) *Server {
	t.Helper()
	if shared == nil {
		t.Skipf("%s was skipped: no PostgreSQL: %v (make postgres installs it)", t.Name(), missing)
	}
	return shared
}

// Connect opens a session in a database as User.
func (s *Server) Connect(t testing.TB, database string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable application_name=pgtest", s.Host, s.Port, User, database))
	if err != nil {
		t.Fatal(err)
	}
	config.Password = Password
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Exec runs SQL in a database.
func (s *Server) Exec(t testing.TB, database, sql string) {
	t.Helper()
	conn := s.Connect(t, database)
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	_ = conn.Close(t.Context())
}

// Database makes a database with a name of its own, which goes with the test.
func (s *Server) Database(t testing.TB, sql string) string {
	t.Helper()
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, t.Name()))
	name = name[:min(len(name), 40)]
	s.Exec(t, User, "create database "+name)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=postgres sslmode=disable",
			s.Host, s.Port, User, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(Password)))
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(context.Background())
		rows, _ := conn.Query(context.Background(), `select datname from pg_database where datname like $1 || '%'`, name)
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, n := range names {
			_, dropped := conn.Exec(context.Background(), "drop database if exists "+pgx.Identifier{n}.Sanitize()+" with (force)")
			err = errors.Join(err, dropped)
		}
		if err != nil {
			t.Error(err)
		}
	})
	s.Exec(t, name, sql)
	return name
}

// programs finds the newest server that is installed.
func programs() (string, error) {
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	more, _ := filepath.Glob("/usr/pgsql-*/bin/postgres")
	all = append(all, more...)
	if len(all) == 0 {
		path, err := exec.LookPath("postgres")
		if err != nil {
			return "", errors.New("no server in /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin or PATH")
		}
		return filepath.Dir(path), nil
	}
	newest := slices.MaxFunc(all, func(a, b string) int { return number(a) - number(b) })
	return filepath.Dir(newest), nil
}

func number(path string) int {
	n, _ := strconv.Atoi(filepath.Base(strings.TrimPrefix(filepath.Dir(filepath.Dir(path)), "/usr/pgsql-")))
	return n
}

// nobody is who the server runs as where we are root, which it refuses.
const nobody = 65534

func start(dir string) (*Server, func(), error) {
	bin, err := programs()
	if err != nil {
		return nil, nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the other account must get through
		return nil, nil, err
	}
	home, secret := filepath.Join(dir, "d"), filepath.Join(dir, "p")
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(secret, []byte(Password+"\n"), 0o600); err != nil {
		return nil, nil, err
	}
	var as *syscall.Credential
	if os.Geteuid() == 0 {
		as = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := errors.Join(os.Chown(home, nobody, nobody), os.Chown(secret, nobody, nobody)); err != nil {
			return nil, nil, err
		}
	}
	data := filepath.Join(home, "data")
	create := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", User, "-A", "scram-sha-256", "--pwfile="+secret, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	create.Dir, create.Env, create.SysProcAttr = home, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}, &syscall.SysProcAttr{Credential: as}
	if out, err := create.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	var log bytes.Buffer
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", "", "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_lock_waits=on")
	server.Dir, server.Env, server.Stdout, server.Stderr = home, create.Env, &log, &log
	server.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGINT}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the signal is sent when this thread ends
		err := server.Start()
		started <- err
		if err == nil {
			_ = server.Wait()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = server.Process.Signal(syscall.SIGINT)
		<-ended
	}
	s := &Server{Bin: bin, Host: "127.0.0.1", Port: port}
	for limit := time.Now().Add(30 * time.Second); ; {
		ready := exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", s.Host, "-p", strconv.Itoa(port))
		if ready.Run() == nil {
			return s, stop, nil
		}
		select {
		case <-ended:
			return nil, nil, fmt.Errorf("the server ended: %s", log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(limit) {
			stop()
			return nil, nil, fmt.Errorf("the server did not become ready: %s", log.String())
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
