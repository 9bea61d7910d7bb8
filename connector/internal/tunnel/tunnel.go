// Package tunnel goes through an HTTP proxy: it asks it by CONNECT for a connection to somewhere else
// (RFC 9110, 9.3.6) and logs in to it with Basic.
package tunnel

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// limit is how long a proxy may take for a connection.
const limit = 30 * time.Second

// A Proxy is an HTTP proxy. Its methods may be called from several goroutines.
type Proxy struct {
	Address        string // host:port
	User, Password string // both empty: no login
	// Dial connects to the proxy.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// An Error says why there is no connection. It never holds the login.
type Error struct {
	Proxy   string   // host:port
	Target  string   // where the connection was to lead; "" when the proxy wasn't asked
	Status  int      // what the proxy answered; 0: nothing
	Login   bool     // a login was sent
	Schemes []string // the logins that the proxy offers, with status 407
	Err     error    // with status 0
}

func (e *Error) Error() string {
	switch {
	case e.Status == 0 && e.Target == "":
		return fmt.Sprintf("connect to the HTTP proxy %s: %v", e.Proxy, e.Err)
	case e.Status == 0:
		return fmt.Sprintf("ask the HTTP proxy %s for a connection to %s: %v", e.Proxy, e.Target, e.Err)
	default:
		return fmt.Sprintf("HTTP proxy %s: CONNECT %s: status %d", e.Proxy, e.Target, e.Status)
	}
}

func (e *Error) Unwrap() error { return e.Err }

// Permanent reports whether asking again is of no use: a refused login must not be repeated, since
// accounts get locked.
func (e *Error) Permanent() bool {
	return e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// DialProxy connects to the proxy, whatever addr says.
func (p Proxy) DialProxy(ctx context.Context, network, _ string) (net.Conn, error) {
	conn, err := p.Dial(ctx, network, p.Address)
	if err != nil {
		return nil, &Error{Proxy: p.Address, Err: err}
	}
	return conn, nil
}

// DialContext gives a connection to addr, host:port, through the proxy. Errors are *Error or ctx's own.
func (p Proxy) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := p.DialProxy(limited, network, addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(limited, func() { _ = conn.Close() })
	err = p.connect(conn, addr)
	if !stop() && err == nil {
		err = &Error{Proxy: p.Address, Target: addr, Err: limited.Err()} // closed in the last moment
	}
	if err == nil {
		return conn, nil
	}
	_ = conn.Close()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		return nil, &Error{Proxy: p.Address, Target: addr, Err: limited.Err()}
	}
	return nil, err
}

// connect asks for the connection; afterwards conn is it.
func (p Proxy) connect(conn net.Conn, addr string) error {
	failed := &Error{Proxy: p.Address, Target: addr, Login: p.User != ""}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{}}
	if p.User != "" {
		login := base64.StdEncoding.EncodeToString([]byte(p.User + ":" + p.Password))
		req.Header.Set("Proxy-Authorization", "Basic "+login)
	}
	if failed.Err = req.Write(conn); failed.Err != nil {
		return failed
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		failed.Err = err
		return failed
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		failed.Status = resp.StatusCode
		for _, offer := range resp.Header.Values("Proxy-Authenticate") {
			scheme, _, _ := strings.Cut(strings.TrimSpace(offer), " ")
			failed.Schemes = append(failed.Schemes, scheme)
		}
		return failed
	}
	if r.Buffered() > 0 {
		failed.Err = errors.New("it sent data that nobody asked for")
		return failed
	}
	return nil
}
