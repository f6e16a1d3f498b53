package database

import (
	"fmt"
	"os"
	"testing"
	"time"

	"datahub.io/slipway/database/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// server is the tests' server with a database made by sql.
func server(t *testing.T, sql string) (Server, *pgtest.Server) {
	t.Helper()
	pg := pgtest.Need(t)
	return Server{
		Host: pg.Host, Port: pg.Port, User: pgtest.User, Database: pg.Database(t, sql), SSLMode: "disable", Password: NewSecret(pgtest.Password),
	}, pg
}

const datahub = tablesSQL + rowsSQL

const tablesSQL = `
create table users (id bigserial primary key, name text not null, mail varchar(100) unique);
create table api_keys (id bigserial primary key, owner bigint not null references users, secret text not null, label varchar(40), made timestamptz not null default now());
create index api_keys_owner on api_keys (owner);
create table "Odd name" ("a ""b" int, body text);
create table schema_migrations (version bigint primary key, dirty boolean not null);
`

const rowsSQL = `
insert into schema_migrations values (41, false);
insert into users (name, mail) select 'user ' || i, i || '@example.com' from generate_series(1, 200) i;
insert into api_keys (owner, secret, label) select 1 + i % 200, md5(i::text), E'tab\t and\nline ' || i from generate_series(1, 5000) i;
insert into "Odd name" values (1, E'COPY public.users (id) FROM stdin;\n\\.'), (2, null);
create function f() returns text language sql as $$
select '
COPY public.users (id) FROM stdin;
1' $$;
`

func backup(t *testing.T, s Server, change func(*Backup)) (Manifest, string, error) {
	t.Helper()
	b := Backup{Server: s, Path: t.TempDir() + "/" + DumpName(Custom, time.Now()), Format: Custom, LockWait: time.Second}
	if change != nil {
		change(&b)
	}
	m, err := b.Run(t.Context(), func(Progress) {})
	return m, b.Path, err
}

// rows are all rows of all tables, as text: two databases with the same rows are equal.
func rows(t *testing.T, pg *pgtest.Server, database string, tables ...string) map[string]string {
	t.Helper()
	conn := pg.Connect(t, database)
	out := map[string]string{}
	for _, table := range tables {
		r, err := conn.Query(t.Context(), fmt.Sprintf("select t::text from %s t order by t::text", table))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for r.Next() {
			var text string
			if err := r.Scan(&text); err != nil {
				t.Fatal(err)
			}
			out[fmt.Sprint(table, " ", n)] = text
			n++
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
	}
	return out
}
