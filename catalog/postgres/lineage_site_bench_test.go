package postgres_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// lineageSite fills the catalog with the lineage of a site: of 10 apps 2 extract a database table of 40 columns
// to a QVD, 2 make a QVD of three of those, 1 makes one of four of the last, and 5 are read by people: of one to three
// QVDs of any of these layers, few of which most apps read, they make 60 fields, 60 measures and 60 charts on 10
// sheets. From a table's column to a chart it is 4 to 12 steps, script fields counted. 5,300 apps are three
// million edges.
func lineageSite(b *bench, apps int) {
	b.t.Helper()
	for _, sql := range []string{
		`select setseed(0.42)`,
		// kind 0 extracts, 1 transforms, 2 marts, 3 is read by people; n counts within the kind.
		fmt.Sprintf(`create table public.app as select a, 'prod/app-' || a as key, kind, row_number() over (partition by kind order by a) - 1 as n
			from (select a, (array[0,0,1,1,2,3,3,3,3,3])[1 + a %% 10] as kind from generate_series(0, %d) a) x`, apps-1),
		`create table public.qvd as select key as app, kind, n, 'dataset:file://share/qvd/layer' || kind || '/q' || n || '.qvd' as file from public.app where kind < 3`,
		`create table public.reads as
			select a.key as app, a.kind, i, case a.kind when 0 then 'dataset:postgres://db:5432/erp.public.t' || a.n % 400 else (
				select q.file from public.qvd q where q.kind = x.layer and q.n = floor(x.luck * (select count(*) from public.qvd c where c.kind = x.layer))) end as file
			from public.app a cross join lateral generate_series(1, (array[1,3,4])[least(a.kind, 2) + 1] - case when a.kind = 3 then 1 + (a.n % 3)::int else 0 end) i
			cross join lateral (select power(random(), case when a.kind = 3 then 3 else 1 end) as luck,
				case a.kind when 3 then (a.n + i)::int % 3 else a.kind - 1 end as layer) x`,
		`delete from public.reads where file is null`,
		`create unlogged table public.hop (app text collate "C", f text collate "C", t text collate "C", level text, origin text)`,
		// what a script loads: 40 columns of each file, in a table a file; then one table of all
		`insert into public.hop select distinct app, file || '#c' || c, app || '/script/T' || i || '#c' || c, 'column', 'script' from public.reads, generate_series(0, 39) c`,
		`insert into public.hop select distinct app, file, app || '/script/T' || i, 'table', 'script' from public.reads`,
		`insert into public.hop select distinct r.app, r.app || '/script/T' || i || '#c' || c, q.file || '#c' || (c + i - 1) % 40, 'column', 'script'
			from public.reads r join public.qvd q on q.app = r.app, generate_series(0, 39) c`,
		`insert into public.hop select distinct r.app, r.app || '/script/T' || i, q.file, 'table', 'script' from public.reads r join public.qvd q on q.app = r.app`,
		// apps that people read
		`insert into public.hop select app, app || '/script/T' || i || '#c' || c, app || '/field/c' || (c + 10 * (i - 1)) % 60, 'column', 'script'
			from public.reads, generate_series(0, 39) c where kind = 3`,
		`insert into public.hop select distinct app, app || '/script/T' || i, app, 'table', 'script' from public.reads where kind = 3`,
		`insert into public.hop select key, key || '/field/c' || (m * 7 + k * 11) % 60, key || '/m' || m, 'column', 'expression'
			from public.app, generate_series(0, 59) m, generate_series(0, 1 + m % 4) k where kind = 3`,
		`insert into public.hop select key, key || '/m' || (x * 3 + k) % 60, key || '/s' || x / 6 || '/x' || x, 'column', 'structure'
			from public.app, generate_series(0, 59) x, generate_series(0, 2) k where kind = 3`,
		`insert into public.hop select key, key || '/field/c' || (x * 5 + k) % 60, key || '/s' || x / 6 || '/x' || x, 'column', 'expression'
			from public.app, generate_series(0, 59) x, generate_series(0, 3) k where kind = 3`,
		`insert into public.hop select key, key || '/s' || x / 6 || '/x' || x, key || '/s' || x / 6, 'table', 'structure' from public.app, generate_series(0, 59) x where kind = 3`,
		`insert into public.hop select key, key || '/s' || s, key, 'table', 'structure' from public.app, generate_series(0, 9) s where kind = 3`,
		`insert into qlikcrawler.unit (key, connection, first_seen_at) select key, 'prod', now() from public.app`,
		`insert into qlikcrawler.lineage_unit (unit, connection, content, reader, uses, places, includes, hash, columns, unresolved)
			select key, 'prod', 0, 1, '{}', '', false, '\x00', 40, 0 from public.app`,
		`insert into qlikcrawler.lineage_statement (unit, n, statement, source_key, tab, line)
			select key, line, repeat('LOAD OrderID, Customer, Amount FROM [lib://Sales/orders.qvd] (qvd) ', 5), key || '/script', 'Main', line
			from public.app, generate_series(1, 32) line`,
		`insert into qlikcrawler.lineage_edge (unit, connection, from_key, to_key, level, how, origin, confidence, statement)
			select app, 'prod', f, t, level, 'direct', origin, 1, case when origin <> 'structure' then 1 + (hashtext(t) & 31) end from public.hop order by app`,
		`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, parent_key)
			select k, app, 'prod', case when k like 'dataset:%#%' then 'dataset_column' when k like 'dataset:%' then 'dataset'
				when k like '%/script/%#%' then 'script_field' when k like '%/script/%' then 'script_table' when k like '%/field/%' then 'field'
				when k like '%/x%' then 'cell' when k like '%/s%' then 'sheet' when k like '%/m%' then 'measure' else 'app' end, k,
				case when k like '%#%' then split_part(k, '#', 1) end
			from (select distinct app, k from public.hop cross join lateral (values (f), (t)) x(k)) x order by app`,
		"drop table public.hop, public.reads, public.qvd, public.app",
		"analyze qlikcrawler.lineage_edge", "analyze qlikcrawler.lineage_node", "analyze qlikcrawler.lineage_statement", "analyze qlikcrawler.lineage_unit",
	} {
		if _, err := b.sql.Exec(b.t.Context(), sql); err != nil {
			b.t.Fatalf("%v\n%s", err, sql)
		}
	}
}

