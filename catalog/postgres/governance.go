package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Governance gives who answers for a report group, a report or a connection, and what it says itself.
func (db *DB) Governance(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.GovernanceDetail, error) {
	names, err := db.Names(ctx, scope, []catalog.Key{key})
	if err != nil {
		return nil, err
	}
	kinds := []string{"connection", "stream", "personal", "app_group", "app", "sheet", "cell"}
	if n, known := names[key]; !known || !slices.Contains(kinds, n.Kind) {
		return nil, nothingGoverned("read the governance of", key)
	}
	connection, _ := placeOf(string(key))
	around, err := db.around(ctx, connection, key, key)
	if err != nil {
		return nil, err
	}
	d := &catalog.GovernanceDetail{Key: key, Governance: around.Governance}
	for _, x := range []struct {
		by   *catalog.Responsible
		into *string
	}{{d.Owner, &d.Said.Owner}, {d.Steward, &d.Said.Steward}, {d.Custodian, &d.Said.Custodian}} {
		if x.by != nil && x.by.From == key {
			*x.into = x.by.User
		}
	}
	return d, nil
}

func nothingGoverned(op string, key catalog.Key) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: op, Key: key, Err: errors.New("there is no such report group or report"),
		Cure: "Who answers for a field, a table or a script is said at its report.",
	}
}

// SetGovernance stores what a report group or a report itself says of who answers for it. What it leaves
// out is inherited: a report from what it stands in, that from its app's group, its stream and its
// connection. CodeNotFound if there is no such group or report.
//
// was, unless nil, is what the caller has read that the thing itself says: if it says something else by now,
// that is a CodeConflict. by is the user who does this.
func (db *DB) SetGovernance(ctx context.Context, key catalog.Key, e catalog.GovernanceEdit, was *catalog.GovernanceEdit, by string) error {
	const op = "set the governance of"
	k := clean(string(key))
	if connection, rest, _ := strings.Cut(k, "/"); rest == "" {
		return &catalog.Error{
			Code: catalog.CodeInvalid, Op: op, Key: catalog.Key(connection),
			Err: errors.New("this is the key of a connection"), Cure: "Edit the connection's own governance.",
		}
	}
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockExclusive, "governance/"+k); err != nil {
			return err
		}
		var owner, steward, custodian zeronull.Text
		err := tx.QueryRow(ctx, "select owner, steward, custodian from qlikcrawler.governance where key = $1", k).Scan(&owner, &steward, &custodian)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		now := catalog.GovernanceEdit{Owner: string(owner), Steward: string(steward), Custodian: string(custodian)}
		if was != nil && *was != now {
			return &catalog.Error{
				Code: catalog.CodeConflict, Op: op, Key: key, Err: errors.New("somebody has changed it since it was read"),
				Cure: "Read it again, and edit what it is now.",
			}
		}
		tag, err := tx.Exec(ctx, `
			insert into qlikcrawler.governance (key, connection, owner, steward, custodian, modified_by)
			select t.key, t.connection, $2, $3, $4, $5 from (
				select key, connection from qlikcrawler.report_group where key = $1
				union all select key, connection from qlikcrawler.report where key = $1) t
			on conflict (key) do update set owner = excluded.owner, steward = excluded.steward,
				custodian = excluded.custodian, modified_at = now(), modified_by = excluded.modified_by`,
			k, text(e.Owner), text(e.Steward), text(e.Custodian), text(by))
		if err == nil && tag.RowsAffected() == 0 {
			err = nothingGoverned(op, key)
		}
		return err
	})
	return fail(op, key, err)
}
