package qliktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func query1(filter string) string { return url.QueryEscape(filter) }

// facts A.1: what answers where, and as whom.
func TestRootRedirectsToHubA1(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := newBrowser(t, s, false)
	b.key = ""
	r := b.must(301, "/")
	if got := r.header.Get("Location"); got != s.URL+"/hub/" {
		t.Errorf("Location %s", got)
	}
	if got := r.header.Get("Server"); got != "Microsoft-HTTPAPI/2.0" {
		t.Errorf("Server %s", got)
	}
	b.must(302, "/hub/")
}

// facts A.2: 16 letters or digits, in query and header, equal; 403 with this text otherwise.
func TestXrfkeyRuleA2(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	for _, port := range []struct {
		name string
		b    *browser
	}{{"proxy", as(t, s, c.ann).login()}, {"direct", direct(t, s, "")}} {
		for _, tt := range []struct {
			name, query, header string
			want                int
		}{
			{"none", "", "", 403},
			{"query only", "?xrfkey=" + xrfkey, "", 403},
			{"header only", "", xrfkey, 403},
			{"unequal", "?xrfkey=" + xrfkey, "ponmlkjihgfedcba", 403},
			{"15 characters", "?xrfkey=abcdefghijklmno", "abcdefghijklmno", 403},
			{"17 characters", "?xrfkey=abcdefghijklmnopq", "abcdefghijklmnopq", 403},
			{"no letter", "?xrfkey=abcdefghijklmn-p", "abcdefghijklmn-p", 403},
			{"good", "?xrfkey=" + xrfkey, xrfkey, 200},
			{"Xrfkey", "?Xrfkey=" + xrfkey, xrfkey, 200},
			{"XrfKey after others", "?filter=&XrfKey=0123456789ABCDef", "0123456789ABCDef", 200},
			{"cut by #", "?filter=a%20eq%20'#'&xrfkey=" + xrfkey, xrfkey, 403},
		} {
			t.Run(port.name+"/"+tt.name, func(t *testing.T) {
				b := *port.b
				b.t, b.key, b.header = t, "", port.b.header.Clone()
				if tt.header != "" {
					b.header.Set("X-Qlik-Xrfkey", tt.header)
				}
				r := b.must(tt.want, "/qrs/app"+tt.query)
				if tt.want == 403 && r.body != "XSRF prevention check failed. Possible XSRF discovered." {
					t.Errorf("body %q", r.body)
				}
			})
		}
	}
}

// facts A.3, A.5, A.9: no token and no session means a redirect to a login page; which one depends on
// the browser's name.
func TestStrangersAreSentToALoginPageA3(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	for _, tt := range []struct{ name, prefix, agent, page string }{
		{"default, Windows", "", "Mozilla (Windows NT 10.0)", "/internal_windows_authentication/?targetId="},
		{"default, other", "", "Go", "/internal_forms_authentication/?targetId="},
		{"jwt", "/jwt", "Windows", "/jwt/internal_windows_authentication/?targetId="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, s, false)
			b.header.Set("User-Agent", tt.agent)
			for _, path := range []string{"/qrs/about", "/api/v1/apps/x/data/metadata", "/hub/", "/qps/user", "/content/x"} {
				r := b.must(302, tt.prefix+path)
				if got := r.header.Get("Location"); !strings.HasPrefix(got, s.URL+tt.page) {
					t.Errorf("%s: Location %s, want %s…", path, got, tt.page)
				}
			}
		})
	}
}

// facts A.3, A.4: the login pages challenge, and without a target id they say this.
func TestLoginPagesA3A4(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := newBrowser(t, s, false)
	b.header.Set("User-Agent", "Windows")
	b.base = ""
	b.key = ""
	b.header.Set("X-Qlik-Xrfkey", xrfkey)
	r := b.must(401, b.must(302, s.URL+"/qrs/about?xrfkey="+xrfkey).header.Get("Location"))
	if got := r.header.Values("WWW-Authenticate"); len(got) != 2 || got[0] != "Negotiate" || got[1] != "NTLM" {
		t.Errorf("WWW-Authenticate %q", got)
	}
	b.header.Set("User-Agent", "curl")
	r = b.must(200, b.must(302, s.URL+"/hub/").header.Get("Location"))
	for _, want := range []string{"<form", `name="username"`, `name="pwd"`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("form %q has no %s", r.body, want)
		}
	}
	for _, page := range []string{"internal_windows_authentication", "internal_forms_authentication"} {
		r := b.do("POST", s.URL+"/"+page+"/", "")
		if r.status != 400 || r.body != "Virtual proxy not possible to determine, since neither TargetId nor Virtual Proxy were specified" {
			t.Errorf("%s: %d %s", page, r.status, r.body)
		}
	}
}

