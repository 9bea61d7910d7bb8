package crawler

import (
	"context"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Store is what a crawl needs of the catalog, and no more. Every write checks in its transaction that
// the run is still running and fails with CodeConflict otherwise: a zombie can't write.
type Store interface {
	// Known gives the live units of a connection with their stored version; "" for one that was
	// stored with gaps.
	Known(ctx context.Context, connection string) (map[catalog.Key]string, error)

	// Finished gives the units that a full run needn't read again, if their version is still the
	// same: those that full runs of its connection stored whole before they ended early, lately and
	// since the last complete run.
	Finished(ctx context.Context, run catalog.RunID) (map[catalog.Key]bool, error)

	// SaveGroups stores the whole listing of streams and personal groups; others of these kinds
	// retire.
	SaveGroups(ctx context.Context, run catalog.RunID, groups []catalog.ReportGroup) error

	// Save stores a snapshot, its version and its outcome in one transaction. The outcome's
	// duration counts from began.
	Save(ctx context.Context, run catalog.RunID, s *catalog.Snapshot, began time.Time) (catalog.Outcome, error)

	// Note stores the outcome of a unit that has no snapshot.
	Note(ctx context.Context, run catalog.RunID, o catalog.Outcome) error

	// Retire retires units with all their rows, and notes a Retired outcome for each.
	Retire(ctx context.Context, run catalog.RunID, units []catalog.Key) error

	// Progress stores how far the run is, and that it is alive.
	Progress(ctx context.Context, run catalog.RunID, tally catalog.Tally) error
}
