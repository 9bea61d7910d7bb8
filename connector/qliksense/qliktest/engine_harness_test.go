package qliktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// engineSite is a small site: an app of ann's in a stream, a personal app of bob's, an app that section
// access guards, an app of an older Engine.
func engineSite() *Site {
	user := func(n int, name string, roles ...string) *User {
		return &User{ID: fmt.Sprintf("00000000-0000-4000-8000-00000000000%d", n), Directory: "CORP", Name: name, DisplayName: strings.ToUpper(name), Roles: roles}
	}
	ann, bob, root := user(1, "ann"), user(2, "bob"), user(3, "root", "RootAdmin")
	stream := &Stream{ID: "5f0f2d1c-0000-4000-8000-000000000001", Name: "Everyone", Owner: root}
	day := func(n int) time.Time { return time.Date(2024, 3, n, 10, 11, 12, 345e6, time.UTC) }
	sales := &App{
		ID: salesID, Name: "Sales", Description: "What is sold", Owner: ann, Stream: stream, PublishTime: day(5),
		Created: day(1), Modified: day(6), LastReload: day(7), FileSize: 123456, Thumbnail: "/appcontent/x.png",
		SavedInProductVersion: "12.2056.15", MigrationHash: "h2", ScriptReaders: nil,
		Load: func() *Content { return salesContent(ann, bob, day) },
	}
	secret := &App{ID: "aaaaaaaa-0000-4000-8000-000000000002", Name: "Secret", Owner: ann, Stream: stream, SectionAccess: true, SectionUsers: []*User{ann}, MigrationHash: "h2"}
	old := &App{ID: "aaaaaaaa-0000-4000-8000-000000000003", Name: "Old", Owner: ann, Stream: stream, MigrationHash: "h1", SavedInProductVersion: "12.20.0", Modified: day(2)}
	personal := &App{ID: "aaaaaaaa-0000-4000-8000-000000000004", Name: "Bob's", Owner: bob, MigrationHash: "h2"}
	return &Site{
		Users: []*User{ann, bob, root}, Streams: []*Stream{stream}, Apps: []*App{sales, secret, old, personal},
		DataConnections: []*DataConnection{
			{ID: "c1", Name: "Warehouse", ConnectionString: "ODBC CONNECT TO wh;", Type: "ODBC", Username: "etl", Owner: ann, Created: day(1), Modified: day(2)},
			{ID: "c2", Name: "Bob's folder", ConnectionString: `\\srv\bob\`, Type: "folder", Owner: bob},
		},
		BuildVersion: "31.62.0.0", EngineVersion: "12.2056.15", MigrationHash: "h2",
	}
}

const salesID = "aaaaaaaa-0000-4000-8000-000000000001"

func tree(props string, children ...Tree) Tree {
	return Tree{Property: json.RawMessage(props), Children: children}
}

func salesContent(ann, bob *User, day func(int) time.Time) *Content {
	return &Content{
		Properties: json.RawMessage(`{"qTitle":"old title","qHasSectionAccess":true,"custom":{"a":0,"b":""}}`),
		Script:     "///$tab Main\r\nLOAD * FROM [lib://x/y.qvd] (qvd);",
		Dimensions: []Item{
			{Tree: tree(`{"qInfo":{"qId":"dimCountry","qType":"dimension"},"qDim":{"qGrouping":"N","qFieldDefs":["[Country]"],"qFieldLabels":["Land"],"qLabelExpression":"='The ' & 'land'","title":"Country"},"qMetaDef":{"title":"Country","description":"","tags":["geo"]}}`), RowID: "row-dim", Published: true, Approved: true},
		},
		Measures: []Item{
			{Tree: tree(`{"qInfo":{"qId":"meaAmount","qType":"measure"},"qMeasure":{"qLabel":"Total","qDef":"Sum(Amount)","qGrouping":"N","qExpressions":[],"qActiveExpression":0,"qNumFormat":{"qType":"F","qnDec":2}},"qMetaDef":{"title":"Total amount","description":"d","tags":[]}}`), RowID: "row-mea", Published: true, Approved: true},
		},
		Objects: []Item{
			{Tree: baseSheet(), RowID: "row-sheet", Published: true, Approved: true, Owner: ann, PublishTime: day(5), Created: day(1), Modified: day(3)},
			{Tree: tree(`{"qInfo":{"qId":"shBob","qType":"sheet"},"qMetaDef":{"title":"Bob's own"}}`), RowID: "row-bob", Owner: bob, Created: day(4)},
			{Tree: tree(`{"qInfo":{"qId":"shCommunity","qType":"sheet"},"qMetaDef":{"title":"Community"}}`), RowID: "row-com", Owner: bob, Published: true},
			{Tree: tree(`{"qInfo":{"qId":"shHidden","qType":"sheet"},"qMetaDef":{"title":"Only QRS has it"}}`), RowID: "row-hid", Published: true, Approved: true, HiddenFromEngine: true},
			{Tree: tree(`{"qInfo":{"qId":"master1","qType":"masterobject"},"qMetaDef":{"title":"Master","tags":["m"]},"visualization":"barchart","title":"From master","qHyperCubeDef":{"qDimensions":[{"qLibraryId":"dimCountry","qDef":{"cId":"c9"}}],"qMeasures":[]}}`), RowID: "row-master", Published: true, Approved: true},
			{Tree: tree(`{"qInfo":{"qId":"LoadModel","qType":"LoadModel"},"tables":[],"queries":[]}`), RowID: "row-lm", Published: true, Approved: true},
		},
		Bookmarks: []Item{
			{Tree: tree(`{"qInfo":{"qId":"bm1","qType":"bookmark"},"qMetaDef":{"title":"BM"},"sheetId":"shBase","creationDate":"2024"}`), RowID: "row-bm", Published: true},
			{Tree: tree(`{"qInfo":{"qId":"snap1","qType":"snapshot"},"qMetaDef":{"title":"Snap"}}`), RowID: "row-snap", Published: true},
		},
		Variables: []Variable{
			{Properties: json.RawMessage(`{"qInfo":{"qId":"v1","qType":"variable"},"qMetaDef":{},"qName":"vTarget","qComment":"goal","qDefinition":"=Sum(Budget)","tags":["t"]}`), Created: day(1), Modified: day(2)},
			{Properties: json.RawMessage(`{"qInfo":{"qId":"v2","qType":"variable"},"qName":"ThousandSep","qDefinition":","}`), ScriptCreated: true, Config: true},
			{Properties: json.RawMessage(`{"qInfo":{"qId":"v3","qType":"variable"},"qName":"ErrorMode","qDefinition":"1"}`), ScriptCreated: true, Reserved: true},
			{Properties: json.RawMessage(`{"qInfo":{"qId":"v4","qType":"variable"},"qName":"vYear","qDefinition":"2024"}`), ScriptCreated: true},
		},
		Lineage: []LineageItem{
			{Discriminator: `{Warehouse (a_b)};`, Statement: "SQL SELECT 1"}, {Discriminator: "RESIDENT T;"},
		},
		Metadata: json.RawMessage(`{"fields":[
			{"name":"$Field","is_system":true,"is_hidden":true,"cardinal":3,"tags":["$system"]},
			{"name":"Country","src_tables":["Orders"],"cardinal":24,"total_count":100,"tags":["$ascii","$text"],"byte_size":99},
			{"name":"Amount","src_tables":["Orders"],"cardinal":90,"is_numeric":true,"tags":["$numeric"]},
			{"name":"OrderID","src_tables":["Orders","Lines"],"cardinal":100,"distinct_only":true,"tags":["$key","$numeric"]}],
			"tables":[{"name":"Orders","no_of_rows":100,"comment":"c"},{"name":"Lines","no_of_rows":300},{"name":"$$SysTable 1","is_system":true,"no_of_rows":3}]}`),
	}
}

// baseSheet has a chart, an instance of a master object and a filter pane with a list box.
func baseSheet() Tree {
	return tree(`{"qInfo":{"qId":"shBase","qType":"sheet"},"qMetaDef":{"title":"Überblick <1> & mehr","description":"all"},"rank":-0.5,"columns":24,"rows":12,`+
		`"labelExpression":{"qStringExpression":{"qExpr":"='Label'"}},"thumbnail":{"qStaticContentUrlDef":{"qUrl":"/media/4.png"}},`+
		`"cells":[{"name":"chart1","type":"barchart","col":0}],"qChildListDef":{"qData":{"title":"/title"}}}`,
		tree(`{"qInfo":{"qId":"chart1","qType":"barchart"},"qMetaDef":{},"title":{"qStringExpression":{"qExpr":"='A' & vX"}},"subtitle":"","showTitles":false,`+
			`"qHyperCubeDef":{"qMode":"S","qDimensions":[{"qLibraryId":"dimCountry","qDef":{"cId":"c1"}},{"qLibraryId":"gone","qDef":{}},{"qDef":{"qFieldDefs":["=Year(D)"],"qFieldLabels":["Year"]}}],`+
			`"qMeasures":[{"qLibraryId":"meaAmount","qDef":{"cId":"c2"}},{"qDef":{"qLabel":"","qDef":"Avg(Amount)"}}]},`+
			`"qLayoutExclude":{"qHyperCubeDef":{"qDimensions":[]}},"qUndoExclude":{"generated":{"qHyperCubeDef":{"qMeasures":[{"qDef":{"qDef":"Sum(X)"}}]}}},`+
			`"gaLayers":[{"qHyperCubeDef":{"qDimensions":[{"qDef":{"qFieldDefs":["Country"]}}]}}],"title":"twice"}`),
		tree(`{"qInfo":{"qId":"inst1","qType":"barchart"},"qExtendsId":"master1"}`),
		tree(`{"qInfo":{"qId":"lost1","qType":"barchart"},"qExtendsId":"nobody"}`),
		tree(`{"qInfo":{"qId":"fp1","qType":"filterpane"},"qChildListDef":{"qData":{"info":"/qInfo"}}}`,
			tree(`{"qInfo":{"qId":"lb1","qType":"listbox"},"qListObjectDef":{"qDef":{"qFieldDefs":["Country"],"qFieldLabels":[""]}}}`)),
	)
}

// A frame is what the server sent: a reply or a notification.
type frame struct {
	raw    []byte
	ID     *int64                     `json:"id"`
	Method string                     `json:"method"`
	Params json.RawMessage            `json:"params"`
	Result map[string]json.RawMessage `json:"result"`
	Error  *struct {
		Code      int    `json:"code"`
		Parameter string `json:"parameter"`
		Message   string `json:"message"`
	} `json:"error"`
	Change []int `json:"change"`
	Close  []int `json:"close"`
	Delta  bool  `json:"delta"`
}

// A rawClient speaks JSON over a WebSocket.
type rawClient struct {
	t  *testing.T
	ws *websocket.Conn
	id int64
	on frame // OnConnected
}

const patience = 20 * time.Second

// connect opens a socket and takes the greeting.
func connect(t *testing.T, s *Server, u *User, path string) *rawClient {
	t.Helper()
	c := &rawClient{t: t, ws: dialEngine(t, s, u, path)}
	if c.on = c.next(); c.on.Method != "OnConnected" {
		t.Fatalf("first frame: %s", c.on.raw)
	}
	return c
}

func (c *rawClient) write(text string) {
	c.t.Helper()
	if err := c.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *rawClient) next() frame {
	c.t.Helper()
	_ = c.ws.SetReadDeadline(time.Now().Add(patience))
	_, b, err := c.ws.ReadMessage()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	f := frame{raw: b}
	if err := json.Unmarshal(b, &f); err != nil {
		c.t.Fatalf("frame %.200q: %v", b, err)
	}
	return f
}

// send sends a request and gives its id.
func (c *rawClient) send(handle int, method, params string) int64 {
	c.t.Helper()
	c.id++
	c.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"handle":%d,"method":%q,"params":%s}`, c.id, handle, method, params))
	return c.id
}

// ask sends a request and waits for its reply.
func (c *rawClient) ask(handle int, method, params string) frame {
	c.t.Helper()
	id := c.send(handle, method, params)
	f := c.next()
	if f.ID == nil || *f.ID != id {
		c.t.Fatalf("%s: reply %s", method, f.raw)
	}
	return f
}

// do is ask for a call that must work; it gives one member of the result.
func (c *rawClient) do(handle int, method, params, member string) json.RawMessage {
	c.t.Helper()
	f := c.ask(handle, method, params)
	if f.Error != nil || f.Result[member] == nil {
		c.t.Fatalf("%s %s: %s", method, params, f.raw)
	}
	return f.Result[member]
}

// openDoc opens an app without data, or with; it gives the handle.
func (c *rawClient) openDoc(id string, noData bool) int {
	c.t.Helper()
	return handleIn(c.t, c.do(-1, "OpenDoc", fmt.Sprintf(`{"qDocName":%q,"qNoData":%v}`, id, noData), "qReturn"))
}

// handle gives the handle of a call that returns one.
func (c *rawClient) handle(handle int, method, params string) int {
	c.t.Helper()
	return handleIn(c.t, c.do(handle, method, params, "qReturn"))
}

func handleIn(t *testing.T, raw json.RawMessage) int {
	t.Helper()
	var r struct{ QHandle int }
	if err := json.Unmarshal(raw, &r); err != nil || r.QHandle == 0 {
		t.Fatalf("no handle in %s", raw)
	}
	return r.QHandle
}

// fails checks that a call fails with a code.
func (c *rawClient) fails(handle int, method, params string, code int) frame {
	c.t.Helper()
	f := c.ask(handle, method, params)
	if f.Error == nil || f.Error.Code != code {
		c.t.Fatalf("%s %s: %s, want error %d", method, params, f.raw, code)
	}
	return f
}

// openSales opens the app Sales as a user.
func openSales(t *testing.T, user int, noData bool) (*rawClient, int) {
	t.Helper()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{}), site.Users[user], "/app/"+salesID)
	return c, c.openDoc(salesID, noData)
}

// same compares JSON without white space.
func same(t *testing.T, what string, got json.RawMessage, want string) {
	t.Helper()
	var g, w bytes.Buffer
	if json.Compact(&g, got) != nil || json.Compact(&w, []byte(want)) != nil {
		t.Fatalf("%s: no JSON: %s / %s", what, got, want)
	}
	if g.String() != w.String() {
		t.Errorf("%s:\n got %s\nwant %s", what, g.String(), w.String())
	}
}

// The accounts of engineSite.
const (
	ann  = 0
	bob  = 1
	root = 2
)
