package openlineage_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/openlineage"
)

const producer = "https://github.com/qlikcrawler/qlikcrawler/tree/v1.2.3"

// A sketch is lineage in short lines: "FROM -> TO" between columns, "FROM => TO" between tables, "~>" between
// columns without being a value, "FROM |> TO" of a part to its whole; what follows ":" is the statement.
type sketch struct {
	catalog.AppLineage
	nodes map[catalog.Key]bool
}

func app(key catalog.Key, name string) *sketch {
	s := &sketch{nodes: map[catalog.Key]bool{}}
	s.App, s.Name = key, name
	s.At = time.Date(2026, 11, 22, 3, 4, 5, 600_000_000, time.FixedZone("CET", 3600))
	s.node(key, catalog.NodeApp, name)
	return s
}

func (s *sketch) node(k catalog.Key, kind catalog.NodeKind, name string) {
	if s.nodes[k] {
		return
	}
	s.nodes[k] = true
	n := catalog.LineageNode{Key: k, Kind: kind, Name: name, Connection: k.Connection()}
	if kind == catalog.NodeDataset {
		namespace, path, _ := strings.Cut(strings.TrimPrefix(string(k), "dataset:"), "|")
		n.Attributes = map[string]any{"namespace": namespace, "name": path}
	}
	if kind == catalog.NodeCell {
		n.Attributes = map[string]any{"type": "barchart"}
	}
	s.Nodes = append(s.Nodes, n)
}

// guess tells a node's kind by its key: "dataset:NAMESPACE|NAME" is a dataset.
func (s *sketch) guess(k catalog.Key) {
	head, column, isColumn := strings.Cut(string(k), "#")
	name := head[strings.LastIndexByte(head, '/')+1:]
	switch inside := strings.TrimPrefix(string(k), string(s.App)+"/"); {
	case k.Outside() && isColumn:
		s.node(catalog.Key(head), catalog.NodeDataset, name)
		s.node(k, catalog.NodeDatasetColumn, column)
	case k.Outside():
		s.node(k, catalog.NodeDataset, name)
	case isColumn:
		s.node(k, catalog.NodeScriptField, column)
	case strings.HasPrefix(inside, "script/"):
		s.node(k, catalog.NodeScriptTable, name)
	case strings.HasPrefix(inside, "field/"):
		s.node(k, catalog.NodeField, name)
	case strings.Contains(inside, "/measure/"), strings.HasPrefix(inside, "m-"):
		s.node(k, catalog.NodeMeasure, "Measure "+name)
	case strings.Contains(inside, "/dimension/"):
		s.node(k, catalog.NodeDimension, "Dimension "+name)
	case strings.Contains(inside, "/"):
		s.node(k, catalog.NodeCell, "Chart "+name)
	case k != s.App:
		s.node(k, catalog.NodeSheet, "Sheet "+name)
	}
}

func (s *sketch) say(lines ...string) *sketch {
	for _, line := range lines {
		ends, statement, _ := strings.Cut(line, " : ")
		part := strings.Fields(ends)
		e := catalog.LineageEdge{
			From: catalog.Key(part[0]), To: catalog.Key(part[2]), Level: catalog.ColumnLevel, How: catalog.Direct,
			Origin: catalog.FromScript, Confidence: 1, Statement: statement,
		}
		switch part[1] {
		case "=>":
			e.Level = catalog.TableLevel
		case "~>":
			e.How = catalog.Indirect
		case "|>":
			e.Origin = catalog.FromStructure
		}
		s.guess(e.From)
		s.guess(e.To)
		s.Edges = append(s.Edges, e)
	}
	return s
}

func (s *sketch) events() []openlineage.Event { return openlineage.Events(&s.AppLineage, producer) }

const (
	orders = "dataset:mssql://db:1433|erp.dbo.Orders"
	qvd    = "dataset:file://fs01|/qvd/orders.qvd"
)

// extract reads a database and stores a QVD, report reads the QVD and shows it.
func extract() *sketch {
	s := app("prod/A", "Extract")
	s.Description, s.Owner = "Nightly", `ACME\ann`
	s.Script = "LIB CONNECT TO 'ERP'; SQL SELECT * FROM Orders;"
	return s.say(
		orders+" => prod/A/script/Orders",
		orders+"#ID -> prod/A/script/Orders#Id",
		orders+"#AMT -> prod/A/script/Orders#Amount",
		orders+"#DELETED ~> prod/A/script/Orders",
		"prod/A/script/Orders ~> prod/A/script/Orders#Id",
		"prod/A/script/Orders ~> prod/A/script/Orders#Amount",
		"prod/A/script/Orders => "+qvd,
		"prod/A/script/Orders#Id -> "+qvd+"#Id",
		"prod/A/script/Orders#Amount -> "+qvd+"#Amount",
	)
}

