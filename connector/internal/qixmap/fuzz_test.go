package qixmap

import (
	"encoding/json"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// FuzzMapping gives the mapping mangled trees: it must not panic, and its rows must be such that they can be
// stored — keys of their own, under reports that are there.
func FuzzMapping(f *testing.F) {
	f.Add([]byte(`{"qProperty":{"qInfo":{"qId":"S"},"cells":[{"name":"C","col":1}]},"qChildren":[{"qProperty":{"qInfo":{"qId":"C"},"qExtendsId":"M",
		"qHyperCubeDef":{"qDimensions":[{"qLibraryId":"D"}],"qMeasures":[{"qDef":{"qDef":"1"}}]}},"qChildren":[]}]}`),
		[]byte(`{"qProperty":{"qInfo":{"qId":"M"},"qExtendsId":"M","title":{"qStringExpression":{"qExpr":"x"}}}}`),
		[]byte(`{"qMeta":{"published":true,"owner":"x"},"qInfo":{"qId":"v"},"qName":"v","tables":[{"name":"T"}],"fields":[{"name":"F","src_tables":["T","T"]}]}`))
	f.Add([]byte(`null`), []byte(`[]`), []byte(`{"fields":null}`))
	f.Add([]byte(`{"qProperty":{"qInfo":7},"qChildren":[null,[],{"qProperty":null}]}`), []byte(`{`), []byte(``))
	f.Fuzz(func(t *testing.T, tree, master, other []byte) {
		read := testApp()
		loose, _ := jsontree.Parse(other)
		read.Sheets = []Object{{ID: "S", Meta: loose.Get("qMeta"), Entry: tree}, {ID: "S2", Entry: master}}
		read.Masters = []Object{{ID: "M", Entry: master}, {ID: "N", Meta: loose, Entry: tree}}
		read.Measures = []Object{{ID: "mm", Meta: loose.Get("qMeta"), Entry: other}, {ID: "m2", Entry: tree}}
		read.Dimensions = []Object{{ID: "D", Entry: other}}
		read.Variables = append(loose.Items, loose)
		read.Metadata = other
		s := Map(testOptions(), read)
		checkStorable(t, s)
	})
}

func checkStorable(t *testing.T, s *catalog.Snapshot) {
	t.Helper()
	reports := map[catalog.Key]bool{}
	for _, r := range s.Reports {
		if reports[r.Key] || r.Key == "" || r.Parent != "" && !reports[r.Parent] {
			t.Errorf("report %q under %q", r.Key, r.Parent)
		}
		reports[r.Key] = true
	}
	fields := map[catalog.Key]bool{}
	for _, x := range s.Fields {
		if fields[x.Key] || !reports[x.Report] {
			t.Errorf("field %q of %q", x.Key, x.Report)
		}
		fields[x.Key] = true
	}
	for _, g := range s.Gaps {
		if g.Part == "" || g.Key == "" || catalog.CodeOf(g.Err) == "" {
			t.Errorf("gap %+v", g)
		}
	}
	if _, err := json.Marshal(s); err != nil {
		t.Errorf("can't be stored: %v", err)
	}
}
