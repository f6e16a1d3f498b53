package database

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Versions are those of a program and of the server that it is to speak to.
type Versions struct {
	Program string // "15.18"
	Server  string
}

// Compare looks at both versions: a pg_dump that is older than the server refuses it,
// and is better found out before a release than in the middle of one.
func (p Programs) Compare(ctx context.Context, s Server) (Versions, error) {
	var v Versions
	var err error
	if v.Program, err = p.Version(ctx, "pg_dump"); err != nil {
		return v, err
	}
	conn, err := s.connect(ctx)
	if err != nil {
		return v, err
	}
	defer shut(conn)
	if v.Server, err = serverVersion(ctx, conn); err != nil {
		return v, s.problem("cannot ask for the server's version", err)
	}
	return v, v.fit()
}

func (v Versions) fit() error {
	if major(v.Program) >= major(v.Server) {
		return nil
	}
	return &Problem{
		Fault: OldProgram, Wrong: "pg_dump is older than the server", Found: fmt.Sprintf("pg_dump %s, server %s", v.Program, v.Server),
		Accepted: fmt.Sprintf("pg_dump %d or newer", major(v.Server)), Next: fmt.Sprintf("install postgresql-client-%d", major(v.Server)),
	}
}

func serverVersion(ctx context.Context, conn *pgx.Conn) (version string, err error) {
	err = conn.QueryRow(ctx, `select split_part(current_setting('server_version'), ' ', 1)`).Scan(&version)
	return version, err
}
