package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/pflag"
)

// webFlags are what the command line says of the HTTP side.
type webFlags struct {
	listen          string
	tlsCert, tlsKey string
	behindProxy     bool
	pprof           string
	rate            float64
	publicURL       string
	anyPort         bool // of the demo: any free port if the default is taken
}

const defaultListen = "127.0.0.1:8080"

func (f *webFlags) flags(set *pflag.FlagSet) {
	set.StringVar(&f.listen, "listen", "", "address to listen on (QLIKCRAWLER_LISTEN, default "+defaultListen+")")
	set.StringVar(&f.tlsCert, "tls-cert", "", "PEM file of the certificate and its chain; read again when it changes")
	set.StringVar(&f.tlsKey, "tls-key", "", "PEM file of the certificate's key")
	set.BoolVar(&f.behindProxy, "behind-proxy", false, "a proxy with TLS is in front: its X-Forwarded-For and X-Forwarded-Proto are believed")
	set.StringVar(&f.pprof, "pprof", "", "serve profiles on this address, which must be of this machine")
	set.Float64Var(&f.rate, "rate-limit", 0, "requests a second of one user or token (default 200; negative: no limit); of an address without either: a tenth")
}

// validate fills in what the environment says, and tells everything that is wrong at once.
func (f *webFlags) validate(getenv func(string) string) error {
	if f.listen == "" {
		f.listen = getenv("QLIKCRAWLER_LISTEN")
	}
	if f.listen == "" {
		f.listen = defaultListen
	}
	f.publicURL = getenv("QLIKCRAWLER_PUBLIC_URL")
	var errs []error
	if (f.tlsCert == "") != (f.tlsKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key belong together: give both"))
	}
	if f.publicURL != "" {
		u, err := url.Parse(f.publicURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			errs = append(errs, errors.New("QLIKCRAWLER_PUBLIC_URL: want https://HOST or http://HOST"))
		}
	}
	switch local, err := onLoopback(f.listen); {
	case err != nil:
		errs = append(errs, fmt.Errorf("--listen %s: %w", f.listen, err))
	case !local && f.tlsCert == "" && !f.behindProxy:
		errs = append(errs, fmt.Errorf("--listen %s is reached from other machines, and passwords would cross the network unencrypted: "+
			"give --tls-cert and --tls-key, or --behind-proxy if a proxy with TLS is in front", f.listen))
	}
	if f.pprof != "" {
		if local, err := onLoopback(f.pprof); err != nil || !local {
			errs = append(errs, fmt.Errorf("--pprof %s: want an address of this machine, such as 127.0.0.1:6060; profiles hold secrets", f.pprof))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return &exitError{Status: exitUsage, Err: err}
	}
	return nil
}

// onLoopback tells whether only this machine reaches an address.
func onLoopback(address string) (bool, error) {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false, err
	}
	return a.IP.IsLoopback(), nil
}

// shutdownTimeout is how long requests that are under way may take after a Ctrl-C.
const shutdownTimeout = 10 * time.Second

// webPart opens the addresses, so that a wrong one is told before anything runs, and gives the part that
// serves them.
func (a *app) webPart(ctx context.Context, s *wiring, f webFlags, out io.Writer) (part, error) {
	srv := a.httpServer(s.site)
	srv.RegisterOnShutdown(func() { close(s.stopping) })
	scheme := "http"
	if f.tlsCert != "" {
		pair := &keyPair{cert: f.tlsCert, key: f.tlsKey, log: a.log}
		if _, err := pair.load(); err != nil {
			return nil, wrongUse("--tls-cert, --tls-key: %w", err)
		}
		srv.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.certificate}
		scheme = "https"
	}
	l, err := listen(ctx, f.listen, f.anyPort)
	if err != nil {
		return nil, err
	}
	profiles, err := a.profiles(ctx, f.pprof)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	fmt.Fprintf(out, "listening on %s://%s  (Ctrl-C ends)\n", scheme, l.Addr())
	return func(ctx context.Context) error {
		return runParts(ctx, append([]part{func(ctx context.Context) error { return serveUntil(ctx, srv, l) }}, profiles...))
	}, nil
}

// httpServer has the limits of every server of ours. It sets no limit on writing: operations do.
func (a *app) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// serveUntil serves until ctx ends, and then gives the requests under way a little time.
func serveUntil(ctx context.Context, srv *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			failed <- srv.ServeTLS(l, "", "")
			return
		}
		failed <- srv.Serve(l)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		return srv.Close()
	}
	if err != nil {
		return fmt.Errorf("stop serving %s: %w", l.Addr(), err)
	}
	return nil
}

// listen opens an address; any port of it if that one is taken and anyPort says so.
func listen(ctx context.Context, address string, anyPort bool) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil && anyPort {
		l, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, wrongUse("listen on %s: %w; choose another address with --listen", address, err)
	}
	return l, nil
}

// ready tells why the service can't answer: the database is out of reach, or not of this version.
func (d *database) ready(ctx context.Context) error {
	migrated, err := d.Migrated(ctx)
	if err == nil && !migrated {
		err = errors.New("the database's schema is older than this program")
	}
	return err
}
