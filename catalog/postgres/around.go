package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A surroundings collects what is around a thing, in one round trip after the way up to it is known.
type surroundings struct {
	path   []catalog.Crumb                   // of the thing itself too, at its end
	chain  []string                          // keys that governance is inherited along, the thing first
	said   map[string]catalog.GovernanceEdit // by key, what it says itself
	around catalog.Around
}

// mostLevels is how deep things may stand in one another.
const mostLevels = 20

// pathSQL gives the way from a report or a group up to its connection: reports by their parents, then the
// groups of the app by theirs. $1 is the key of a report or a group. The app's own group stands on the way
// for governance only; kind app_group tells it from the app.
const pathSQL = `
	with recursive up as (
		select key, parent_key, group_key, kind, name, 0 as level from qlikcrawler.report where key = $1
		union all
		select r.key, r.parent_key, r.group_key, r.kind, r.name, up.level + 1
		from up join qlikcrawler.report r on r.key = up.parent_key where up.level < $2),
	grouped as (
		select g.key, g.parent_key, g.kind, g.name, $2 + 1 as level from qlikcrawler.report_group g
		where g.key = coalesce((select group_key from up where kind = 'app' limit 1), $1)
		union all
		select g.key, g.parent_key, g.kind, g.name, grouped.level + 1
		from grouped join qlikcrawler.report_group g on g.key = grouped.parent_key where grouped.level < 2 * $2)
	select key, kind, coalesce(name, ''), level from up
	union all
	select key, case kind when 'app' then 'app_group' else kind end, coalesce(name, ''), level from grouped
	order by level`

// around tells what is around a thing: key is its own, holder the report or group that it belongs to or is.
func (db *DB) around(ctx context.Context, connection string, key, holder catalog.Key) (catalog.Around, error) {
	s := surroundings{said: map[string]catalog.GovernanceEdit{}}
	rows, err := db.pool.Query(ctx, pathSQL, string(holder), mostLevels)
	if err != nil {
		return s.around, fail("find the way to", key, err)
	}
	var c catalog.Crumb
	var level int
	_, err = pgx.ForEachRow(rows, []any{&c.Key, &c.Kind, &c.Name, &level}, func() error {
		s.chain = append(s.chain, string(c.Key))
		if c.Kind != "app_group" && c.Key != key {
			s.path = append(s.path, c)
		}
		return nil
	})
	if err != nil {
		return s.around, fail("find the way to", key, err)
	}
	b := &pgx.Batch{}
	s.queueConnection(b, connection)
	s.queueGovernance(b)
	s.queueGaps(b, key)
	if err := db.pool.SendBatch(ctx, b).Close(); err != nil {
		return s.around, fail("read what is around", key, err)
	}
	slices.Reverse(s.path)
	s.around.Path = s.path
	s.around.Governance = inherit(append(s.chain, connection), s.said)
	return s.around, nil
}

// queueConnection reads the connection's part, and puts it at the far end of the way.
func (s *surroundings) queueConnection(b *pgx.Batch, code string) {
	b.Queue(`select name, coalesce(access_instructions, ''), coalesce(governance, '{}')
		from qlikcrawler.connection where code = $1`, code).Query(func(rows pgx.Rows) error {
		c := catalog.Crumb{Key: catalog.Key(code), Kind: "connection"}
		var governance []byte
		_, err := pgx.ForEachRow(rows, []any{&c.Name, &s.around.AccessInstructions, &governance}, func() error {
			s.path = append(s.path, c)
			var e catalog.GovernanceEdit
			if err := json.Unmarshal(governance, &e); err != nil {
				return fmt.Errorf("governance of the connection: %w", err)
			}
			s.said[code] = e
			return nil
		})
		return err
	})
}

func (s *surroundings) queueGaps(b *pgx.Batch, key catalog.Key) {
	// Gaps at the thing, under it, and those of what it stands in.
	above := []string{string(key)}
	for _, c := range s.path {
		above = append(above, string(c.Key))
	}
	connection, app := placeOf(string(key))
	b.Queue(`select part, key, error_code, error, coalesce(cure, ''), since from qlikcrawler.gap
		where unit = $1 and (key = any($2::text[]) or (key >= $3 and key < $4)) order by part, key limit 100`,
		connection+"/"+app, above, string(key)+"/", string(key)+"0").Query(func(rows pgx.Rows) error {
		g := catalog.GapRow{Connection: connection, App: catalog.Key(connection + "/" + app)}
		_, err := pgx.ForEachRow(rows, []any{&g.Part, &g.Key, &g.Code, &g.Error, &g.Cure, &g.Since}, func() error {
			s.around.Gaps = append(s.around.Gaps, g)
			return nil
		})
		return err
	})
}

// below counts the live things under a key, and the apps of a group; group is "" for none.
func (db *DB) below(ctx context.Context, key, group catalog.Key) (catalog.Below, error) {
	var n catalog.Below
	from, to := string(key)+"/", string(key)+"0"
	err := db.pool.QueryRow(ctx, `
		select (select count(*) from qlikcrawler.report_group where parent_key = $1 and kind = 'app' and retired_at is null),
			r.sheets, r.cells, f.measures, f.dimensions, f.objects, f.variables,
			(select count(*) from qlikcrawler.source_code where key >= $2 and key < $3 and retired_at is null),
			(select count(*) from qlikcrawler.model_table where key >= $2 and key < $3 and retired_at is null),
			(select count(*) from qlikcrawler.model_field where key >= $2 and key < $3 and retired_at is null)
		from (select count(*) filter (where kind = 'sheet') as sheets, count(*) filter (where kind = 'cell') as cells
			from qlikcrawler.report where key >= $2 and key < $3 and retired_at is null) r,
			(select count(*) filter (where type = 'Measure') as measures, count(*) filter (where type = 'Dimension') as dimensions,
				count(*) filter (where type = 'Master Object') as objects, count(*) filter (where type = 'Variable') as variables
			from qlikcrawler.report_field where key >= $2 and key < $3 and retired_at is null) f`,
		string(group), from, to).Scan(&n.Apps, &n.Sheets, &n.Cells, &n.Measures, &n.Dimensions, &n.MasterObjects, &n.Variables,
		&n.Scripts, &n.Tables, &n.Fields)
	return n, fail("count what is under", key, err)
}

// queueGovernance reads what each link of the chain says itself.
func (s *surroundings) queueGovernance(b *pgx.Batch) {
	b.Queue("select key, owner, steward, custodian from qlikcrawler.governance where key = any($1::text[])", s.chain).
		Query(func(rows pgx.Rows) error {
			var key string
			var owner, steward, custodian zeronull.Text
			_, err := pgx.ForEachRow(rows, []any{&key, &owner, &steward, &custodian}, func() error {
				s.said[key] = catalog.GovernanceEdit{Owner: string(owner), Steward: string(steward), Custodian: string(custodian)}
				return nil
			})
			return err
		})
}

// inherit gives each role to the nearest who was named: on the thing, on what it stands in, on its groups,
// on the connection.
func inherit(chain []string, all map[string]catalog.GovernanceEdit) catalog.Governance {
	var g catalog.Governance
	take := func(e catalog.GovernanceEdit, from catalog.Key) {
		for _, x := range []struct {
			user string
			into **catalog.Responsible
		}{{e.Owner, &g.Owner}, {e.Steward, &g.Steward}, {e.Custodian, &g.Custodian}} {
			if x.user != "" && *x.into == nil {
				*x.into = &catalog.Responsible{User: x.user, From: from}
			}
		}
	}
	for _, key := range chain {
		take(all[key], catalog.Key(key))
	}
	return g
}
