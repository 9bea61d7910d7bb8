package qliksense

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

func (c *check) dns(ctx context.Context) (string, error) {
	host := c.session.restBase().Hostname()
	switch {
	case net.ParseIP(host) != nil:
		return "", skip("url names an IP address")
	case c.site.cfg.Proxy.URL != "":
		return "", skip("the HTTP proxy looks %s up", host)
	case c.session.env.Dial != nil:
		return "", skip("connections are made by the caller")
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return "", explain("look up "+host, "", err)
	}
	return fmt.Sprintf("%s is %s", host, strings.Join(addresses, ", ")), nil
}

func (c *check) tcp(ctx context.Context) (string, error) {
	to := c.session.restBase()
	if via := c.forwarder(to); via != nil {
		to = via
	}
	address := hostAndPort(to)
	conn, err := c.session.transport.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", explain("connect to "+address, "", err)
	}
	where := conn.RemoteAddr().String()
	_ = conn.Close() // nothing was sent
	return "connected to " + where, nil
}

// forwarder is the HTTP proxy that requests to u take; nil for none.
func (c *check) forwarder(u *url.URL) *url.URL {
	if c.session.transport.Proxy == nil {
		return nil
	}
	via, err := c.session.transport.Proxy(&http.Request{URL: u})
	if err != nil {
		return nil
	}
	return via
}

// hostAndPort is the address of u for a dialer.
func hostAndPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// A knock is what the first request to the server found: its certificate, its clock, and what answers.
type knock struct {
	next http.RoundTripper
	now  func() time.Time

	mu    sync.Mutex // the transport may shake hands in a goroutine of its own
	shook bool
	state tls.ConnectionState
	err   error // of the handshake

	ahead time.Duration // of the server's clock over ours; 0 also when it didn't say
	info  qrs.ProductInfo
	asked error // of the request
}

// RoundTrip makes it an http.RoundTripper that watches.
func (k *knock) RoundTrip(r *http.Request) (*http.Response, error) {
	trace := &httptrace.ClientTrace{TLSHandshakeDone: func(state tls.ConnectionState, err error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.shook, k.state, k.err = true, state, err
	}}
	resp, err := k.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err == nil {
		if date, dateErr := http.ParseTime(resp.Header.Get("Date")); dateErr == nil {
			k.ahead = date.Sub(k.now())
		}
	}
	return resp, err
}

// chain is what the server showed, also when it was refused.
func (k *knock) chain() []*x509.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	var refused *tls.CertificateVerificationError
	if errors.As(k.err, &refused) {
		return refused.UnverifiedCertificates
	}
	return k.state.PeerCertificates
}

// handshake is how the TLS handshake ended; done is false when it wasn't reached.
func (k *knock) handshake() (done bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.shook, k.err
}

// knockOnce sends the first request: product information, which needs no login (facts A.11); a direct
// port has none, and is asked what it is.
func (c *check) knockOnce(ctx context.Context) *knock {
	if c.knock != nil {
		return c.knock
	}
	k := &knock{next: c.session.transport, now: c.session.now}
	c.knock = k
	cfg := c.session.restConfig(c.session.direct(), nil, nil)
	cfg.Transport, cfg.Retries, cfg.Jar = k, -1, nil
	client := qrs.New(cfg)
	if c.direct() {
		_, k.asked = client.About(ctx)
	} else {
		k.info, k.asked = client.ProductInfo(ctx)
	}
	return k
}

func (c *check) tls(ctx context.Context) (string, error) {
	base := c.session.restBase()
	if base.Scheme == "http" {
		return "", skip("url says http: passwords, tokens and cookies travel readable for all on the way")
	}
	k := c.knockOnce(ctx)
	shown := showChain(k.chain(), c.session.now())
	done, err := k.handshake()
	if !done || err == nil {
		// The server may refuse our certificate after the handshake, which TLS 1.3 lets us think was over.
		if _, secure := judgeTLS(k.asked); secure || !done {
			err = k.asked
		}
	}
	if err != nil {
		return shown, explain("verify the certificate of "+base.Host, "", err)
	}
	if c.session.secure.InsecureSkipVerify {
		shown = "NOT VERIFIED, anybody may stand between (tls.insecure_skip_verify): " + shown
	}
	return shown, nil
}

// showChain says what the server showed.
func showChain(chain []*x509.Certificate, now time.Time) string {
	var all []string
	for _, x := range chain {
		text := fmt.Sprintf("%s, issued by %s, valid from %s to %s",
			x.Subject, x.Issuer, x.NotBefore.UTC().Format(time.DateOnly), x.NotAfter.UTC().Format(time.DateOnly))
		if left := x.NotAfter.Sub(now); left > 0 && left < 30*24*time.Hour {
			text += fmt.Sprintf(" (expires in %d days)", int(left.Hours()/24))
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return ""
	}
	return "the server shows " + strings.Join(all, "; then ")
}

func (c *check) proxy(ctx context.Context) (string, error) {
	if c.direct() {
		return "", skip("certificates lead to the Repository's and the Engine's own ports, past the proxy")
	}
	k := c.knockOnce(ctx)
	about := "an older Qlik Sense, without product information"
	if k.asked == nil {
		x := k.info.Composition
		about = strings.TrimSpace(fmt.Sprintf("%s %s %s", x.ProductName, x.ReleaseLabel, x.Version))
	} else if err := c.isQlik(ctx, k.asked); err != nil {
		return "", err
	}
	if prefix := strings.Trim(c.site.cfg.Base.Path, "/"); prefix != "" {
		about += fmt.Sprintf(", virtual proxy %q", prefix)
	}
	if off := c.clocks(); off != "" {
		about += "; " + off
	}
	return about, nil
}

// isQlik tells an old proxy, which asks everybody to log in, from what is none.
func (c *check) isQlik(ctx context.Context, err error) error {
	switch qrs.KindOf(err) {
	case qrs.WrongPrefix:
		return c.session.explainLogin(entry{}, err)
	case qrs.SessionEnded:
		return nil
	case qrs.NotFound, qrs.NotQlik, qrs.BadAnswer, qrs.BadRequest:
	default:
		return c.session.explainLogin(entry{}, err)
	}
	cfg := c.session.restConfig(nil, nil, nil)
	cfg.Retries, cfg.Jar = -1, nil
	if _, err = qrs.New(cfg).About(ctx); err == nil || qrs.KindOf(err) == qrs.SessionEnded {
		return nil
	}
	return c.session.explainLogin(entry{}, err)
}

// skewed is by how much clocks must differ for anybody to hear of it.
const skewed = time.Minute

// clocks says that they differ; "" when they don't.
func (c *check) clocks() string {
	if c.knock == nil || c.knock.ahead.Abs() < skewed {
		return ""
	}
	word := "behind"
	if c.knock.ahead < 0 {
		word = "ahead of"
	}
	return fmt.Sprintf("this machine's clock is %s %s the server's", c.knock.ahead.Abs().Round(time.Second), word)
}

// skewError is a refusal that the clocks explain: by one of them the token is valid.
func (c *check) skewError(whose string, err error) error {
	return fault(catalog.CodeUnauthorized, "log in", c.clocks()+", and by "+whose+" clock the token is not valid", err,
		"Set both clocks, best by NTP: the virtual proxy checks a token's nbf and exp against its own.")
}
