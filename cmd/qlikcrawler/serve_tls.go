package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"sync"
	"time"
)

// A keyPair is a certificate that is read again when its file changes: certificates are renewed more
// often than services are restarted.
type keyPair struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	looked  time.Time
	changed time.Time
	have    *tls.Certificate
}

// lookAgain is how often the file is looked at, at most.
const lookAgain = 10 * time.Second

// certificate gives the certificate for a handshake. A new one that can't be read leaves the old one.
func (p *keyPair) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	fresh := time.Since(p.looked) < lookAgain
	have := p.have
	p.mu.Unlock()
	if fresh {
		return have, nil
	}
	c, err := p.load()
	if err != nil && have != nil {
		p.log.Error("the new certificate can't be read: the old one stays in use", "file", p.cert, "error", err)
		return have, nil
	}
	return c, err
}

// load reads the files if they have changed.
func (p *keyPair) load() (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked = time.Now()
	info, err := os.Stat(p.cert)
	if err != nil {
		return nil, err
	}
	if p.have != nil && info.ModTime().Equal(p.changed) {
		return p.have, nil
	}
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, err
	}
	p.have, p.changed = &c, info.ModTime()
	return p.have, nil
}

// profiles is the part that serves pprof on an address of this machine; none if the address is "".
func (a *app) profiles(ctx context.Context, address string) ([]part, error) {
	if address == "" {
		return nil, nil
	}
	l, err := listen(ctx, address, false)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	srv := a.httpServer(mux)
	return []part{func(ctx context.Context) error { return serveUntil(ctx, srv, l) }}, nil
}
