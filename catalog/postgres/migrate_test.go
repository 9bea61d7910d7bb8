package postgres_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

func TestMigrateByManyAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.Blank(t)
	first := open(t, url)
	if current, err := first.Migrated(t.Context()); current || err != nil {
		t.Errorf("an empty database: %v, %v", current, err)
	}
	var wg sync.WaitGroup
	for range 4 {
		db := open(t, url) // as a process of its own would
		wg.Go(func() {
			if err := db.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if current, err := first.Migrated(t.Context()); !current || err != nil {
		t.Errorf("a migrated database: %v, %v", current, err)
	}
	if err := first.Migrate(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	if list, err := first.Connections(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("its connections: %v, %v", list, err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.sql.Exec(t.Context(), "insert into qlikcrawler.schema_version (version_id, is_applied) values (99999, true)")
	b.must(err)
	_, err = b.Migrated(t.Context())
	wantCode(t, err, catalog.CodeConflict)
	if !strings.Contains(err.Error(), "newer program") || catalog.CureOf(err) == "" {
		t.Errorf("it says %q, cure %q", err, catalog.CureOf(err))
	}
	wantCode(t, b.Migrate(t.Context()), catalog.CodeConflict)
}

func TestOlderDatabaseIsNotCurrent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.sql.Exec(t.Context(), "delete from qlikcrawler.schema_version where version_id > 0")
	b.must(err)
	if current, err := b.Migrated(t.Context()); current || err != nil {
		t.Errorf("it is %v, %v", current, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for name, test := range map[string]struct {
		url  string
		want catalog.Code
	}{
		"not a URL":   {"postgres://u:" + secret + "@host:port/db", catalog.CodeInvalid},
		"no such key": {"host=x password=" + secret + " sslmode=perhaps", catalog.CodeInvalid},
		"closed port": {"postgres://u:" + secret + "@127.0.0.1:1/db?connect_timeout=5", catalog.CodeUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), postgres.Config{URL: test.url})
			wantCode(t, err, test.want)
			if strings.Contains(err.Error(), secret) {
				t.Errorf("it tells the password: %v", err)
			}
		})
	}
}
