package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// conflictTime is how long names are compared for one page.
const conflictTime = "2s"

// conflictSQL goes through the index of names until a page is full. Names are alike without case.
const conflictSQL = `
	select folded, min(name), count(*), count(distinct coalesce(formula, '')), min(key) from (
		select lower(left(coalesce(name, ''), 200)) as folded, name, formula, key from qlikcrawler.report_field
		where type = $1 and origin = 'master' and retired_at is null and name is not null
			and ($2::text[] is null or connection = any($2)) and lower(left(coalesce(name, ''), 200)) > $3) f
	group by folded having count(distinct coalesce(formula, '')) > 1 order by folded limit $4`

// Conflicts gives names that master items of a type go by whose formulas differ, in the order of names, from
// behind one on. next is where the following page begins, "" at the end; done is false if so much had to be
// compared that it took too long, and nothing is given.
func (db *DB) Conflicts(ctx context.Context, scope catalog.Scope, typ catalog.FieldType, behind string, limit int) (list []catalog.Conflict, next string, done bool, err error) {
	w := walker{scope: scope}
	done, err = db.inTime(ctx, conflictTime, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, conflictSQL, typ, w.allowed(), clean(behind), limit+1)
		if err != nil {
			return err
		}
		var c catalog.Conflict
		var folded, last string
		_, err = pgx.ForEachRow(rows, []any{&folded, &c.Name, &c.Fields, &c.Formulas, &c.Key}, func() error {
			if len(list) == limit {
				next = last
				return nil
			}
			list, last = append(list, c), folded
			return nil
		})
		return err
	})
	return list, next, done, fail("compare names", "", err)
}
