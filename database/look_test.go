package database

import (
	"slices"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/database/pgtest"
)

// Each change of a schema is told as what it is, and the ones that earlier code cannot live
// with as such.
func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		sql    string
		diff   string // the first change
		breaks string // or ""
	}{
		"a new table":               {"create table v (id int)", "added table public.v", ""},
		"a dropped table":           {"drop table api_keys", "dropped table public.api_keys", "table public.api_keys was dropped"},
		"a renamed table":           {"alter table api_keys rename to keys", "renamed table public.api_keys: public.api_keys → public.keys", "was renamed to public.keys"},
		"a table made anew":         {"drop table api_keys; create table api_keys (id bigint, owner bigint)", "dropped column", "column public.api_keys.secret was dropped"},
		"a dropped column":          {"alter table api_keys drop column secret", "dropped column public.api_keys.secret: it was text", "column public.api_keys.secret was dropped"},
		"a renamed column":          {"alter table api_keys rename secret to hash", "renamed column public.api_keys.secret: secret → hash", "was renamed to hash"},
		"a replaced column":         {"alter table api_keys drop column secret; alter table api_keys add column secret text", "dropped column public.api_keys.secret", "was dropped"},
		"a new column":              {"alter table api_keys add column rotated timestamptz", "added column public.api_keys.rotated: timestamp with time zone", ""},
		"a new column with default": {"alter table api_keys add column n int not null default 0", "added column public.api_keys.n: integer not null default 0", ""},
		"a new identity":            {"alter table users add column n int generated always as identity", "added column public.users.n: integer not null default identity", ""},
		"a new column without":      {"alter table schema_migrations add column n int; update schema_migrations set n = 1; alter table schema_migrations alter n set not null", "added column", "takes no null and has no default"},
		"not null":                  {"alter table api_keys alter label set not null", "set not null public.api_keys.label", "no longer takes null"},
		"not null with default":     {"alter table api_keys alter label set default '', alter label set not null", "set not null public.api_keys.label", ""},
		"null":                      {"alter table api_keys alter secret drop not null", "dropped not null public.api_keys.secret", ""},
		"a lost default":            {"alter table api_keys alter made drop default", "changed default public.api_keys.made: now() → none", "has lost its default"},
		"a narrower varchar":        {"update api_keys set label = ''; alter table api_keys alter label type varchar(5)", "changed type public.api_keys.label: character varying(40) → character varying(5)", "was character varying(40) and is character varying(5)"},
		"a wider varchar":           {"alter table api_keys alter label type varchar(400)", "changed type", ""},
		"text":                      {"alter table api_keys alter label type text", "changed type", ""},
		"from text":                 {"update users set name = ''; alter table users alter name type varchar(10)", "changed type", "public.users.name was text"},
		"a narrower number":         {"alter table schema_migrations alter version type int", "changed type", "was bigint and is integer"},
		"a new index":               {"create index i on users (name)", "added index public.users.i: CREATE INDEX i ON public.users USING btree (name)", ""},
		"a dropped index":           {"drop index api_keys_owner", "dropped index public.api_keys.api_keys_owner", ""},
		"a new constraint":          {"alter table users add constraint c check (id > 0)", "added constraint public.users.c: CHECK ((id > 0))", ""},
		"a dropped view":            {"drop view k", "dropped table public.k", "view public.k was dropped"},
		"a view's column":           {"drop view k; create view k as select id from users", "dropped column public.k.name", "column public.k.name was dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			s, pg := server(t, tablesSQL)
			if strings.Contains(name, "view") {
				pg.Exec(t, s.Database, "create view k as select id, name from users")
			}
			before, err := s.Schema(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if changes := Diff(before, before); len(changes) > 0 {
				t.Errorf("from itself: %v", changes)
			}
			pg.Exec(t, s.Database, c.sql)
			after, err := s.Schema(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			changes := Diff(before, after)
			if !slices.ContainsFunc(changes, func(x Change) bool { return strings.HasPrefix(x.String(), c.diff) }) {
				t.Errorf("%v, want %q", changes, c.diff)
			}
			found := Breaks(changes)
			if c.breaks == "" && len(found) > 0 || c.breaks != "" && !slices.ContainsFunc(found, func(b Break) bool { return strings.Contains(b.Why, c.breaks) }) {
				t.Errorf("breaks: %v, want %q", found, c.breaks)
			}
		})
	}
}

func TestWidens(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"integer", "bigint", true}, {"bigint", "integer", false}, {"smallint", "numeric(4,0)", false}, {"smallint", "numeric(5,0)", true},
		{"numeric(10,2)", "numeric(12,2)", true}, {"numeric(10,2)", "numeric(10,4)", false}, {"numeric(10,2)", "numeric(12,4)", true},
		{"numeric(10,2)", "numeric", true}, {"numeric", "numeric(10,2)", false}, {"character varying(40)", "text", true},
		{"text", "character varying(40)", false}, {"character varying(40)", "character varying", true}, {"character varying", "character varying(40)", false},
		{"character(4)", "character(5)", false}, {"timestamp(3) with time zone", "timestamp(6) with time zone", true},
		{"timestamp(6) with time zone", "timestamp(3) with time zone", false}, {"text", "jsonb", false}, {"real", "double precision", true},
		{"uuid", "text", false}, {"integer[]", "bigint[]", false},
	} {
		if got := widens(c.from, c.to); got != c.want {
			t.Errorf("%s → %s: %v", c.from, c.to, got)
		}
	}
}