func report() *sketch {
	return app("prod/B", "Report").say(
		qvd+" => prod/B/script/F",
		qvd+"#Id -> prod/B/script/F#Id",
		qvd+"#Amount -> prod/B/script/F#Net",
		"prod/B/script/F#Id -> prod/B/field/Id",
		"prod/B/script/F#Net -> prod/B/field/Net",
		"prod/B/field/Net -> prod/B/m-total : Sum(Net)",
		"prod/B/field/Id ~> prod/B/m-total : Sum(Net)",
		"prod/B/m-total |> prod/B/s1/c1/measure/0",
		"prod/B/s1/c1/measure/0 |> prod/B/s1/c1",
		"prod/B/field/Id -> prod/B/s1/c1/dimension/0 : Id",
		"prod/B/s1/c1/dimension/0 |> prod/B/s1/c1",
		"prod/B/s1/c1 => prod/B/s1",
	)
}

// brief prints datasets and their column lineage.
func brief(list []openlineage.Dataset) []string {
	var out []string
	for _, d := range list {
		name := d.Namespace + "|" + d.Name
		f, ok := d.Facets["columnLineage"].(openlineage.ColumnLineage)
		if !ok {
			out = append(out, name)
			continue
		}
		for _, field := range slices.Sorted(maps.Keys(f.Fields)) {
			out = append(out, fmt.Sprintf("%s#%s <- %s", name, field, fieldsOf(f.Fields[field].InputFields)))
		}
		if len(f.Dataset) > 0 {
			out = append(out, fmt.Sprintf("%s <~ %s", name, fieldsOf(f.Dataset)))
		}
	}
	return out
}

