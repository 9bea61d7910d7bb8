package qix_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	q "github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

func TestOpenDocSaysWhatIsOpenAndIsCounted(t *testing.T) {
	t.Parallel()
	meter := &qix.Meter{}
	s := dial(t, qix.Dialer{Meter: meter}, q.Script{
		q.Greet(),
		q.Expect("GetActiveDoc"), q.ReplyError(1007, "No active document", "App invalid"),
		q.Expect("OpenDoc", "a", "", "", "", true), q.ReplyError(1009, "", "App already open in different mode"),
		q.Expect("OpenDoc", "a", "", "", "", false), q.ReplyRaw(`"result":{"qReturn":{"qType":"Doc","qHandle":1,"qGenericId":"a"}},"change":[1]`),
		q.Expect("GetActiveDoc"), q.Reply(q.Handle("Doc", 1, "b")),
	})
	_, err := s.GetActiveDoc(within(t))
	if e := as[*qix.EngineError](t, err); e.Code != qix.CodeAppInvalid {
		t.Errorf("error %v", e)
	}
	_, err = s.OpenDoc(within(t), "a", true)
	if e := as[*qix.EngineError](t, err); e.Code != qix.CodeOpenedOtherwise {
		t.Errorf("error %v", e)
	}
	doc, err := s.OpenDoc(within(t), "a", false)
	if err != nil || doc.AppID() != "a" || doc.Type != "Doc" {
		t.Errorf("doc %+v, error %v", doc, err)
	}
	if doc, err = s.GetActiveDoc(within(t)); err != nil || doc.AppID() != "b" {
		t.Errorf("doc %+v, error %v", doc, err)
	}
	got := meter.Counts()
	if got.Opens != 2 || got.OpensWithData != 1 || got.Sockets != 1 || got.Calls != 4 || got.FramesIn != 5 ||
		got.BytesIn == 0 || got.BytesOut == 0 {
		t.Errorf("counts %+v", got)
	}
}

