package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

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
// by is the user who does this.
func (db *DB) SetGovernance(ctx context.Context, key catalog.Key, e catalog.GovernanceEdit, by string) error {
	k := clean(string(key))
	if connection, rest, _ := strings.Cut(k, "/"); rest == "" {
		return &catalog.Error{
			Code: catalog.CodeInvalid, Op: "set the governance of", Key: catalog.Key(connection),
			Err: errors.New("this is the key of a connection"), Cure: "Edit the connection's own governance.",
		}
	}
	tag, err := db.pool.Exec(ctx, `
		insert into qlikcrawler.governance (key, connection, owner, steward, custodian, modified_by)
		select t.key, t.connection, $2, $3, $4, $5 from (
			select key, connection from qlikcrawler.report_group where key = $1
			union all select key, connection from qlikcrawler.report where key = $1) t
		on conflict (key) do update set owner = excluded.owner, steward = excluded.steward,
			custodian = excluded.custodian, modified_at = now(), modified_by = excluded.modified_by`,
		k, text(e.Owner), text(e.Steward), text(e.Custodian), text(by))
	if err == nil && tag.RowsAffected() == 0 {
		err = nothingGoverned("set the governance of", key)
	}
	return fail("set the governance of", key, err)
}
