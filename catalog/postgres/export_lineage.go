package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// ExportLineage hands out the lineage of each live app of a connection, by key, each of one moment. Scripts
// and statements are masked. An error of fn ends it and is returned; no transaction is open while fn runs, so
// that it may take its time. One app's lineage is in memory at a time. CodeNotFound if there is no such
// connection.
func (db *DB) ExportLineage(ctx context.Context, code string, fn func(*catalog.AppLineage) error) error {
	var units []catalog.Key
	err := db.reading(ctx, func(tx pgx.Tx) error {
		if err := mustExist(ctx, tx, "export the lineage of", code); err != nil {
			return err
		}
		var err error
		units, err = keysOf(ctx, tx, `select l.unit from qlikcrawler.lineage_unit l join qlikcrawler.unit u on u.key = l.unit
			where l.unit >= $1 || '/' and l.unit < $1 || '0' and u.retired_at is null order by 1`, code)
		return err
	})
	for _, unit := range units {
		if err != nil {
			break
		}
		var a *catalog.AppLineage
		err = db.reading(ctx, func(tx pgx.Tx) (err error) {
			a, err = appLineage(ctx, tx, unit)
			return err
		})
		if errors.Is(err, pgx.ErrNoRows) { // removed since
			err = nil
			continue
		}
		if err == nil {
			if err := fn(a); err != nil {
				return err
			}
		}
	}
	return fail("export the lineage of", catalog.Key(code), err)
}

// reading runs fn on one moment of the catalog.
func (db *DB) reading(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

// appLineage reads the lineage of one app.
func appLineage(ctx context.Context, tx pgx.Tx, unit catalog.Key) (*catalog.AppLineage, error) {
	a := &catalog.AppLineage{App: unit}
	var at *time.Time
	err := tx.QueryRow(ctx, `
		select coalesce(r.name, ''), coalesce(r.source_description, ''), coalesce(r.owner, ''), r.reloaded_at, l.built_at,
			coalesce((select s.code from qlikcrawler.source_code s where s.key = $1 || '/script' and s.retired_at is null), '')
		from qlikcrawler.lineage_unit l left join qlikcrawler.report r on r.key = l.unit where l.unit = $1`, unit).
		Scan(&a.Name, &a.Description, &a.Owner, &at, &a.BuiltAt, &a.Script)
	if err != nil {
		return nil, err
	}
	if at != nil {
		a.At = *at
	}
	a.Script = catalog.Mask(a.Script)
	a.Nodes, err = handedNodes(ctx, tx, "n.unit = $1", unit)
	if err == nil {
		a.Edges, err = handedEdges(ctx, tx, appEdges, unit, unit+"/", unit+"0")
	}
	if err == nil {
		err = addLinks(ctx, tx, a)
	}
	return a, err
}

func handedNodes(ctx context.Context, tx pgx.Tx, where string, args ...any) ([]catalog.LineageNode, error) {
	rows, err := tx.Query(ctx, `select distinct on (n.key) n.key, coalesce(n.connection, ''), n.kind, coalesce(n.name, ''),
		coalesce(n.parent_key, ''), coalesce(n.report_key, ''), n.attributes from qlikcrawler.lineage_node n where `+where+" order by n.key", args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.LineageNode, error) {
		var n catalog.LineageNode
		err := row.Scan(&n.Key, &n.Connection, &n.Kind, &n.Name, &n.Parent, &n.Report, (*attributes)(&n.Attributes))
		return n, err
	})
}

// appEdges are what an app says of edges, unless a person says otherwise, and what people say of it: $1 is
// its key, $2 and $3 the range of those under it.
const appEdges = `
	select e.from_key, e.to_key, e.level, e.how, e.origin, e.confidence, coalesce(s.statement, '')
	from qlikcrawler.lineage_edge e
	left join qlikcrawler.lineage_statement s on s.unit = e.unit and s.n = e.statement
	where e.unit = $1
		and not exists (select from qlikcrawler.lineage_manual m where m.from_key = e.from_key and m.to_key = e.to_key)
	union all
	select m.from_key, m.to_key, m.level, m.how, 'manual', m.confidence, ''
	from qlikcrawler.lineage_manual m
	where not m.denied and (m.from_key = $1 or m.to_key = $1 or m.from_key >= $2 and m.from_key < $3 or m.to_key >= $2 and m.to_key < $3)
	order by 1, 2, 3, 4, 5, 7`

// linksTo are the links that lead to some keys.
const linksTo = `
	select l.from_key, l.to_key, l.level, 'direct', 'script', l.confidence, ''
	from qlikcrawler.lineage_link l
	where l.to_key = any($1)
		and not exists (select from qlikcrawler.lineage_manual m where m.from_key = l.from_key and m.to_key = l.to_key)
	order by 1, 2`

func handedEdges(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]catalog.LineageEdge, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.LineageEdge, error) {
		var e catalog.LineageEdge
		err := row.Scan(&e.From, &e.To, &e.Level, &e.How, &e.Origin, &e.Confidence, &e.Statement)
		e.Statement = catalog.Mask(e.Statement)
		return e, err
	})
}

// addLinks adds what other apps say of the datasets that an app names, and those that it doesn't name itself.
func addLinks(ctx context.Context, tx pgx.Tx, a *catalog.AppLineage) error {
	known := map[catalog.Key]bool{}
	var keys []catalog.Key
	for _, n := range a.Nodes {
		known[n.Key] = true
		if n.Key.Outside() {
			keys = append(keys, n.Key)
		}
	}
	asked := map[catalog.Key]bool{}
	for len(keys) > 0 {
		links, err := handedEdges(ctx, tx, linksTo, keys)
		if err != nil {
			return err
		}
		for _, k := range keys {
			asked[k] = true
		}
		keys = nil
		a.Links = append(a.Links, links...)
		for _, l := range links { // columns of its own datasets that only others name
			dataset, _, _ := strings.Cut(string(l.From), "#")
			if known[catalog.Key(dataset)] && !asked[l.From] {
				asked[l.From] = true
				keys = append(keys, l.From)
			}
		}
	}
	return addMissing(ctx, tx, a, known)
}

// addMissing adds the nodes at the ends of edges and links that an app doesn't name itself.
func addMissing(ctx context.Context, tx pgx.Tx, a *catalog.AppLineage, known map[catalog.Key]bool) error {
	var missing []catalog.Key
	note := func(k catalog.Key) {
		if k != "" && !known[k] {
			known[k] = true
			missing = append(missing, k)
		}
	}
	for _, list := range [][]catalog.LineageEdge{a.Edges, a.Links} {
		for _, e := range list {
			note(e.From)
			note(e.To)
		}
	}
	for len(missing) > 0 {
		more, err := handedNodes(ctx, tx, "n.key = any($1)", missing)
		if err != nil {
			return err
		}
		missing = nil
		a.Nodes = append(a.Nodes, more...)
		for _, n := range more {
			note(n.Parent)
		}
	}
	slices.SortFunc(a.Nodes, func(x, y catalog.LineageNode) int { return cmp.Compare(x.Key, y.Key) })
	return nil
}
