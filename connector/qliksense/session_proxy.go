package qliksense

import (
	"context"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/tunnel"
)

// newDialer makes the way to the site. The password of an HTTP proxy is kept as long as the connector
// lives: each new connection needs it.
func newDialer(ctx context.Context, cfg config, env connector.Env, secrets secretReader) (dialer, error) {
	base := env.Dial
	if base == nil {
		base = (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second, Control: env.Control}).DialContext
	}
	if cfg.Proxy.URL == "" {
		return dialer{tunnel: base, plain: base}, nil
	}
	u, why := proxyURL(cfg.Proxy.URL)
	if why != "" {
		return dialer{}, connector.FieldErrors{{Path: "proxy.url", Message: why}}
	}
	p := tunnel.Proxy{Address: u.Host, Dial: base, User: cfg.Proxy.Username}
	if p.User != "" {
		password, err := secrets.required(ctx, "proxy.password")
		if err != nil {
			return dialer{}, err
		}
		p.Password = password
		u.User = url.UserPassword(p.User, password)
	}
	return dialer{tunnel: p.DialContext, plain: p.DialProxy, proxy: u}, nil
}

// proxyURL reads the address of an HTTP proxy; why says what is wrong. The port is 80 when none is given.
func proxyURL(text string) (u *url.URL, why string) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, "is not an address; write it as http://proxy.example.com:3128"
	case u.Scheme == "https":
		return nil, "must start with http://: TLS to the proxy itself is not in this version; what goes through it is encrypted all the same"
	case u.Scheme != "http":
		return nil, "must start with http://, not " + u.Scheme + "://"
	case u.User != nil:
		return nil, "holds a user name or password; put them under proxy.username and proxy.password"
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, "must be host and port alone, such as http://proxy.example.com:3128"
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(u.Hostname(), port)}, ""
}

// cutZone splits the zone off an IPv6 address.
func cutZone(host string) (ip, zone string, zoned bool) { return strings.Cut(host, "%") }
