package tunnel_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/tunnel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const target = "sense.example.com:443"

// A request is what a proxy was asked.
type request struct{ method, target, host, login string }

// serve starts a proxy that takes one connection and does what the test says with it. The channel gives what it
// was asked, and is closed when the proxy is done.
func serve(t *testing.T, answer func(conn net.Conn)) (tunnel.Proxy, <-chan request) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan request, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(asked)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked <- request{r.Method, r.RequestURI, r.Host, r.Header.Get("Proxy-Authorization")}
		answer(conn)
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return tunnel.Proxy{Address: ln.Addr().String(), Dial: (&net.Dialer{}).DialContext}, asked
}

// says answers with a text.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// silent answers nothing until the other side hangs up.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func failure(t *testing.T, err error) *tunnel.Error {
	t.Helper()
	var e *tunnel.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want a *tunnel.Error", err)
	}
	return e
}

func TestAConnectionThroughTheProxyCarriesBytesBothWays(t *testing.T) {
	t.Parallel()
	p, asked := serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\nX-Proxy: office\r\n\r\n")
		_, _ = io.Copy(conn, conn)
	})
	conn, err := p.DialContext(t.Context(), "tcp", target)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, want := <-asked, (request{"CONNECT", target, target, ""}); got != want {
		t.Errorf("the proxy was asked %+v, want %+v", got, want)
	}
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 5)
	if _, err := io.ReadFull(conn, back); err != nil || string(back) != "hello" {
		t.Errorf("came back: %q, %v", back, err)
	}
}

func TestTheLoginGoesToTheProxyAndIntoNoError(t *testing.T) {
	t.Parallel()
	p, asked := serve(t, says("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n"+
		"Proxy-Authenticate: Basic realm=\"office\"\r\nContent-Length: 0\r\n\r\n"))
	p.User, p.Password = "ada", "Tiger1:x"
	_, err := p.DialContext(t.Context(), "tcp", target)
	e := failure(t, err)
	if got := (<-asked).login; got != "Basic "+base64.StdEncoding.EncodeToString([]byte("ada:Tiger1:x")) {
		t.Errorf("the proxy got the login %q", got)
	}
	if e.Status != http.StatusProxyAuthRequired || !e.Login || !e.Permanent() {
		t.Errorf("error %+v: want 407 with a login, for good", e)
	}
	if diff := cmp.Diff([]string{"Negotiate", "Basic"}, e.Schemes); diff != "" {
		t.Errorf("offered logins (-want +got):\n%s", diff)
	}
	for _, secret := range []string{"Tiger1", base64.StdEncoding.EncodeToString([]byte("ada:Tiger1:x"))} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestAProxyThatRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string
		status       int
		permanent    bool
	}{
		{"forbidden", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403, true},
		{"too many", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", 429, false},
		{"target away", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\naway", 502, false},
		{"a redirect", "HTTP/1.1 302 Found\r\nLocation: http://login.example.com/\r\nContent-Length: 0\r\n\r\n", 302, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, _ := serve(t, says(tc.answer))
			_, err := p.DialContext(t.Context(), "tcp", target)
			e := failure(t, err)
			if e.Status != tc.status || e.Permanent() != tc.permanent || e.Login || e.Proxy != p.Address || e.Target != target {
				t.Errorf("error %+v: want status %d, permanent %t", e, tc.status, tc.permanent)
			}
		})
	}
}

func TestAPeerThatIsNoProxy(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"something else": "SSH-2.0-OpenSSH_9.6\r\n",
		"nothing":        "",
		"half an answer": "HTTP/1.1 200 OK\r\nX-",
		"too much":       "HTTP/1.1 200 OK\r\n\r\nunasked",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := serve(t, says(answer))
			_, err := p.DialContext(t.Context(), "tcp", target)
			if e := failure(t, err); e.Status != 0 || e.Err == nil || e.Permanent() {
				t.Errorf("error %+v: want one without a status that may be tried again", e)
			}
		})
	}
}

func TestAProxyThatIsNotThere(t *testing.T) {
	t.Parallel()
	refused := errors.New("connection refused")
	p := tunnel.Proxy{Address: "proxy.example.com:3128", Dial: func(_ context.Context, network, addr string) (net.Conn, error) {
		if network != "tcp" || addr != "proxy.example.com:3128" {
			t.Errorf("dialed %s %s, want the proxy", network, addr)
		}
		return nil, refused
	}}
	_, err := p.DialContext(t.Context(), "tcp", target)
	if e := failure(t, err); !errors.Is(err, refused) || e.Target != "" || !strings.Contains(err.Error(), "proxy.example.com:3128") {
		t.Errorf("error %v: want that the proxy is out of reach", err)
	}
}

func TestASlowProxyIsGivenUp(t *testing.T) {
	t.Parallel()
	t.Run("when the caller's time is up", func(t *testing.T) {
		t.Parallel()
		p, asked := serve(t, silent)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		if _, err := p.DialContext(ctx, "tcp", target); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the caller's own", err)
		}
	})
	t.Run("with the caller's reason", func(t *testing.T) {
		t.Parallel()
		p, asked := serve(t, silent)
		why := errors.New("the app took too long")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-asked
			cancel(why)
		}()
		if _, err := p.DialContext(ctx, "tcp", target); !errors.Is(err, why) {
			t.Errorf("error %v, want %v", err, why)
		}
	})
	t.Run("in the middle of its answer", func(t *testing.T) {
		t.Parallel()
		began := make(chan struct{})
		p, _ := serve(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 Conn")
			close(began)
			silent(conn)
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-began
			cancel()
		}()
		if _, err := p.DialContext(ctx, "tcp", target); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the caller's own", err)
		}
	})
	t.Run("before it is asked", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		cancel()
		p := tunnel.Proxy{Address: "127.0.0.1:1", Dial: (&net.Dialer{}).DialContext}
		if _, err := p.DialContext(ctx, "tcp", target); err == nil {
			t.Error("there is a connection")
		}
	})
}

func TestAConnectionOutlivesTheContextThatMadeIt(t *testing.T) {
	t.Parallel()
	p, _ := serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		_, _ = io.Copy(conn, conn)
	})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := p.DialContext(ctx, "tcp", target)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if _, err := io.WriteString(conn, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Errorf("the connection ended with the context that it was made with: %v", err)
	}
}
