package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// SaveGroups is DB.SaveGroups under the claim.
func (w *Writer) SaveGroups(ctx context.Context, run catalog.RunID, groups []catalog.ReportGroup) error {
	if err := w.check(run); err != nil {
		return err
	}
	return w.saveGroups(ctx, w.claim, groups)
}

// Save is DB.Save under the claim.
func (w *Writer) Save(ctx context.Context, run catalog.RunID, s *catalog.Snapshot, began time.Time) (catalog.Outcome, error) {
	if err := w.check(run); err != nil {
		return catalog.Outcome{}, err
	}
	return w.save(ctx, w.claim, s, began)
}

// Note is DB.Note under the claim.
func (w *Writer) Note(ctx context.Context, run catalog.RunID, o catalog.Outcome) error {
	if err := w.check(run); err != nil {
		return err
	}
	return w.note(ctx, w.claim, o)
}

// Retire is DB.Retire under the claim.
func (w *Writer) Retire(ctx context.Context, run catalog.RunID, units []catalog.Key) error {
	if err := w.check(run); err != nil {
		return err
	}
	return w.retire(ctx, w.claim, units)
}

// SaveDataConnections is DB.SaveDataConnections under the claim.
func (w *Writer) SaveDataConnections(ctx context.Context, run catalog.RunID, list []catalog.DataConnection) error {
	if err := w.check(run); err != nil {
		return err
	}
	return w.saveDataConnections(ctx, w.claim, list)
}

// SaveLineage is DB.SaveLineage under the claim.
func (w *Writer) SaveLineage(ctx context.Context, run catalog.RunID, l *catalog.LineageStored) (bool, error) {
	if err := w.check(run); err != nil {
		return false, err
	}
	return w.saveLineage(ctx, w.claim, l)
}

// LinkLineage is DB.LinkLineage under the claim.
func (w *Writer) LinkLineage(ctx context.Context, run catalog.RunID) error {
	if err := w.check(run); err != nil {
		return err
	}
	return w.linkLineage(ctx, w.claim)
}

// NoteLineage adds to the tally of a shared run how much lineage who has the claim made for it: each once, as it
// ends. What a process made that was killed before isn't counted. CodeConflict if the claim is lost.
func (w *Writer) NoteLineage(ctx context.Context, made catalog.LineageTally) error {
	doc, err := jsonOf(made)
	if err == nil {
		err = w.inTx(ctx, func(tx pgx.Tx) error {
			if _, err := fence(ctx, tx, w.claim); err != nil {
				return err
			}
			b := &pgx.Batch{}
			b.Queue(`
				update qlikcrawler.crawl_run r set lineage = (
					select jsonb_object_agg(e.key, e.value::bigint + coalesce((r.lineage->>e.key)::bigint, 0)) from jsonb_each_text($2) e)
				where id = $1`, w.claim.Run, doc)
			if w.claim.Batch == 0 { // with batches, the next beat says it
				b.Queue("update qlikcrawler.crawl_run set tally = qlikcrawler.tally(id) where id = $1 and shared", w.claim.Run)
			}
			return tx.SendBatch(ctx, b).Close()
		})
	}
	return fail("note the lineage of run", runKey(w.claim.Run), err)
}

// Progress does nothing: the process beats for all of its claims at once (Beat).
func (w *Writer) Progress(context.Context, catalog.RunID, catalog.Tally) error { return nil }
