package postgres_test

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestSaveTellsAddedUpdatedUnchanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	s := rich("a1")
	b.save(run, s, catalog.Added)
	b.save(run, s, catalog.Unchanged)
	s.Reports[0].Name = "New name"
	b.save(run, s, catalog.Updated)
	b.done(run)
}
