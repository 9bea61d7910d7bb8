package qix_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix/qixtest"
)

func TestDialWaitsForTheGreeting(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		greeting qixtest.Step
		user     string
		attached bool
	}{
		{"direct: one frame", qixtest.Greet(), "", false},
		{"proxy: two frames", qixtest.GreetAs("CORP", "jdoe"), `CORP\jdoe`, false},
		{"attached to what was there", qixtest.GreetWith("SESSION_ATTACHED"), "", true},
		{"state unknown", qixtest.GreetWith("SESSION_RESTORED"), "", false},
		{"no params", qixtest.Send(`{"method":"OnConnected"}`), "", false},
		{"others before it", qixtest.Script{
			qixtest.Notify("OnExcessLicenseAssignment", map[string]string{"severity": "warning"}),
			qixtest.Notify("OnSomethingNew", []int{1}), qixtest.Greet(),
		}.AsStep(), "", false},
		{"twice", qixtest.Script{qixtest.Greet(), qixtest.GreetWith("SESSION_ATTACHED")}.AsStep(), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := dial(t, qix.Dialer{}, qixtest.Script{
				tt.greeting, qixtest.Expect("EngineVersion"), qixtest.ReplyRaw(`"result":{"qVersion":{"qComponentVersion":"12.1"}}`),
			})
			if v := answer(t, s.EngineVersion(within(t))); v != "12.1" {
				t.Errorf("version %q", v)
			}
			if s.User() != tt.user || s.Attached() != tt.attached {
				t.Errorf("user %q, attached %v", s.User(), s.Attached())
			}
		})
	}
}

func TestDialNudgesAServerThatGreetsLate(t *testing.T) {
	t.Parallel()
	dial(t, qix.Dialer{GreetingNudge: time.Millisecond}, qixtest.Script{
		qixtest.Expect("EngineVersion"), qixtest.Greet(),
	})
}

func TestDialTellsRefusalsApart(t *testing.T) {
	t.Parallel()
	fatal := map[string]string{"severity": "fatal", "message": "too many"}
	page := strings.Repeat("<p>The http request header is incorrect</p>", 1000)
	tests := []struct {
		name  string
		step  qixtest.Step
		check func(t *testing.T, err error)
	}{
		{"session limit", qixtest.Notify("OnMaxParallelSessionsExceeded", fatal), wantPush("OnMaxParallelSessionsExceeded", "too many")},
		{"no message", qixtest.Notify("OnNoEngineAvailable", map[string]string{}), wantPush("OnNoEngineAvailable", "")},
		{"no params", qixtest.Send(`{"method":"OnSessionTimedOut"}`), wantPush("OnSessionTimedOut", "")},
		{"odd params", qixtest.Send(`{"method":"OnSessionClosed","params":[7]}`), wantPush("OnSessionClosed", "")},
		{"unknown but fatal", qixtest.Notify("OnNewTrouble", fatal), wantPush("OnNewTrouble", "too many")},
		{"session state", qixtest.GreetWith("SESSION_ERROR_NO_LICENSE"), wantPush("OnConnected", "SESSION_ERROR_NO_LICENSE")},
		{
			"session state without ERROR", qixtest.GreetWith("SESSION_ACCESS_CONTROL_SETUP_FAILURE"),
			wantPush("OnConnected", "SESSION_ACCESS_CONTROL_SETUP_FAILURE"),
		},
		{"must authenticate", qixtest.Notify("OnAuthenticationInformation", map[string]any{
			"loginUri": "https://h/internal_windows_authentication/?targetId=s3cret", "mustAuthenticate": true,
		}), func(t *testing.T, err error) {
			e := as[*qix.AuthError](t, err)
			if !strings.Contains(e.LoginURI, "targetId=s3cret") || strings.Contains(e.Error(), "s3cret") ||
				!strings.Contains(e.Error(), "https://h/internal_windows_authentication/") {
				t.Errorf("LoginURI %q, text %q", e.LoginURI, e)
			}
		}},
		{"hung up ungreeted", qixtest.Drop(), func(t *testing.T, err error) {
			if e := as[*qix.HandshakeError](t, err); e.Status != 101 {
				t.Errorf("status %d", e.Status)
			}
			if e := as[*qix.PeerClosedError](t, err); e.Code != 1006 {
				t.Errorf("code %d", e.Code)
			}
		}},
		{"closed ungreeted", qixtest.Close(4001, "bye"), func(t *testing.T, err error) {
			if e := as[*qix.PeerClosedError](t, err); e.Code != 4001 || e.Text != "bye" {
				t.Errorf("%+v", e)
			}
		}},
		{"garbage", qixtest.Send("<html>"), func(t *testing.T, err error) {
			if e := as[*qix.FrameError](t, err); e.Start != "<html>" || e.Size != 6 {
				t.Errorf("%+v", e)
			}
		}},
		{"400 with a page", qixtest.Refuse(400, nil, page), func(t *testing.T, err error) {
			if e := as[*qix.HandshakeError](t, err); e.Status != 400 || e.Body != page[:200] || e.Err != nil {
				t.Errorf("%+v", e)
			}
		}},
		{"403 without body", qixtest.Refuse(403, nil, ""), func(t *testing.T, err error) {
			if e := as[*qix.HandshakeError](t, err); e.Status != 403 || e.Body != "" {
				t.Errorf("%+v", e)
			}
		}},
		{"302 to the login page", qixtest.Refuse(302, map[string]string{"Location": "https://h/form/?targetId=s3cret"}, ""), func(t *testing.T, err error) {
			if e := as[*qix.HandshakeError](t, err); e.Status != 302 || e.Location != "https://h/form/" || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%+v", e)
			}
		}},
		{"200: not a WebSocket", qixtest.Refuse(200, nil, "hello"), func(t *testing.T, err error) {
			if e := as[*qix.HandshakeError](t, err); e.Status != 200 || e.Body != "hello" {
				t.Errorf("%+v", e)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			peer := qixtest.Start(t, qixtest.Script{tt.step})
			s, err := qix.Dialer{}.Dial(within(t), peer.URL()+"/app/engineData?qlik-csrf-token=t0ken", nil)
			if err == nil {
				closeSession(t, s)
				t.Fatal("dialed")
			}
			tt.check(t, err)
			if strings.Contains(err.Error(), "t0ken") {
				t.Errorf("the token is in %q", err)
			}
		})
	}
}

