package ntlm

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "Änn's p4ss"

// site is a simulated site with one account.
func site(t *testing.T, o qliktest.Options) *qliktest.Server {
	t.Helper()
	return qliktest.New(t, &qliktest.Site{
		BuildVersion: "31.62.0.0",
		Users:        []*qliktest.User{{ID: "u1", Directory: "ACME", Name: "ann", Password: password}},
	}, o)
}

// module asks the site for the page for logging in.
func module(t *testing.T, s *qliktest.Server) string {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.ClientTLS(false)}
	defer transport.CloseIdleConnections()
	req := request(t, s.URL+"/qrs/about?xrfkey=0123456789abcdef")
	req.Header.Set("X-Qlik-Xrfkey", "0123456789abcdef")
	req.Header.Set("User-Agent", "Windows")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header.Get("Location")
}

func request(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func ann(s *qliktest.Server) Client {
	return Client{Directory: "ACME", User: "ann", Password: password, Transport: &http.Transport{TLSClientConfig: s.ClientTLS(false)}}
}

func TestALoginTakesThreeRequestsOnOneConnection(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]qliktest.Options{"https": {}, "http": {PlainHTTP: true}, "the old port": {OldLogin: true}} {
		s := site(t, o)
		var sent atomic.Int64
		c := ann(s)
		c.Sent = func() { sent.Add(1) }
		var all sync.WaitGroup
		for range 16 {
			page := module(t, s)
			all.Go(func() {
				resp, err := c.Do(request(t, page))
				if err != nil || resp.StatusCode != http.StatusFound || !strings.Contains(resp.Header.Get("Location"), "qlikTicket=") {
					t.Errorf("%s: %v, %v", name, resp, err)
				}
			})
		}
		all.Wait()
		if n := s.Counters(); n.StrayProofs != 0 || n.WrongPasswords != 0 || sent.Load() != 3*16 {
			t.Errorf("%s: %d requests, %d stray proofs, %d wrong passwords", name, sent.Load(), n.StrayProofs, n.WrongPasswords)
		}
	}
}

func TestAccountsWithoutADomain(t *testing.T) {
	t.Parallel()
	s := site(t, qliktest.Options{})
	c := ann(s)
	c.Directory = ""
	if resp, err := c.Do(request(t, module(t, s))); err != nil || resp.StatusCode != http.StatusFound {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestAWrongPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	s := site(t, qliktest.Options{})
	for name, change := range map[string]func(*Client){
		"password": func(c *Client) { c.Password = "wrong" },
		"user":     func(c *Client) { c.User = "bob" },
		"domain":   func(c *Client) { c.Directory = "OTHER" },
	} {
		s.ResetCounters()
		c := ann(s)
		change(&c)
		if _, err := c.Do(request(t, module(t, s))); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		if n := s.Counters().WrongPasswords; n != 1 {
			t.Errorf("%s: tried %d times", name, n)
		}
	}
}

// peer is a server that answers as script says: by the type of the NTLM message, 0 for none.
func peer(t *testing.T, script func(w http.ResponseWriter, r *http.Request, message byte)) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		message, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(message) < 12 {
			message = make([]byte, 12)
		}
		script(w, r, message[8])
	}))
	t.Cleanup(srv.Close)
	return srv
}

// demand is a 401 with these ways to log in.
func demand(w http.ResponseWriter, offers ...string) {
	for _, o := range offers {
		w.Header().Add("WWW-Authenticate", o)
	}
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, strings.Repeat("a body that has to be read to its end\n", 1000))
}

// aChallenge is a second message without a target.
var aChallenge = base64.StdEncoding.EncodeToString(append([]byte("NTLMSSP\x00\x02\x00\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x01\x02\x00\x00"), make([]byte, 24)...))

