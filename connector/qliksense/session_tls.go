package qliksense

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// resumable is how many TLS sessions are kept: one for each port that a site has, and some to spare.
const resumable = 8

// newTLS makes the TLS settings of a connection: whom to trust, what name to expect, what to show.
func newTLS(cfg config) (*tls.Config, error) {
	out := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         cfg.TLS.ServerName,
		InsecureSkipVerify: cfg.TLS.InsecureSkipVerify, //nolint:gosec // a person asked for it
		// Every app has a socket of its own: resumed, its handshake costs both sides a fraction.
		ClientSessionCache: tls.NewLRUClientSessionCache(resumable),
	}
	if out.ServerName == "" {
		out.ServerName = cfg.AliasHostName
	}
	files := map[string]string{}
	if cfg.TLS.CAFile != "" {
		files["tls.ca_file"] = cfg.TLS.CAFile
	}
	if cfg.Login == loginCertificate {
		if cfg.Certificate.RootCert != "" {
			files["certificate.root_cert"] = cfg.Certificate.RootCert
		}
		pair, err := tls.LoadX509KeyPair(cfg.Certificate.ClientCert, cfg.Certificate.ClientKey)
		if err != nil {
			return nil, badFile("certificate.client_cert and client_key", "Export the certificates in PEM form, with the secret key and without a password, in the QMC.", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	for key, file := range files {
		if err := trust(out, key, file); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// trust adds the authorities of a PEM file to the system's.
func trust(c *tls.Config, key, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return badFile(key, "Name a file with the authority's certificate in PEM form.", err)
	}
	if c.RootCAs == nil {
		if c.RootCAs, err = x509.SystemCertPool(); err != nil {
			c.RootCAs = x509.NewCertPool()
		}
	}
	if !c.RootCAs.AppendCertsFromPEM(data) {
		return badFile(key, "Name a file with the authority's certificate in PEM form.", errors.New(file+" holds no certificate in PEM form"))
	}
	return nil
}

func badFile(key, cure string, err error) error {
	return &catalog.Error{Code: catalog.CodeInvalid, Op: "read " + key, Err: err, Cure: cure}
}

// newTransport makes what carries all REST requests of a connection. HTTP/1.1 only, as the proxies of
// old sites want it.
func newTransport(dial connector.DialFunc, secure *tls.Config) *http.Transport {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return &http.Transport{
		DialContext:           dial,
		TLSClientConfig:       secure,
		TLSHandshakeTimeout:   20 * time.Second,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// hostPort is the Host header: the alias, with the port when it isn't the scheme's own. "" for no alias.
func hostPort(cfg config, port string) string {
	if cfg.AliasHostName == "" {
		return ""
	}
	if port == "" {
		return cfg.AliasHostName
	}
	return fmt.Sprintf("%s:%s", cfg.AliasHostName, port)
}
