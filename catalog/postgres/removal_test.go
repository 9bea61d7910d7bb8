package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

func TestAnEditOfAnOldRevisionIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := b.Connection(t.Context(), "prod")
	b.must(err)
	c.Description = "first"
	b.must(b.EditConnection(t.Context(), c, nil))
	c.Description = "second, made of the same reading"
	err = b.EditConnection(t.Context(), c, nil)
	wantCode(t, err, catalog.CodeConflict)
	if !errors.Is(err, catalog.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
	now, err := b.Connection(t.Context(), "prod")
	b.must(err)
	if now.Description != "first" || now.Revision != c.Revision+1 {
		t.Errorf("%q, revision %d", now.Description, now.Revision)
	}
	now.Revision = 0 // whatever is there
	b.must(b.EditConnection(t.Context(), now, nil))
}

func TestAConnectionInUseIsNotRemovedAndEveryUseIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "other", Name: "Other", Type: "qlik-sense"}))
	run := b.start()
	for _, ends := range [][2]string{{"other/a", "prod/b"}, {"prod/c", "other/d"}, {"prod/e", "prod/f"}, {"dataset:x/y", "prod/b"}} {
		b.say(catalog.ManualEdge{From: catalog.Key(ends[0]), To: catalog.Key(ends[1])})
	}
	_, err := b.sql.Exec(t.Context(), "update qlikcrawler.connection set next_run_at = now() + interval '1 hour' where code = 'prod'")
	b.must(err)
	err = b.BeginRemoval(t.Context(), "prod")
	wantCode(t, err, catalog.CodeConflict)
	var use *catalog.InUse
	if !errors.As(err, &use) {
		t.Fatalf("error %v, want InUse", err)
	}
	got := fmt.Sprint(use.Uses)
	for _, want := range []string{fmt.Sprintf("Run %d", run), "schedule", "other/a to prod/b", "prod/c to other/d"} {
		if !strings.Contains(got, want) {
			t.Errorf("the uses lack %s: %s", want, got)
		}
	}
	if len(use.Uses) != 4 {
		t.Errorf("%d uses, want 4: %s", len(use.Uses), got)
	}
	before, err := b.RemovalUses(t.Context(), "prod")
	b.must(err)
	if fmt.Sprint(before) != got {
		t.Errorf("who asks first is told %v", before)
	}
}

func TestARemovalGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	for _, name := range []string{"a1", "a2", "a3"} {
		b.crawl(rich(name))
	}
	b.must(b.BeginRemoval(t.Context(), "prod"))
	_, err := b.StartRun(t.Context(), catalog.Run{Connection: "prod", Mode: catalog.Full, Trigger: catalog.ByCLI})
	wantCode(t, err, catalog.CodeConflict)
	wantCode(t, b.EditConnection(t.Context(), catalog.Connection{Code: "prod", Name: "x", Type: "qlik-sense"}, nil), catalog.CodeConflict)

	var done int64
	for range 3 {
		more, err := b.RemoveSome(t.Context(), "prod", 3)
		if err != nil || !more {
			t.Fatalf("more %t, error %v: want more to do", more, err)
		}
		c, err := b.Connection(t.Context(), "prod")
		b.must(err)
		if c.Removal == nil || c.Removal.Total < 10 || c.Removal.Done < done {
			t.Fatalf("the removal is %+v after %d", c.Removal, done)
		}
		done = c.Removal.Done
	}
	if done != 6 { // the first call counts
		t.Errorf("%d rows removed, want 6", done)
	}
	again := open(t, b.url) // another process, or this one after a restart
	codes, err := again.Removals(t.Context())
	b.must(err)
	if len(codes) != 1 || codes[0] != "prod" {
		t.Fatalf("removals %v, want prod", codes)
	}
	steps := 0
	b.must(again.FinishRemoval(t.Context(), "prod", func() { steps++ }))
	_, err = b.Connection(t.Context(), "prod")
	wantCode(t, err, catalog.CodeNotFound)
	for _, table := range b.tables() {
		for _, row := range b.column("select t::text from " + table + " t") {
			if strings.Contains(row, "prod/") || strings.Contains(row, "(prod,") {
				t.Errorf("%s still has %s", table, row)
			}
		}
	}
	_, err = b.Connection(t.Context(), "jwt")
	b.must(err)
}

func TestOnlyOneProcessRemovesAConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.BeginRemoval(t.Context(), "prod"))
	tx, err := b.sql.Begin(t.Context())
	b.must(err)
	_, err = tx.Exec(t.Context(), "select pg_advisory_xact_lock(hashtextextended('qlikcrawler/removal/prod', 0))")
	b.must(err)
	if more, err := b.RemoveSome(t.Context(), "prod", 10); !errors.Is(err, postgres.ErrElsewhere) || !more {
		t.Errorf("more %t, error %v: want that another process is at it", more, err)
	}
	b.must(tx.Rollback(t.Context()))
	b.must(b.FinishRemoval(t.Context(), "prod", nil))
}

func TestConnectionsAreListedSearchedAndScoped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	b.crawl(rich("a1"))
	for name, tc := range map[string]struct {
		q    catalog.Query
		want string
	}{
		"all":       {catalog.Query{Scope: catalog.Scope{All: true}}, "jwt prod"},
		"one's own": {catalog.Query{Scope: catalog.Scope{Connections: []string{"prod"}}}, "prod"},
		"by name":   {catalog.Query{Scope: catalog.Scope{All: true}, Sort: []catalog.Order{{Column: "name"}}}, "prod jwt"},
		"searched":  {catalog.Query{Scope: catalog.Scope{All: true}, Filters: []catalog.Filter{{Column: "text", Op: catalog.Contains, Values: []string{"SENSE"}}}}, "jwt"},
		"green":     {catalog.Query{Scope: catalog.Scope{All: true}, Filters: []catalog.Filter{{Column: "health", Op: catalog.Equals, Values: []string{"green"}}}}, "prod"},
	} {
		page, err := b.ConnectionRows(t.Context(), tc.q)
		b.must(err)
		var got []string
		for _, r := range page.Items {
			got = append(got, r.Code)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
		}
	}
	page, err := b.ConnectionRows(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Fields: []string{"code", "counts"}})
	b.must(err)
	if n, _ := page.Items[1].Counts["apps"].(float64); n != 1 || page.Items[1].Name != "" {
		t.Errorf("counts %v", page.Items[1])
	}
	page, err = b.ConnectionRows(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}})
	b.must(err)
	if r := page.Items[0]; r.Governance["owner"] != "ada" || r.Counts != nil || r.CreatedAt.IsZero() {
		t.Errorf("%+v", r)
	}
}