func TestWhatAServerMayDoInstead(t *testing.T) {
	t.Parallel()
	broken := func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	isOffer := func(want string) func(error) bool {
		return func(err error) bool {
			var offer *OfferError
			return errors.As(err, &offer) && strings.Join(offer.Offered, " ") == want
		}
	}
	isUnanswered := func(err error) bool { var u *UnansweredError; return errors.As(err, &u) }
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	for _, tt := range []struct {
		name   string
		script func(w http.ResponseWriter, r *http.Request, message byte)
		good   func(error) bool
	}{
		{"no way at all", func(w http.ResponseWriter, _ *http.Request, _ byte) { demand(w) }, isOffer("")},
		{"Basic only", func(w http.ResponseWriter, _ *http.Request, _ byte) { demand(w, `Basic realm="a, b=c"`, "Digest") }, isOffer("Basic Digest")},
		{"Kerberos only", func(w http.ResponseWriter, _ *http.Request, _ byte) { demand(w, "Negotiate") }, is(ErrNoChallenge)},
		{"a challenge that is none", func(w http.ResponseWriter, _ *http.Request, m byte) { demand(w, []string{"NTLM", "NTLM !!!"}[m]) }, is(ErrNoChallenge)},
		{"a challenge of nonsense", func(w http.ResponseWriter, _ *http.Request, m byte) { demand(w, []string{"NTLM", "NTLM AAAA"}[m]) }, is(ErrNoChallenge)},
		{"a connection that is to end", func(w http.ResponseWriter, _ *http.Request, m byte) {
			w.Header().Set("Connection", "close")
			demand(w, []string{"NTLM", "NTLM " + aChallenge}[m])
		}, is(ErrMoved)},
		{"a connection that breaks at the proof", func(w http.ResponseWriter, _ *http.Request, m byte) {
			if m == 3 {
				broken(w)
				return
			}
			demand(w, []string{"NTLM", "NTLM " + aChallenge}[m])
		}, isUnanswered},
		{"a refusal", func(w http.ResponseWriter, _ *http.Request, m byte) {
			demand(w, []string{"NTLM", "NTLM " + aChallenge, "", "NTLM"}[m])
		}, is(ErrRefused)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var proofs atomic.Int64
			srv := peer(t, func(w http.ResponseWriter, r *http.Request, m byte) {
				if m == 3 {
					proofs.Add(1)
				}
				tt.script(w, r, m)
			})
			_, err := Client{User: "ann", Password: password}.Do(request(t, srv.URL))
			if !tt.good(err) || proofs.Load() > 1 {
				t.Errorf("%v; %d proofs", err, proofs.Load())
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the password shows: %v", err)
			}
		})
	}
}

func TestNegotiateIsTakenWhenThereIsNoNTLM(t *testing.T) {
	t.Parallel()
	var floor atomic.Value
	srv := peer(t, func(w http.ResponseWriter, r *http.Request, m byte) {
		if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); m > 0 && scheme != "Negotiate" {
			t.Errorf("scheme %s", scheme)
		}
		switch m {
		case 0:
			demand(w, "Digest, Negotiate")
		case 1:
			floor.Store(r.RemoteAddr)
			demand(w, "Negotiate "+aChallenge)
		case 3:
			if floor.Load() != r.RemoteAddr {
				t.Error("the proof came on another connection")
			}
			_, _ = io.WriteString(w, "hello")
		}
	})
	resp, err := Client{User: "ann", Password: password}.Do(request(t, srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "hello" {
		t.Errorf("%s, %v", body, err)
	}
}

func TestHTTP2IsNotSpoken(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("%s", r.Proto)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	base := srv.Client().Transport.(*http.Transport) // offers HTTP/2
	t.Cleanup(base.CloseIdleConnections)
	if resp, err := (Client{Transport: base}).Do(request(t, srv.URL)); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestCookiesOfABalancerGoWithEachMessage(t *testing.T) {
	t.Parallel()
	srv := peer(t, func(w http.ResponseWriter, r *http.Request, m byte) {
		if c, err := r.Cookie("AWSALB"); m > 0 && (err != nil || c.Value != "node1") {
			t.Errorf("message %d: %v", m, r.Cookies())
		}
		switch m {
		case 0:
			http.SetCookie(w, &http.Cookie{Name: "AWSALB", Value: "node1", Path: "/"})
			demand(w, "NTLM")
		case 1:
			demand(w, "NTLM "+aChallenge)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := (Client{User: "ann", Password: password, Jar: jar}).Do(request(t, srv.URL)); err != nil || resp.StatusCode != 200 {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestACancelledContextEndsALogin(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // accepts and says nothing
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Client{User: "ann", Password: password}.Do(request(t, "http://"+ln.Addr().String()).WithContext(ctx))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
