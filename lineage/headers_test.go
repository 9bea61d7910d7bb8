package lineage_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvd"
)

// files are headers by the path that a script's file has; other files aren't there.
type files map[string]any

func (f files) qvds(hidden ...catalog.Key) *lineage.QVDs {
	return &lineage.QVDs{
		Header: func(_ bool, names ...string) (*qvd.Header, error) {
			switch says := f[names[0]].(type) {
			case *qvd.Header:
				return says, nil
			case error:
				return nil, says
			default:
				return nil, qvd.ErrAbsent
			}
		},
		Hidden: func(app, _ catalog.Key) bool { return slices.Contains(hidden, app) },
	}
}

func headerOf(creator string, names ...string) *qvd.Header {
	h := &qvd.Header{Table: "T", Creator: creator}
	for _, n := range names {
		h.Fields = append(h.Fields, qvd.Field{Name: n, Comment: "about " + n, Tags: []string{"$numeric"}})
	}
	return h
}

const raw = "dataset:file://files.acme.example/qlik/qvd/a.qvd"

func TestAHeaderNamesTheColumnsBehindAStar(t *testing.T) {
	t.Parallel()
	in := lineage.Input{
		Connections: connections, QVDs: files{"/qlik/qvd/a.qvd": headerOf("", "ID", "Amount")}.qvds(),
		App: appOf("A: LOAD * FROM [lib://QVD/a.qvd] (qvd);\nB: LOAD ID, Sum(Amount) AS Total RESIDENT A GROUP BY ID;\nDROP TABLE A;", fields("ID", "Total")),
	}
	l := lineage.Build(in)
	if l.Unresolved != 0 || len(l.Gaps) != 0 {
		t.Errorf("%d unresolved, gaps %v", l.Unresolved, l.Gaps)
	}
	same(t, "the table's fields", edges(l, catalog.ColumnLevel, "prod/a/script/A#"), []string{
		raw + "#Amount -> prod/a/script/A#Amount 0.9", raw + "#ID -> prod/a/script/A#ID 0.9",
	})
	for _, e := range l.Edges {
		if e.To == "prod/a/script/A#ID" && (e.Origin != catalog.FromEngine || e.Line != 1) {
			t.Errorf("%+v", e)
		}
	}
	i := slices.IndexFunc(l.Nodes, func(n catalog.LineageNode) bool { return n.Key == raw+"#Amount" })
	if d := cmp.Diff(map[string]any{"comment": "about Amount", "tags": []string{"$numeric"}}, l.Nodes[i].Attributes); d != "" {
		t.Errorf("the column's attributes (-want +got):\n%s", d)
	}
	if d := cmp.Diff(l, lineage.Build(in)); d != "" {
		t.Errorf("the same input gives another lineage:\n%s", d)
	}
	without := lineage.Build(lineage.Input{Connections: connections, App: in.App})
	if strings.Contains(fmt.Sprint(edges(without, catalog.ColumnLevel, "prod/a/script/A#")), "0.9") {
		t.Error("without headers the edges are the same")
	}
	if !l.Includes || without.Includes {
		t.Error("an app that depends on headers must be made anew when they may have changed, and no other")
	}
}

func TestWhatTheScriptNamesIsTheScripts(t *testing.T) {
	t.Parallel()
	for _, script := range []string{
		"A: LOAD ID FROM [lib://QVD/a.qvd] (qvd);",
		"A: LOAD *; LOAD ID FROM [lib://QVD/a.qvd] (qvd);",
		"A: LOAD ID; LOAD * FROM [lib://QVD/a.qvd] (qvd);",
	} {
		l := lineage.Build(lineage.Input{
			Connections: connections, QVDs: files{"/qlik/qvd/a.qvd": headerOf("", "ID", "Amount")}.qvds(), App: appOf(script),
		})
		same(t, script, edges(l, catalog.ColumnLevel, "prod/a/script/A#"), []string{raw + "#ID -> prod/a/script/A#ID"})
		if len(l.Gaps) > 0 {
			t.Error(l.Gaps)
		}
	}
}