func fieldsOf(list []openlineage.InputField) string {
	var out []string
	for _, f := range list {
		s := f.Name + "#" + f.Field
		for _, how := range f.Transformations {
			for _, word := range []string{how.Subtype, how.Description} {
				if word != "" {
					s += " " + word
				}
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestReloadsTellWhatTheyReadAndWrite(t *testing.T) {
	t.Parallel()
	events := extract().events()
	if len(events) != 2 || events[0].EventType != openlineage.Start || events[1].EventType != openlineage.Complete || events[0].Run != events[1].Run {
		t.Fatalf("want the start and the end of one run: %+v", events)
	}
	e := events[1]
	if diff := cmp.Diff([]string{"mssql://db:1433|erp.dbo.Orders"}, brief(e.Inputs)); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	want := []string{
		"file://fs01|/qvd/orders.qvd#Amount <- erp.dbo.Orders#AMT",
		"file://fs01|/qvd/orders.qvd#Id <- erp.dbo.Orders#ID",
		"file://fs01|/qvd/orders.qvd <~ erp.dbo.Orders#DELETED",
	}
	if diff := cmp.Diff(want, brief(e.Outputs)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if e.Job.Namespace != "qlik://prod" || e.Job.Name != "A" || !e.EventTime.Equal(extract().At) {
		t.Errorf("job %+v at %v", e.Job, e.EventTime)
	}
}

func TestChartsComeFromTheAppAndTheAppFromItsFiles(t *testing.T) {
	t.Parallel()
	events := report().events()
	if len(events) != 4 {
		t.Fatalf("%d events, want those of the reload and of one sheet", len(events))
	}
	want := []string{"qlik://prod|B#Id <- /qvd/orders.qvd#Id", "qlik://prod|B#Net <- /qvd/orders.qvd#Amount"}
	if diff := cmp.Diff(want, brief(events[1].Outputs)); diff != "" {
		t.Errorf("the app (-want +got):\n%s", diff)
	}
	want = []string{
		"qlik://prod|B/s1/c1#Dimension 0 <- B#Id Id",
		"qlik://prod|B/s1/c1#Measure 0 <- B#Net AGGREGATION Sum(Net)",
		"qlik://prod|B/s1/c1 <~ B#Id",
	}
	if diff := cmp.Diff(want, brief(events[3].Outputs)); diff != "" {
		t.Errorf("the chart (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"qlik://prod|B"}, brief(events[3].Inputs)); diff != "" || events[3].Job.Name != "B/s1" {
		t.Errorf("%s reads (-want +got):\n%s", events[3].Job.Name, diff)
	}
}

func TestTwoAppsMeetInAQVD(t *testing.T) {
	t.Parallel()
	written, read := extract().events()[1].Outputs[0], report().events()[1].Inputs[0]
	if written.Namespace != read.Namespace || written.Name != read.Name {
		t.Errorf("one app writes %s|%s, the other reads %s|%s", written.Namespace, written.Name, read.Namespace, read.Name)
	}
}

func TestAMaskStandsForItsFiles(t *testing.T) {
	t.Parallel()
	const mask = "dataset:file://fs01|/qvd/o*.qvd"
	s := app("prod/C", "Mask").say(mask+" => prod/C/script/T", mask+"#Id -> prod/C/script/T#Id", "prod/C/script/T#Id -> prod/C/field/Id")
	s.guess(qvd)
	s.Links = []catalog.LineageEdge{{From: qvd, To: mask, Level: catalog.TableLevel}}
	e := s.events()[1]
	if diff := cmp.Diff([]string{"file://fs01|/qvd/orders.qvd"}, brief(e.Inputs)); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"qlik://prod|C#Id <- /qvd/orders.qvd#Id"}, brief(e.Outputs)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestAColumnBehindAStarOfAStoredFileComesFromItsSource(t *testing.T) {
	t.Parallel()
	s := app("prod/D", "Star").say(orders+" => prod/D/script/T", orders+"#* -> prod/D/script/T#*", "prod/D/script/T => "+qvd, "prod/D/script/T#* -> "+qvd+"#*")
	s.guess(qvd + "#City")
	s.guess(orders + "#City")
	s.Links = []catalog.LineageEdge{{From: orders + "#City", To: qvd + "#City", Level: catalog.ColumnLevel}}
	e := s.events()[1]
	if diff := cmp.Diff([]string{"file://fs01|/qvd/orders.qvd#City <- erp.dbo.Orders#City"}, brief(e.Outputs)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestAnotherAppAndADatasetOfAPersonHaveNamesToo(t *testing.T) {
	t.Parallel()
	s := app("prod/E", "Binary").say("prod/A/field/Id -> prod/E/field/Id", "prod/A => prod/E", "dataset:postgres://h:5432/crm.public.%23x => prod/E")
	for i := range s.Nodes {
		s.Nodes[i].Attributes = nil
	}
	e := s.events()[1]
	if diff := cmp.Diff([]string{"postgres://h:5432|crm.public.#x", "qlik://prod|A"}, brief(e.Inputs)); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"qlik://prod|E#Id <- A#Id"}, brief(e.Outputs)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestTheSameLineageGivesTheSameEvents(t *testing.T) {
	t.Parallel()
	s := report()
	first := text(t, s.events())
	slices.Reverse(s.Nodes)
	slices.Reverse(s.Edges)
	if again := text(t, s.events()); first != again {
		t.Errorf("the order of rows counts:\n%s", cmp.Diff(first, again))
	}
}

func TestEventsAreValid(t *testing.T) {
	t.Parallel()
	schemas := compileSchemas(t)
	lists := [][]openlineage.Event{extract().events(), report().events(), app("prod/F", "Empty").events(), app("prod/G", "").say("prod/G/s/c => prod/G/s").events()}
	facets := map[string]bool{}
	for _, list := range lists {
		for _, e := range list {
			doc := decode(t, text(t, e))
			if err := schemas.event.Validate(doc); err != nil {
				t.Errorf("%v\n%s", err, text(t, e))
			}
			schemas.facets(t, doc, facets)
		}
	}
	for _, want := range []string{"columnLineage", "schema", "datasetType", "documentation", "jobType", "ownership", "sourceCode"} {
		if !facets[want] {
			t.Errorf("no event has the facet %s", want)
		}
	}
}

func TestInvalidEventsAreFoundByTheSchemas(t *testing.T) {
	t.Parallel()
	schemas := compileSchemas(t)
	bad := extract().events()[1]
	bad.Run.RunID = "no uuid"
	if schemas.event.Validate(decode(t, text(t, bad))) == nil {
		t.Error("a run id that is no UUID passes: formats aren't asserted")
	}
}

type schemas struct {
	event *jsonschema.Schema
	facet map[string]*jsonschema.Schema // by the schema URL, without the fragment
}

// compileSchemas reads the official schemas from the folder that the environment names.
func compileSchemas(t *testing.T) schemas {
	t.Helper()
	dir := os.Getenv("QLIKCRAWLER_OPENLINEAGE_SCHEMAS")
	if dir == "" {
		t.Skip("QLIKCRAWLER_OPENLINEAGE_SCHEMAS names no folder with OpenLineage's schemas")
	}
	files, err := filepath.Glob(filepath.Join(dir, "facets", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no facets in %s: %v", dir, err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s := schemas{facet: map[string]*jsonschema.Schema{}}
	var ids []string
	for _, file := range append(files, filepath.Join(dir, "OpenLineage.json")) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc := decode(t, string(raw)).(map[string]any)
		ids = append(ids, doc["$id"].(string))
		if err := c.AddResource(doc["$id"].(string), doc); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		compiled, err := c.Compile(id)
		if err != nil {
			t.Fatal(err)
		}
		s.facet[id] = compiled
	}
	s.event = s.facet[ids[len(ids)-1]]
	return s
}

// facets validates every facet of a document by the schema that it names.
func (s schemas) facets(t *testing.T, doc any, seen map[string]bool) {
	t.Helper()
	switch doc := doc.(type) {
	case []any:
		for _, x := range doc {
			s.facets(t, x, seen)
		}
	case map[string]any:
		for name, x := range doc {
			facet, _ := x.(map[string]any)
			if at, ok := facet["_schemaURL"].(string); ok {
				id, _, _ := strings.Cut(at, "#")
				schema := s.facet[id]
				if schema == nil {
					t.Errorf("there is no schema %s", at)
				} else if err := schema.Validate(map[string]any{name: x}); err != nil {
					t.Errorf("facet %s: %v", name, err)
				}
				seen[name] = true
			}
			s.facets(t, x, seen)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode(t *testing.T, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
