package database

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"datahub.io/slipway/untrusted"
)

// Server is where a database is and who asks for it. What is left empty is what
// libpq takes: PGHOST and the other variables, a password file, or its default.
type Server struct {
	Host     string // a name, an address, or the folder of a socket
	Port     int
	User     string
	Database string
	SSLMode  string
	Password Secret
}

// application is what slipway's sessions are called, so that a person can tell them.
const application = "slipway"

// The limits of a look: a server that does not answer within them is reported, not waited for.
const (
	dialLimit  = 5 * time.Second
	queryLimit = 5 * time.Second
	lockLimit  = time.Second
)

// Address is the server in one word.
func (s Server) Address() string {
	s = s.shown()
	if strings.HasPrefix(s.Host, "/") {
		return fmt.Sprintf("%s, port %d", s.Host, s.Port)
	}
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// String is the database and its server, without the password.
func (s Server) String() string { return fmt.Sprintf("%s on %s", s.shown().Database, s.Address()) }

// shown is the server with what libpq would take for what is empty, for texts.
func (s Server) shown() Server {
	config, err := s.config()
	if err != nil {
		return s
	}
	s.Host, s.Port = config.Host, int(config.Port)
	s.User, s.Database = untrusted.Line(config.User, 64), untrusted.Line(config.Database, 64)
	return s
}

// In is another database of the same server.
func (s Server) In(database string) Server {
	s.Database = database
	return s
}

func (s Server) config() (*pgx.ConnConfig, error) {
	var words []string
	for _, pair := range [][2]string{{"host", s.Host}, {"user", s.User}, {"dbname", s.Database}, {"sslmode", s.SSLMode}} {
		if pair[1] != "" {
			words = append(words, pair[0]+"='"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(pair[1])+"'")
		}
	}
	if s.Port != 0 {
		words = append(words, "port="+strconv.Itoa(s.Port))
	}
	config, err := pgx.ParseConfig(strings.Join(words, " "))
	if err != nil {
		return nil, &Problem{Fault: Failed, Wrong: "the address of the database is wrong", Found: s.clean(err.Error())}
	}
	if s.Password.Known() {
		config.Password = s.Password.text
	}
	config.ConnectTimeout = dialLimit
	config.RuntimeParams["application_name"] = application
	return config, nil
}

// connect opens a session that can change nothing and waits for nothing long.
func (s Server) connect(ctx context.Context) (*pgx.Conn, error) {
	return s.session(ctx, map[string]string{
		"default_transaction_read_only": "on",
		"statement_timeout":             milliseconds(queryLimit),
		"lock_timeout":                  milliseconds(lockLimit),
	})
}

// manage opens a session that may change the server: for a restore alone.
func (s Server) manage(ctx context.Context) (*pgx.Conn, error) {
	return s.session(ctx, map[string]string{"lock_timeout": milliseconds(10 * time.Second)})
}

func (s Server) session(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, s.problem("cannot connect to "+s.String(), err)
	}
	return conn, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// shut ends a session without waiting long for the server's goodbye.
func shut(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
