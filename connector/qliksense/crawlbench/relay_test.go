package crawlbench

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// A restCall is a REST request as a crawl sent it.
type restCall struct {
	method, target string // target: path and query
	kind           string // content type of the body
	body           []byte
}

// A socketLog is what went over one WebSocket, in order of sending.
type socketLog struct {
	path string
	sent [][]byte
	got  [][]byte
}

// A relay stands between a crawl and a site, on a port and with a certificate of its own, and writes down
// what goes through it.
type relay struct {
	tb     testing.TB
	site   *url.URL
	secure *tls.Config // towards the site
	client *http.Client

	mu      sync.Mutex
	rest    []restCall
	sockets []*socketLog
}

// startRelay gives the relay and how to reach it, as if it were the site.
func startRelay(tb testing.TB, site qliktest.Info) (*relay, qliktest.Info) {
	tb.Helper()
	target, err := url.Parse(site.URL)
	if err != nil {
		tb.Fatal(err)
	}
	r := &relay{tb: tb, site: target, secure: trusting(tb, site.CAFile)}
	r.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: r.secure, MaxIdleConnsPerHost: 16},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	server := httptest.NewTLSServer(r)
	tb.Cleanup(server.Close)
	tb.Cleanup(r.client.CloseIdleConnections)
	site.URL, site.CAFile = server.URL, writeCertificate(tb, server.Certificate())
	return r, site
}

// trusting is how to talk to a site whose authority is in a file: TLS sessions are resumed, as a crawl does.
func trusting(tb testing.TB, caFile string) *tls.Config {
	tb.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		tb.Fatalf("%s holds no certificate", caFile)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
}

// ServeHTTP passes a request on.
func (r *relay) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	if websocket.IsWebSocketUpgrade(in) {
		r.socket(w, in)
		return
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		r.tb.Errorf("relay: %v", err)
		return
	}
	r.mu.Lock()
	r.rest = append(r.rest, restCall{in.Method, in.URL.RequestURI(), in.Header.Get("Content-Type"), body})
	r.mu.Unlock()
	out := in.Clone(in.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host, out.Host = "", r.site.Scheme, r.site.Host, r.site.Host
	out.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := r.client.Do(out)
	if err != nil {
		r.tb.Errorf("relay: %v", err)
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		r.tb.Errorf("relay: %v", err)
	}
}

func (r *relay) socket(w http.ResponseWriter, in *http.Request) {
	header := http.Header{"Cookie": in.Header["Cookie"], "Origin": {r.site.Scheme + "://" + r.site.Host}}
	to := url.URL{Scheme: "wss", Host: r.site.Host, Path: in.URL.Path, RawQuery: in.URL.RawQuery}
	dialer := websocket.Dialer{TLSClientConfig: r.secure}
	site, _, err := dialer.DialContext(in.Context(), to.String(), header)
	if err != nil {
		r.tb.Errorf("relay: %v", err)
		return
	}
	defer site.Close()
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	client, err := up.Upgrade(w, in, nil)
	if err != nil {
		r.tb.Errorf("relay: %v", err)
		return
	}
	log := &socketLog{path: in.URL.Path}
	var both sync.WaitGroup
	both.Go(func() { log.got = pass(site, client) })
	both.Go(func() { log.sent = pass(client, site) })
	both.Wait()
	r.mu.Lock()
	r.sockets = append(r.sockets, log)
	r.mu.Unlock()
}

// pass hands messages on until a side has had enough, and then ends both.
func pass(from, to *websocket.Conn) (all [][]byte) {
	defer from.Close()
	defer to.Close()
	for {
		_, message, err := from.ReadMessage()
		if err != nil {
			return all
		}
		all = append(all, message)
		if to.WriteMessage(websocket.TextMessage, message) != nil {
			return all
		}
	}
}

// appOf is the id in an address that is about one app, else "".
func appOf(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if (p == "app" && slices.Contains(parts, "identity") || p == "apps") && i+1 < len(parts) {
			return parts[i+1]
		}
	}
	return ""
}