func TestDocCallsAskAndDecode(t *testing.T) {
	t.Parallel()
	yes := true
	_, doc := open(t,
		q.Expect("GetObjects", json.RawMessage(`{"qTypes":["sheet","masterobject"],"qIncludeSessionObjects":false,"qData":{}}`)),
		q.ReplyRaw(`"result":{"qList":[
			{"qInfo":{"qId":"s1","qType":"sheet"},"qMeta":{"title":"Sales","description":"","tags":["x"],
			 "createdDate":"2024-05-01T10:20:30.123Z","modifiedDate":"1753-01-01T00:00:00.000Z","published":true,"publishTime":"",
			 "owner":{"id":"g","userId":"jdoe","userDirectory":"CORP","name":"Jane"},"privileges":["read"],"id":"row"},"qData":{"rank":0.5}},
			{"qInfo":{"qId":"s2","qType":"sheet"},"qMeta":{"owner":"cloud-id","title":7,"title":"twice"}},{}]}`),
		q.Expect("GetVariables", json.RawMessage(`{"qType":"variable","qShowReserved":true,"qShowConfig":false,"qData":{}}`)),
		q.ReplyRaw(`"result":{"qList":[{"qName":"v","qDefinition":"=1","qIsScriptCreated":true,"qInfo":{"qId":"v1","qType":"variable"}}]}`),
		q.Expect("GetAppLayout"), q.ReplyRaw(`"result":{"qLayout":{"qTitle":"App","qHasScript":true,"qThumbnail":{"qUrl":"/t.png"},"qStateNames":["$"]}}`),
		q.Expect("GetAppProperties"), q.ReplyRaw(`"result":{"qProp":{"qTitle":"App","create":[]}}`),
		q.Expect("GetScriptEx"), q.ReplyRaw(`"result":{"qScript":{"qScript":"LOAD 1;\r\n","qIsLocked":true}}`),
		q.Expect("GetLineage"), q.ReplyRaw(`"result":{"qLineage":[{"qDiscriminator":"INLINE;"},{"qStatement":"SQL"}]}`),
		q.Expect("GetConnections"), q.ReplyRaw(`"result":{"qConnections":[{"qId":"c","qName":"DB","qConnectionString":"x","qType":"ODBC"}]}`),
		q.Expect("GetTablesAndKeys", json.RawMessage(`{"qcx":1000,"qcy":1000}`), json.RawMessage(`{"qcx":0,"qcy":0}`), 30, true, false),
		q.ReplyRaw(`"result":{"qtr":[{"qName":"T","qNoOfRows":3,"qFields":[{"qName":"F","qInformationDensity":"NaN","qnRows":3,"qTags":["$key"]}]}],"qk":[{"qKeyFields":["F"],"qTables":["T","U"]}]}`),
	)
	ctx := within(t)
	objects := answer(t, doc.GetObjects(ctx, "sheet", "masterobject"))
	wantObjects := []qix.ObjectEntry{
		{
			Info: qix.Info{ID: "s1", Type: "sheet"},
			Meta: qix.Meta{
				Title: "Sales", Tags: []qix.Text{"x"}, CreatedDate: "2024-05-01T10:20:30.123Z", ModifiedDate: "1753-01-01T00:00:00.000Z",
				Published: &yes, Owner: qix.Owner{ID: "g", UserID: "jdoe", UserDirectory: "CORP", Name: "Jane"},
				Privileges: []qix.Text{"read"}, RepositoryID: "row",
			},
			Data: json.RawMessage(`{"rank":0.5}`),
		},
		{Info: qix.Info{ID: "s2", Type: "sheet"}, Meta: qix.Meta{Title: "twice", Owner: qix.Owner{ID: "cloud-id"}}},
		{},
	}
	if diff := cmp.Diff(wantObjects, objects); diff != "" {
		t.Error(diff)
	}
	wantVariables := []qix.VariableEntry{{Name: "v", Definition: "=1", IsScriptCreated: true, Info: qix.Info{ID: "v1", Type: "variable"}}}
	if diff := cmp.Diff(wantVariables, answer(t, doc.GetVariables(ctx, true, false))); diff != "" {
		t.Error(diff)
	}
	layout := answer(t, doc.GetAppLayout(ctx))
	if layout.Title != "App" || !layout.HasScript || layout.Thumbnail.URL != "/t.png" || layout.StateNames[0] != "$" {
		t.Errorf("layout %+v", layout)
	}
	if got := answer(t, doc.GetAppProperties(ctx)); string(got) != `{"qTitle":"App","create":[]}` {
		t.Errorf("properties %s", got)
	}
	if got := answer(t, doc.GetScriptEx(ctx)); got.Script != "LOAD 1;\r\n" || !got.IsLocked {
		t.Errorf("script %+v", got)
	}
	if diff := cmp.Diff([]qix.LineageEntry{{Discriminator: "INLINE;"}, {Statement: "SQL"}}, answer(t, doc.GetLineage(ctx))); diff != "" {
		t.Error(diff)
	}
	if got := answer(t, doc.GetConnections(ctx)); len(got) != 1 || got[0].Name != "DB" {
		t.Errorf("connections %+v", got)
	}
	model := answer(t, doc.GetTablesAndKeys(ctx, true, false))
	if f := model.Tables[0].Fields[0]; !math.IsNaN(float64(f.InformationDensity)) || f.Rows != 3 || len(model.Keys[0].Tables) != 2 {
		t.Errorf("model %+v", model)
	}
}

func TestANullHandleIsAValueAndCallingItAnError(t *testing.T) {
	t.Parallel()
	_, doc := open(t,
		q.Expect("GetObject", "no"), q.Reply(q.NullHandle()),
		q.Expect("GetMeasure", "no"), q.ReplyRaw(`"result":{}`),
		q.Expect("GetDimension", "odd"), q.ReplyRaw(`"result":{"qReturn":{"qHandle":"NaN"}}`),
		q.Expect("GetVariableById", "odd"), q.ReplyRaw(`"result":{"qReturn":{"qHandle":-3.5}}`),
	)
	ctx := within(t)
	for _, reply := range []*qix.Reply[qix.Handle]{
		doc.GetObject(ctx, "no"), doc.GetMeasure(ctx, "no"), doc.GetDimension(ctx, "odd"), doc.GetVariableByID(ctx, "odd"),
	} {
		h := answer(t, reply)
		if !h.Null() {
			t.Errorf("handle %+v isn't null", h)
		}
		failure[*qix.NullHandleError](t, h.GetLayout(ctx))
		failure[*qix.NullHandleError](t, h.GetFullPropertyTree(ctx))
	}
	failure[*qix.NullHandleError](t, qix.Handle{}.GetProperties(ctx))
}