// facts A.6: who am I, and logout, which ends all of the user's sessions on the virtual proxy.
func TestPersonalAPIA6(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	one, two, other := as(t, s, c.ann).login(), as(t, s, c.ann).login(), as(t, s, c.bob).login()
	var who struct{ UserID, UserDirectory string }
	one.decode("/qps/user", &who)
	if who.UserID != "ann" || who.UserDirectory != "ACME" {
		t.Errorf("who am I: %+v", who)
	}
	if r := one.do("DELETE", "/qps/user", ""); r.status != 204 {
		t.Fatalf("logout: %d", r.status)
	}
	one.must(302, "/qrs/about")
	two.must(302, "/qrs/about")
	other.must(200, "/qrs/about")
	if got := s.Counters(); got.Logouts != 2 || got.Sessions.Now != 1 {
		t.Errorf("counters %+v", got)
	}
	one.key = ""
	if r := one.do("DELETE", "/qps/user", ""); r.status != 403 {
		t.Errorf("logout without xrfkey: %d", r.status)
	}
}

// facts A.7, G.2: the token comes in a header, with 204, without an xrfkey; older servers say 404,
// and who isn't logged in gets 403.
func TestCSRFTokenA7(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann)
	b.key = ""
	r := b.must(204, "/qps/csrftoken")
	if r.header.Get("qlik-csrf-token") == "" || r.cookie() == "" {
		t.Errorf("headers %v", r.header)
	}
	b.header = http.Header{}
	b.must(403, "/qps/csrftoken")
	b.header = http.Header{"Cookie": {"X-Qlik-Session-jwt=unknown"}}
	b.must(403, "/qps/csrftoken")
	b.header = http.Header{"Authorization": {"Bearer " + s.Token(c.ann, TokenOptions{Lifetime: -1})}}
	b.must(401, "/qps/csrftoken")

	c, old := start(t, Options{NoCSRF: true})
	b = as(t, old, c.ann)
	if r := b.must(404, "/qps/csrftoken"); r.cookie() == "" {
		t.Error("an old server started no session")
	}
}

// facts A.11: product information needs no login.
func TestProductInfoA11(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	var info struct {
		Composition  struct{ DeploymentType, Version, ReleaseLabel, ProductName, SenseID string }
		ExternalURLs *map[string]any
	}
	b := newBrowser(t, s, false)
	for _, prefix := range []string{"", "/jwt"} {
		b.decode(prefix+"/resources/autogenerated/product-info.json", &info)
		if info.Composition.DeploymentType != "QlikSenseServer" || info.ExternalURLs == nil {
			t.Errorf("%+v", info)
		}
	}
}

func TestCloseLeavesNoGoroutineAndMayBeRepeated(t *testing.T) {
	before := goleak.IgnoreCurrent()
	c := smallSite()
	s, err := Start(c.Site, Options{JWTKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	b := as(t, s, c.ann).login()
	b.header.Set("Origin", s.URL)
	ws, _ := b.dial("/app/engineData?qlik-csrf-token=" + b.token())
	nextPush(t, ws)
	s.Fail("", HangREST)
	hung := make(chan error, 1)
	go func() { _, err := b.try("GET", "/qrs/app", ""); hung <- err }()
	eventually(t, func() bool { return s.Counters().Requests["GET /qrs/app"] == 1 })
	s.Close()
	s.Close()
	if err := <-hung; err == nil {
		t.Error("a hanging request was answered")
	}
	ws.Close()
	b.http.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

func TestInfoHasAllThatAClientNeeds(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{Audience: "qlik"})
	info, err := s.Info()
	if err != nil {
		t.Fatal(err)
	}
	if info.UserID != c.admin.Name {
		t.Errorf("user %s, want the administrator", info.UserID)
	}
	text, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	var back Info
	if err := json.Unmarshal(text, &back); err != nil || back != info {
		t.Errorf("%s: %v", text, err)
	}
	b := newBrowser(t, s, false)
	b.header.Set("Authorization", "Bearer "+info.Token)
	b.base = info.URL + "/" + info.Prefix
	b.login()
}
