package qliksense

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// testConnection is a connection to a simulated site through its JWT virtual proxy. more are further
// settings, as the keys of a connection file.
func testConnection(tb testing.TB, server *qliktest.Server, more map[string]any) (catalog.Connection, string) {
	tb.Helper()
	info, err := server.Info()
	if err != nil {
		tb.Fatal(err)
	}
	settings := map[string]any{
		"authentication": "jwt",
		"jwt":            map[string]any{"prefix": info.Prefix},
		"tls":            map[string]any{"ca_file": info.CAFile},
	}
	for k, v := range more {
		settings[k] = v
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		tb.Fatal(err)
	}
	return catalog.Connection{
		Code: "q", Name: "Test", Type: Type, URL: info.URL, Settings: raw,
		Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret(info.Token)},
	}, info.Token
}

// openSite makes a connector to a simulated site.
func openSite(tb testing.TB, server *qliktest.Server, more map[string]any, log *slog.Logger) connector.Connector {
	tb.Helper()
	conn, token := testConnection(tb, server, more)
	if errs := Source().Validate(conn); len(errs) > 0 {
		tb.Fatalf("settings: %v", errs)
	}
	c, err := Source().Open(tb.Context(), connector.Env{
		Connection: conn,
		Secret:     func(context.Context, string) (string, error) { return token, nil },
		Log:        log,
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.(*site).gate.pace.hurry()
	return c
}

// hurry makes a pace as patient as ever, in a hundredth of the time.
func (p *pace) hurry() {
	p.appPause, p.busyPause, p.awayPause = p.appPause/100, p.busyPause/100, p.awayPause/100
	p.dataPause /= 100
}

// openOptions is openSite with options, for a test that ends with the connector.
func openOptions(tb testing.TB, server *qliktest.Server, options map[string]any) connector.Connector {
	tb.Helper()
	c := openSite(tb, server, map[string]any{"options": options}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func listAll(t *testing.T, c connector.Connector) []connector.Listed {
	t.Helper()
	all, err := connector.Collect(c.Units(within(t)))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// named finds a listed app by its name.
func named(t *testing.T, all []connector.Listed, name string) connector.Listed {
	t.Helper()
	for _, l := range all {
		if l.Unit.Name == name {
			return l
		}
	}
	t.Fatalf("no app %q in the listing", name)
	return connector.Listed{}
}

func fetchApp(t *testing.T, c connector.Connector, l connector.Listed) *catalog.Snapshot {
	t.Helper()
	s, err := c.Fetch(within(t), l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A world is a small site with two streams, three apps and two people.
type world struct {
	server *qliktest.Server
	admin  *qliktest.User
	ann    *qliktest.User
	sales  *qliktest.App // published in Finance
	hr     *qliktest.App // published in People
	draft  *qliktest.App // Ann's own
}

func newWorld(tb testing.TB, o qliktest.Options) *world {
	tb.Helper()
	at := time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	w := &world{
		admin: &qliktest.User{ID: guid(1), Directory: "ACME", Name: "svc", DisplayName: "Service", Roles: []string{"RootAdmin"}},
		ann:   &qliktest.User{ID: guid(2), Directory: "ACME", Name: "ann", DisplayName: "Ann Example", Email: "ann@example.com"},
	}
	area := &qliktest.CustomPropertyDefinition{ID: guid(70), Name: "Area", Choices: []string{"A", "B"}, ObjectTypes: []string{"App", "Stream"}}
	gold := &qliktest.Tag{ID: guid(60), Name: "gold"}
	finance := &qliktest.Stream{ID: guid(11), Name: "Finance", Owner: w.ann, Created: at, Modified: at, Tags: []*qliktest.Tag{gold}}
	people := &qliktest.Stream{ID: guid(12), Name: "People", Owner: w.admin, Created: at, Modified: at}
	app := func(n int, name string, owner *qliktest.User, stream *qliktest.Stream) *qliktest.App {
		a := &qliktest.App{
			ID: guid(n), Name: name, Description: "About " + name, Owner: owner, Stream: stream, ModifiedBy: w.admin,
			Created: at, Modified: at, LastReload: at, FileSize: 1000, SavedInProductVersion: "12.2056.15", MigrationHash: "new",
			Load: func() *qliktest.Content { return worldContent(n, at, stream != nil) },
		}
		if stream != nil {
			a.PublishTime = at
		}
		return a
	}
	w.sales, w.hr, w.draft = app(21, "Sales", w.ann, finance), app(22, "HR", w.admin, people), app(23, "Draft", w.ann, nil)
	w.sales.Tags = []*qliktest.Tag{gold}
	w.sales.CustomProperties = []qliktest.CustomProperty{{Definition: area, Value: "B"}, {Definition: area, Value: "A"}}
	w.server = qliktest.New(tb, &qliktest.Site{
		Users: []*qliktest.User{w.admin, w.ann}, Streams: []*qliktest.Stream{finance, people}, Tags: []*qliktest.Tag{gold},
		CustomPropertyDefinitions: []*qliktest.CustomPropertyDefinition{area}, Apps: []*qliktest.App{w.sales, w.hr, w.draft},
		BuildVersion: "31.62.0.0", EngineVersion: "12.2056.15", MigrationHash: "new",
	}, o)
	return w
}

func guid(n int) string {
	const digits = "0123456789abcdef"
	return "00000000-0000-4000-8000-0000000000" + string(digits[n/16]) + string(digits[n%16])
}

// worldContent is an app with two sheets, a master of each kind, two variables, a script and a model.
func worldContent(n int, at time.Time, published bool) *qliktest.Content {
	item := func(row int, tree qliktest.Tree) qliktest.Item {
		return qliktest.Item{Tree: tree, RowID: guid(8*n + row), Published: published, Approved: published, Created: at, Modified: at}
	}
	property := func(text string) json.RawMessage { return json.RawMessage(text) }
	cellTree := func(text string) qliktest.Tree { return qliktest.Tree{Property: property(text)} }
	return &qliktest.Content{
		Properties: property(`{"qTitle":"x"}`),
		Script:     "///$tab Main\r\nT: LOAD A, B FROM [lib://x.qvd] (qvd);\r\n",
		Metadata:   property(`{"fields":[{"name":"A","src_tables":["T"],"cardinal":3},{"name":"$Field","is_system":true}],"tables":[{"name":"T","no_of_rows":3,"no_of_fields":1}]}`),
		Dimensions: []qliktest.Item{item(1, cellTree(`{"qInfo":{"qId":"dim","qType":"dimension"},"qDim":{"qGrouping":"N","qFieldDefs":["A"]},"qMetaDef":{"title":"Dimension A"}}`))},
		Measures:   []qliktest.Item{item(2, cellTree(`{"qInfo":{"qId":"mea","qType":"measure"},"qMeasure":{"qLabel":"L","qDef":"Sum(B)"},"qMetaDef":{"title":"Measure B"}}`))},
		Objects: []qliktest.Item{
			item(3, qliktest.Tree{
				Property: property(`{"qInfo":{"qId":"s1","qType":"sheet"},"qMetaDef":{"title":"First"},"rank":1,"cells":[{"name":"c1","type":"table","col":0,"row":0,"colspan":2,"rowspan":2}]}`),
				Children: []qliktest.Tree{
					cellTree(`{"qInfo":{"qId":"c1","qType":"table"},"visualization":"table","title":"One","qHyperCubeDef":{"qDimensions":[{"qLibraryId":"dim","qDef":{}}],"qMeasures":[{"qLibraryId":"mea","qDef":{}},{"qDef":{"qDef":"=1"}}]}}`),
					cellTree(`{"qInfo":{"qId":"c2","qType":"kpi"},"qExtendsId":"mas"}`),
				},
			}),
			item(4, qliktest.Tree{Property: property(`{"qInfo":{"qId":"s2","qType":"sheet"},"qMetaDef":{"title":"Second"}}`)}),
			item(5, cellTree(`{"qInfo":{"qId":"mas","qType":"masterobject"},"visualization":"kpi","title":"Master","qMetaDef":{"title":"M"},"qHyperCubeDef":{"qMeasures":[{"qDef":{"qDef":"Max(B)"}}]}}`)),
		},
		Variables: []qliktest.Variable{
			{Properties: property(`{"qInfo":{"qId":"v1","qType":"variable"},"qName":"vOne","qDefinition":"=1","tags":["x"]}`)},
			{Properties: property(`{"qInfo":{"qId":"v2","qType":"variable"},"qName":"vTwo","qDefinition":"2"}`), ScriptCreated: true},
			{Properties: property(`{"qInfo":{"qId":"v3","qType":"variable"},"qName":"ErrorMode","qDefinition":"1"}`), Reserved: true},
		},
	}
}