func TestHandlesReadPropertiesAndTrees(t *testing.T) {
	t.Parallel()
	_, doc := open(t,
		q.Expect("GetObject", "s"), q.ReplyRaw(`"result":{"qReturn":{"qType":"GenericObject","qHandle":5,"qGenericType":"sheet","qGenericId":"s"}}`),
		q.ExpectOn(5, "GetProperties"), q.ReplyRaw(`"result":{"qProp":{"a":1,"a":2}}`),
		q.ExpectOn(5, "GetEffectiveProperties"), q.ReplyRaw(`"result":{"qProp":{"b":1}}`),
		q.ExpectOn(5, "GetLayout"), q.ReplyRaw(`"result":{"qLayout":{"c":1}}`),
		q.ExpectOn(5, "GetFullPropertyTree"), q.ReplyRaw(`"result":{"qPropEntry":{"qProperty":{"d":1},"qChildren":[{"qProperty":{"e":1}},{}]}}`),
	)
	ctx := within(t)
	h := answer(t, doc.GetObject(ctx, "s"))
	if h.Null() || h.GenericType != "sheet" || h.GenericID != "s" || h.Type != "GenericObject" {
		t.Errorf("handle %+v", h)
	}
	properties, effective, layout, tree := h.GetProperties(ctx), h.GetEffectiveProperties(ctx), h.GetLayout(ctx), h.GetFullPropertyTree(ctx)
	if p, e, l := answer(t, properties), answer(t, effective), answer(t, layout); string(p) != `{"a":1,"a":2}` || string(e) != `{"b":1}` || string(l) != `{"c":1}` {
		t.Errorf("got %s, %s, %s", p, e, l)
	}
	want := qix.PropertyTree{Property: json.RawMessage(`{"d":1}`), Children: []qix.PropertyTree{{Property: json.RawMessage(`{"e":1}`)}, {Property: json.RawMessage(`null`)}}}
	if diff := cmp.Diff(want, answer(t, tree)); diff != "" {
		t.Error(diff)
	}
}

