package qliksense

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
)

// socketTTL is how many seconds the Engine keeps a session after its socket is gone: short, so that
// it frees the memory early (facts C.1).
const socketTTL = 5

// socketWindow is how many calls may be in flight on a socket: those for all objects of an app, so that
// waiting for room in it doesn't add round trips. Requests are small; the Engine answers one by one.
const socketWindow = 512

// dialApp opens a greeted socket for one app, in an Engine session of its own: the identity keeps
// it apart from the user's other sessions and from those that have the app open with data (facts C.1).
// It doesn't open the app. When Qlik had ended the session, it logs in again and dials once more.
func (s *session) dialApp(ctx context.Context, appID string) (*qix.Session, error) {
	key := catalog.AppKey(s.cfg.Code, appID)
	number, err := s.login(ctx, 0)
	if err != nil {
		return nil, err
	}
	socket, err := s.dialPatiently(ctx, appID)
	if err != nil && sessionEnded(err) && !(silentClose(err) && s.silent.Load()) {
		if _, err := s.login(ctx, number); err != nil {
			return nil, err
		}
		socket, err = s.dialPatiently(ctx, appID)
		if silentClose(err) {
			s.silent.Store(true) // it wasn't the session: no login for that again
		}
	}
	if refusedUpgrade(err) {
		// Another caller may have logged in between our token and our cookie: then they don't match.
		now, loginErr := s.login(ctx, 0)
		if loginErr != nil {
			return nil, loginErr
		}
		if now != number {
			socket, err = s.dialPatiently(ctx, appID)
		}
	}
	if err != nil {
		return nil, explain("connect to the engine", key, err)
	}
	return socket, nil
}

// refusedUpgrade reports that the proxy refused a socket by its CSRF check or its allow list (facts A.7).
func refusedUpgrade(err error) bool {
	var handshake *qix.HandshakeError
	return errors.As(err, &handshake) && handshake.Status == http.StatusForbidden
}

// onApp dials and runs work; when Qlik ends the session in the middle, it logs in again and runs work once
// more from the start, on a new socket. The socket is closed when it returns.
func (s *session) onApp(ctx context.Context, appID string, work func(*qix.Session) error) error {
	number, err := s.login(ctx, 0)
	if err != nil {
		return err
	}
	err = s.attempt(ctx, appID, work)
	if err == nil || !sessionEnded(err) || ctx.Err() != nil {
		return err
	}
	if _, err := s.login(ctx, number); err != nil {
		return err
	}
	return s.attempt(ctx, appID, work)
}

func (s *session) attempt(ctx context.Context, appID string, work func(*qix.Session) error) error {
	socket, err := s.dialApp(ctx, appID)
	if err != nil {
		return err
	}
	defer socket.Close()
	return work(socket)
}

func (s *session) dialOnce(ctx context.Context, appID string) (*qix.Session, error) {
	address, header := s.socketAddress(appID), s.socketHeader()
	if s.cfg.Login != loginCertificate {
		token, err := s.client.CSRFToken(ctx) // a fresh one for each socket (facts A.7)
		if err != nil {
			return nil, err
		}
		if token != "" {
			address.RawQuery = url.Values{"qlik-csrf-token": {token}}.Encode()
		}
		header.Set("Cookie", s.jar.header())
	}
	return s.dialer().Dial(ctx, address.String(), header)
}

// dialer makes sockets to the Engine.
func (s *session) dialer() qix.Dialer {
	return qix.Dialer{TLS: s.secure, NetDial: s.dial.tunnel, Meter: &s.engine, Buffers: &s.buffers, Window: socketWindow}
}

// socketAddress is ws(s)://host[/prefix]/app/<id>/identity/<own>/ttl/<seconds> (facts C.1).
func (s *session) socketAddress(appID string) *url.URL {
	u := *s.cfg.Base
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	if s.cfg.Login == loginCertificate {
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(s.cfg.Certificate.EnginePort))
	}
	u.Path += fmt.Sprintf("/app/%s/identity/%s-%d/ttl/%d", appID, s.identity, s.sockets.Add(1), socketTTL)
	return &u
}

// socketHeader has an Origin whose host is to be on the allow list, and no Authorization (facts A.7, A.8).
// Direct ports look at neither.
func (s *session) socketHeader() http.Header {
	base := s.cfg.Base
	header := s.direct()
	if header == nil {
		origin := authority(base.Scheme, base.Hostname(), base.Port())
		if alias := hostPort(s.cfg, base.Port()); alias != "" {
			origin = alias
		}
		header = http.Header{"Origin": {base.Scheme + "://" + origin}}
	}
	port := base.Port()
	if s.cfg.Login == loginCertificate {
		port = strconv.Itoa(s.cfg.Certificate.EnginePort)
	}
	if alias := hostPort(s.cfg, port); alias != "" {
		header.Set("Host", alias)
	}
	return header
}
