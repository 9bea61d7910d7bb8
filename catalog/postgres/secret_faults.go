package postgres

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// SecretFaults tells why stored secrets of a connection can't be opened, by path.
func (db *DB) SecretFaults(ctx context.Context, code string) (map[string]*catalog.Error, error) {
	rows, err := db.pool.Query(ctx, "select path, sealed from qlikcrawler.secret where connection = $1", code)
	if err != nil {
		return nil, fail("try the stored secrets of", catalog.Key(code), err)
	}
	defer rows.Close()
	faults := map[string]*catalog.Error{}
	for rows.Next() {
		var path string
		var sealed []byte
		if err := rows.Scan(&path, &sealed); err != nil {
			return nil, fail("try the stored secrets of", catalog.Key(code), err)
		}
		if _, err := db.keys.open(code, path, sealed); err != nil {
			faults[path] = unreadable(code, path, err)
		}
	}
	return faults, fail("try the stored secrets of", catalog.Key(code), rows.Err())
}
