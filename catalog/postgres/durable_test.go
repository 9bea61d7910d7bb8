package postgres_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/embedded"
)

// holdSaves lets saves that store a script wait in the middle: reports and fields are written, the script isn't.
const holdSaves = `
	create function public.hold() returns trigger language plpgsql as $$
	begin perform pg_advisory_xact_lock_shared(7788); return new; end $$;
	create trigger hold before insert on qlikcrawler.source_code for each row execute function public.hold();`

// holdSavesForGood lets saves wait in the middle even after the lock is free: a server that stops ends
// the process that holds the lock and the one that waits for it in an order of its own.
const holdSavesForGood = `
	create function public.hold() returns trigger language plpgsql as $$
	begin perform pg_advisory_xact_lock_shared(7788); perform pg_sleep(3600); return new; end $$;
	create trigger hold before insert on qlikcrawler.source_code for each row execute function public.hold();`

// savedInTheMiddle saves an app that waits in the middle of its rows, lets something happen, and gives
// what became of the save.
func (b *bench) savedInTheMiddle(run catalog.RunID, s *catalog.Snapshot, happen func()) error {
	b.t.Helper()
	blocker, err := b.sql.Acquire(b.t.Context())
	b.must(err)
	defer blocker.Release()
	_, err = blocker.Exec(b.t.Context(), "select pg_advisory_lock(7788)")
	b.must(err)
	saved := make(chan error, 1)
	go func() {
		_, err := b.Save(b.t.Context(), run, s, time.Now())
		saved <- err
	}()
	b.waiting(1)
	happen()
	err = <-saved
	_, _ = blocker.Exec(b.t.Context(), "select pg_advisory_unlock(7788)") // it may be gone with the server
	return err
}

// wholeAppsOnly checks that the catalog shows these apps and nothing of others.
func (b *bench) wholeAppsOnly(what string, want ...string) {
	b.t.Helper()
	for _, sql := range []string{
		"select distinct split_part(key, '/', 2) from catalog.report order by 1",
		"select distinct split_part(key, '/', 2) from catalog.report_field order by 1",
		"select distinct split_part(key, '/', 2) from catalog.source_code order by 1",
		"select distinct split_part(key, '/', 2) from qlikcrawler.unit where version is not null order by 1",
		"select distinct split_part(app_key, '/', 2) from catalog.crawl_outcome where change <> 'failed' order by 1",
	} {
		if d := cmp.Diff(want, b.column(sql)); d != "" {
			b.t.Errorf("%s: %s (-want +got):\n%s", what, sql, d)
		}
	}
}

