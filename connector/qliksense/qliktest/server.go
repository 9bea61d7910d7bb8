package qliktest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// A Server is a running simulated site: the proxy, the Repository's own port and the Engine's own
// port. Its methods are safe for use from several goroutines.
type Server struct {
	URL       string // the proxy, "https://localhost:PORT", without the prefix
	QRSURL    string // the Repository's own port: client certificates, no prefix
	EngineURL string // the Engine's own port, "wss://localhost:PORT": client certificates, no prefix
	LoginURL  string // with Options.OldLogin: the authentication port, "https://localhost:PORT"
	Prefix    string // of the JWT virtual proxy; "" when that is the default one

	options Options
	certs   *certificates
	keys    keys

	mu    sync.RWMutex // guards site and all that hangs on it
	site  *Site
	rows  rowCache
	stamp int // counts edits

	sessions sessionTable
	targets  targetTable
	tickets  ticketTable
	selected selectionTable
	faults   faultTable
	tally    tally
	engine   *engine

	life     context.Context // ends when the server closes
	end      context.CancelFunc
	services []*http.Server
	serving  sync.WaitGroup
	requests gate // HTTP requests and sockets
	closing  sync.Once
	files    tempFiles
}

// New starts a site for a test, which closes it when the test ends.
func New(tb testing.TB, site *Site, o Options) *Server {
	tb.Helper()
	s, err := Start(site, o)
	if err != nil {
		tb.Fatalf("qliktest: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a site. From then on the site's data may be changed through the Server only.
func Start(site *Site, o Options) (*Server, error) {
	o = o.withDefaults()
	certs, err := newCertificates(o)
	if err != nil {
		return nil, fmt.Errorf("qliktest: make certificates: %w", err)
	}
	s := &Server{Prefix: o.Prefix, options: o, certs: certs, site: site}
	site.settle()
	s.keys.own = o.JWTKey
	s.sessions = newSessionTable(s)
	s.life, s.end = context.WithCancel(context.Background())
	s.engine = newEngine(s)
	if err := s.listen(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// A port is what the site listens on.
type port struct {
	addr, scheme string
	url          *string
	tls          *tls.Config // nil: none
	handler      http.HandlerFunc
}

func (s *Server) ports() []port {
	scheme, public := "https", s.certs.serverConfig(s.options.RequireClientCert)
	if s.options.PlainHTTP {
		scheme, public = "http", nil
	}
	all := []port{
		{s.options.Listen, scheme, &s.URL, public, s.serveProxy},
		{s.options.QRSListen, "https", &s.QRSURL, s.certs.serverConfig(true), s.serveDirectQRS},
		{s.options.EngineListen, "wss", &s.EngineURL, s.certs.serverConfig(true), s.serveDirectEngine},
	}
	if s.options.OldLogin {
		all = append(all, port{s.options.LoginListen, scheme, &s.LoginURL, public, s.serveOldLogin})
	}
	return all
}

// listen opens the ports and serves them.
func (s *Server) listen() error {
	for _, p := range s.ports() {
		ln, err := net.Listen("tcp", p.addr)
		if err != nil {
			return fmt.Errorf("qliktest: listen on %s: %w", p.addr, err)
		}
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if err != nil {
			return errors.Join(fmt.Errorf("qliktest: address of %s: %w", p.addr, err), ln.Close())
		}
		*p.url = p.scheme + "://" + net.JoinHostPort(s.options.Host, port)
		ln = countingListener{ln, &s.tally}
		if p.tls != nil {
			ln = tls.NewListener(ln, p.tls)
		}
		s.serve(ln, p.handler)
	}
	return nil
}

func (s *Server) serve(ln net.Listener, h http.Handler) {
	service := &http.Server{
		Handler:           s.requests.around(h),
		ReadHeaderTimeout: time.Minute,
		MaxHeaderBytes:    16384,                      // facts A.1
		ErrorLog:          log.New(io.Discard, "", 0), // clients without certificates are no news
		ConnContext:       newLine,
		BaseContext:       func(net.Listener) context.Context { return s.life },
	}
	s.services = append(s.services, service)
	s.serving.Go(func() { _ = service.Serve(ln) }) // ends with ErrServerClosed
}

// Close ends all sockets and ports; it returns when no goroutine of the server is left. It may be
// called more than once.
func (s *Server) Close() {
	s.closing.Do(func() {
		s.end()
		for _, service := range s.services {
			_ = service.Close()
		}
		s.serving.Wait()
		s.requests.shut()
		s.engine.close()
		s.files.remove()
		s.site.byID.Store(nil)
	})
}

// A gate counts the requests in progress and lets none in after it is shut.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

func (g *gate) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		if g.closed {
			g.mu.Unlock()
			return
		}
		g.inside.Add(1)
		g.mu.Unlock()
		defer g.inside.Done()
		h.ServeHTTP(w, r)
	})
}

// shut lets nobody in any more and waits for those inside.
func (g *gate) shut() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

// now is the site's clock.
func (s *Server) now() time.Time { return s.options.Now() }

// view lets f read the site. f must neither keep slices of it nor call view or Edit.
func (s *Server) view(f func(*Site)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.site)
}

// Info is all that a client needs in order to talk to a Server. As JSON it is the first line that
// `qlikcrawler simulate` prints.
type Info struct {
	URL        string `json:"url"`    // the proxy
	Prefix     string `json:"prefix"` // of the JWT virtual proxy
	CookieName string `json:"cookie_name"`
	QRSURL     string `json:"qrs_url"`
	EngineURL  string `json:"engine_url"`

	CAFile         string `json:"ca_file"`
	ClientCertFile string `json:"client_cert_file"`
	ClientKeyFile  string `json:"client_key_file"`

	UserDirectory string `json:"user_directory"` // of the account that Token is for
	UserID        string `json:"user_id"`
	Password      string `json:"password,omitempty"`       // of the account, for the Windows login
	WindowsPrefix string `json:"windows_prefix,omitempty"` // of the virtual proxy for it; "": the default one
	Token         string `json:"token"`                    // valid for ten years

	UserIDClaim        string `json:"user_id_claim"`
	UserDirectoryClaim string `json:"user_directory_claim"`
	Audience           string `json:"audience,omitempty"`
	PrivateKeyFile     string `json:"private_key_file"` // signs tokens that the site accepts
}

// Info gives the URLs and credentials of the site, for its first administrator or, without one, its
// first user. It writes certificates and keys to a folder of its own that Close removes.
func (s *Server) Info() (Info, error) {
	u := s.firstUser()
	key, err := s.keys.privatePEM()
	if err != nil {
		return Info{}, err
	}
	i := Info{
		URL: s.URL, Prefix: s.Prefix, CookieName: s.options.CookieName,
		QRSURL: s.QRSURL, EngineURL: s.EngineURL,
		UserDirectory: u.Directory, UserID: u.Name, Token: s.Token(u, TokenOptions{Lifetime: 3650 * 24 * time.Hour}),
		Password: u.Password, WindowsPrefix: s.options.WindowsPrefix,
		UserIDClaim: s.options.UserIDClaim, UserDirectoryClaim: s.options.UserDirectoryClaim,
		Audience: s.options.Audience,
	}
	for _, f := range []struct {
		path *string
		name string
		pem  []byte
	}{
		{&i.CAFile, "root.pem", s.certs.caPEM},
		{&i.ClientCertFile, "client.pem", s.certs.clientPEM},
		{&i.ClientKeyFile, "client_key.pem", s.certs.clientKeyPEM},
		{&i.PrivateKeyFile, "jwt_privatekey.pem", key},
	} {
		if *f.path, err = s.files.write(f.name, f.pem); err != nil {
			return Info{}, err
		}
	}
	return i, nil
}

// firstUser is the account that Info hands out.
func (s *Server) firstUser() *User {
	var first *User
	s.view(func(site *Site) {
		for _, u := range site.Users {
			if first == nil || u.Admin() && !first.Admin() {
				first = u
			}
		}
	})
	if first == nil {
		first = &User{Directory: "SIM", Name: "admin"}
	}
	return first
}

// tempFiles are files written on demand, all in one folder of mode 0700.
type tempFiles struct {
	mu  sync.Mutex
	dir string
}

func (t *tempFiles) write(name string, content []byte) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir == "" {
		dir, err := os.MkdirTemp("", "qliktest-")
		if err != nil {
			return "", fmt.Errorf("qliktest: make a folder for %s: %w", name, err)
		}
		t.dir = dir
	}
	path := t.dir + string(os.PathSeparator) + name
	err := os.WriteFile(path+".new", content, 0o600)
	if err == nil {
		err = os.Rename(path+".new", path) // who reads the file meanwhile gets one or the other, whole
	}
	if err != nil {
		return "", fmt.Errorf("qliktest: write %s: %w", name, err)
	}
	return path, nil
}

func (t *tempFiles) remove() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir != "" {
		_ = os.RemoveAll(t.dir)
	}
}
