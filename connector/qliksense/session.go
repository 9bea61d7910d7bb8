package qliksense

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// A session is one Qlik session for all REST calls and all sockets of a connector, whatever their number:
// Qlik counts sessions by cookie and allows five a user (facts A.9). It logs in at first use, once more
// when Qlik ended the session, and out at close.
type session struct {
	cfg   config
	env   connector.Env
	log   *slog.Logger
	now   func() time.Time
	signs bool // tokens are signed here

	jar       *jar
	secure    *tls.Config
	dial      dialer
	transport *http.Transport
	rest      qrs.Meter
	engine    qix.Meter
	buffers   qix.Buffers
	client    *qrs.Client

	identity string       // of this process's Engine sessions, followed by a number each
	sockets  atomic.Int64 // numbers them
	silent   atomic.Bool  // a new session did not help against sockets that close without a greeting

	atLimit limitGate // how long to wait for another session to end

	life    context.Context // of logins; ends with close
	end     context.CancelFunc
	flights sync.WaitGroup

	mu      sync.Mutex // guards what follows
	number  uint64     // of the session in force; 0: none
	last    uint64     // number given last
	flight  *flight    // the login in progress; nil: none
	refused error      // why logging in is of no use any more
	recent  []time.Time
	closed  bool

	unanswered int // Windows logins in a row that got no answer; of the flight's goroutine
}

// newSession makes a session. It reads certificate files and their passwords, and makes no call to the site.
func newSession(ctx context.Context, cfg config, env connector.Env) (*session, error) {
	secrets := secretReader{env}
	secure, err := newTLS(ctx, cfg, secrets)
	if err != nil {
		return nil, err
	}
	dial, err := newDialer(ctx, cfg, env, secrets)
	if err != nil {
		return nil, err
	}
	s := &session{
		cfg: cfg, env: env, log: env.Log, now: env.Now,
		secure: secure, dial: dial, transport: newTransport(dial, cfg.Base.Scheme, secure),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.atLimit = limitGate{wait: limitWait, pause: limitPause}
	s.warn()
	if s.now == nil {
		s.now = time.Now
	}
	s.signs = cfg.JWT.PrivateKey != "" || env.Connection.Secrets["jwt.private_key"].Reveal() != ""
	s.jar = newJar(cfg.Base)
	s.life, s.end = context.WithCancel(context.Background())
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails
	s.identity = "qlikcrawler-" + hex.EncodeToString(id)
	if tell := env.Answered; tell != nil {
		s.rest.Answered = func(status int) { tell("rest", restStatus(status)) }
		s.engine.Answered = func(code int) { tell("engine", engineStatus(code)) }
	}
	s.client = qrs.New(s.restConfig(s.direct(), nil, s.login))
	return s, nil
}

// restStatus and engineStatus are what Env.Answered is told.
func restStatus(status int) string {
	if status == 0 {
		return "no_answer"
	}
	return strconv.Itoa(status)
}

func engineStatus(code int) string {
	if code == 0 {
		return "ok"
	}
	return "error_" + strconv.Itoa(code)
}

// warn says loudly, each time, what a person chose against advice.
func (s *session) warn() {
	switch {
	case s.cfg.Base.Scheme == "http":
		s.log.Warn("the connection to Qlik is not encrypted: logins and data travel readable for all on the way; write url with https://")
	case s.cfg.TLS.InsecureSkipVerify:
		s.log.Warn("the server's certificate is NOT verified: anybody on the way may read and change everything; name its authority in tls.ca_file and take tls.insecure_skip_verify out")
	}
}

// restConfig is what both clients have in common: the one that logs in, and the one for all the rest.
func (s *session) restConfig(header http.Header, secrets []string, login func(context.Context, uint64) (uint64, error)) qrs.Config {
	base := s.restBase()
	return qrs.Config{
		Base: base, Transport: s.transport, Jar: s.jar, Header: header, Host: hostPort(s.cfg, base.Port()),
		Meter: &s.rest, Login: login, Hide: func(text string) string { return s.hide(text, secrets) },
	}
}

// restBase is the proxy's address, or the Repository's own with certificates (facts A.1).
func (s *session) restBase() *url.URL {
	u := *s.cfg.Base
	if s.cfg.Login == loginCertificate {
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(s.cfg.Certificate.QRSPort))
	}
	return &u
}

// hide takes secrets out of what a server sent.
func (s *session) hide(text string, secrets []string) string {
	if p := s.dial.proxy; p != nil && p.User != nil {
		password, _ := p.User.Password()
		secrets = append(slices.Clip(secrets), password)
	}
	for _, secret := range append(s.jar.values(), secrets...) {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, catalog.Hidden)
		}
	}
	return text
}

// qrs is the client for all REST calls. Its calls log in by themselves, again too, and never in
// parallel.
func (s *session) qrs() *qrs.Client { return s.client }

// usage is what was asked of the site so far.
func (s *session) usage() catalog.Usage {
	engine := s.engine.Counts()
	s.mu.Lock()
	started := int64(s.last)
	s.mu.Unlock()
	if s.cfg.Login == loginCertificate {
		started = 0 // direct ports have no sessions of this kind (facts A.9)
	}
	return catalog.Usage{
		Requests: s.rest.Requests.Load(), Calls: engine.Calls, Sockets: engine.Sockets,
		Opens: engine.Opens - engine.OpensWithData, OpensWithData: engine.OpensWithData,
		Sessions: started, BytesReceived: s.rest.Bytes.Load() + engine.BytesIn, EngineMillis: engine.Busy.Milliseconds(),
	}
}

// errClosed is what comes of using a session after close.
var errClosed = errors.New("the connection to Qlik has been closed")

// The time that close has: for a login that is under way, and for the logout.
const (
	patience    = 5 * time.Second
	logoutLimit = 10 * time.Second
)

// close logs out, also when a login was refused or a crawl was cancelled half-way: a session that stays
// would block the next run for half an hour (facts A.9). It may be called twice.
func (s *session) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	flight := s.flight
	s.mu.Unlock()
	if flight != nil {
		// The server may be making a session just now: only its cookie can end it.
		select {
		case <-flight.done:
		case <-time.After(patience):
		}
	}
	s.end()
	s.flights.Wait()
	defer s.transport.CloseIdleConnections()
	if s.cfg.Login == loginCertificate || !s.jar.hasSession() {
		return nil
	}
	return s.logout()
}

func (s *session) logout() error {
	ctx, cancel := context.WithTimeout(context.Background(), logoutLimit)
	defer cancel()
	err := s.client.Logout(ctx)
	if err != nil && ctx.Err() == nil {
		err = s.client.Logout(ctx) // once more: what stays blocks the next run
	}
	if err != nil {
		s.log.Warn("couldn't log out of Qlik; the session ends when it times out", "error", err)
		return explain("log out", "", err)
	}
	s.log.Debug("logged out of Qlik")
	return nil
}