func TestATreeOfAnotherShapeIsAnErrorWithWhatCouldBeRead(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"qChildren":[`, 3000) + strings.Repeat(`]}`, 3000)
	_, doc := open(t,
		q.Expect("GetObject", "a"), q.Reply(q.Handle("GenericObject", 2, "a")), q.ExpectOn(2, "GetFullPropertyTree"),
		q.ReplyRaw(`"result":{"qPropEntry":{"qProperty":{"d":1},"qChildren":[{"qProperty":2},7]}}`),
		q.Expect("GetObject", "b"), q.Reply(q.Handle("GenericObject", 3, "b")), q.ExpectOn(3, "GetFullPropertyTree"),
		q.ReplyRaw(`"result":{"qPropEntry":`+deep+`}`),
		q.Expect("GetObject", "c"), q.Reply(q.Handle("GenericObject", 4, "c")), q.ExpectOn(4, "GetFullPropertyTree"),
		q.ReplyRaw(`"result":null`),
	)
	tree, err := doc.ObjectTree(within(t), "a").Get(within(t))
	as[*qix.DecodeError](t, err)
	if string(tree.Property) != `{"d":1}` || string(tree.Children[0].Property) != "2" {
		t.Errorf("tree %+v", tree)
	}
	failure[*qix.DecodeError](t, doc.ObjectTree(within(t), "b"))
	if tree := answer(t, doc.ObjectTree(within(t), "c")); string(tree.Property) != "null" || tree.Children != nil {
		t.Errorf("tree %+v", tree)
	}
}

func TestTwoStepsTakeTwoTripsHoweverManyAreAsked(t *testing.T) {
	t.Parallel()
	_, doc := open(t,
		// All first steps come before any is answered.
		q.Expect("GetObject", "a"), q.Expect("GetDimension", "b"), q.Expect("GetMeasure", "c"), q.Expect("GetVariableById", "d"), q.Expect("GetObject", "e"),
		q.ReplyTo(5, q.NullHandle()), q.ReplyTo(4, q.Handle("GenericVariable", 14, "d")), q.ReplyTo(3, q.Handle("GenericMeasure", 13, "c")),
		q.ReplyTo(2, q.Handle("GenericDimension", 12, "b")), q.ReplyTo(1, q.Handle("GenericObject", 11, "a")),
		q.ExpectOn(14, "GetProperties"), q.ExpectOn(13, "GetProperties"), q.ExpectOn(12, "GetProperties"), q.ExpectOn(11, "GetFullPropertyTree"),
		q.ReplyTo(9, map[string]any{"qPropEntry": map[string]any{"qProperty": 1}}), q.ReplyTo(8, map[string]any{"qProp": 2}),
		q.ReplyTo(7, map[string]any{"qProp": 3}), q.Script{q.ReplyError(5, "", "")}.AsStep(),
		q.ReplyTo(6, map[string]any{"qProp": 4}),
	)
	ctx := within(t)
	tree, dim, measure, variable, none := doc.ObjectTree(ctx, "a"), doc.DimensionProperties(ctx, "b"), doc.MeasureProperties(ctx, "c"),
		doc.VariableProperties(ctx, "d"), doc.ObjectTree(ctx, "e")
	failure[*qix.NullHandleError](t, none)
	if got := string(answer(t, tree).Property) + string(answer(t, dim)) + string(answer(t, measure)) + string(answer(t, variable)); got != "1234" {
		t.Errorf("got %s", got)
	}
}

func TestRawAnswersOfTwoSteps(t *testing.T) {
	t.Parallel()
	_, doc := open(t,
		q.Expect("GetObject", "a"), q.Reply(q.Handle("GenericObject", 2, "a")), q.ExpectOn(2, "GetFullPropertyTree"),
		q.ReplyRaw(`"result":{"qPropEntry":{"qProperty":1}}`),
		q.Expect("CreateSessionObject", map[string]int{"p": 1}), q.Reply(q.Handle("GenericObject", 3, "x")), q.ExpectOn(3, "GetLayout"),
		q.ReplyRaw(`"result":{"qLayout":{"l":1}}`),
		q.Expect("GetObject", "e"), q.Reply(q.Handle("GenericObject", 4, "e")), q.ExpectOn(4, "GetEffectiveProperties"),
		q.ReplyRaw(`"result":{"qProp":{"e":1}}`),
		q.Expect("CreateSessionObject", map[string]int{"p": 2}), q.Reply(q.NullHandle()),
	)
	if got := answer(t, doc.ObjectEntry(within(t), "a")); string(got) != `{"qProperty":1}` {
		t.Errorf("got %s", got)
	}
	if got := answer(t, doc.SessionLayout(within(t), map[string]int{"p": 1})); string(got) != `{"l":1}` {
		t.Errorf("got %s", got)
	}
	if got := answer(t, doc.ObjectEffectiveProperties(within(t), "e")); string(got) != `{"e":1}` {
		t.Errorf("got %s", got)
	}
	if h := answer(t, doc.CreateSessionObject(within(t), map[string]int{"p": 2})); !h.Null() {
		t.Errorf("handle %+v", h)
	}
}

func TestARefusedStepSaysWhichOne(t *testing.T) {
	t.Parallel()
	_, doc := open(t,
		q.Expect("GetObject", "a"), q.ReplyError(5, "", "Access denied"),
		q.Expect("GetObject", "b"), q.Reply(q.Handle("GenericObject", 2, "b")), q.ExpectOn(2, "GetLayout"), q.ReplyError(5, "", "Access denied"),
	)
	if e := failure[*qix.EngineError](t, doc.ObjectLayout(within(t), "a")); e.Method != "GetObject" {
		t.Errorf("error %v", e)
	}
	if e := failure[*qix.EngineError](t, doc.ObjectLayout(within(t), "b")); e.Method != "GetLayout" {
		t.Errorf("error %v", e)
	}
}

func TestListsAskForWhatTheFactsSay(t *testing.T) {
	t.Parallel()
	const sheetDef = `{"qInfo":{"qType":"SheetList"},"qAppObjectListDef":{"qType":"sheet","qData":{"title":"/qMetaDef/title","labelExpression":"/labelExpression","showCondition":"/showCondition","description":"/qMetaDef/description","descriptionExpression":"/descriptionExpression","thumbnail":"/thumbnail","cells":"/cells","rank":"/rank","columns":"/columns","rows":"/rows"}}}`
	const masterDef = `{"qInfo":{"qType":"masterobjectList"},"qAppObjectListDef":{"qType":"masterobject","qData":{"title":"/qMetaDef/title","description":"/qMetaDef/description","visualization":"/visualization","tags":"/qMetaDef/tags"}}}`
	const storyDef = `{"qInfo":{"qType":"storyList"},"qAppObjectListDef":{"qType":"story","qData":{}}}`
	const dimensionDef = `{"qInfo":{"qType":"DimensionList"},"qDimensionListDef":{"qType":"dimension","qData":{"title":"/qMetaDef/title","tags":"/qMetaDef/tags","grouping":"/qDim/qGrouping","info":"/qDimInfos","labelExpression":"/qDim/qLabelExpression"}}}`
	const measureDef = `{"qInfo":{"qType":"MeasureList"},"qMeasureListDef":{"qType":"measure","qData":{"title":"/qMetaDef/title","tags":"/qMetaDef/tags","expression":"/qMeasure/qDef","labelExpression":"/qMeasure/qLabelExpression"}}}`
	tests := []struct {
		name, def, member string
		list              func(t *testing.T, d *qix.Doc) *qix.Reply[[]qix.ObjectEntry]
	}{
		{"sheets", sheetDef, "qAppObjectList", func(t *testing.T, d *qix.Doc) *qix.Reply[[]qix.ObjectEntry] { return d.SheetList(within(t)) }},
		{"master objects", masterDef, "qAppObjectList", func(t *testing.T, d *qix.Doc) *qix.Reply[[]qix.ObjectEntry] { return d.MasterObjectList(within(t)) }},
		{"others", storyDef, "qAppObjectList", func(t *testing.T, d *qix.Doc) *qix.Reply[[]qix.ObjectEntry] {
			return d.AppObjectList(within(t), "story", nil)
		}},
		{"dimensions", dimensionDef, "qDimensionList", func(t *testing.T, d *qix.Doc) *qix.Reply[[]qix.ObjectEntry] { return d.DimensionList(within(t)) }},
		{"measures", measureDef, "qMeasureList", func(t *testing.T, d *qix.Doc) *qix.Reply[[]qix.ObjectEntry] { return d.MeasureList(within(t)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, doc := open(t,
				q.Expect("CreateSessionObject", json.RawMessage(tt.def)), q.Reply(q.Handle("GenericObject", 2, "x")),
				q.ExpectOn(2, "GetLayout"), q.ReplyRaw(`"result":{"qLayout":{"qInfo":{},"`+tt.member+`":{"qItems":[{"qInfo":{"qId":"i","qType":"y"}}]}}}`),
			)
			got := answer(t, tt.list(t, doc))
			if diff := cmp.Diff([]qix.ObjectEntry{{Info: qix.Info{ID: "i", Type: "y"}}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("variables", func(t *testing.T) {
		t.Parallel()
		_, doc := open(t,
			q.Expect("CreateSessionObject", json.RawMessage(`{"qInfo":{"qType":"VariableList"},"qVariableListDef":{"qType":"variable","qShowReserved":true,"qShowConfig":true,"qData":{"tags":"/tags","numberPresentation":"/qNumberPresentation"}}}`)),
			q.Reply(q.Handle("GenericObject", 2, "x")), q.ExpectOn(2, "GetLayout"), q.ReplyRaw(`"result":{"qLayout":{"qVariableList":{"qItems":[{"qName":"v","qIsReserved":true}]}}}`),
		)
		got := answer(t, doc.VariableList(within(t), true, true))
		if diff := cmp.Diff([]qix.VariableEntry{{Name: "v", IsReserved: true}}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTimestampsAreLenient(t *testing.T) {
	t.Parallel()
	at := time.Date(2014, 1, 8, 10, 31, 48, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"2014-01-08T10:31:48.4158849Z"`:  at.Add(415884900),
		`"2014-01-08T10:31:48Z"`:          at,
		`"2014-01-08T12:31:48.000+02:00"`: at,
		`"2014-01-08T10:31:48.5"`:         at.Add(500 * time.Millisecond),
		`"2014-01-08 10:31:48"`:           at,
		`"1753-01-01T00:00:00.000Z"`:      {},
		`"0001-01-01T00:00:00Z"`:          {},
		`"yesterday"`:                     {},
		`""`:                              {},
		`null`:                            {},
		`41647.43`:                        {},
		`{}`:                              {},
	} {
		var ts qix.Timestamp
		if err := json.Unmarshal([]byte(text), &ts); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got := ts.Time(); !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestNumbersAreLenient(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`7`: 7, `"7"`: 7, `-2`: -2, `1e2`: 100, `null`: 0, `"NaN"`: 0, `"-Infinity"`: 0, `"Infinity"`: 0, `1.5`: 0, `1e300`: 0, `{}`: 0, `[1]`: 0, `true`: 0,
	} {
		var n qix.Number
		if err := json.Unmarshal([]byte(text), &n); err != nil || n.Int() != want {
			t.Errorf("%s: %v, %v, want %d", text, n, err, want)
		}
	}
}
