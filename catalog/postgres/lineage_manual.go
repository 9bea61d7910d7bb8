package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const putManual = `
	insert into qlikcrawler.lineage_manual (from_key, to_key, pair, denied, level, how, confidence, author, reason, created_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, now()))
	on conflict (pair) do update set denied = excluded.denied, level = excluded.level, how = excluded.how,
		confidence = excluded.confidence, author = excluded.author, reason = excluded.reason,
		created_at = case when $10 is null then lineage_manual.created_at else excluded.created_at end
	where (lineage_manual.denied, lineage_manual.level, lineage_manual.how, lineage_manual.confidence, lineage_manual.author, lineage_manual.reason)
		is distinct from (excluded.denied, excluded.level, excluded.how, excluded.confidence, excluded.author, excluded.reason)`

// PutManualEdges stores what a person says of edges, all or none of them; what was said of the same two
// keys before is replaced. Level, How, Confidence and CreatedAt may be left out. It tells how many it
// changed. Nothing but this and RemoveManualEdge ever changes them. CodeInvalid for one without two
// different keys, without an author or a reason, or of words that there aren't.
func (db *DB) PutManualEdges(ctx context.Context, edges []catalog.ManualEdge) (changed int, err error) {
	fine, err := db.columnar(ctx, edges)
	if err != nil {
		return 0, err
	}
	complete := make([]catalog.ManualEdge, len(edges))
	for i, e := range edges {
		if complete[i], err = completeManual(e, fine); err != nil {
			return 0, &catalog.Error{
				Code: catalog.CodeInvalid, Op: fmt.Sprintf("add edge %d of %d", i+1, len(edges)), Err: err,
				Cure: "Give two keys, an author and a reason.",
			}
		}
	}
	// In the order of what is locked, so that two imports wait for each other in turn.
	slices.SortStableFunc(complete, func(x, y catalog.ManualEdge) int {
		return bytes.Compare(pairOf(x.From, x.To), pairOf(y.From, y.To))
	})
	b := &pgx.Batch{}
	for _, e := range complete {
		b.Queue(putManual, clean(string(e.From)), clean(string(e.To)), pairOf(e.From, e.To), e.Denied, e.Level, e.How, e.Confidence,
			clean(e.Author), clean(e.Reason), moment(e.CreatedAt))
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		results := tx.SendBatch(ctx, b)
		for range edges {
			tag, err := results.Exec()
			if err != nil {
				return errors.Join(err, results.Close())
			}
			changed += int(tag.RowsAffected())
		}
		return results.Close()
	})
	if err != nil {
		changed = 0
	}
	return changed, fail("store manual edges", "", err)
}

// columnar tells which ends of edges are as fine as columns: by what the catalog knows of them, else by
// their keys.
func (db *DB) columnar(ctx context.Context, edges []catalog.ManualEdge) (map[catalog.Key]bool, error) {
	fine := map[catalog.Key]bool{}
	var keys []string
	for _, e := range edges {
		for _, k := range []catalog.Key{e.From, e.To} {
			fine[k] = kindOf(k).Columnar()
			keys = append(keys, clean(string(k)))
		}
	}
	rows, err := db.pool.Query(ctx, "select distinct key, kind from qlikcrawler.lineage_node where key = any($1)", keys)
	if err != nil {
		return nil, fail("store manual edges", "", err)
	}
	var key catalog.Key
	var kind catalog.NodeKind
	_, err = pgx.ForEachRow(rows, []any{&key, &kind}, func() error {
		fine[key] = kind.Columnar()
		return nil
	})
	return fine, fail("store manual edges", "", err)
}

// completeManual fills in what may be left out, and checks the rest.
func completeManual(e catalog.ManualEdge, fine map[catalog.Key]bool) (catalog.ManualEdge, error) {
	e.Author, e.Reason = strings.TrimSpace(e.Author), strings.TrimSpace(e.Reason)
	if e.How == "" {
		e.How = catalog.Direct
	}
	if e.Level == "" {
		e.Level = catalog.TableLevel
		if fine[e.From] || fine[e.To] {
			e.Level = catalog.ColumnLevel
		}
	}
	if e.Confidence == 0 {
		e.Confidence = 1
	}
	switch {
	case e.From == "" || e.To == "":
		return e, errors.New("a key is missing")
	case e.From == e.To:
		return e, fmt.Errorf("both keys are %s", e.From)
	case len(e.From) > catalog.MaxKey || len(e.To) > catalog.MaxKey:
		return e, errors.New("a key is too long")
	case e.Author == "":
		return e, fmt.Errorf("the author of %s → %s is missing", e.From, e.To)
	case e.Reason == "":
		return e, fmt.Errorf("the reason of %s → %s is missing", e.From, e.To)
	case e.Level != catalog.TableLevel && e.Level != catalog.ColumnLevel:
		return e, fmt.Errorf("there is no level %q: say table or column", e.Level)
	case e.How != catalog.Direct && e.How != catalog.Indirect:
		return e, fmt.Errorf("%q is neither direct nor indirect", e.How)
	case e.Confidence < 0 || e.Confidence > 1:
		return e, fmt.Errorf("the confidence %v is not between 0 and 1", e.Confidence)
	}
	for _, k := range []catalog.Key{e.From, e.To} {
		if !strings.Contains(string(k), "/") {
			return e, fmt.Errorf("%q is no key of a lineage node", k)
		}
	}
	return e, nil
}

func pairOf(from, to catalog.Key) []byte {
	sum := sha256.Sum256(appendText(appendText(nil, clean(string(from))), clean(string(to))))
	return sum[:hashSize]
}

// RemoveManualEdge takes back what a person said of an edge. CodeNotFound if nobody said anything.
func (db *DB) RemoveManualEdge(ctx context.Context, from, to catalog.Key) error {
	tag, err := db.pool.Exec(ctx, "delete from qlikcrawler.lineage_manual where pair = $1", pairOf(from, to))
	if err == nil && tag.RowsAffected() == 0 {
		err = &catalog.Error{
			Code: catalog.CodeNotFound, Op: "remove the manual edge from", Key: from,
			Err: fmt.Errorf("nobody has said anything of an edge to %s", to), Cure: "`qlikcrawler lineage edge list` lists what was said.",
		}
	}
	return fail("remove the manual edge from", from, err)
}

// ManualEdges gives all that ManualEdgeRows gives in pages, by key.
func (db *DB) ManualEdges(ctx context.Context, scope catalog.Scope, prefix catalog.Key) ([]catalog.ManualEdge, error) {
	var all []catalog.ManualEdge
	q := catalog.Query{Scope: scope, Limit: mostLimit}
	for {
		page, err := db.ManualEdgeRows(ctx, q, prefix)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// conflictOf says how a manual edge and the rest of the catalog contradict each other.
func conflictOf(e catalog.ManualEdge, automatic int, what string, hasFrom, hasTo bool) string {
	switch {
	case !hasFrom:
		return "the catalog has no " + string(e.From)
	case !hasTo:
		return "the catalog has no " + string(e.To)
	case e.Denied && automatic > 0:
		return "the program reads such an edge; it is hidden"
	case automatic > 0 && what != "" && what != string(e.Level)+" "+string(e.How):
		return fmt.Sprintf("the program reads this edge too, as %s; its own is hidden", what)
	default:
		return ""
	}
}
