package qliktest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// testKey is one key pair for all tests: making one costs more than a site.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// A cast is the people and things of the small site.
type cast struct {
	*Site
	admin, ann, bob          *User // ann owns, bob reads what is published
	everyone, finance        *Stream
	sales, margin, draft     *App // sales: everyone; margin: finance, which bob can't see; draft: ann's own
	gold, silver             *Tag
	sheet, community, secret string // engine ids in sales
}

func guidOf(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

func may(day int) time.Time { return time.Date(2024, 5, day, 10, 30, 0, 0, time.UTC) }

func object1(id, typ, title string) Tree {
	return Tree{Property: json.RawMessage(fmt.Sprintf(
		`{"qInfo":{"qId":%q,"qType":%q},"qMetaDef":{"title":%q,"description":"about %s"}}`, id, typ, title, id))}
}

func smallSite() *cast {
	c := &cast{Site: &Site{BuildVersion: "31.62.0.0", EngineVersion: "12.2056.15", MigrationHash: "hash"}}
	c.admin = &User{ID: guidOf(1), Directory: "ACME", Name: "root", DisplayName: "Root", Roles: []string{"RootAdmin"}}
	c.ann = &User{ID: guidOf(2), Directory: "ACME", Name: "ann", DisplayName: "Ann O'Hara", Email: "ann@acme.example", Groups: []string{"Sales"}}
	c.bob = &User{ID: guidOf(3), Directory: "ACME", Name: "bob", DisplayName: "Bob"}
	c.Users = []*User{c.admin, c.ann, c.bob}
	c.gold, c.silver = &Tag{guidOf(11), "gold"}, &Tag{guidOf(12), "silver"}
	c.Tags = []*Tag{c.gold, c.silver}
	dept := &CustomPropertyDefinition{ID: guidOf(21), Name: "Department", Choices: []string{"Sales", "HR"}, ObjectTypes: []string{"App"}}
	c.CustomPropertyDefinitions = []*CustomPropertyDefinition{dept}
	c.everyone = &Stream{ID: guidOf(31), Name: "Everyone", Owner: c.admin, Created: may(1), Modified: may(1)}
	c.finance = &Stream{ID: guidOf(32), Name: "Finance", Owner: c.admin, Readers: []*User{c.ann}, Created: may(1), Modified: may(1)}
	c.Streams = []*Stream{c.everyone, c.finance}
	c.sheet, c.community, c.secret = "shBase", "shComm", "shPriv"
	c.sales = &App{
		ID: guidOf(41), Name: "Sales", Description: "What we sold", Owner: c.ann, Stream: c.everyone, PublishTime: may(3),
		Created: may(1), Modified: may(4).Add(230 * time.Millisecond), LastReload: may(2), FileSize: 1000, StaticByteSize: 900,
		SavedInProductVersion: "12.2056.15", MigrationHash: "hash", AvailabilityStatus: 1, Thumbnail: "/appcontent/x.png",
		Tags: []*Tag{c.gold, c.silver}, CustomProperties: []CustomProperty{{dept, "Sales"}, {dept, "HR"}},
		Load: func() *Content {
			return &Content{
				Script: "LOAD 1 AS x AUTOGENERATE 1;", Metadata: json.RawMessage(`{"fields":[{"name":"x"}],"tables":[]}`),
				Lineage: []LineageItem{{"lib://data/a.qvd;", "LOAD * FROM a"}, {Discriminator: "INLINE;"}},
				Objects: []Item{
					{Tree: object1(c.sheet, "sheet", "Base"), RowID: guidOf(51), Published: true, Approved: true, PublishTime: may(3), Created: may(1), Modified: may(2), Tags: []*Tag{c.gold}},
					{Tree: object1(c.community, "sheet", "Community"), RowID: guidOf(52), Published: true, Owner: c.bob, Created: may(1), Modified: may(2)},
					{Tree: object1(c.secret, "sheet", "Private"), RowID: guidOf(53), Owner: c.bob, Created: may(1), Modified: may(2)},
				},
				Measures:  []Item{{Tree: object1("m1", "measure", "Revenue"), RowID: guidOf(54), Published: true, Approved: true, Created: may(1), Modified: may(2)}},
				Variables: []Variable{{Properties: json.RawMessage(`{"qInfo":{"qId":"v1","qType":"variable"},"qName":"vMax"}`)}, {Properties: json.RawMessage(`{"qInfo":{"qId":"v2","qType":"variable"},"qName":"ThousandSep"}`), ScriptCreated: true}},
			}
		},
	}
	c.margin = &App{ID: guidOf(42), Name: "Margin", Owner: c.admin, Stream: c.finance, PublishTime: may(2), Created: may(1), Modified: may(2), FileSize: 2000}
	c.draft = &App{ID: guidOf(43), Name: "Draft 'A'", Owner: c.ann, Created: may(1), Modified: may(2).Add(1234567 * time.Nanosecond), FileSize: 3000}
	c.Apps = []*App{c.sales, c.margin, c.draft}
	c.DataConnections = []*DataConnection{{ID: guidOf(61), Name: "Sales DB (acme_ann)", ConnectionString: `CUSTOM CONNECT TO "provider=x"`, Type: "QvOdbcConnectorPackage.exe", Username: "dbuser", Owner: c.ann}}
	c.ReloadTasks = []*ReloadTask{
		{ID: guidOf(71), Name: "Reload Sales", App: c.sales, Enabled: true, Last: &ExecutionResult{ID: guidOf(72), Status: 8, Start: may(2), Stop: may(2).Add(1500 * time.Millisecond)}},
		{ID: guidOf(73), Name: "Never", App: c.draft},
	}
	return c
}

// start starts the small site.
func start(t *testing.T, o Options) (*cast, *Server) {
	t.Helper()
	c := smallSite()
	if o.JWTKey == nil {
		o.JWTKey = testKey()
	}
	return c, New(t, c.Site, o)
}

// A browser sends requests and follows no redirects.
type browser struct {
	t      *testing.T
	s      *Server
	http   *http.Client
	base   string      // put before paths
	header http.Header // sent with every request
	key    string      // xrfkey, in query and header; "" for none
}

// A answer is an answer read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

const xrfkey = "abcdefghijklmnop"

func newBrowser(t *testing.T, s *Server, certificate bool) *browser {
	transport := &http.Transport{TLSClientConfig: s.ClientTLS(certificate)}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{
		t: t, s: s, key: xrfkey, header: http.Header{}, base: s.URL,
		http: &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
}

// as gives a browser that sends a token of the user until it has a cookie.
func as(t *testing.T, s *Server, u *User) *browser {
	b := newBrowser(t, s, false)
	b.header.Set("Authorization", "Bearer "+s.Token(u))
	b.base = strings.TrimSuffix(s.URL+"/"+s.Prefix, "/")
	return b
}

// direct gives a browser on the Repository's own port.
func direct(t *testing.T, s *Server, user string) *browser {
	b := newBrowser(t, s, true)
	b.base = s.QRSURL
	if user != "" {
		b.header.Set("X-Qlik-User", user)
	}
	return b
}

func (b *browser) try(method, path, body string) (answer, error) {
	b.t.Helper()
	url := b.base + path
	if b.key != "" {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		url += sep + "xrfkey=" + b.key
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = b.header.Clone()
	if b.key != "" {
		req.Header.Set("X-Qlik-Xrfkey", b.key)
	}
	res, err := b.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

func (b *browser) do(method, path, body string) answer {
	b.t.Helper()
	r, err := b.try(method, path, body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (b *browser) get(path string) answer { b.t.Helper(); return b.do("GET", path, "") }

// must is get that insists on a status.
func (b *browser) must(status int, path string) answer {
	b.t.Helper()
	r := b.get(path)
	if r.status != status {
		b.t.Fatalf("GET %s: %d %.200s, want %d", path, r.status, r.body, status)
	}
	return r
}

// cookie is the cookie that an answer sets, as a Cookie header has it; "" for none.
func (r answer) cookie() string {
	pair, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	return pair
}

// login starts a session and goes on with its cookie only.
func (b *browser) login() *browser {
	b.t.Helper()
	r := b.must(200, "/qrs/about")
	if r.cookie() == "" {
		b.t.Fatal("login: no cookie")
	}
	b.header.Del("Authorization")
	b.header.Set("Cookie", r.cookie())
	return b
}

// names gives the "name" of each entity of a list.
func (b *browser) names(path string) []string {
	b.t.Helper()
	var list []struct{ Name string }
	b.decode(path, &list)
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = x.Name
	}
	return names
}

func (b *browser) decode(path string, v any) {
	b.t.Helper()
	r := b.must(200, path)
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		b.t.Fatalf("GET %s: %v in %.300s", path, err, r.body)
	}
}

// dial opens a WebSocket with the browser's headers; the answer is that of a refused upgrade.
func (b *browser) dial(path string) (*websocket.Conn, answer) {
	b.t.Helper()
	d := websocket.Dialer{TLSClientConfig: b.http.Transport.(*http.Transport).TLSClientConfig, HandshakeTimeout: 10 * time.Second}
	ws, res, err := d.DialContext(b.t.Context(), strings.Replace(b.base, "https://", "wss://", 1)+path, b.header)
	if err != nil {
		if res == nil {
			b.t.Fatalf("dial %s: %v", path, err)
		}
		text, _ := io.ReadAll(res.Body)
		return nil, answer{res.StatusCode, res.Header, string(text)}
	}
	b.t.Cleanup(func() { ws.Close() })
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	return ws, answer{res.StatusCode, res.Header, ""}
}

// token fetches a CSRF token.
func (b *browser) token() string {
	b.t.Helper()
	return b.must(204, "/qps/csrftoken").header.Get("qlik-csrf-token")
}

// A push is a notification.
type push struct {
	Method string
	Params struct {
		UserID           string `json:"userId"`
		UserDirectory    string
		LogoutURI        string `json:"logoutUri"`
		LoginURI         string `json:"loginUri"`
		MustAuthenticate bool
		SessionState     string `json:"qSessionState"`
		Severity         string
		Timestamp        string
		Message          string
	}
}

func nextPush(t *testing.T, ws *websocket.Conn) push {
	t.Helper()
	_, frame, err := ws.ReadMessage()
	if err != nil {
		t.Fatalf("read push: %v", err)
	}
	var p push
	if err := json.Unmarshal(frame, &p); err != nil {
		t.Fatalf("push %s: %v", frame, err)
	}
	return p
}

// eventually waits until the condition holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen")
		}
	}
}
