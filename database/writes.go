package database

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// readWrites reads how many rows the server has counted as written, by table.
func readWrites(ctx context.Context, conn *pgx.Conn) (map[string]int64, error) {
	rows, err := conn.Query(ctx, `
		select quote_ident(schemaname) || '.' || quote_ident(relname), n_tup_ins + n_tup_upd + n_tup_del
		from pg_catalog.pg_stat_user_tables`)
	if err != nil {
		return nil, fmt.Errorf("read how many rows were written: %w", err)
	}
	out := map[string]int64{}
	var table string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error {
		out[table] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read how many rows were written: %w", err)
	}
	return out, nil
}

// Written is about how many rows were written to each table since a dump's snapshot: the
// server counts them, a little late. Known is false where it has begun to count anew.
func (s Server) Written(ctx context.Context, since Manifest) (tables map[string]int64, known bool, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, false, err
	}
	defer shut(conn)
	now, err := readWrites(ctx, conn)
	if err != nil {
		return nil, false, s.problem("cannot read how many rows were written", err)
	}
	tables, known = map[string]int64{}, true
	for table, n := range now {
		switch n -= since.Writes[table]; {
		case n < 0:
			known = false
		case n > 0:
			tables[table] = n
		}
	}
	return tables, known, nil
}
