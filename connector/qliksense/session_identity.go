package qliksense

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// An identity names the files of a client certificate: a PEM pair or a PFX file.
type identity struct {
	section                 string // of the settings: "tls" or "certificate"
	cert, key               string
	pfx                     string
	passwordKey, passwordIn string // the secret's key in the section, and what the settings have there
}

// readIdentity gives the client certificate to show: that of the certificate login, or the one that goes
// along with any other. nil for none.
func readIdentity(ctx context.Context, cfg config, secrets secretReader) (*tls.Certificate, error) {
	t, c := cfg.TLS, cfg.Certificate
	id := identity{section: "tls", cert: t.ClientCert, key: t.ClientKey, pfx: t.PFX, passwordKey: "pfx_password", passwordIn: t.PFXPassword}
	if cfg.Login == loginCertificate {
		id = identity{section: "certificate", cert: c.ClientCert, key: c.ClientKey, pfx: c.PFX, passwordKey: "password", passwordIn: c.Password}
	}
	var (
		pair tls.Certificate
		err  error
		path = id.section + ".client_cert"
	)
	switch {
	case id.pfx != "":
		path = id.section + ".pfx"
		pair, err = id.readPFX(ctx, secrets)
	case id.cert != "":
		pair, err = id.readPEM()
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if now := secrets.now(); now.After(pair.Leaf.NotAfter) {
		return nil, badFile(path, "Export a new client certificate in the QMC, under Certificates.",
			fmt.Errorf("the client certificate %s expired on %s", pair.Leaf.Subject, pair.Leaf.NotAfter.UTC().Format(time.DateOnly)))
	}
	return &pair, nil
}

// readPEM reads client.pem and client_key.pem as the QMC exports them (facts A.10).
func (id identity) readPEM() (tls.Certificate, error) {
	const export = "Export the certificates in the QMC, under Certificates, in PEM form with the secret key and without a password."
	cert, err := os.ReadFile(id.cert)
	if err != nil {
		return tls.Certificate{}, badFile(id.section+".client_cert", export, err)
	}
	key, err := os.ReadFile(id.key)
	if err != nil {
		return tls.Certificate{}, badFile(id.section+".client_key", export, err)
	}
	if encrypted(key) {
		return tls.Certificate{}, badFile(id.section+".client_key",
			fmt.Sprintf("Export it without a password, decrypt it (openssl pkey -in %s -out plain_key.pem), or give the PFX file with its password.", id.key),
			fmt.Errorf("the key in %s is encrypted", id.key))
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, badFile(id.section+".client_cert and client_key", export, fmt.Errorf("%s and %s don't make a certificate with its key: %w", id.cert, id.key, err))
	}
	return pair, nil
}

// encrypted tells both forms of an encrypted PEM key: PKCS #8 and the older one.
func encrypted(key []byte) bool {
	for block, rest := pem.Decode(key); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return true
		}
	}
	return false
}

// readPFX reads client.pfx, whose password may be empty.
func (id identity) readPFX(ctx context.Context, secrets secretReader) (tls.Certificate, error) {
	path := id.section + ".pfx"
	const export = "Export the certificates in the QMC, under Certificates, in Windows form with the secret key; the password is the one given there."
	data, err := os.ReadFile(id.pfx)
	if err != nil {
		return tls.Certificate{}, badFile(path, export, err)
	}
	password, err := secrets.optional(ctx, id.section+"."+id.passwordKey, id.passwordIn)
	if err != nil {
		return tls.Certificate{}, err
	}
	if bytes.HasPrefix(data, []byte("-----BEGIN")) {
		return tls.Certificate{}, badFile(path, "Name it in client_cert and client_key instead.", fmt.Errorf("%s is a PEM file and no PFX file", id.pfx))
	}
	key, leaf, authorities, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return tls.Certificate{}, badFile(path, "Check "+id.section+"."+id.passwordKey+".", fmt.Errorf("%s doesn't open with this password", id.pfx))
	case err != nil:
		return tls.Certificate{}, badFile(path, export, fmt.Errorf("%s: %w", id.pfx, err))
	}
	if _, ok := key.(crypto.Signer); !ok {
		return tls.Certificate{}, badFile(path, export, fmt.Errorf("%s has no key that can sign", id.pfx))
	}
	pair := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range authorities {
		if !bytes.Equal(c.RawIssuer, c.RawSubject) { // the root itself is never sent
			pair.Certificate = append(pair.Certificate, c.Raw)
		}
	}
	return pair, checkPair(pair)
}

// checkPair makes sure that the key belongs to the certificate.
func checkPair(pair tls.Certificate) error {
	type comparable interface{ Equal(crypto.PublicKey) bool }
	signer, _ := pair.PrivateKey.(crypto.Signer)
	own, ok := signer.Public().(comparable)
	if !ok || !own.Equal(pair.Leaf.PublicKey) {
		return badFile("the client certificate", "Export it anew.", errors.New("the key is another certificate's"))
	}
	return nil
}
