package database

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Applied are the migrations that a tool has written down in its table: what ran is
// read there, whatever was declared.
type Applied struct {
	Tool     string    `json:"tool"`
	Table    string    `json:"table"`
	Versions []Version `json:"versions"` // oldest first, as the tool orders them
}

// Version is one migration that ran.
type Version struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Bad tells that the tool has it as failed, unfinished or taken back.
	Bad bool `json:"bad,omitempty"`
}

// mostVersions is how many of a tool's versions are read, the newest ones.
const mostVersions = 2000

// tools are the tables of migration tools, with the columns that tell one tool's table
// from another's of the same name. Each query gives id, name, bad, newest first.
var tools = []struct {
	tool, schema, table string
	columns             []string
	query               string
}{
	{"golang-migrate", "", "schema_migrations", []string{"version", "dirty"}, `select version::text, '', dirty from %s order by version desc`},
	{"schema_migrations", "", "schema_migrations", []string{"version"}, `select version::text, '', false from %s order by version desc`},
	{"goose", "", "goose_db_version", []string{"version_id", "is_applied", "id"}, `
		select * from (select distinct on (version_id) version_id::text, '', not is_applied from %s where version_id > 0 order by version_id desc, id desc) v`},
	{"flyway", "", "flyway_schema_history", []string{"installed_rank", "version", "description", "success"}, `
		select coalesce(version, 'R'), description, not success from %s order by installed_rank desc`},
	{"liquibase", "", "databasechangelog", []string{"id", "author", "orderexecuted", "exectype"}, `
		select id, author, exectype = 'FAILED' from %s order by orderexecuted desc`},
	{"alembic", "", "alembic_version", []string{"version_num"}, `select version_num, '', false from %s order by 1 desc`},
	{"django", "", "django_migrations", []string{"id", "app", "name"}, `select app || '.' || name, '', false from %s order by id desc`},
	{"atlas", "", "atlas_schema_revisions", []string{"version", "description", "applied", "total", "error"}, `
		select version, description, applied < total or coalesce(error, '') <> '' from %s order by version desc`},
	{"pgroll", "pgroll", "migrations", []string{"schema", "name", "done", "created_at"}, `
		select schema || '.' || name, '', not done from %s order by created_at desc`},
}

// Applied reads the tables of all migration tools that the database has.
func (s Server) Applied(ctx context.Context) ([]Applied, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer shut(conn)
	applied, err := readApplied(ctx, conn)
	return applied, s.problem("cannot read which migrations ran in "+s.String(), err)
}

const toolTablesQuery = `
select n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname), array_agg(a.attname::text)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'p') and c.relname = any($1) and ` + ours + `
group by 1, 2, 3 order by 1, 2`

func readApplied(ctx context.Context, conn *pgx.Conn) (out []Applied, err error) {
	var names []string
	for _, t := range tools {
		names = append(names, t.table)
	}
	rows, err := conn.Query(ctx, toolTablesQuery, names)
	if err != nil {
		return nil, fmt.Errorf("find the migration tools' tables: %w", err)
	}
	type table struct {
		schema, name, quoted string
		columns              []string
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		return t, row.Scan(&t.schema, &t.name, &t.quoted, &t.columns)
	})
	if err != nil {
		return nil, fmt.Errorf("find the migration tools' tables: %w", err)
	}
	for _, t := range found {
		for _, tool := range tools {
			if tool.table != t.name || tool.schema != "" && tool.schema != t.schema ||
				slices.ContainsFunc(tool.columns, func(c string) bool { return !slices.Contains(t.columns, c) }) {
				continue
			}
			rows, err := conn.Query(ctx, fmt.Sprintf(tool.query+" limit %d", t.quoted, mostVersions))
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", t.quoted, err)
			}
			versions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Version, err error) {
				return v, row.Scan(&v.ID, &v.Name, &v.Bad)
			})
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", t.quoted, err)
			}
			slices.Reverse(versions)
			out = append(out, Applied{tool.tool, t.quoted, versions})
			break
		}
	}
	return out, nil
}

// Ran is what one tool's table says at one time and did not say at another.
type Ran struct {
	Tool  string
	Table string
	Added []Version // that were not there before
	Gone  []Version // that are no longer there: taken back
	Bad   []Version // that failed or did not finish, and were not so before
}

// Compare is the difference between what ran before and after.
func Compare(before, after []Applied) (out []Ran) {
	tables := map[string]Applied{}
	for _, a := range before {
		tables[a.Table] = a
	}
	for _, a := range after {
		was := tables[a.Table]
		delete(tables, a.Table)
		r := Ran{Tool: a.Tool, Table: a.Table}
		for _, v := range a.Versions {
			i := slices.IndexFunc(was.Versions, func(o Version) bool { return o.ID == v.ID })
			if i < 0 {
				r.Added = append(r.Added, v)
			}
			if v.Bad && (i < 0 || !was.Versions[i].Bad) {
				r.Bad = append(r.Bad, v)
			}
		}
		for _, v := range was.Versions {
			if !slices.ContainsFunc(a.Versions, func(n Version) bool { return n.ID == v.ID }) {
				r.Gone = append(r.Gone, v)
			}
		}
		if len(r.Added)+len(r.Gone)+len(r.Bad) > 0 {
			out = append(out, r)
		}
	}
	for _, a := range before {
		if _, ok := tables[a.Table]; ok {
			out = append(out, Ran{Tool: a.Tool, Table: a.Table, Gone: a.Versions})
		}
	}
	return out
}
