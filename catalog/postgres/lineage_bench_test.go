package postgres_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// bigLineage fills the catalog with 3,000 apps of 200 edges each: layers of ten apps, each reading the files
// of the layer before, every third one a common file.
func bigLineage(b *bench) {
	b.t.Helper()
	for _, sql := range []string{
		`insert into qlikcrawler.unit (key, connection, first_seen_at) select 'prod/' || a, 'prod', now() from generate_series(0, 2999) a`,
		`insert into qlikcrawler.lineage_unit (unit, connection, content, reader, uses, places, includes, hash, columns, unresolved)
			select 'prod/' || a, 'prod', 0, 1, '{}', '', false, '\x00', 40, 0 from generate_series(0, 2999) a`,
		`insert into qlikcrawler.lineage_statement (unit, n, statement, source_key, tab, line)
			select 'prod/' || a, n, repeat('LOAD OrderID, Customer, Amount FROM [lib://Sales/orders.qvd] (qvd) ', 5), 'prod/' || a || '/script', 'Main', n
			from generate_series(0, 2999) a, generate_series(1, 10) n`,
		`create table public.step as
			select a, c, 'dataset:file://f/qvd/layer_' || a / 10 || '/app_' || case when a % 3 = 0 then 0 else a % 10 end || '.qvd#c' || c as reads,
				'dataset:file://f/qvd/layer_' || a / 10 + 1 || '/app_' || a % 10 || '.qvd#c' || c as stores
			from generate_series(0, 2999) a, generate_series(0, 39) c`,
		`create table public.hop as
			select a, c, reads as f, 'prod/' || a || '/script/T#c' || c as t, 'script' as origin from public.step
			union all select a, c, 'prod/' || a || '/script/T#c' || c, 'prod/' || a || '/field/c' || c, 'script' from public.step
			union all select a, c, 'prod/' || a || '/script/T#c' || c, stores, 'script' from public.step
			union all select a, c, 'prod/' || a || '/field/c' || c, 'prod/' || a || '/m' || c / 4, 'expression' from public.step
			union all select a, c, 'prod/' || a || '/m' || c / 4, 'prod/' || a || '/s/chart' || c / 8, 'structure' from public.step`,
		`insert into qlikcrawler.lineage_edge (unit, connection, from_key, to_key, level, how, origin, confidence, statement)
			select 'prod/' || a, 'prod', f, t, 'column', 'direct', origin, 1, 1 + c % 10 from public.hop`,
		`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, parent_key)
			select distinct k, u, 'prod', case when k like 'dataset:%' then 'dataset_column' when k like '%/script/%' then 'script_field'
				when k like '%/field/%' then 'field' when k like '%/s/%' then 'cell' else 'measure' end, k,
				case when k like '%#%' then split_part(k, '#', 1) end
			from (select f as k, 'prod/' || a as u from public.hop union select t, 'prod/' || a from public.hop) x`,
		"analyze qlikcrawler.lineage_edge", "analyze qlikcrawler.lineage_node", "analyze qlikcrawler.lineage_statement",
	} {
		_, err := b.sql.Exec(b.t.Context(), sql)
		b.must(err)
	}
}

