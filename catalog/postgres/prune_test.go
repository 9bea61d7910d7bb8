package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestPruningKeepsWhatRetentionSays(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		name string
		keep catalog.Retention
		want []string // runs, outcomes, log lines, changes, retired units
	}{
		{"for ever", catalog.Retention{}, []string{"4", "5", "4", "2", "1"}},
		{"longer than there is", catalog.Retention{Runs: 400 * day, Changes: 400 * day, Retired: 400 * day}, []string{"4", "5", "4", "2", "1"}},
		{"runs", catalog.Retention{Runs: 30 * day}, []string{"2", "2", "2", "2", "1"}},
		{"changes", catalog.Retention{Changes: 30 * day}, []string{"4", "5", "4", "0", "1"}},
		{"retired rows", catalog.Retention{Retired: 30 * day}, []string{"4", "5", "4", "2", "0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			yearOld(b)
			gone, err := b.Prune(t.Context(), "prod", time.Now(), test.keep)
			b.must(err)
			got := b.column(`select x::text from (values (1, (select count(*) from qlikcrawler.crawl_run)), (2, (select count(*) from qlikcrawler.crawl_outcome)),
				(3, (select count(*) from qlikcrawler.run_log)), (4, (select count(*) from qlikcrawler.change)),
				(5, (select count(*) from qlikcrawler.unit where retired_at is not null))) v (n, x) order by n`)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("runs, outcomes, log lines, changes, retired units (-want +got)\n%s", d)
			}
			if (test.keep.Runs == 30*day) != (gone["crawl_run"] == 2 && gone["crawl_outcome"] == 3) {
				t.Errorf("it says that it deleted %v", gone)
			}
			if last := b.column("select (last_success_at is not null and exists (select from qlikcrawler.crawl_run where id = 3))::text from qlikcrawler.connection"); len(last) != 1 || last[0] != "true" {
				t.Error("the last complete run went")
			}
		})
	}
}

// yearOld makes two complete crawls, a third in which an app retires, and a selected one that fails, all a
// year ago.
func yearOld(b *bench) {
	b.t.Helper()
	one := func(app, name string) *catalog.Snapshot {
		return &catalog.Snapshot{Unit: catalog.Unit{Key: catalog.Key("prod/" + app), Name: name}, Version: name}
	}
	b.crawl(one("a", "A"), one("b", "B"))
	b.crawl(one("a", "A2"))
	b.crawl(one("b", "B2"))
	run, err := b.StartRun(b.t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Selected, Trigger: catalog.ByCLI})
	b.must(err)
	_, err = b.Save(b.t.Context(), run, one("a", "A3"), time.Now())
	b.must(err)
	b.must(b.FinishRun(b.t.Context(), run, catalog.Failed, catalog.Tally{}, "no"))
	for i, sql := range []string{
		"insert into qlikcrawler.run_log (run, at, line) select id, now(), 'a line' from qlikcrawler.crawl_run",
		"delete from qlikcrawler.change",
		"insert into qlikcrawler.change (run, connection, key, what, at) select id, 'prod', 'prod/a', 'changed', now() from qlikcrawler.crawl_run order by id limit 2",
		"update qlikcrawler.unit set retired_at = now() where key = 'prod/b'",
		"update qlikcrawler.crawl_run set finished_at = now() - interval '1 year'",
		"update qlikcrawler.change set at = now() - interval '1 year'",
		"update qlikcrawler.unit set retired_at = now() - interval '1 year' where retired_at is not null",
	} {
		if _, err := b.sql.Exec(b.t.Context(), sql); err != nil {
			b.t.Fatal(i, err)
		}
	}
}

func TestWhatExpiresGoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, sql := range []string{
		"insert into qlikcrawler.account (name, role) values ('ann', 'viewer')",
		"insert into qlikcrawler.session (hash, account, expires_at) values ('a', 'ann', now() - interval '1 minute'), ('b', 'ann', now() + interval '1 day')",
		"insert into qlikcrawler.idempotency (credential, key_hash, request, started_at) values ('x', 'a', 'a', now() - interval '2 days'), ('x', 'b', 'b', now())",
		"insert into qlikcrawler.login_failure values ('old', 3, now() - interval '2 hours'), ('young', 3, now())",
		"insert into qlikcrawler.audit (action, at) select 'x', now() - make_interval(days => d) from generate_series(1, 1000) d",
	} {
		_, err := b.sql.Exec(t.Context(), sql)
		b.must(err)
	}
	left := func() string {
		return b.column(`select format('%s %s %s %s', (select count(*) from qlikcrawler.session), (select count(*) from qlikcrawler.idempotency),
			(select count(*) from qlikcrawler.login_failure), (select count(*) from qlikcrawler.audit))`)[0]
	}
	for _, test := range []struct {
		audit time.Duration
		want  string
	}{{0, "1 1 1 1000"}, {730 * 24 * time.Hour, "1 1 1 729"}} {
		gone, err := b.Expire(t.Context(), time.Now(), test.audit)
		b.must(err)
		if got := left(); got != test.want {
			t.Errorf("audit kept for %s: left are %s, want %s; gone are %s", test.audit, got, test.want, fmt.Sprint(gone))
		}
	}
}
