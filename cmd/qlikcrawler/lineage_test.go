package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// graph is what `lineage show` prints.
func (p *program) graph(args ...string) catalog.LineageGraph {
	p.t.Helper()
	var g catalog.LineageGraph
	r := p.must(exitDone, "", append([]string{"lineage", "show", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(r.stdout), &g); err != nil {
		p.t.Fatal(err)
	}
	return g
}

func has(g catalog.LineageGraph, key catalog.Key) bool {
	return slices.ContainsFunc(g.Nodes, func(n catalog.GraphNode) bool { return n.Key == key })
}

// An app of the demo site stores QVD files of an ERP's tables, another one makes a model of them, a third shows it. Here
// that one reads them through a data connection of another name, which leads to the same folder.
func TestAChartIsTracedToTheDatabaseThroughTwoApps(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	var show *qliktest.App
	for _, a := range site.Apps {
		if strings.HasPrefix(a.Name, "Sales Overview") {
			show = a
		}
	}
	qvd := site.DataConnections[slices.IndexFunc(site.DataConnections, func(d *qliktest.DataConnection) bool { return d.Name == "QVD" })]
	alias := *qvd
	alias.ID, alias.Name, alias.ConnectionString = qliktest.DeriveID("test", "alias"), "Model files", strings.TrimSuffix(qvd.ConnectionString, `\`)+`\Model`
	site.DataConnections = append(site.DataConnections, &alias)
	srv := qliktest.New(t, site, qliktest.Options{})
	script := strings.ReplaceAll(show.Content().Script, "SET vModel='lib://QVD/model';", "SET vModel='lib://model FILES';")
	if script == show.Content().Script {
		t.Fatal("the demo's script is another one")
	}
	srv.EditScript(show.ID, script)
	p := newProgram(t)
	c := p.crawl(exitDone, fileFor(t, srv, "q"), "-f", "-")
	if c.Tally.Lineage.Apps != len(site.Apps) || c.Tally.Lineage.Columns == 0 || c.Tally.Lineage.Unresolved != 0 {
		t.Errorf("the crawl's lineage: %+v", c.Tally.Lineage)
	}
	chart := "q/" + show.ID + "/overview/by-category"
	const column = "dataset:mssql://erp.alpina.example:1433/ERP.dbo.OrderLines#Quantity"
	if g := p.graph(chart, "--direction", "upstream", "--columns"); !has(g, column) {
		t.Errorf("the chart isn't traced to %s: %+v", column, g.Nodes)
	}
	if g := p.graph(column, "--direction", "downstream"); !has(g, catalog.Key(chart)) || !has(g, catalog.Key("q/"+show.ID)) {
		t.Errorf("without %s the chart isn't said to break: %+v", column, g.Nodes)
	}
	star := p.graph("q/"+show.ID+"/field/City", "--direction", "upstream")
	if !has(star, "dataset:mssql://erp.alpina.example:1433/ERP.dbo.Customers#City") {
		t.Errorf("a column that was stored by SELECT * isn't traced to the database: %+v", star.Nodes)
	}
	text := p.must(exitDone, "", "lineage", "show", chart, "--columns", "--direction", "upstream").stdout
	for _, want := range []string{"comes from", "└─ ", column, "line "} {
		if !strings.Contains(text, want) {
			t.Errorf("the tree lacks %q:\n%s", want, text)
		}
	}
	path := p.graph(column, "--to", chart)
	if path.Nodes[0].Key != column || path.Nodes[len(path.Nodes)-1].Key != catalog.Key(chart) {
		t.Errorf("the way is %+v", path.Nodes)
	}
	wrong := p.run("", "lineage", "show", "q/"+show.ID+"/field/city")
	if wrong.status != exitFailed || !strings.Contains(wrong.stderr, "q/"+show.ID+"/field/City") {
		t.Errorf("of an unknown key it says (%d) %s", wrong.status, wrong.stderr)
	}
	if secrets := texts(t, connect(t, p.database()), "select connect_string from qlikcrawler.data_connection where connect_string ~* 'password|pwd|uid'"); len(secrets) > 0 {
		t.Errorf("connect strings hold %v", secrets)
	}
	requests := srv.Counters().RequestTotal()
	before := texts(t, connect(t, p.database()), "select from_key || ' ' || to_key from catalog.lineage_edge order by 1")
	p.must(exitDone, "", "lineage", "build", "q")
	if n := srv.Counters().RequestTotal(); n != requests {
		t.Errorf("a build asked the site %d times", n-requests)
	}
	if after := texts(t, connect(t, p.database()), "select from_key || ' ' || to_key from catalog.lineage_edge order by 1"); !slices.Equal(before, after) {
		t.Error("a build of what was built gives other edges")
	}
}

func TestWhatPeopleSayGoesOutAndComesBack(t *testing.T) {
	t.Parallel()
	site := smallSite(2)
	srv := qliktest.New(t, site, qliktest.Options{})
	p := newProgram(t)
	p.crawl(exitDone, fileFor(t, srv, "q"), "-f", "-")
	app := "q/" + site.Apps[0].ID
	p.must(exitDone, "", "lineage", "edge", "add", "dataset:s3://lake/a.parquet", app, "--author", "ada", "--reason", "a plugin, \"loads\" it")
	p.must(exitDone, "", "lineage", "edge", "add", "dataset:s3://lake/b.parquet", app, "--not", "--author", "ada", "--reason", "no")
	if g := p.graph(app, "--direction", "upstream"); !has(g, "dataset:s3://lake/a.parquet") || has(g, "dataset:s3://lake/b.parquet") {
		t.Errorf("above the app are %+v", g.Nodes)
	}
	list := p.must(exitDone, "", "lineage", "edge", "list", "--json").stdout
	dir := t.TempDir()
	for _, format := range []string{"csv", "json"} {
		file := filepath.Join(dir, "edges."+format)
		p.must(exitDone, "", "lineage", "edge", "export", "q", "-o", file)
		p.must(exitDone, "", "lineage", "edge", "remove", "dataset:s3://lake/a.parquet", app)
		p.must(exitDone, "", "lineage", "edge", "remove", "dataset:s3://lake/b.parquet", app)
		p.must(exitDone, "", "lineage", "edge", "import", file)
		if again := p.must(exitDone, "", "lineage", "edge", "list", "--json").stdout; again != list {
			t.Errorf("by %s they come back as %s, were %s", format, again, list)
		}
	}
	p.must(exitFailed, "", "lineage", "edge", "remove", "dataset:none/x", app)
	p.must(exitUsage, "from_key,to_key\ndataset:x/y,"+app+"\n", "lineage", "edge", "import", "-")
	p.must(exitUsage, "from,to\n", "lineage", "edge", "import", "-")
	p.must(exitDone, "from_key,to_key\ndataset:x/y,"+app+"\n", "lineage", "edge", "import", "-", "--author", "ada", "--reason", "bulk")
	p.must(exitUsage, "", "lineage", "edge", "add", "dataset:x/y", "dataset:x/y", "--author", "ada", "--reason", "itself")
}

func TestLineageIsBuiltOnDemandOnlyWhenToldSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.qvs"), []byte("Included: LOAD 1 AS FromFile AUTOGENERATE 1;"), 0o600); err != nil {
		t.Fatal(err)
	}
	site := smallSite(2)
	srv := qliktest.New(t, site, qliktest.Options{})
	srv.EditScript(site.Apps[0].ID, "$(Must_Include=lib://Scripts/x.qvs);")
	p := newProgram(t)
	file := fileFor(t, srv, "q") + "\noptions: {auto_lineage: false, qvs_path: " + dir + "}\n"
	if c := p.crawl(exitDone, file, "-f", "-"); c.Tally.Lineage.Apps != 0 {
		t.Errorf("the crawl's lineage: %+v", c.Tally.Lineage)
	}
	edges := func() int {
		return len(texts(t, connect(t, p.database()), "select to_key from catalog.lineage_edge where to_key like '%/script/Included#FromFile' or from_key like '%/script/Included'"))
	}
	if n := edges(); n != 0 {
		t.Errorf("%d edges before anybody asked", n)
	}
	var built buildResult
	if err := json.Unmarshal([]byte(p.must(exitDone, "", "lineage", "build", "q", "--json").stdout), &built); err != nil {
		t.Fatal(err)
	}
	if built.Apps != 2 || built.Changed != 2 || len(built.PerApp) != 2 || edges() == 0 {
		t.Errorf("the build: %+v, %d edges of the included file", built, edges())
	}
}

// Somebody moves the folder that a data connection leads to, then names the connection otherwise, and touches no app:
// the next delta makes the lineage of the apps that use it anew, of what is stored.
func TestADataConnectionThatLeadsElsewhereMovesLineageWithoutOpeningAnApp(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	p := newProgram(t)
	p.crawl(exitDone, fileFor(t, srv, "q"), "-f", "-")
	qvd := func(s *qliktest.Site) *qliktest.DataConnection {
		return s.DataConnections[slices.IndexFunc(s.DataConnections, func(d *qliktest.DataConnection) bool { return d.Name == "QVD" })]
	}
	files := func() (old, moved, unresolved int) {
		for _, key := range p.lineageKeys(t, "dataset") {
			switch {
			case strings.HasPrefix(key, "dataset:file://moved.example/"):
				moved++
			case strings.HasPrefix(key, "dataset:lib://q/qvd/"):
				unresolved++
			case strings.HasSuffix(key, ".qvd"):
				old++
			}
		}
		return old, moved, unresolved
	}
	before, _, _ := files()
	if before == 0 {
		t.Fatal("the demo has no QVD files")
	}
	for _, step := range []struct {
		name   string
		change func(d *qliktest.DataConnection)
		check  func(old, moved, unresolved int) bool
	}{
		{"nothing", func(*qliktest.DataConnection) {}, func(old, moved, unresolved int) bool { return old == before && moved+unresolved == 0 }},
		{"it leads elsewhere", func(d *qliktest.DataConnection) { d.ConnectionString = `\\moved.example\qvd\` }, func(old, moved, unresolved int) bool { return old == 0 && moved == before }},
		{"it has another name", func(d *qliktest.DataConnection) { d.Name = "QVD files" }, func(old, moved, unresolved int) bool { return old+moved == 0 && unresolved == before }},
	} {
		srv.Edit(func(s *qliktest.Site) {
			if step.name != "nothing" {
				d := qvd(s)
				step.change(d)
			}
		})
		srv.ResetCounters()
		c := p.crawl(exitDone, "", "q")
		counters := srv.Counters()
		if c.Mode != catalog.Delta || counters.OpensWithoutData != 0 || c.Tally.Unchanged != len(site.Apps) {
			t.Errorf("%s: %s, %d opens, %+v; want a delta that opens nothing", step.name, c.Mode, counters.OpensWithoutData, c.Tally)
		}
		if n := countOf(counters.Requests, "dataconnection/table"); n != 1 {
			t.Errorf("%s: the data connections are listed %d times, want once: %v", step.name, n, counters.Requests)
		}
		if (c.Tally.Lineage.Apps == 0) != (step.name == "nothing") {
			t.Errorf("%s: the lineage of %d apps was made", step.name, c.Tally.Lineage.Apps)
		}
		if old, moved, unresolved := files(); !step.check(old, moved, unresolved) {
			t.Errorf("%s: %d files as before (of %d), %d moved, %d of no known folder", step.name, old, before, moved, unresolved)
		}
	}
}

// countOf counts the requests of endpoints that hold a word.
func countOf(requests map[string]int, word string) (n int) {
	for endpoint, times := range requests {
		if strings.Contains(strings.ToLower(endpoint), word) {
			n += times
		}
	}
	return n
}

// lineageKeys are the keys of the lineage's nodes of a kind, as the export has them.
func (p *program) lineageKeys(t *testing.T, kind catalog.NodeKind) (keys []string) {
	t.Helper()
	dir := t.TempDir()
	p.must(exitDone, "", "export", "json", "q", "-o", dir)
	text, err := os.ReadFile(filepath.Join(dir, "lineage_node.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var n struct{ Key, Kind string }
		if err := json.Unmarshal([]byte(line), &n); err != nil {
			t.Fatal(err)
		}
		if n.Kind == string(kind) {
			keys = append(keys, n.Key)
		}
	}
	return keys
}