// BenchmarkLineage asks questions of 600,000 edges.
func BenchmarkLineage(b *testing.B) {
	db := setup(b)
	bigLineage(db)
	b.Logf("%s edges, %s nodes", db.column("select count(*)::text from qlikcrawler.lineage_edge")[0], db.column("select count(*)::text from qlikcrawler.lineage_node")[0])
	for _, test := range []struct {
		name string
		q    catalog.LineageQuery
	}{
		{"chart/all the way up, 100 layers", catalog.LineageQuery{Key: "prod/1001/s/chart1", Direction: catalog.Upstream, Columns: true}},
		{"chart/5 up", catalog.LineageQuery{Key: "prod/2501/s/chart1", Direction: catalog.Upstream, Columns: true, Depth: 5}},
		{"column/what breaks, 5 down", catalog.LineageQuery{Key: "dataset:file://f/qvd/layer_0/app_0.qvd#c1", Direction: catalog.Downstream, Depth: 5}},
		{"column/what breaks, all", catalog.LineageQuery{Key: "dataset:file://f/qvd/layer_200/app_0.qvd#c1", Direction: catalog.Downstream, Limit: 5000}},
		{"folder/what breaks", catalog.LineageQuery{Key: "dataset:file://f/qvd/layer_290", Direction: catalog.Downstream, Columns: true}},
		{"chart/one connection may be seen", catalog.LineageQuery{Key: "prod/2501/s/chart1", Direction: catalog.Upstream, Columns: true, Depth: 5, Scope: catalog.Scope{Connections: []string{"prod"}}}},
	} {
		if test.q.Scope.Connections == nil {
			test.q.Scope = everything
		}
		b.Run(test.name, func(b *testing.B) {
			nodes := 0
			for b.Loop() {
				g, err := db.Lineage(b.Context(), test.q)
				if err != nil {
					b.Fatal(err)
				}
				nodes = len(g.Nodes)
			}
			b.ReportMetric(float64(nodes), "nodes")
		})
	}
	b.Run("path", func(b *testing.B) {
		for b.Loop() {
			_, err := db.LineagePath(b.Context(), catalog.LineageQuery{Scope: everything, Key: "dataset:file://f/qvd/layer_280/app_0.qvd#c1"}, "prod/2890/s/chart0")
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	plan := db.column(`explain (analyze, costs off, timing off, summary off)
		select e.from_key from unnest(array(select to_key from qlikcrawler.lineage_edge limit 50)) k(key)
		join qlikcrawler.lineage_edge e on e.to_key = k.key and e.level = 'column'`)
	b.Log("the plan of a step:\n" + strings.Join(plan, "\n"))
}

// qvdLayer fills the catalog with a layer of apps that store 20 files each, every second one whole (SELECT *), and
// as many that load 8 columns of each of 4 of those files; every hundredth loads by a mask.
func qvdLayer(b *bench, apps int) {
	b.t.Helper()
	for _, sql := range []string{
		`insert into qlikcrawler.unit (key, connection, first_seen_at) select 'prod/' || k || a, 'prod', now() from generate_series(0, 4999) a, unnest(array['s', 'l']) k`,
		`insert into qlikcrawler.lineage_unit (unit, connection, content, reader, uses, places, includes, hash, columns, unresolved)
			select key, 'prod', 0, 1, '{}', '', false, '\x00', 40, 0 from qlikcrawler.unit`,
		`create table public.file as
			select a, q, 'prod/s' || a as unit, 'dataset:file://f/qvd/app' || a || '/q' || q || '.qvd' as f, 'dataset:mssql://erp:1433/ERP.dbo.T' || a || '_' || q as db
			from generate_series(0, 4999) a, generate_series(1, 20) q`,
		`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name) select f, unit, 'prod', 'dataset', f from public.file
			union all select db, unit, 'prod', 'dataset', db from public.file
			union all select f, 'prod/l' || a, 'prod', 'dataset', f from public.file where q <= 4`,
		`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, parent_key)
			select k || '#*', unit, 'prod', 'dataset_column', '*', k from public.file, unnest(array[f, db]) k where q % 2 = 0
			union all select k || '#c' || c, unit, 'prod', 'dataset_column', 'c' || c, k from public.file, unnest(array[f, db]) k, generate_series(1, 8) c where q % 2 = 1
			union all select f || '#c' || c, 'prod/l' || a, 'prod', 'dataset_column', 'c' || c, f from public.file, generate_series(1, 8) c where q <= 4`,
		`insert into qlikcrawler.lineage_star (unit, from_dataset, to_dataset) select unit, db, f from public.file where q % 2 = 0`,
		`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, mask)
			select 'dataset:file://f/qvd/app' || a || '/*.qvd', 'prod/l' || a, 'prod', 'dataset', '*.qvd', '^dataset:file://f/qvd/app' || a || '/[^/]*\.qvd$'
			from generate_series(0, 4999, 100) a`,
		"analyze qlikcrawler.lineage_node", "analyze qlikcrawler.lineage_star",
	} {
		_, err := b.sql.Exec(b.t.Context(), strings.ReplaceAll(sql, "4999", strconv.Itoa(apps-1)))
		b.must(err)
	}
}

// loads is what the app n that loads says, with the columns of its files from one on.
func loads(n, from int) *catalog.LineageStored {
	app := "prod/l" + strconv.Itoa(n)
	var lines []string
	for q := range 4 {
		for c := from; c < from+8; c++ {
			lines = append(lines, fmt.Sprintf("dataset:file://f/qvd/app%d/q%d.qvd#c%d -> %s/field/f%d_%d", n, q+1, c, app, q, c))
		}
	}
	return sketch(catalog.Key(app), lines...)
}

// BenchmarkLink joins what apps say of files: all anew, and after one app has changed, with what it takes to store that;
// 5,000 apps that store are 10,000 apps in all, and 100,000 files.
func BenchmarkLink(b *testing.B) {
	for _, apps := range []int{200, 1000, 5000} {
		db := setup(b)
		qvdLayer(db, apps)
		b.Run(fmt.Sprintf("all/%d", apps), func(b *testing.B) {
			for b.Loop() {
				_, err := db.sql.Exec(b.Context(), "insert into qlikcrawler.lineage_unlinked (unit, ticket) values ('', 1)")
				db.must(err)
				db.must(db.LinkLineage(b.Context(), 0))
			}
			b.Logf("%s links", db.column("select count(*)::text from qlikcrawler.lineage_link")[0])
		})
		b.Run(fmt.Sprintf("one/%d", apps), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				changed, err := db.SaveLineage(b.Context(), 0, loads(17, 2+n%2))
				db.must(err)
				if !changed {
					b.Fatal("the app says what it said before")
				}
				db.must(db.LinkLineage(b.Context(), 0))
			}
		})
	}
}