// What ran is read in each tool's own table.
func TestApplied(t *testing.T) {
	s, pg := server(t, `
create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (41, false);
create schema rails; create table rails.schema_migrations (version varchar primary key); insert into rails.schema_migrations values ('20260101'), ('20260102');
create table goose_db_version (id serial, version_id bigint, is_applied boolean, tstamp timestamp); insert into goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true), (2, false);
create table flyway_schema_history (installed_rank int, version varchar(50), description varchar(200), success boolean); insert into flyway_schema_history values (1, '1', 'base', true), (2, null, 'view', true), (3, '2', 'bad', false);
create table databasechangelog (id varchar, author varchar, filename varchar, dateexecuted timestamp, orderexecuted int, exectype varchar(10)); insert into databasechangelog values ('c1', 'a', 'f', now(), 1, 'EXECUTED');
create table alembic_version (version_num varchar(32)); insert into alembic_version values ('ae1027a6acf');
create table django_migrations (id serial, app varchar, name varchar, applied timestamptz); insert into django_migrations (app, name) values ('auth', '0001_initial');
create schema atlas_schema_revisions; create table atlas_schema_revisions.atlas_schema_revisions (version varchar, description varchar, applied bigint, total bigint, error text); insert into atlas_schema_revisions.atlas_schema_revisions values ('1', 'x', 1, 1, ''), ('2', 'y', 1, 2, 'boom');
create schema pgroll; create table pgroll.migrations (schema name, name text, done boolean, created_at timestamp default now()); insert into pgroll.migrations values ('public', '01', true);
create table other (version int);`)
	applied, err := s.Applied(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range applied {
		for _, v := range a.Versions {
			word := v.ID
			if v.Bad {
				word += "!"
			}
			got[a.Tool+" "+a.Table] += word + " "
		}
	}
	for key, want := range map[string]string{
		"golang-migrate public.schema_migrations": "41 ", "schema_migrations rails.schema_migrations": "20260101 20260102 ", "goose public.goose_db_version": "1 2! ",
		"flyway public.flyway_schema_history": "1 R 2! ", "liquibase public.databasechangelog": "c1 ", "alembic public.alembic_version": "ae1027a6acf ",
		"django public.django_migrations": "auth.0001_initial ", "atlas atlas_schema_revisions.atlas_schema_revisions": "1 2! ", "pgroll pgroll.migrations": "public.01 ",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("also %v", got)
	}
	pg.Exec(t, s.Database, `update schema_migrations set version = 42, dirty = true; drop table alembic_version`)
	after, err := s.Applied(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ran := Compare(applied, after)
	if len(ran) != 2 || ran[0].Added[0].ID != "42" || ran[0].Gone[0].ID != "41" || len(ran[0].Bad) != 1 || ran[1].Tool != "alembic" || len(ran[1].Gone) != 1 {
		t.Errorf("%+v", ran)
	}
}

// Who waits, for whom, on which table and for how long is known at once.
func TestWaits(t *testing.T) {
	s, pg := server(t, datahub)
	holder, waiter := pg.Connect(t, s.Database), pg.Connect(t, s.Database)
	if _, err := holder.Exec(t.Context(), "set application_name = 'billing'; begin; select * from api_keys limit 1"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := waiter.Exec(t.Context(), "alter table api_keys add column x int")
		ended <- err
	}()
	w, err := s.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var a Activity
	for limit := time.Now().Add(10 * time.Second); len(a.Waits) == 0 && time.Now().Before(limit); {
		if a, err = w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.Waits) != 1 {
		t.Fatalf("%+v", a)
	}
	wait := a.Waits[0]
	by := wait.Blockers[0]
	if wait.Table != "api_keys" || wait.Mode != "AccessExclusiveLock" || !strings.HasPrefix(wait.Query, "alter table api_keys") ||
		by.Application != "billing" || by.State != "idle in transaction" || !strings.Contains(by.Query, "from api_keys") || by.PID != int32(holder.PgConn().PID()) { //nolint:gosec // a pid
		t.Errorf("%+v", wait)
	}
	if want := "select pg_terminate_backend("; !strings.HasPrefix(by.End(), want) || a.Others["billing"] != 1 {
		t.Errorf("%s, %v", by.End(), a.Others)
	}
	if _, err := holder.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if a, err = w.Look(t.Context()); err != nil || len(a.Waits) > 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

// A query gives its first row, changes nothing, and does not take longer than it may.
func TestAsk(t *testing.T) {
	s, _ := server(t, datahub)
	for name, c := range map[string]struct {
		query, want string
		fault       Fault
		words       string
	}{
		"as expected":   {"select max(version) from schema_migrations", "41", "", ""},
		"two columns":   {"select 1, null, 'a b'", "1|null|a b", "", ""},
		"another":       {"select count(*) from users", "7", Unexpected, "another answer: 200; accepted: 7"},
		"no row":        {"select 1 where false", "1", Unexpected, "no row"},
		"many rows":     {"select id from users order by id", "1", Unexpected, "200 rows, the first 1"},
		"a write":       {"delete from users returning 1", "1", Failed, "read-only"},
		"no such table": {"select 1 from nowhere", "1", Failed, "nowhere"},
		"slow":          {"select pg_sleep(60)", "", TimedOut, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Expect(t.Context(), c.query, c.want, 500*time.Millisecond)
			if FaultOf(err) != c.fault || c.words != "" && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%q: %v", FaultOf(err), err)
			}
		})
	}
	if _, err := s.Ask(t.Context(), "select 1", time.Second); err != nil {
		t.Error(err)
	}
	s.Password = NewSecret(pgtest.Password + "y")
	if _, err := s.Ask(t.Context(), "select 1", time.Second); FaultOf(err) != BadLogin || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}
