package qliksense

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector"
)

// resumable is how many TLS sessions are kept: one for each port that a site has, and some to spare.
const resumable = 8

// newTLS makes the TLS settings of a connection: whom to trust, what name to expect, what to show. It reads
// files and asks for their passwords.
func newTLS(ctx context.Context, cfg config, secrets secretReader) (*tls.Config, error) {
	out := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         cfg.TLS.ServerName,
		InsecureSkipVerify: cfg.TLS.InsecureSkipVerify, //nolint:gosec // a person asked for it, and is told at each crawl
		// Every app has a socket of its own: resumed, its handshake costs both sides a fraction.
		ClientSessionCache: tls.NewLRUClientSessionCache(resumable),
	}
	if out.ServerName == "" {
		out.ServerName = cfg.AliasHostName
	}
	if cfg.Base != nil && cfg.Base.Scheme == "http" {
		return out, nil // there is no TLS, and so nothing to read
	}
	roots, err := readRoots(ctx, cfg, secrets)
	if err != nil {
		return nil, err
	}
	out.RootCAs = roots
	own, err := readIdentity(ctx, cfg, secrets)
	if err != nil {
		return nil, err
	}
	if own != nil {
		out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			// Always shown when asked for: Windows cuts the list of authorities that it takes when it is
			// long, and a certificate that isn't shown gets no refusal that says why.
			return own, nil
		}
	}
	return out, nil
}

// dialer is how connections to the site are made: as the environment says, and through the HTTP proxy when
// there is one. plain is for http addresses, whose proxy is told the whole address with each request.
type dialer struct {
	tunnel connector.DialFunc // a connection to host:port
	plain  connector.DialFunc // a connection for http requests: to the proxy, if there is one
	proxy  *url.URL           // with its login; nil: none
}

// newTransport makes what carries all REST requests of a connection. HTTP/1.1 only, as the proxies of
// old sites want it. No proxy is taken from the environment: a crawl goes where its connection says.
func newTransport(d dialer, scheme string, secure *tls.Config) *http.Transport {
	t := &http.Transport{
		DialContext:           d.tunnel,
		TLSClientConfig:       secure,
		TLSHandshakeTimeout:   20 * time.Second,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	if scheme == "http" && d.proxy != nil {
		t.DialContext, t.Proxy = d.plain, http.ProxyURL(d.proxy)
	}
	return t
}

// hostPort is the Host header: the alias, with the port when it isn't the scheme's own. "" for no alias.
func hostPort(cfg config, port string) string {
	if cfg.AliasHostName == "" {
		return ""
	}
	return authority(cfg.Base.Scheme, cfg.AliasHostName, port)
}

// authority is host[:port] as browsers write it: without the scheme's own port, an IPv6 address in brackets
// and without its zone.
func authority(scheme, host, port string) string {
	if ip, _, zoned := cutZone(host); zoned {
		host = ip
	}
	if port != "" && port != map[string]string{"http": "80", "https": "443"}[scheme] {
		return net.JoinHostPort(host, port)
	}
	if net.ParseIP(host) != nil && net.ParseIP(host).To4() == nil {
		return "[" + host + "]"
	}
	return host
}
