package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// SourceCode gives all about one load script: its masked text, and the versions that it had.
func (db *DB) SourceCode(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.SourceDetail, error) {
	row, err := sourceList.one(ctx, db.pool, scope, "key", string(key))
	if err != nil {
		return nil, err
	}
	d := &catalog.SourceDetail{SourceRow: row}
	if d.Around, err = db.around(ctx, row.Connection, key, row.Report); err != nil {
		return nil, err
	}
	d.Versions, err = db.versions(ctx, row)
	return d, err
}

// A turn is a change of a source code's text, as a run noted it.
type turn struct {
	run      int64
	at       time.Time
	old, new string // hashes
}

// versions are told from the changes of the hash: each text was there from one change to the next.
func (db *DB) versions(ctx context.Context, row catalog.SourceRow) ([]catalog.SourceVersion, error) {
	rows, err := db.pool.Query(ctx, `select run, at, coalesce(old, ''), coalesce(new, '') from qlikcrawler.change
		where key = $1 and what = 'changed' and column_name = 'sha256' order by id`, string(row.Key))
	if err != nil {
		return nil, fail("list the versions of", row.Key, err)
	}
	turns, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (t turn, err error) {
		return t, r.Scan(&t.run, &t.at, &t.old, &t.new)
	})
	if err != nil {
		return nil, fail("list the versions of", row.Key, err)
	}
	list := []catalog.SourceVersion{{SHA256: row.SHA256, FirstSeenAt: row.FirstSeenAt}}
	if len(turns) > 0 {
		list[0].SHA256 = turns[0].old
	}
	for _, t := range turns {
		list[len(list)-1].LastSeenAt = t.at
		list = append(list, catalog.SourceVersion{SHA256: t.new, FirstSeenAt: t.at, Run: t.run})
	}
	last := &list[len(list)-1]
	last.Lines, last.LastSeenAt = row.Lines, row.LastSeenAt
	slices.Reverse(list)
	return list, nil
}

// SourceVersion gives the masked text that a load script had, by the hash of the text as it was sent.
func (db *DB) SourceVersion(ctx context.Context, scope catalog.Scope, key catalog.Key, sha string) (*catalog.SourceVersion, error) {
	d, err := db.SourceCode(ctx, scope, key)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(d.Versions, func(v catalog.SourceVersion) bool { return v.SHA256 == sha })
	if at < 0 {
		return nil, noVersion(key)
	}
	v := d.Versions[at]
	if v.SHA256 == d.SHA256 {
		v.Code = d.Code
		return &v, nil
	}
	// The run that found a text noted it; the first text is what was there before the first change.
	sql := `select coalesce(new, '') from qlikcrawler.change where key = $1 and run = $2 and what = 'changed' and column_name = 'code'
		order by id desc limit 1`
	args := []any{string(key), v.Run}
	if v.Run == 0 {
		sql = `select coalesce(old, '') from qlikcrawler.change where key = $1 and what = 'changed' and column_name = 'code'
			order by id limit 1`
		args = args[:1]
	}
	var text string
	err = db.pool.QueryRow(ctx, sql, args...).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, noVersion(key)
	}
	v.Code, v.Lines = catalog.Mask(text), int64(catalog.SourceCode{Code: text}.Lines())
	return &v, fail("read a version of", key, err)
}

func noVersion(key catalog.Key) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: "read a version of", Key: key, Err: errors.New("it never had a text with this hash"),
		Cure: "Choose one of the versions that the source code lists.",
	}
}
