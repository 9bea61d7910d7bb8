package qliksense

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// aChallenge is a second message of NTLM, without a target.
var aChallenge = base64.StdEncoding.EncodeToString(append([]byte("NTLMSSP\x00\x02\x00\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x01\x02\x00\x00"), make([]byte, 24)...))

// A crook is a proxy and an authentication module that go wrong at one place.
type crook struct {
	to      string // where the proxy leads; "": to its own module
	module  func(w http.ResponseWriter, r *http.Request)
	back    string // where the module leads after the proof
	proofs  atomic.Int64
	entered atomic.Int64 // requests with a ticket
}

func (c *crook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "windows_authentication"):
		c.challenge(w, r)
	case r.URL.Query().Has("qlikTicket"):
		c.entered.Add(1)
		http.Redirect(w, r, "/internal_windows_authentication/?targetId=2", http.StatusFound)
	case c.to != "":
		http.Redirect(w, r, c.to, http.StatusFound)
	default:
		http.Redirect(w, r, "/internal_windows_authentication/?targetId=1", http.StatusFound)
	}
}

func (c *crook) challenge(w http.ResponseWriter, r *http.Request) {
	proof := strings.HasPrefix(r.Header.Get("Authorization"), "NTLM TlRMTVNTUAAD") // a message of type 3
	if proof {
		c.proofs.Add(1)
	}
	switch {
	case proof && c.back != "":
		http.Redirect(w, r, c.back, http.StatusFound)
	case c.module != nil && (proof || c.back == ""):
		c.module(w, r)
	default:
		demandNTLM(w, r)
	}
}

func demandNTLM(w http.ResponseWriter, r *http.Request) {
	offer := "NTLM"
	if r.Header.Get("Authorization") != "" {
		offer = "NTLM " + aChallenge
	}
	w.Header().Set("WWW-Authenticate", offer)
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
}

func TestAWindowsLoginThatGoesWrongIsASentenceWithACure(t *testing.T) {
	t.Parallel()
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.Header.Get("Authorization"), code) }
	}
	for _, tt := range []struct {
		name       string
		crook      *crook
		code       catalog.Code
		says, cure string
	}{
		{"another host", &crook{to: "https://evil.example/internal_windows_authentication/?targetId=geheim"}, catalog.CodeInvalid, "leads to another host, evil.example, where no password is sent", "alias_host_name"},
		{"another login with https", &crook{to: "https://login.example/saml?request=geheim"}, catalog.CodeInvalid, "the server wants https", "https://"},
		{"another login", &crook{to: "/saml?request=geheim"}, catalog.CodeUnauthorized, "wants another login than windows", "with windows authentication"},
		{"an address that is none", &crook{to: "http://a b/%zz"}, catalog.CodeInvalid, "its answer can't be read", "url"},
		{"a spent target", &crook{module: status(400)}, catalog.CodeUnauthorized, "doesn't know the login that the proxy began", "load balancer"},
		{"a module that fails", &crook{module: status(502)}, catalog.CodeUnreachable, "the authentication module failed (status 502)", "proxy service"},
		{"a module that forbids", &crook{module: status(403)}, catalog.CodeUnauthorized, "refused the login (status 403)", "virtual proxy"},
		{"a form after all", &crook{module: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<form>")
		}}, catalog.CodeUnauthorized, "shows a form", "windowsAuthenticationEnabledDevicePattern"},
		{"Kerberos only", &crook{module: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Negotiate")
			w.WriteHeader(http.StatusUnauthorized)
		}}, catalog.CodeUnauthorized, "didn't go on with NTLM", "Kerberos only"},
		{"Basic", &crook{module: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic realm=x")
			w.WriteHeader(http.StatusUnauthorized)
		}}, catalog.CodeUnauthorized, "offers Basic instead of NTLM", "virtual proxy"},
		{"no ticket", &crook{back: "/hub/?geheim=1"}, catalog.CodeUnauthorized, "gave no ticket and leads to", "virtual proxy"},
		{"a form after the proof", &crook{back: "/internal_forms_authentication/?targetId=geheim"}, catalog.CodeUnauthorized, "shows a form", "windowsAuthenticationEnabledDevicePattern"},
		{"a ticket that isn't taken", &crook{back: "/qrs/about?qlikTicket=geheim"}, catalog.CodeUnauthorized, "doesn't take the ticket", "load balancer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(tt.crook)
			t.Cleanup(srv.Close)
			p := openWindows(t, qliktest.Options{}, at(srv.URL))
			err := p.about(t.Context())
			if catalog.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) || !strings.Contains(catalog.CureOf(err), tt.cure) {
				t.Errorf("code %s\nerror %v\ncure  %s", catalog.CodeOf(err), err, catalog.CureOf(err))
			}
			if text := fmt.Sprint(err); strings.Contains(text, "geheim") || strings.Contains(text, "\n") || len(text) > 300 {
				t.Errorf("the sentence: %s", text)
			}
			_ = p.about(t.Context())
			if n := tt.crook.proofs.Load(); n > 1 {
				t.Errorf("%d proofs", n)
			}
			if n := tt.crook.entered.Load(); n > 1 {
				t.Errorf("a ticket was used %d times", n)
			}
			p.silent(t, err)
		})
	}
}

func TestPasswordsAreNotSentFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	c := &crook{}
	srv := httptest.NewTLSServer(c)
	t.Cleanup(srv.Close)
	c.to = strings.Replace(srv.URL, "https:", "http:", 1) + "/internal_windows_authentication/?targetId=geheim"
	p := openWindows(t, qliktest.Options{}, at(srv.URL), set("tls", map[string]any{"insecure_skip_verify": true}))
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeInvalid || !strings.Contains(err.Error(), "from https to http://") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v", err)
	}
}

func TestProofsThatNobodyAnswersAreNotSentForEver(t *testing.T) {
	t.Parallel()
	c := &crook{}
	c.module = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "NTLM TlRMTVNTUAAD") {
			demandNTLM(w, r)
			return
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	p := openWindows(t, qliktest.Options{}, at(srv.URL))
	if err := p.about(t.Context()); catalog.CodeOf(err) != catalog.CodeUnreachable {
		t.Errorf("the first time: %v", err)
	}
	var err error
	for range 5 {
		err = p.about(t.Context())
	}
	if catalog.CodeOf(err) != catalog.CodeUnauthorized || !strings.Contains(err.Error(), "might lock the account") {
		t.Errorf("%v", err)
	}
	if n := c.proofs.Load(); n != maxUnanswered {
		t.Errorf("%d proofs", n)
	}
	p.silent(t, err)
}

// TestACloseInTheMiddleOfALoginEndsIt has a module that never answers.
func TestACloseInTheMiddleOfALoginEndsIt(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	c := &crook{module: func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	}}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	p := openWindows(t, qliktest.Options{}, at(srv.URL))
	done := make(chan error, 1)
	go func() { done <- p.about(t.Context()) }()
	<-reached
	p.end() // what close does when its patience ends
	if err := <-done; err == nil {
		t.Error("logged in")
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}
