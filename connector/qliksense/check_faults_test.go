package qliksense

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// windows makes the connection one with a Windows login.
func (x *trialSite) windows() {
	x.server.Edit(func(*qliktest.Site) { x.admin.Password = "a good one" })
	x.conn.Secrets = catalog.Secrets{"windows.password": catalog.NewSecret("a good one")}
	delete(x.set, "jwt")
	x.set["authentication"] = "windows"
	x.set["windows"] = map[string]any{"user_directory": "ACME", "user_id": "svc"}
}

// certificate makes the connection one with the site's client certificate.
func (x *trialSite) certificate() {
	info, err := x.server.Info()
	if err != nil {
		x.t.Fatal(err)
	}
	x.conn.URL, x.conn.Secrets = "https://localhost", nil
	x.set = map[string]any{
		"authentication": "certificate", "link_url": "https://sense.example.com",
		"certificate": map[string]any{
			"client_cert": info.ClientCertFile, "client_key": info.ClientKeyFile, "root_cert": info.CAFile, "user_directory": "ACME",
			"user_id": "svc", "qrs_port": portOf(x.t, info.QRSURL), "engine_port": portOf(x.t, info.EngineURL),
		},
	}
}

// leftAlone tells that the check logged out, and neither loaded data nor changed anything.
func (x *trialSite) leftAlone() {
	x.t.Helper()
	c := x.server.Counters()
	if c.Sessions.Now > 0 || c.Logins > 1 {
		x.t.Errorf("%d logins, %d sessions left", c.Logins, c.Sessions.Now)
	}
	if c.OpensWithData > 0 || c.Migrations > 0 {
		x.t.Errorf("%d opens with data, %d migrations", c.OpensWithData, c.Migrations)
	}
}

// Every finding has its fault in the simulated site; the step that names it fails, and no other does.
func TestCheckFindsEachFault(t *testing.T) {
	t.Parallel()
	fail := func(f qliktest.Fault) func(*trialSite) { return func(x *trialSite) { x.server.Fail("", f) } }
	for name, c := range map[string]struct {
		options qliktest.Options
		spoil   func(*trialSite)
		step    string
		says    string // in the error, its cure or the detail, in this order with … between
	}{
		"wrong prefix": {
			spoil: func(x *trialSite) { x.set["jwt"] = map[string]any{"prefix": "jwtt"} }, step: "proxy",
			says: `no virtual proxy with the prefix "jwtt", or it isn't linked…link that virtual proxy`,
		},
		"not linked":     {spoil: fail(qliktest.NotLinked), step: "proxy", says: `isn't linked…link that virtual proxy to the proxy service`},
		"anonymous mode": {options: qliktest.Options{Anonymous: true}, spoil: func(*trialSite) {}, step: "login", says: `anonymous…anonymous access mode`},
		"no load-balancing node, no Engine": {
			spoil: fail(qliktest.EngineAway), step: "engine",
			says: "no Engine to lead to…Load balancing: add a server node",
		},
		"host not on the allow list": {
			spoil: func(x *trialSite) { x.conn.URL = strings.Replace(x.conn.URL, "localhost", "127.0.0.1", 1) }, step: "engine",
			says: "the host of https://127.0.0.1…is not on the allow list…an IP address never matches",
		},
		"CSRF refusal": {spoil: fail(qliktest.CSRFRefused), step: "engine", says: "cross-site requests (CSRF) failed…qlik-csrf-token"},
		"audience mismatch": {
			options: qliktest.Options{Audience: "qlik"}, step: "login",
			spoil: func(x *trialSite) { x.token(x.server.Token(x.admin, qliktest.TokenOptions{Audience: "other"})) },
			says:  "refused the token (status 401)…the audience…with audience other",
		},
		"expired token": {
			step: "login", says: "the token expired at 20…Make a new token",
			spoil: func(x *trialSite) { x.token(x.server.Token(x.admin, qliktest.TokenOptions{Lifetime: -time.Hour})) },
		},
		"signed with another key": {
			step: "login", says: "refused the token (status 401)…belongs to the key",
			spoil: func(x *trialSite) { x.token(x.server.Token(x.admin, qliktest.TokenOptions{WrongKey: true})) },
		},
		"clock skew": {
			options: qliktest.Options{Now: func() time.Time { return time.Now().Add(-10 * time.Minute) }}, spoil: signHere, step: "login",
			says: "this machine's clock is …ahead of the server's, and by the server's clock the token is not valid…NTP",
		},
		"Windows pattern not matched": {
			options: qliktest.Options{WindowsPattern: "Chrome"}, spoil: (*trialSite).windows, step: "login",
			says: "shows a form…instead of asking for a Windows login…Windows authentication pattern",
		},
		"wrong password": {spoil: func(x *trialSite) {
			x.windows()
			x.conn.Secrets = catalog.Secrets{"windows.password": catalog.NewSecret("a bad one")}
		}, step: "login", says: "refused the user or the password"},
		"untrusted chain": {
			spoil: func(x *trialSite) { x.set["tls"] = map[string]any{} }, step: "tls",
			says: "an authority that this machine doesn't know…tls.ca_file…the server shows CN=localhost, issued by CN=qliktest-CA, valid from 20… to 20",
		},
		"wrong host name": {
			step: "tls", says: "is not for sense.example.com but for…tls.server_name…the server shows CN=localhost",
			spoil: func(x *trialSite) { x.set["tls"].(map[string]any)["server_name"] = "sense.example.com" },
		},
		"account inactive": {
			spoil: func(x *trialSite) { x.server.Edit(func(*qliktest.Site) { x.admin.Inactive = true }) }, step: "login",
			says: "account is inactive…under Users",
		},
		"licence missing": {spoil: fail(qliktest.LicenseDenied), step: "engine", says: "No available access type…License management"},
		"session limit": {
			options: qliktest.Options{MaxSessions: 1}, spoil: otherSession, step: "session",
			says: "too many sessions…5 sessions a user",
		},
		"no right to list apps": {
			step: "apps", says: `ACME\nobody sees no app…resource filter App_*,Stream_*; actions Read…user.userDirectory="ACME" and user.userId="nobody"`,
			spoil: func(x *trialSite) {
				x.server.Edit(func(s *qliktest.Site) {
					for _, stream := range s.Streams {
						stream.Readers = []*qliktest.User{x.ann}
					}
				})
				x.token(x.server.Token(&qliktest.User{Directory: "ACME", Name: "nobody"}))
			},
		},
		"app objects hidden":  {spoil: fail(qliktest.ObjectsHidden), step: "app_objects", says: "no app object in the 3 newest apps…App.Object_*"},
		"every app refuses":   {spoil: fail(qliktest.AccessDenied4000), step: "open", says: "User access denied…section access"},
		"script denied":       {spoil: fail(qliktest.ScriptDenied), step: "script", says: "Access denied…app_appscript"},
		"lineage denied":      {spoil: fail(qliktest.LineageDenied), step: "lineage", says: "Access denied…reload"},
		"connections denied":  {spoil: fail(qliktest.ConnectionsDenied), step: "connections", says: "Access denied…DataConnection_*"},
		"metadata missing":    {spoil: fail(qliktest.MetadataMissing), step: "data_model", says: "no stored data model…Reload an app"},
		"not a Qlik server":   {spoil: notQlik, step: "proxy", says: "is not a Qlik Sense server…Check url"},
		"nothing there":       {spoil: closedPort, step: "tcp", says: "connection refused…Check host and port"},
		"no such host":        {spoil: func(x *trialSite) { x.conn.URL = "https://no-such-host.invalid" }, step: "dns", says: "look up no-such-host.invalid…name server|host and port"},
		"plain HTTP on https": {spoil: plainHTTP, step: "tls", says: "doesn't speak TLS…http://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTrialSite(t, c.options)
			c.spoil(x)
			steps := x.check()
			if d := cmp.Diff([]string{c.step}, failedSteps(steps)); d != "" {
				for _, name := range stepNames {
					t.Logf("%s %s %s %v", name, steps[name].Status, steps[name].Detail, steps[name].Err)
				}
				t.Fatalf("failed steps (-want +got):\n%s", d)
			}
			step := steps[c.step]
			if text := step.Err.Error() + " " + catalog.CureOf(step.Err) + " " + step.Detail; !inOrder(text, c.says) {
				t.Errorf("want %q in: %s", c.says, text)
			}
			if catalog.CodeOf(step.Err) == catalog.CodeInternal {
				t.Errorf("the fault has no code: %v", step.Err)
			}
			c := x.server.Counters()
			if c.OpensWithData > 0 || c.Migrations > 0 || name != "session limit" && c.Sessions.Now > 0 && name != "anonymous mode" {
				t.Errorf("%d opens with data, %d migrations, %d sessions left", c.OpensWithData, c.Migrations, c.Sessions.Now)
			}
		})
	}
}

