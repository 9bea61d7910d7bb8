package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// linkable is what links may follow from, of all that the unit $1 says: by dataset, a digest of its columns, of what is
// stored in it and of what it is stored in. Most changes of an app, those of its charts and expressions, leave it as it is.
const linkable = `select d, md5(string_agg(x, e'\n' order by x)) from (
		select key, concat_ws('|', 'dataset', connection, mask) from qlikcrawler.lineage_node where unit = $1 and kind = 'dataset'
		union all select parent_key, concat_ws('|', 'column', connection, name) from qlikcrawler.lineage_node
			where unit = $1 and kind = 'dataset_column' and parent_key is not null
		union all select k, concat_ws('|', 'star', from_dataset, to_dataset) from qlikcrawler.lineage_star, unnest(array[from_dataset, to_dataset]) k
			where unit = $1
		union all select n.parent_key, concat_ws('|', 'to', e.to_key) from qlikcrawler.lineage_edge e
			join qlikcrawler.lineage_node n on n.key = e.to_key and n.unit = e.unit and n.kind = 'dataset_column' and n.parent_key is not null
			where e.unit = $1 and e.level = 'column'
	) as said(d, x) group by d`

// linkables reads what links may follow from of all that a unit says.
func linkables(ctx context.Context, tx pgx.Tx, unit string) (map[string]string, error) {
	rows, err := tx.Query(ctx, linkable, unit)
	if err != nil {
		return nil, err
	}
	said := map[string]string{}
	var dataset, digest string
	_, err = pgx.ForEachRow(rows, []any{&dataset, &digest}, func() error {
		said[dataset] = digest
		return nil
	})
	return said, err
}

// touched are the datasets of which something else is said, in order.
func touched(was, is map[string]string) []string {
	var list []string
	for d, digest := range was {
		if is[d] != digest {
			list = append(list, d)
		}
	}
	for d := range is {
		if _, known := was[d]; !known {
			list = append(list, d)
		}
	}
	slices.Sort(list)
	return list
}

// markUnlinked says that links must be made anew, without telling around which datasets.
const markUnlinked = `insert into qlikcrawler.lineage_unlinked (unit, ticket) values ($1, nextval('qlikcrawler.content'))
	on conflict (unit) do update set ticket = excluded.ticket, told = null`

// markTouched says around which datasets, a query's, links must be made anew because of the unit $1.
func markTouched(datasets string) string {
	return `with touched as materialized (` + datasets + `),
		mark as materialized (select nextval('qlikcrawler.content') as ticket where exists (select from touched)),
		marked as (insert into qlikcrawler.lineage_unlinked (unit, ticket, told) select $1, ticket, ticket from mark
			on conflict (unit) do update set ticket = excluded.ticket,
				told = case when lineage_unlinked.told = lineage_unlinked.ticket then excluded.told end)
		insert into qlikcrawler.lineage_touched (dataset, ticket) select dataset, ticket from touched, mark`
}

// markTouchedBy marks the datasets of which a unit says something else than it did.
func markTouchedBy(ctx context.Context, tx pgx.Tx, unit string, was map[string]string) error {
	is, err := linkables(ctx, tx, unit)
	if err != nil {
		return err
	}
	list := touched(was, is)
	if len(list) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, markTouched("select dataset from unnest($2::text[]) dataset"), unit, list)
	return err
}

// datasetsOf are all datasets that a unit speaks of.
const datasetsOf = `select key as dataset from qlikcrawler.lineage_node where unit = $1 and kind = 'dataset'
	union select parent_key from qlikcrawler.lineage_node where unit = $1 and kind = 'dataset_column' and parent_key is not null
	union select k from qlikcrawler.lineage_star, unnest(array[from_dataset, to_dataset]) k where unit = $1`

// A mark is what is to be linked, as it was at one moment.
type mark struct {
	units    []string
	tickets  []int64 // of units
	datasets []string
	changes  []int64 // the tickets of datasets
	all      bool    // it isn't known around which datasets
}

// planOnce lets statements be planned once for all links around a few datasets: to plan takes longer than to find those. Around
// many, how many they are should count.
const planOnce = `select set_config('plan_cache_mode', 'force_generic_plan', true)
	where (select count(*) from (select from qlikcrawler.lineage_touched limit 1001) few) <= 1000`

// readMark waits until nobody else links, and reads what is marked then.
func readMark(ctx context.Context, tx pgx.Tx, c catalog.Claim) (*mark, error) {
	m := &mark{}
	var f fenced
	var untold bool // links of an earlier version don't tell their dataset
	b := &pgx.Batch{}
	if c.Run != 0 {
		queueFence(b, c, &f)
	}
	b.Queue(lockExclusive, "links")
	b.Queue(`select true, unit, ticket, told is distinct from ticket from qlikcrawler.lineage_unlinked
		union all select false, dataset, ticket, false from qlikcrawler.lineage_touched`).Query(m.take)
	b.Queue("select exists (select from qlikcrawler.lineage_link where from_dataset is null)").QueryRow(func(row pgx.Row) error {
		return row.Scan(&untold)
	})
	b.Queue(planOnce)
	err := tx.SendBatch(ctx, b).Close()
	m.all = m.all || untold
	if err == nil && !m.all && len(m.units) > manyUnits {
		err = tx.QueryRow(ctx, "select count(*) < 2 * $1 from qlikcrawler.lineage_unit", len(m.units)).Scan(&m.all)
	}
	if m.all {
		m.datasets = nil
	}
	return m, err
}

func (m *mark) take(rows pgx.Rows) error {
	var isUnit, all bool
	var key string
	var ticket int64
	_, err := pgx.ForEachRow(rows, []any{&isUnit, &key, &ticket, &all}, func() error {
		m.all = m.all || all
		if isUnit {
			m.units, m.tickets = append(m.units, key), append(m.tickets, ticket)
		} else {
			m.datasets, m.changes = append(m.datasets, key), append(m.changes, ticket)
		}
		return nil
	})
	return err
}

// manyUnits is from how many units on it is asked whether they are most of all. Then all is linked: to hold what lies around each
// of their datasets takes more memory than to hold what links can follow from.
const manyUnits = 200

// clear takes the marks away. What was marked meanwhile has other tickets.
func (m *mark) clear(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	b.Queue(`delete from qlikcrawler.lineage_unlinked u using unnest($1::text[], $2::bigint[]) as x(unit, ticket)
		where u.unit = x.unit and u.ticket = x.ticket`, m.units, m.tickets)
	b.Queue("delete from qlikcrawler.lineage_touched where ticket = any($1)", m.changes)
	return tx.SendBatch(ctx, b).Close()
}