func TestWhatAHeaderCantTellIsAGap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		file   any
		says   string // "": no gap
	}{
		"no file behind a star":      {"A: LOAD * FROM [lib://QVD/a.qvd] (qvd);", nil, "below options.qvds_path is no such file"},
		"no file, all named":         {"A: LOAD ID FROM [lib://QVD/a.qvd] (qvd);", nil, ""},
		"several files":              {"A: LOAD ID FROM [lib://QVD/a.qvd] (qvd);", qvd.ErrAmbiguous, "which of them it is can't be told"},
		"a broken file":              {"A: LOAD ID FROM [lib://QVD/a.qvd] (qvd);", errors.New("the header can't be read"), "can't be used: the header can't be read"},
		"a column that isn't there":  {"A: LOAD ID, Gone FROM [lib://QVD/a.qvd] (qvd) WHERE Old = 1;", headerOf("", "ID"), "no column Gone, Old: the file was written before"},
		"names count by case":        {"A: LOAD id FROM [lib://QVD/a.qvd] (qvd);", headerOf("", "ID"), "no column id"},
		"a mask is left alone":       {"A: LOAD * FROM [lib://QVD/*.qvd] (qvd);", nil, ""},
		"an attached file":           {"A: LOAD * FROM [lib://AttachedFiles/a.qvd] (qvd);", nil, ""},
		"the script's own file":      {"T: LOAD 1 AS X AUTOGENERATE 1; STORE T INTO [lib://QVD/a.qvd] (qvd); A: LOAD * FROM [lib://QVD/a.qvd] (qvd);", nil, ""},
		"a table, not a file of QVD": {"A: LOAD * FROM [lib://QVD/a.csv] (txt);", nil, ""},
	} {
		l := lineage.Build(lineage.Input{Connections: connections, App: appOf(c.script), QVDs: files{"/qlik/qvd/a.qvd": c.file}.qvds()})
		var why []string
		for _, g := range l.Gaps {
			why = append(why, g.Why)
			if g.Line != 1 || g.What != "lib://QVD/a.qvd" {
				t.Errorf("%s: the gap's place: %+v", name, g)
			}
		}
		if text := strings.Join(why, "\n"); (c.says == "") != (text == "") || !strings.Contains(text, c.says) {
			t.Errorf("%s: %q; want %q", name, text, c.says)
		}
	}
}

func TestAHeaderTellsWhichAppWroteAFileIfNoScriptDoes(t *testing.T) {
	t.Parallel()
	const id = "4F6B1C8A-0000-4000-8000-00000000000A"
	writer := catalog.AppKey("prod", strings.ToLower(id))
	for name, c := range map[string]struct {
		creator string
		hidden  []catalog.Key
		want    []string
	}{
		"an app of the catalog":                {id, []catalog.Key{writer}, []string{string(writer) + " -> " + raw + " 0.9"}},
		"its file":                             {`C:\Qlik\` + id + ".qvf", []catalog.Key{writer}, []string{string(writer) + " -> " + raw + " 0.9"}},
		"one whose script tells, or of nobody": {id, nil, nil},
		"a document":                           {`D:\QlikView\Sales.qvw`, []catalog.Key{writer}, nil},
	} {
		l := lineage.Build(lineage.Input{
			Connections: connections, App: appOf("A: LOAD ID FROM [lib://QVD/a.qvd] (qvd);"),
			QVDs: files{"/qlik/qvd/a.qvd": headerOf(c.creator, "ID")}.qvds(c.hidden...),
		})
		same(t, name, edges(l, catalog.TableLevel, raw), c.want)
		for _, e := range l.Edges {
			if e.To == raw && e.Origin != catalog.FromEngine {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

func TestStoresAreWhatAScriptIsSeenToStore(t *testing.T) {
	t.Parallel()
	got := lineage.Stores(lineage.Input{
		Connections: connections,
		App:         appOf("T: LOAD 1 AS X AUTOGENERATE 1; STORE T INTO [lib://same files/QVD\\A.qvd] (qvd); STORE T INTO [lib://QVD/t.csv] (txt);"),
	})
	want := map[catalog.Key]bool{raw: true, "dataset:file://files.acme.example/qlik/qvd/t.csv": true}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
