package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A connection is removed in two steps: BeginRemoval says that it goes, at once and whole; from then on
// nothing crawls or edits it. RemoveSome takes its rows away, some at a time, until the connection itself
// goes last. Whoever finds a removal that stopped half-way goes on with it.

func beingRemoved(op, code string) error {
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: op, Key: catalog.Key(code), Err: errors.New("the connection is being removed"),
		Cure: "Wait until it is gone, then add it again.",
	}
}

// BeginRemoval marks a connection as being removed. CodeConflict with a *catalog.InUse in its chain when
// something uses it: a run in flight, an enabled schedule, or a manual lineage edge between it and another
// connection. Beginning twice is no error.
func (db *DB) BeginRemoval(ctx context.Context, code string) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockExclusive, "sweep/"+code); err != nil { // see admit
			return err
		}
		var deleting, scheduled bool
		err := tx.QueryRow(ctx, `select deleting_at is not null, next_run_at is not null from qlikcrawler.connection
			where code = $1 for update`, code).Scan(&deleting, &scheduled)
		if errors.Is(err, pgx.ErrNoRows) {
			return noConnection("remove connection", code)
		}
		if err != nil || deleting {
			return err
		}
		uses, err := usesOf(ctx, tx, code, scheduled)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return &catalog.Error{
				Code: catalog.CodeConflict, Op: "remove connection", Key: catalog.Key(code), Err: &catalog.InUse{Uses: uses},
				Cure: "End each use first; then remove the connection.",
			}
		}
		_, err = tx.Exec(ctx, "update qlikcrawler.connection set deleting_at = now(), removal_done = 0, removal_total = null where code = $1", code)
		return err
	})
	return fail("remove connection", catalog.Key(code), err)
}

// RemovalUses tells what would keep a connection from being removed just now; none for one that there isn't.
func (db *DB) RemovalUses(ctx context.Context, code string) ([]catalog.Use, error) {
	var uses []catalog.Use
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		var scheduled bool
		err := tx.QueryRow(ctx, "select next_run_at is not null from qlikcrawler.connection where code = $1 for update", code).Scan(&scheduled)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		uses, err = usesOf(ctx, tx, code, scheduled)
		return err
	})
	return uses, fail("look what uses connection", catalog.Key(code), err)
}

// maxUses is how many manual edges are named one by one.
const maxUses = 20

func usesOf(ctx context.Context, tx pgx.Tx, code string, scheduled bool) ([]catalog.Use, error) {
	var uses []catalog.Use
	running, err := endDeadRuns(ctx, tx, code)
	if err != nil {
		return nil, err
	}
	for _, r := range running {
		uses = append(uses, catalog.Use{What: "crawl", Detail: fmt.Sprintf("Run %d (%s) is %s: wait until it ends, or cancel it.", r.ID, r.Mode, r.State)})
	}
	if scheduled {
		uses = append(uses, catalog.Use{What: "schedule", Detail: "Its schedule is enabled: pause or remove it."})
	}
	edges, err := manualEdges(ctx, tx, code)
	return append(uses, edges...), err
}

// manualEdges are those that somebody drew between the connection and another one. The first part of a
// key is the code of its connection.
func manualEdges(ctx context.Context, tx pgx.Tx, code string) ([]catalog.Use, error) {
	rows, err := tx.Query(ctx, `
		select from_key, to_key from catalog.lineage_edge e
		where origin = 'manual'
			and (to_key >= $1 || '/' and to_key < $1 || '0' and exists (
					select from qlikcrawler.connection o where o.code = split_part(e.from_key, '/', 1) and o.code <> $1)
				or from_key >= $1 || '/' and from_key < $1 || '0' and exists (
					select from qlikcrawler.connection o where o.code = split_part(e.to_key, '/', 1) and o.code <> $1))
		order by from_key, to_key limit $2`, code, maxUses)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.Use, error) {
		var from, to string
		err := row.Scan(&from, &to)
		return catalog.Use{What: "lineage_edge", Detail: fmt.Sprintf("A manual lineage edge leads from %s to %s: remove it.", from, to)}, err
	})
}

// Removals are the codes of the connections that are being removed, the longest first.
func (db *DB) Removals(ctx context.Context) ([]string, error) {
	rows, err := db.pool.Query(ctx, "select code from qlikcrawler.connection where deleting_at is not null order by deleting_at, code")
	if err != nil {
		return nil, fail("list removals", "", err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return codes, fail("list removals", "", err)
}

// RemoveSome removes up to limit rows of a connection that is being removed, in one transaction; the last
// one takes the connection itself. More tells that there is more to do. A connection that another process
// works on right now is left to it: ErrElsewhere.
func (db *DB) RemoveSome(ctx context.Context, code string, limit int) (more bool, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		var free, deleting bool
		if err := tx.QueryRow(ctx, lockIfFree, "removal/"+code).Scan(&free); err != nil {
			return err
		}
		if !free {
			return ErrElsewhere
		}
		var total *int64
		err := tx.QueryRow(ctx, "select deleting_at is not null, removal_total from qlikcrawler.connection where code = $1", code).Scan(&deleting, &total)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // it is gone
		}
		if err != nil {
			return err
		}
		if !deleting {
			return &catalog.Error{Code: catalog.CodeConflict, Op: "remove rows of", Key: catalog.Key(code), Err: errors.New("nobody asked to remove the connection")}
		}
		parts, err := partsOf(ctx, tx)
		if err != nil {
			return err
		}
		if total == nil {
			more = true
			return countParts(ctx, tx, code, parts)
		}
		more, err = removeParts(ctx, tx, code, parts, limit)
		return err
	})
	if errors.Is(err, ErrElsewhere) {
		return true, ErrElsewhere
	}
	return more, fail("remove rows of", catalog.Key(code), err)
}

