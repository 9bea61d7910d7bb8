package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// SaveDataConnections stores the whole list of a site's data connections; others go. Unchanged ones write
// nothing.
func (db *DB) SaveDataConnections(ctx context.Context, run catalog.RunID, list []catalog.DataConnection) error {
	return db.saveDataConnections(ctx, catalog.Claim{Run: run}, list)
}

func (db *DB) saveDataConnections(ctx context.Context, c catalog.Claim, list []catalog.DataConnection) error {
	run := c.Run
	err := db.inQuickTx(ctx, func(tx pgx.Tx) error {
		f, err := fence(ctx, tx, c)
		if err != nil {
			return err
		}
		have, err := placeHashes(ctx, tx, f.connection)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, d := range list {
			id, hash := clean(d.ID), hashPlace(d)
			was, known := have[id]
			delete(have, id)
			if known && was == hash {
				continue
			}
			b.Queue(`insert into qlikcrawler.data_connection (connection, id, name, folded_name, type, connect_string, hash)
				values ($1, $2, $3, $4, $5, $6, $7)
				on conflict (connection, id) do update set name = excluded.name, folded_name = excluded.folded_name,
					type = excluded.type, connect_string = excluded.connect_string, hash = excluded.hash`,
				f.connection, id, clean(d.Name), clean(catalog.FoldName(d.Name)), text(d.Type), text(d.ConnectString), hash)
		}
		for id := range have {
			b.Queue("delete from qlikcrawler.data_connection where connection = $1 and id = $2", f.connection, id)
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return fail("save the data connections of run", runKey(run), err)
}

// placeHashes locks and reads the data connections of a site: their hashes by id.
func placeHashes(ctx context.Context, tx pgx.Tx, code string) (map[string]string, error) {
	if _, err := tx.Exec(ctx, lockExclusive, "places/"+code); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, "select id, hash from qlikcrawler.data_connection where connection = $1", code)
	if err != nil {
		return nil, err
	}
	have := map[string]string{}
	var id, hash string
	_, err = pgx.ForEachRow(rows, []any{&id, &hash}, func() error {
		have[id] = hash
		return nil
	})
	return have, err
}

func hashPlace(d catalog.DataConnection) string {
	buf := appendHashed(nil, []any{d.ID, d.Name, d.Type, d.ConnectString}, false)
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:hashSize])
}

// digestPlaces is the digest of those of a site's data connections whose folded names are used.
func digestPlaces(list []catalog.DataConnection, uses []string) string {
	var all []string
	for _, d := range list {
		if slices.Contains(uses, catalog.FoldName(d.Name)) {
			all = append(all, hashPlace(d))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// DataConnections gives the data connections of a site as its last crawl listed them, by name.
func (db *DB) DataConnections(ctx context.Context, code string) ([]catalog.DataConnection, error) {
	rows, err := db.pool.Query(ctx, `
		select id, name, coalesce(type, ''), coalesce(connect_string, '') from qlikcrawler.data_connection
		where connection = $1 order by folded_name, id`, code)
	if err != nil {
		return nil, fail("list the data connections of", catalog.Key(code), err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalog.DataConnection, error) {
		var d catalog.DataConnection
		err := row.Scan(&d.ID, &d.Name, &d.Type, &d.ConnectString)
		return d, err
	})
	return list, fail("list the data connections of", catalog.Key(code), err)
}