// BenchmarkLineageOfASite asks what people ask of a site's lineage, another thing each time: 100,000 edges, with
// QLIKCRAWLER_LONG=1 three million. p95-ms is what 95 of 100 questions take at most. Plans are shown with -v.
func BenchmarkLineageOfASite(b *testing.B) {
	apps := 180
	if os.Getenv("QLIKCRAWLER_LONG") == "1" {
		apps = 5300
	}
	db := setup(b)
	if db.column("select count(*)::text from qlikcrawler.lineage_unit")[0] == "0" {
		lineageSite(db, apps)
	}
	b.Logf("%s edges, %s nodes", db.column("select count(*)::text from qlikcrawler.lineage_edge")[0], db.column("select count(*)::text from qlikcrawler.lineage_node")[0])
	// the n-th app that people read, of those in apps
	app := func(n int) string { return fmt.Sprintf("prod/app-%d", n*37%(apps/10)*10+5+n%5) }
	chart := func(n int) catalog.Key {
		x := n * 7 % 60
		return catalog.Key(fmt.Sprintf("%s/s%d/x%d", app(n), x/6, x))
	}
	source := func(n int) string {
		return fmt.Sprintf("dataset:postgres://db:5432/erp.public.t%d", n*31%min(400, apps/5))
	}
	column := func(n int) catalog.Key { return catalog.Key(fmt.Sprintf("%s#c%d", source(n), n%40)) }
	up, down := catalog.Upstream, catalog.Downstream
	for _, test := range []struct {
		name string
		q    func(n int) catalog.LineageQuery
	}{
		{"what feeds a chart, columns", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: chart(n), Direction: up, Columns: true}
		}},
		{"what feeds a chart, with script fields", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: chart(n), Direction: up, Columns: true, All: true}
		}},
		{"what feeds an app, tables", func(n int) catalog.LineageQuery { return catalog.LineageQuery{Key: catalog.Key(app(n)), Direction: up} }},
		{"what feeds an app, columns", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: catalog.Key(app(n)), Direction: up, Columns: true}
		}},
		{"what breaks with a column, 5 steps", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: column(n), Direction: down, Depth: 5}
		}},
		{"what breaks with a column, all", func(n int) catalog.LineageQuery { return catalog.LineageQuery{Key: column(n), Direction: down} }},
		{"what breaks with a table, all", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: catalog.Key(source(n)), Direction: down}
		}},
		{"one step both ways", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: catalog.Key(app(n) + "/field/c7"), Depth: 1}
		}},
		{"what feeds a chart, one connection seen", func(n int) catalog.LineageQuery {
			return catalog.LineageQuery{Key: chart(n), Direction: up, Columns: true, Scope: catalog.Scope{Connections: []string{"prod"}}}
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			n, nodes, truncated := 0, 0, 0
			percentile(b, func() error {
				n++
				q := test.q(n)
				q.Scope.All = q.Scope.Connections == nil
				g, err := db.Lineage(b.Context(), q)
				if err == nil {
					nodes = max(nodes, len(g.Nodes))
					if g.Truncated {
						truncated++
					}
				}
				return err
			})
			b.ReportMetric(float64(nodes), "nodes-most")
			b.ReportMetric(float64(truncated)/float64(n), "truncated")
		})
	}
	b.Run("path from a column to a chart", func(b *testing.B) {
		n := 0
		percentile(b, func() error {
			n++
			_, err := db.LineagePath(b.Context(), catalog.LineageQuery{Scope: everything, Key: column(n)}, chart(n))
			if catalog.CodeOf(err) == catalog.CodeNotFound {
				return nil
			}
			return err
		})
	})
	if testing.Verbose() {
		plan, err := db.ExplainLineage(b.Context(), chart(1), up, 320)
		db.must(err)
		b.Log(plan)
	}
}
