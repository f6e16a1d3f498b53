package database

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Schema is what a database's catalogue says of its tables, by name as SQL writes
// it: public.api_keys.
type Schema struct {
	Database uint32           `json:"database,omitempty"` // it stays when the database is renamed
	Tables   map[string]Table `json:"tables"`
}

// Table is a table, a partitioned table, a view or a materialized view.
type Table struct {
	ID          uint32            `json:"id"` // it stays when the table is renamed
	Kind        string            `json:"kind"`
	Columns     []Column          `json:"columns"`
	Indexes     map[string]string `json:"indexes,omitempty"` // definition by name
	Constraints map[string]string `json:"constraints,omitempty"`
	// Extension tells that an extension made it, which restores it as well.
	Extension bool `json:"extension,omitempty"`
}

// Column is a column of a table.
type Column struct {
	ID      int16  `json:"id"` // its number in the table, which stays when it is renamed
	Name    string `json:"name"`
	Type    string `json:"type"`
	NotNull bool   `json:"notNull,omitempty"`
	Default string `json:"default,omitempty"` // an identity or a generated value counts as one
}

// The kinds of tables.
const (
	KindTable        = "table"
	KindPartitioned  = "partitioned table"
	KindView         = "view"
	KindMaterialized = "materialized view"
	KindForeign      = "foreign table"
)

// Schema reads the catalogue.
func (s Server) Schema(ctx context.Context) (Schema, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return Schema{}, err
	}
	defer shut(conn)
	schema, err := readSchema(ctx, conn)
	return schema, s.problem("cannot read the schema of "+s.String(), err)
}

// ours are the namespaces that are neither the server's own nor those of temporary tables.
const ours = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`

const columnsQuery = `
select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
	case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view' else 'foreign table' end,
	exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'),
	a.attnum, coalesce(a.attname, ''), coalesce(pg_catalog.format_type(a.atttypid, a.atttypmod), ''), coalesce(a.attnotnull, false),
	case when a.attidentity <> '' then 'identity' else coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') end
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + ours + `
order by 2, a.attnum`

const indexesQuery = `
select quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(x.relname),
	pg_catalog.pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' (invalid)' end
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and ` + ours

const constraintsQuery = `
select quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(k.conname), pg_catalog.pg_get_constraintdef(k.oid)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.contype in ('c', 'f', 'p', 'u', 'x') and ` + ours

func readSchema(ctx context.Context, conn *pgx.Conn) (Schema, error) {
	out := Schema{Tables: map[string]Table{}}
	if err := conn.QueryRow(ctx, `select oid from pg_catalog.pg_database where datname = current_database()`).Scan(&out.Database); err != nil {
		return Schema{}, fmt.Errorf("read the database: %w", err)
	}
	rows, err := conn.Query(ctx, columnsQuery)
	if err != nil {
		return Schema{}, fmt.Errorf("read the columns: %w", err)
	}
	var t Table
	var name string
	var number *int16
	var c Column
	_, err = pgx.ForEachRow(rows, []any{&t.ID, &name, &t.Kind, &t.Extension, &number, &c.Name, &c.Type, &c.NotNull, &c.Default}, func() error {
		known, ok := out.Tables[name]
		if !ok {
			known = t
		}
		if number != nil {
			c.ID = *number
			known.Columns = append(known.Columns, c)
		}
		out.Tables[name] = known
		return nil
	})
	if err != nil {
		return Schema{}, fmt.Errorf("read the columns: %w", err)
	}
	for _, part := range []struct {
		of    string
		query string
		put   func(*Table) *map[string]string
	}{
		{"indexes", indexesQuery, func(t *Table) *map[string]string { return &t.Indexes }},
		{"constraints", constraintsQuery, func(t *Table) *map[string]string { return &t.Constraints }},
	} {
		rows, err := conn.Query(ctx, part.query)
		if err != nil {
			return Schema{}, fmt.Errorf("read the %s: %w", part.of, err)
		}
		var table, name, definition string
		_, err = pgx.ForEachRow(rows, []any{&table, &name, &definition}, func() error {
			t, ok := out.Tables[table]
			if !ok {
				return nil // it was made since the columns were read
			}
			all := part.put(&t)
			if *all == nil {
				*all = map[string]string{}
			}
			(*all)[name] = definition
			out.Tables[table] = t
			return nil
		})
		if err != nil {
			return Schema{}, fmt.Errorf("read the %s: %w", part.of, err)
		}
	}
	return out, nil
}