func wantPush(method, message string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		if e := as[*qix.PushError](t, err); e.Method != method || e.Message != message {
			t.Errorf("push %q %q, want %q %q", e.Method, e.Message, method, message)
		}
	}
}

func TestDialHasLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		dialer qix.Dialer
		script qixtest.Script
		status int
	}{
		{"no answer to the upgrade", qix.Dialer{HandshakeTimeout: 50 * time.Millisecond}, qixtest.Script{qixtest.Hang()}, 0},
		{"no greeting", qix.Dialer{GreetingTimeout: 50 * time.Millisecond}, nil, 101},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.dialer.Dial(within(t), qixtest.Start(t, tt.script).URL(), nil)
			if e := as[*qix.HandshakeError](t, err); e.Status != tt.status || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("error %v, status %d", err, e.Status)
			}
		})
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]qixtest.Script{
		"before the answer":   {},
		"before the greeting": {qixtest.Notify("OnSomething", nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := make(chan struct{})
			peer := qixtest.Start(t, append(script, qixtest.Tell(started), qixtest.Hang()))
			ctx, cancel := context.WithCancel(within(t))
			go func() {
				<-started
				cancel()
			}()
			if _, err := (qix.Dialer{}).Dial(ctx, peer.URL(), nil); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDialSendsTheCallersHeader(t *testing.T) {
	t.Parallel()
	peer := qixtest.Start(t, qixtest.Script{qixtest.Greet()})
	s, err := qix.Dialer{}.Dial(within(t), peer.URL(), http.Header{
		"Cookie": {"X-Qlik-Session-jwt=abc"}, "Origin": {"https://sense.example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	closeSession(t, s)
	got := peer.Header(0)
	if got.Get("Cookie") != "X-Qlik-Session-jwt=abc" || got.Get("Origin") != "https://sense.example.com" {
		t.Errorf("header %v", got)
	}
	if got.Get("Authorization") != "" || got.Get("Sec-WebSocket-Extensions") != "" {
		t.Errorf("header %v", got)
	}
}

func TestDialThroughTLS(t *testing.T) {
	t.Parallel()
	t.Run("trusted, with a configuration shared with HTTP/2, through the caller's dial", func(t *testing.T) {
		t.Parallel()
		peer := qixtest.StartTLS(t, qixtest.Script{qixtest.Greet()})
		config := peer.TLS()
		config.NextProtos = []string{"h2", "http/1.1"}
		var dialed atomic.Int32
		s, err := qix.Dialer{TLS: config, NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialed.Add(1)
			return new(net.Dialer).DialContext(ctx, network, addr)
		}}.Dial(within(t), peer.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		closeSession(t, s)
		if dialed.Load() != 1 || len(config.NextProtos) != 2 {
			t.Errorf("dialed %d times, protocols %v", dialed.Load(), config.NextProtos)
		}
	})
	t.Run("untrusted", func(t *testing.T) {
		t.Parallel()
		peer := qixtest.StartTLS(t)
		_, err := qix.Dialer{}.Dial(within(t), peer.URL(), nil)
		if e := as[*qix.HandshakeError](t, err); e.Status != 0 {
			t.Errorf("status %d", e.Status)
		}
		as[x509.UnknownAuthorityError](t, err)
	})
}

func TestDialRefusesWrongAddressesWithoutShowingSecrets(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"https://host/app?qlik-csrf-token=t0ken", "wss://user:t0ken@host/app", "ws://host:port:t0ken/?a=t0ken",
		"wss:///app?t0ken", "", "ws://127.0.0.1:1/app?qlikTicket=t0ken", "ws://ho\x00st/?t0ken",
	} {
		_, err := qix.Dialer{}.Dial(within(t), address, nil)
		as[*qix.HandshakeError](t, err)
		if strings.Contains(err.Error(), "qlik-csrf-token") || strings.Contains(err.Error(), "Ticket") {
			t.Errorf("%q: the query is in %q", address, err)
		}
	}
}