func TestALostDatabaseConnectionInTheMiddleOfASaveLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.sql.Exec(t.Context(), holdSaves)
	b.must(err)
	run := b.start()
	b.save(run, rich("a1"), catalog.Added)
	err = b.savedInTheMiddle(run, rich("a2"), func() {
		_, err := b.sql.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
			and not granted and database = (select oid from pg_database where datname = current_database())`)
		b.must(err)
	})
	if err == nil {
		t.Fatal("the save says that all is well")
	}
	b.wholeAppsOnly("after the loss", "a1")
	b.save(run, rich("a2"), catalog.Added) // the run is still ours
	b.done(run)
	b.wholeAppsOnly("after the run", "a1", "a2")
}

func TestPostgresRestartedInTheMiddleOfASaveLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "qc") // short: it holds a socket; reachable by the server's account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	b := &bench{t: t}
	b.must(os.Chmod(dir, 0o711))
	config := embedded.Config{Dir: filepath.Join(dir, "pg"), Fetch: true, ForTests: true}
	server, err := embedded.Open(t.Context(), config)
	b.must(err)
	t.Cleanup(func() { _ = server.Close(background()) })
	b.url = server.URL()
	b.DB = open(t, b.url)
	b.must(b.Migrate(t.Context()))
	b.sql, err = pgxpool.New(t.Context(), b.url)
	b.must(err)
	t.Cleanup(b.sql.Close)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense"}))
	run := b.start()
	b.save(run, rich("a1"), catalog.Added)
	_, err = b.sql.Exec(t.Context(), holdSavesForGood)
	b.must(err)
	err = b.savedInTheMiddle(run, rich("a2"), func() {
		b.must(server.Close(t.Context()))
		server, err = embedded.Open(t.Context(), config)
		b.must(err)
	})
	if err == nil {
		t.Fatal("the save says that all is well")
	}
	b.sql.Reset()
	b.eventually(func() bool { return b.Progress(t.Context(), run, catalog.Tally{Listed: 2}) == nil })
	b.wholeAppsOnly("after the restart", "a1")
	_, err = b.sql.Exec(t.Context(), "drop trigger hold on qlikcrawler.source_code")
	b.must(err)
	_, err = open(t, b.url).StartRun(t.Context(), sweep(catalog.Full))
	wantCode(t, err, catalog.CodeConflict) // the run is owned again
	b.eventually(func() bool {
		_, err := b.Save(t.Context(), run, rich("a2"), time.Now())
		return err == nil
	})
	b.done(run)
	b.wholeAppsOnly("after the run", "a1", "a2")
}

// A full disk is simulated: a trigger refuses a write with the error that Postgres gives then.
func TestAFullDiskFailsTheAppAndLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	b.save(run, rich("a1"), catalog.Added)
	_, err := b.sql.Exec(t.Context(), `
		create function public.full() returns trigger language plpgsql as $$
		begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
		create trigger hold before insert on qlikcrawler.source_code for each row execute function public.full();`)
	b.must(err)
	_, err = b.Save(t.Context(), run, rich("a2"), time.Now())
	if err == nil {
		t.Fatal("the save says that all is well")
	}
	b.must(b.Note(t.Context(), run, catalog.Outcome{Unit: catalog.Unit{Key: "prod/a2"}, Change: catalog.FailedUnit, Err: err}))
	b.wholeAppsOnly("with a full disk", "a1")
	if got := b.column("select error from catalog.crawl_outcome where change = 'failed'"); len(got) != 1 || got[0] == "" {
		t.Errorf("the outcome says %v", got)
	}
	_, err = b.sql.Exec(t.Context(), "drop trigger hold on qlikcrawler.source_code")
	b.must(err)
	b.save(run, rich("a2"), catalog.Added)
	b.done(run)
	b.wholeAppsOnly("after the run", "a1", "a2")
}

// A process whose run was ended by others while it stored an app: its commit comes before the end, or never.
func TestAZombieInTheMiddleOfASaveIsWaitedForAndNeverComesAfter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.sql.Exec(t.Context(), holdSaves)
	b.must(err)
	run := b.start()
	finished := make(chan error, 1)
	other := open(t, b.url)
	unlock := make(chan struct{})
	go func() {
		<-unlock
		finished <- other.FinishRun(background(), run, catalog.Interrupted, catalog.Tally{}, "taken over")
	}()
	blocker, err := b.sql.Acquire(t.Context())
	b.must(err)
	defer blocker.Release()
	_, err = blocker.Exec(t.Context(), "select pg_advisory_lock(7788)")
	b.must(err)
	saved := make(chan error, 1)
	go func() {
		_, err := b.Save(background(), run, rich("a1"), time.Now())
		saved <- err
	}()
	b.waiting(1)
	close(unlock)
	b.waiting(2) // the end waits for the save
	_, err = blocker.Exec(t.Context(), "select pg_advisory_unlock(7788)")
	b.must(err)
	b.must(<-saved)
	b.must(<-finished)
	b.wholeAppsOnly("after the end", "a1")
	_, err = b.Save(t.Context(), run, rich("a2"), time.Now())
	wantCode(t, err, catalog.CodeConflict)
	b.wholeAppsOnly("after the zombie", "a1")
}