// inOrder reports whether the parts of want stand in text one behind the other; | is or.
func inOrder(text, want string) bool {
	for part := range strings.SplitSeq(want, "…") {
		at := -1
		for either := range strings.SplitSeq(part, "|") {
			if i := strings.Index(text, either); i >= 0 {
				at = i + len(either)
				break
			}
		}
		if at < 0 {
			return false
		}
		text = text[at:]
	}
	return true
}

func signHere(x *trialSite) {
	info, err := x.server.Info()
	if err != nil {
		x.t.Fatal(err)
	}
	x.conn.Secrets = nil
	x.set["jwt"] = map[string]any{
		"prefix": info.Prefix, "private_key": "file:" + info.PrivateKeyFile, "user_id": "svc", "user_directory": "ACME",
		"user_id_claim": "userId", "user_directory_claim": "userDirectory",
	}
}

func otherSession(x *trialSite) {
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, x.conn.URL+"/jwt/hub/", nil)
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+x.conn.Secrets["jwt.token"].Reveal())
	tr := &http.Transport{TLSClientConfig: x.server.ClientTLS(false)}
	defer tr.CloseIdleConnections()
	resp, err := tr.RoundTrip(r)
	if err != nil {
		x.t.Fatal(err)
	}
	_ = resp.Body.Close()
}

func notQlik(x *trialSite) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<title>It works!</title>\n"))
	}))
	x.t.Cleanup(other.Close)
	x.conn.URL = other.URL
}

func plainHTTP(x *trialSite) {
	notQlik(x)
	x.conn.URL = strings.Replace(x.conn.URL, "http:", "https:", 1)
}

func closedPort(x *trialSite) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		x.t.Fatal(err)
	}
	x.conn.URL = "https://" + ln.Addr().String()
	_ = ln.Close()
}