// ErrElsewhere says that another process does the same right now.
var ErrElsewhere = errors.New("another process is at it")

// A part is a table that has rows of connections, and the condition that finds those of $1.
type part struct{ table, where string }

// ranged are tables whose keys start with the connection's code: a range of an index.
var ranged = map[string]string{
	"unit": "key", "report_group": "key", "report": "key", "report_field": "key", "source_code": "key",
	"model_table": "key", "model_field": "key", "gap": "unit", "change": "key",
	"lineage_unit": "unit", "lineage_node": "unit", "lineage_edge": "unit", "lineage_gap": "unit",
}

// inRange are the rows of the connection $1 by a column KEY that starts with its code.
const inRange = "KEY >= $1 || '/' and KEY < $1 || '0'"

func within(column string) string { return strings.ReplaceAll(inRange, "KEY", column) }

// unnamed are tables with rows of connections that have no such column.
var unnamed = []part{
	{"lineage_statement", within("unit")},
	{"lineage_star", within("unit")},
	{"lineage_unlinked", within("unit")},
	{"lineage_manual", within("from_key") + " or " + within("to_key")},
}

// partsOf finds all tables that have rows of connections, in the order in which they are emptied: the
// outcomes before their runs, and everything else after them.
func partsOf(ctx context.Context, tx pgx.Tx) ([]part, error) {
	rows, err := tx.Query(ctx, `
		select c.table_name from information_schema.columns c
		join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = 'qlikcrawler' and c.column_name = 'connection' and t.table_type = 'BASE TABLE'
		order by c.table_name = 'secret', c.table_name`)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	parts := []part{{"crawl_outcome", "run in (select id from qlikcrawler.crawl_run where connection = $1)"}, {"crawl_run", "connection = $1"}}
	for _, t := range tables {
		if slices.ContainsFunc(parts, func(p part) bool { return p.table == t }) {
			continue
		}
		where := "connection = $1"
		if key, ok := ranged[t]; ok {
			where = within(key)
		}
		parts = append(parts, part{t, where})
	}
	return append(parts, unnamed...), nil
}

func countParts(ctx context.Context, tx pgx.Tx, code string, parts []part) error {
	var total int64
	for _, p := range parts {
		var n int64
		err := tx.QueryRow(ctx, "select count(*) from qlikcrawler."+pgx.Identifier{p.table}.Sanitize()+" where "+p.where, code).Scan(&n)
		if err != nil {
			return fmt.Errorf("%s: %w", p.table, err)
		}
		total += n
	}
	_, err := tx.Exec(ctx, "update qlikcrawler.connection set removal_total = $2 where code = $1", code, total)
	return err
}

func removeParts(ctx context.Context, tx pgx.Tx, code string, parts []part, limit int) (more bool, err error) {
	removed := int64(0)
	for _, p := range parts {
		table := "qlikcrawler." + pgx.Identifier{p.table}.Sanitize()
		tag, err := tx.Exec(ctx, "delete from "+table+" where ctid = any(array(select ctid from "+table+" where "+p.where+" limit $2))",
			code, int64(limit)-removed)
		if err != nil {
			return false, fmt.Errorf("%s: %w", p.table, err)
		}
		if removed += tag.RowsAffected(); removed >= int64(limit) {
			_, err = tx.Exec(ctx, "update qlikcrawler.connection set removal_done = removal_done + $2 where code = $1", code, removed)
			return true, err
		}
	}
	if _, err := tx.Exec(ctx, markUnlinked, ""); err != nil { // whoever links next will miss this connection's files
		return false, err
	}
	_, err = tx.Exec(ctx, "delete from qlikcrawler.connection where code = $1", code)
	return false, err
}

// removalBatch is how many rows one transaction of a removal takes.
const removalBatch = 2000

// RemoveConnection removes a connection and everything that the catalog has of it, history included, and
// waits until it is gone. CodeConflict while something uses it, as BeginRemoval says.
func (db *DB) RemoveConnection(ctx context.Context, code string) error {
	if err := db.BeginRemoval(ctx, code); err != nil {
		return err
	}
	return db.FinishRemoval(ctx, code, nil)
}

// FinishRemoval removes the rows of a connection that is being removed until it is gone, whoever removes
// them; each time after some, it calls progress, which may be nil.
func (db *DB) FinishRemoval(ctx context.Context, code string, progress func()) error {
	for {
		more, err := db.RemoveSome(ctx, code, removalBatch)
		switch {
		case errors.Is(err, ErrElsewhere):
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		case err != nil || !more:
			return err
		}
		if progress != nil {
			progress()
		}
	}
}
