package qliktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"strings"
	"time"
)

// certificates is the site's own authority and what it has signed (facts A.10: root, server, client).
type certificates struct {
	caPEM        []byte
	pool         *x509.CertPool
	server       tls.Certificate
	clientPEM    []byte
	clientKeyPEM []byte
	client       tls.Certificate
}

// newCertificates makes an authority, a server certificate for this machine's names and a client
// certificate.
func newCertificates(o Options) (*certificates, error) {
	ca, caKey, caPEM, err := newAuthority("qliktest-CA")
	if err != nil {
		return nil, err
	}
	c := &certificates{caPEM: caPEM, pool: x509.NewCertPool()}
	c.pool.AddCert(ca)
	names, addresses := serverNames(o.Host)
	if o.CertificateNames != nil {
		names, addresses = o.CertificateNames, nil
	}
	server := &x509.Certificate{
		Subject: pkix.Name{CommonName: o.Host}, DNSNames: names, IPAddresses: addresses,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if o.CertificateExpired {
		server.NotAfter = time.Now().AddDate(0, 0, -1)
	}
	if c.server, _, _, err = issue(server, ca, caKey); err != nil {
		return nil, err
	}
	client := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "QlikClient"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	c.client, c.clientPEM, c.clientKeyPEM, err = issue(client, ca, caKey)
	return c, err
}

// serverNames are the names that the server certificate carries: this machine's own and host.
func serverNames(host string) (names []string, addresses []net.IP) {
	names = []string{"localhost"}
	if short := shortHostName(); short != "" && short != "localhost" {
		names = append(names, short)
	}
	addresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if ip := net.ParseIP(host); ip != nil {
		return names, append(addresses, ip)
	}
	if host != "localhost" {
		names = append(names, host)
	}
	return names, addresses
}

func shortHostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	short, _, _ := strings.Cut(name, ".")
	return strings.ToLower(short)
}

// serverConfig speaks HTTP/1.1 only. With clients it demands a certificate of the site's authority,
// else the handshake fails (facts A.10).
func (c *certificates) serverConfig(clients bool) *tls.Config {
	cfg := &tls.Config{Certificates: []tls.Certificate{c.server}, MinVersion: tls.VersionTLS12}
	if clients {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, c.pool
	}
	return cfg
}

func newAuthority(name string) (*x509.Certificate, *ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if err := complete(t); err != nil {
		return nil, nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}

func issue(t, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (tls.Certificate, []byte, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, nil, err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	if err := complete(t); err != nil {
		return tls.Certificate{}, nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, nil, nil, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	return pair, certPEM, keyPEM, err
}

// complete gives t what every certificate needs. Validity is by the machine's clock, not the site's:
// clients verify with theirs.
func complete(t *x509.Certificate) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	t.SerialNumber = serial
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Now().AddDate(10, 0, 0)
	}
	t.NotBefore = time.Now().Add(-time.Hour)
	if t.NotAfter.Before(t.NotBefore) {
		t.NotBefore = t.NotAfter.AddDate(-1, 0, 0)
	}
	return err
}

// CAPEM is the certificate of the site's authority: what clients have to trust.
func (s *Server) CAPEM() []byte { return s.certs.caPEM }

// ClientPEM is the client certificate and its key for the Repository's and the Engine's own ports.
func (s *Server) ClientPEM() (certificate, key []byte) {
	return s.certs.clientPEM, s.certs.clientKeyPEM
}

// CAFile is a file with CAPEM, which Close removes.
func (s *Server) CAFile() (string, error) { return s.files.write("root.pem", s.certs.caPEM) }

// ClientTLS is a TLS configuration that trusts the site, with its client certificate when asked.
func (s *Server) ClientTLS(withCertificate bool) *tls.Config {
	cfg := &tls.Config{RootCAs: s.certs.pool, MinVersion: tls.VersionTLS12}
	if withCertificate {
		cfg.Certificates = []tls.Certificate{s.certs.client}
	}
	return cfg
}
