package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// mostNear is how many words one may have been meant by.
const mostNear = 20

// respell finds the words of names that are one slip away from those of the question.
func (f *finder) respell(ctx context.Context) error {
	var asked, all []string
	for _, w := range f.question.words {
		if !misspellable(w.text) || slices.Contains(asked, w.text) {
			continue
		}
		for _, form := range forms(w.text) {
			asked, all = append(asked, w.text), append(all, form)
		}
	}
	if len(all) == 0 {
		return nil
	}
	rows, err := f.tx.Query(ctx, `
		select distinct u.asked, w.word from unnest($1::text[], $2::text[]) as u(asked, form)
			join qlikcrawler.search_word w on w.form = u.form collate "C"
		where w.word <> u.asked order by 1, 2`, asked, all)
	if err != nil {
		return err
	}
	instead := map[string][]string{}
	var typed, meant string
	_, err = pgx.ForEachRow(rows, []any{&typed, &meant}, func() error {
		if near(typed, meant) && len(instead[typed]) < mostNear {
			instead[typed] = append(instead[typed], meant)
		}
		return nil
	})
	f.question.instead = instead
	return err
}
