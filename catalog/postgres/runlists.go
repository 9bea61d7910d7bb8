package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// runList are crawls, the newest first.
var runList = &list[catalog.RunRow]{
	name: catalog.ListRuns, from: "qlikcrawler.crawl_run t", scope: "t.connection", unique: []string{"id"},
	order: []catalog.Order{{Column: "id", Descending: true}},
	columns: []listColumn[catalog.RunRow]{
		{name: "id", sql: "t.id", typ: aNumber, to: func(r *catalog.RunRow) any { return &r.ID }, notNull: true},
		{name: "connection", sql: "t.connection", typ: aWord, to: func(r *catalog.RunRow) any { return &r.Connection }, notNull: true},
		{name: "mode", sql: "t.mode", typ: aWord, to: func(r *catalog.RunRow) any { return &r.Mode }, notNull: true},
		{name: "trigger", sql: "t.trigger", typ: aWord, to: func(r *catalog.RunRow) any { return &r.Trigger }, notNull: true},
		{name: "state", sql: "t.state", typ: aWord, to: func(r *catalog.RunRow) any { return &r.State }, notNull: true},
		{
			name: "stage", sql: "(case when t.shared and t.finished_at is null then t.stage end)", typ: aWord, unsorted: true,
			to: func(r *catalog.RunRow) any { return &r.Stage },
		},
		{name: "tally", sql: "t.tally", typ: aDocument, to: func(r *catalog.RunRow) any { return &r.Tally }},
		{name: "asked_at", sql: "t.asked_at", typ: aTime, to: func(r *catalog.RunRow) any { return &r.AskedAt }},
		{name: "asked_by", sql: "t.asked_by", typ: aText, to: func(r *catalog.RunRow) any { return &r.AskedBy }},
		{name: "started_at", sql: "t.started_at", typ: aTime, to: func(r *catalog.RunRow) any { return &r.StartedAt }},
		{name: "finished_at", sql: "t.finished_at", typ: aTime, to: func(r *catalog.RunRow) any { return &r.FinishedAt }},
		{name: "error", sql: "t.error", typ: aText, to: func(r *catalog.RunRow) any { return &r.Error }, unsorted: true},
		{name: "apps", sql: "t.apps", typ: aList, to: func(r *catalog.RunRow) any { return &r.Apps }},
		{name: "groups", sql: "t.groups", typ: aList, to: func(r *catalog.RunRow) any { return &r.Groups }},
		{name: "version", sql: "t.version", typ: aNumber, to: func(r *catalog.RunRow) any { return &r.Version }, notNull: true},
	},
}

// outcomeList are what became of apps in crawls.
var outcomeList = &list[catalog.OutcomeRow]{
	name: catalog.ListOutcomes, from: "qlikcrawler.crawl_outcome t join qlikcrawler.crawl_run r on r.id = t.run", scope: "r.connection",
	unique: []string{"run", "app_key"},
	columns: []listColumn[catalog.OutcomeRow]{
		{name: "run", sql: "t.run", typ: aNumber, to: func(r *catalog.OutcomeRow) any { return &r.Run }, notNull: true},
		{name: "app_key", sql: "t.unit", typ: aKey, to: func(r *catalog.OutcomeRow) any { return &r.AppKey }, notNull: true},
		{name: "name", sql: "t.name", typ: aText, to: func(r *catalog.OutcomeRow) any { return &r.Name }},
		{name: "change", sql: "t.change", typ: aWord, to: func(r *catalog.OutcomeRow) any { return &r.Change }, notNull: true},
		{name: "error_code", sql: "t.error_code", typ: aWord, to: func(r *catalog.OutcomeRow) any { return &r.ErrorCode }},
		{name: "error", sql: "t.error", typ: aText, to: func(r *catalog.OutcomeRow) any { return &r.Error }, unsorted: true},
		{name: "cure", sql: "t.cure", typ: aText, to: func(r *catalog.OutcomeRow) any { return &r.Cure }, unsorted: true},
		{name: "duration_ms", sql: "t.duration_ms", typ: aNumber, to: func(r *catalog.OutcomeRow) any { return &r.DurationMS }},
	},
}

// RunRows gives a page of crawls, the newest first unless the query sorts.
func (db *DB) RunRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.RunRow], error) {
	return runList.page(ctx, db.pool, q)
}

// RunRow gives one crawl, or CodeNotFound. Whether it may be seen the caller decides.
func (db *DB) RunRow(ctx context.Context, id catalog.RunID) (catalog.RunRow, error) {
	return runList.one(ctx, db.pool, catalog.Scope{All: true}, "id", fmt.Sprint(id))
}

// OutcomeRows gives a page of what became of the apps of crawls; filter by run for those of one.
func (db *DB) OutcomeRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.OutcomeRow], error) {
	return outcomeList.page(ctx, db.pool, q)
}

// LastRuns gives the newest crawl of each connection that the scope may see, by code.
func (db *DB) LastRuns(ctx context.Context, scope catalog.Scope) (map[string]catalog.RunRow, error) {
	codes := scope.Connections
	if codes == nil {
		codes = []string{}
	}
	rows, err := db.pool.Query(ctx, `
		select r.id, r.connection, r.mode, r.trigger, r.state, r.tally, r.started_at, r.finished_at, r.error
		from qlikcrawler.connection c
		cross join lateral (select * from qlikcrawler.crawl_run r where r.connection = c.code order by r.id desc limit 1) r
		where $1 or c.code = any($2::text[])`, scope.All, codes)
	if err != nil {
		return nil, fail("read the last crawls", "", err)
	}
	last := map[string]catalog.RunRow{}
	var r catalog.RunRow
	_, err = pgx.ForEachRow(rows, []any{
		&r.ID, &r.Connection, &r.Mode, &r.Trigger, &r.State, &r.Tally, target(&r.StartedAt), target(&r.FinishedAt), target(&r.Error),
	}, func() error {
		last[r.Connection] = r
		r.Tally = catalog.Tally{}
		return nil
	})
	return last, fail("read the last crawls", "", err)
}

// RunInHand tells which apps of a crawl are in the hands of a process just now, up to so many of them by
// name: those that each process reads next come first.
func (db *DB) RunInHand(ctx context.Context, id catalog.RunID, names int) (catalog.InHand, error) {
	var h catalog.InHand
	const taken = `
		qlikcrawler.run_batch b join qlikcrawler.run_app a on a.run = b.run and a.batch = b.number
		where b.run = $1 and b.state = 'working'
			and not exists (select from qlikcrawler.crawl_outcome o where o.run = a.run and o.unit = a.unit)`
	err := db.pool.QueryRow(ctx, "select count(*), count(distinct b.worker) from "+taken, id).Scan(&h.Apps, &h.Workers)
	if err != nil {
		return h, fail("look what a crawl reads", runKey(id), err)
	}
	rows, err := db.pool.Query(ctx, `
		select n.unit, coalesce(n.name, p.name) from (
			select a.unit, a.name, row_number() over (partition by b.number order by a.unit) as turn from `+taken+`
			order by turn, a.unit limit $2) n
		left join catalog.report p on p.key = n.unit order by n.turn, n.unit`, id, names)
	if err != nil {
		return h, fail("look what a crawl reads", runKey(id), err)
	}
	h.Names, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a catalog.AppOf, err error) {
		err = row.Scan(&a.Key, target(&a.Name))
		return a, err
	})
	return h, fail("look what a crawl reads", runKey(id), err)
}
