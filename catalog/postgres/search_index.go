package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// knownWords are words that are in the database for certain, so that storing names costs nothing where
// all their words are known. Its methods may be called from several goroutines.
type knownWords struct {
	mu   sync.Mutex
	list map[string]bool
}

// mostKnown is how many words are remembered; then remembering starts again.
const mostKnown = 200_000

func (k *knownWords) has(w string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.list[w]
}

func (k *knownWords) add(words map[string]bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list == nil || len(k.list)+len(words) > mostKnown {
		k.list = map[string]bool{}
	}
	maps.Copy(k.list, words)
}

// newWords collects the words of rows' names that aren't known.
func (db *DB) newWords(table int, rows []row, into map[string]bool) {
	for i := range rows {
		nameWords(table, &rows[i], func(w string) {
			if !into[w] && !db.words.has(w) {
				into[w] = true
			}
		})
	}
}

// queueWords stores words with their forms. Two who store the same do so in the same order.
func queueWords(b *pgx.Batch, words map[string]bool) {
	if len(words) == 0 {
		return
	}
	var ofWord, all []string
	for w := range words {
		for _, form := range forms(w) {
			all, ofWord = append(all, form), append(ofWord, w)
		}
	}
	b.Queue(`insert into qlikcrawler.search_word (form, word)
		select form, word from unnest($1::text[], $2::text[]) as u(form, word)
		order by form collate "C", word collate "C" on conflict do nothing`, all, ofWord)
}

// queueMoved writes the words of rows that are as they were, of an app that is in another stream or has
// another owner.
func queueMoved(b *pgx.Batch, table int, rows []row, d difference, was unitState) {
	if !was.known || len(rows) == 0 || rows[0].within == nil || *rows[0].within == was.within {
		return
	}
	written := map[string]bool{}
	for _, list := range [][]row{d.added, d.changed} {
		for _, r := range list {
			written[r.key] = true
		}
	}
	var same []row
	for _, r := range rows {
		if !written[r.key] {
			same = append(same, r)
		}
	}
	queueTerms(b, table, same)
}

const setTerms = `update qlikcrawler.%s t set search = s.terms
	from unnest($1::text[], $2::tsvector[]) as s(key, terms) where t.key = s.key`

// queueTerms writes the words of rows anew.
func queueTerms(b *pgx.Batch, table int, rows []row) {
	if len(rows) == 0 {
		return
	}
	keys := make([]string, len(rows))
	for i := range rows {
		keys[i] = rows[i].key
	}
	b.Queue(fmt.Sprintf(setTerms, tables[table].name), keys, searches{rows, table, &termer{}})
}

// reindexAtOnce is how many rows get their words in one transaction.
const reindexAtOnce = 500

// reindex makes the words of rows that an earlier version stored. It may be interrupted and called again,
// and by several processes.
func (db *DB) reindex(ctx context.Context) error {
	var exists bool
	if err := db.pool.QueryRow(ctx, "select to_regclass('qlikcrawler.search_pending') is not null").Scan(&exists); err != nil || !exists {
		return err
	}
	rows, err := db.pool.Query(ctx, "select table_name from qlikcrawler.search_pending order by 1")
	if err != nil {
		return err
	}
	pending, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for i, t := range tables {
		if !slices.Contains(pending, t.name) {
			continue
		}
		for after, more := "", true; more; {
			err := db.inTx(ctx, func(tx pgx.Tx) (err error) {
				after, more, err = db.reindexSome(ctx, tx, i, after)
				return err
			})
			if err != nil {
				return fmt.Errorf("make the words of %s: %w", t.name, err)
			}
		}
		if _, err := db.pool.Exec(ctx, "delete from qlikcrawler.search_pending where table_name = $1", t.name); err != nil {
			return err
		}
	}
	return nil
}

// reindexSome makes the words of the next rows behind a key, in the key's order. A row that changes
// meanwhile gets its words from whoever changes it: its lock comes first or last.
func (db *DB) reindexSome(ctx context.Context, tx pgx.Tx, table int, after string) (last string, more bool, err error) {
	list, err := readSearched(ctx, tx, table, after)
	if err != nil || len(list) == 0 {
		return "", false, err
	}
	words := map[string]bool{}
	db.newWords(table, list, words)
	b := &pgx.Batch{}
	queueTerms(b, table, list)
	queueWords(b, words)
	return list[len(list)-1].key, true, tx.SendBatch(ctx, b).Close()
}

// readSearched locks and reads rows without words.
func readSearched(ctx context.Context, tx pgx.Tx, table int, after string) ([]row, error) {
	t := tables[table]
	found, err := tx.Query(ctx, fmt.Sprintf(`
		select s.*, coalesce(g.parent_key, ''), coalesce(a.owner, '') from (
			select %s from qlikcrawler.%s where key > $1 and search is null order by key limit %d for update) s
		left join qlikcrawler.report_group g on g.unit = split_part(s.key, '/', 1) || '/' || split_part(s.key, '/', 2)
		left join qlikcrawler.report a on a.key = split_part(s.key, '/', 1) || '/' || split_part(s.key, '/', 2)
		order by s.key`, strings.Join(searched[table], ", "), t.name, reindexAtOnce), after)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(from pgx.CollectableRow) (row, error) {
		r := row{values: make([]any, len(t.columns)), within: &whereabouts{}}
		targets := make([]any, len(searched[table]), len(searched[table])+2)
		for i, name := range searched[table] {
			if name == "tags" {
				targets[i] = new([]string)
			} else {
				targets[i] = new(*string)
			}
		}
		if err := from.Scan(append(targets, &r.within.stream, &r.within.owner)...); err != nil {
			return r, err
		}
		for i, name := range searched[table] {
			at := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
			switch v := targets[i].(type) {
			case *[]string:
				r.values[at] = *v
			case **string:
				r.values[at] = value(*v)
			}
		}
		r.key = r.text(table, "key")
		return r, nil
	})
}
