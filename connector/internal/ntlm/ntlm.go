// Package ntlm sends one HTTP request on behalf of a Windows account, with NTLMv2.
//
// NTLM proves the password to a connection, not to a server: its three messages must go over one TCP
// connection, in HTTP/1.1 (facts A.3 4, G 2). A pool of connections loses them under load, so each request
// here has a connection of its own, which ends with it. What an account's name and password are good for
// is not decided here: the caller says whom to send them to.
//
// There is no channel binding: a server that demands Extended Protection refuses every login.
package ntlm

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"

	ntlmssp "github.com/Azure/go-ntlmssp"
)

// A Client is an account and the way to the server. It may be used from several goroutines.
type Client struct {
	Directory string // the domain; may be empty
	User      string // "svc-qlik", or "svc-qlik@acme.com" without a Directory
	Password  string

	Transport *http.Transport // how to connect; it is copied, and its connections aren't used. nil: as http.DefaultTransport does
	Jar       http.CookieJar  // heard and told with each message; nil: no cookies
	Sent      func()          // called for each HTTP request that goes out; may be nil
	Answered  func(int)       // called with each answer's status, 0 if there was none; may be nil
}

// Failures of a login, besides those of the network.
var (
	// ErrRefused: the server looked at the user and the password, and said no.
	ErrRefused = errors.New("the server refused the user or the password")
	// ErrNoChallenge: the server offered NTLM, but didn't go on with it. It may want Kerberos only.
	ErrNoChallenge = errors.New("the server didn't go on with NTLM")
	// ErrMoved: the connection ended between the messages, so that the password wasn't looked at.
	ErrMoved = errors.New("the connection ended in the middle of the NTLM login")
)

// An OfferError says that the server wants a login, but neither NTLM nor Negotiate.
type OfferError struct{ Offered []string }

func (e *OfferError) Error() string {
	if len(e.Offered) == 0 {
		return "the server names no way to log in"
	}
	return "the server offers " + strings.Join(e.Offered, ", ") + " instead of NTLM"
}

// An UnansweredError says that the proof of the password was sent, and that nobody knows what became of it:
// the server may have counted a failed login.
type UnansweredError struct{ Err error }

func (e *UnansweredError) Error() string { return "no answer to the password: " + e.Err.Error() }
func (e *UnansweredError) Unwrap() error { return e.Err }

// maxAnswer is how much of an answer is kept.
const maxAnswer = 1 << 20

// Do sends a request without a body, proving the account when the server asks for it, and gives the answer, its
// body read. The password is proved at most once. A 401 is never an answer but one of the errors above.
func (c Client) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	d := &dance{Client: c, req: req.WithContext(ctx), transport: pinned(c.Transport), cancel: cancel}
	defer d.transport.CloseIdleConnections()
	return d.run()
}

// pinned makes a transport for one connection, HTTP/1.1 only.
func pinned(base *http.Transport) *http.Transport {
	if base == nil {
		base = http.DefaultTransport.(*http.Transport)
	}
	t := base.Clone()
	t.DisableKeepAlives = false
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost, t.MaxIdleConns = 1, 1, 1
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = nil // the clone's own
	}
	return t
}

// A dance is one login.
type dance struct {
	Client
	req       *http.Request
	transport *http.Transport
	cancel    context.CancelCauseFunc
	floor     net.Conn // where it takes place: set by the second message
}

func (d *dance) run() (*http.Response, error) {
	resp, err := d.send("", nil)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	scheme, err := choose(resp.Header)
	if err != nil {
		return nil, err
	}
	negotiate, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return nil, fmt.Errorf("make the first NTLM message: %w", err)
	}
	resp, err = d.send(scheme+" "+base64.StdEncoding.EncodeToString(negotiate), func(conn net.Conn) { d.floor = conn })
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	if resp.Close {
		return nil, ErrMoved
	}
	proof, err := d.prove(scheme, resp.Header)
	if err != nil {
		return nil, err
	}
	return d.finish(scheme + " " + base64.StdEncoding.EncodeToString(proof))
}

// prove answers the server's challenge.
func (d *dance) prove(scheme string, header http.Header) ([]byte, error) {
	challenge, err := base64.StdEncoding.DecodeString(parameter(header, scheme))
	if err != nil || len(challenge) == 0 {
		return nil, ErrNoChallenge // whatever base64 says of it
	}
	user := d.User
	if d.Directory != "" {
		user = d.Directory + `\` + d.User
	}
	proof, err := ntlmssp.NewAuthenticateMessage(challenge, user, d.Password, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: its challenge can't be answered: %s", ErrNoChallenge, err) // not %w: an EOF in it is none of the network
	}
	return proof, nil
}

// finish sends the proof, on the connection of the challenge or not at all. The transport may start over on
// another connection by itself when this one breaks: that is stopped, and then nobody knows whether the
// server has seen the proof.
func (d *dance) finish(authorization string) (*http.Response, error) {
	begun, moved := false, false
	resp, err := d.send(authorization, func(conn net.Conn) {
		if conn == d.floor {
			begun = true
			return
		}
		moved = true
		d.cancel(ErrMoved)
	})
	switch {
	case moved && !begun:
		return nil, ErrMoved
	case moved:
		return nil, &UnansweredError{io.ErrUnexpectedEOF}
	case err != nil:
		return nil, &UnansweredError{err}
	case resp.StatusCode == http.StatusUnauthorized:
		return nil, ErrRefused
	}
	return resp, nil
}

// send sends the request with one message and reads the answer to its end, which frees the connection for the
// next one. on is told which connection it is.
func (d *dance) send(authorization string, on func(net.Conn)) (*http.Response, error) {
	ctx := d.req.Context()
	if on != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { on(i.Conn) }})
	}
	r := d.req.Clone(ctx)
	r.Header.Del("Authorization")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	if d.Jar != nil {
		for _, cookie := range d.Jar.Cookies(r.URL) {
			r.AddCookie(cookie)
		}
	}
	if d.Sent != nil {
		d.Sent()
	}
	resp, err := d.transport.RoundTrip(r)
	if d.Answered != nil {
		if err != nil {
			d.Answered(0)
		} else {
			d.Answered(resp.StatusCode)
		}
	}
	if err != nil {
		return nil, err
	}
	if d.Jar != nil {
		d.Jar.SetCookies(r.URL, resp.Cookies())
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what is there will do; a broken connection shows later
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// choose picks the way to log in: NTLM, or the same messages under the name Negotiate.
func choose(header http.Header) (string, error) {
	var offered []string
	for _, offer := range offers(header) {
		name, _, _ := strings.Cut(offer, " ")
		offered = append(offered, name)
	}
	for _, scheme := range []string{"NTLM", "Negotiate"} {
		if slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, scheme) }) {
			return scheme, nil
		}
	}
	return "", &OfferError{offered}
}

// parameter is what follows a scheme's name; "" for nothing.
func parameter(header http.Header, scheme string) string {
	for _, offer := range offers(header) {
		if name, value, _ := strings.Cut(offer, " "); strings.EqualFold(name, scheme) && value != "" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// offers are the ways to log in that an answer names; one line may have several.
func offers(header http.Header) []string {
	var all []string
	for _, line := range header.Values("WWW-Authenticate") {
		for part := range strings.SplitSeq(line, ",") {
			part = strings.TrimSpace(part)
			if name, _, _ := strings.Cut(part, " "); part != "" && !strings.Contains(name, "=") {
				all = append(all, part)
			}
		}
	}
	return all
}
