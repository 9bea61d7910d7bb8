package qliksense

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// The kinds of trust store (contract §2, tls.truststore_type).
const (
	storePKCS12 = "pkcs12"
	storeJKS    = "jks"
)

// readRoots gives the authorities to trust: the system's and those that the settings name. nil means the
// system's alone.
func readRoots(ctx context.Context, cfg config, secrets secretReader) (*x509.CertPool, error) {
	files := map[string]string{"tls.ca_file": cfg.TLS.CAFile}
	if cfg.Login == loginCertificate {
		files["certificate.root_cert"] = cfg.Certificate.RootCert
	}
	var all []*x509.Certificate
	for _, key := range []string{"tls.ca_file", "certificate.root_cert"} {
		if files[key] == "" {
			continue
		}
		found, err := readCertificates(files[key])
		if err != nil {
			return nil, badFile(key, "Name a file with the authority's certificate, in PEM form or as a .cer file.", err)
		}
		all = append(all, found...)
	}
	if cfg.TLS.Truststore != "" {
		found, err := readTruststore(ctx, cfg.TLS, secrets)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, c := range all {
		pool.AddCert(c)
	}
	return pool, nil
}

// readCertificates reads a file of certificates: PEM (root.pem), or one alone as Windows exports it
// (root.cer).
func readCertificates(file string) ([]*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if c, err := x509.ParseCertificate(data); err == nil {
		return []*x509.Certificate{c}, nil
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d can't be read: %w", file, len(all)+1, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM form and is no .cer file", file)
	}
	return all, nil
}

// readTruststore reads a Java trust store or any other PKCS12 file of certificates.
func readTruststore(ctx context.Context, t tlsSettings, secrets secretReader) ([]*x509.Certificate, error) {
	const key = "tls.truststore"
	data, err := os.ReadFile(t.Truststore)
	if err != nil {
		return nil, badFile(key, "Name a PKCS12 or JKS file that this program may read.", err)
	}
	password, err := secrets.optional(ctx, "tls.truststore_password", t.TruststorePassword)
	if err != nil {
		return nil, err
	}
	kind, err := storeKind(t, data)
	if err != nil {
		return nil, badFile(key, "Set tls.truststore_type to what the file is, pkcs12 or jks, or leave it out.", err)
	}
	read := readPKCS12
	if kind == storeJKS {
		read = readJKS
	}
	all, err := read(data, password)
	if err != nil {
		return nil, badFile(key, "Check tls.truststore_password, and that the file is a trust store: `keytool -list -keystore FILE` shows what is in it.", fmt.Errorf("%s: %w", t.Truststore, err))
	}
	if len(all) == 0 {
		return nil, badFile(key, "Import the authority's certificate into it, or name that in tls.ca_file.", fmt.Errorf("%s holds no certificate to trust", t.Truststore))
	}
	return all, nil
}

// storeKind is what a trust store is by its first bytes; newer Javas write PKCS12 into files named .jks.
func storeKind(t tlsSettings, data []byte) (string, error) {
	kind := ""
	switch {
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		kind = storeJKS
	case bytes.HasPrefix(data, []byte{0x30}):
		kind = storePKCS12
	default:
		return "", fmt.Errorf("%s is neither a PKCS12 nor a JKS trust store", t.Truststore)
	}
	if t.TruststoreType != "" && t.TruststoreType != kind {
		return "", fmt.Errorf("%s is a %s trust store and no %s", t.Truststore, strings.ToUpper(kind), strings.ToUpper(t.TruststoreType))
	}
	return kind, nil
}

// errPassword is what both kinds say when the password doesn't open them.
var errPassword = errors.New("its password is wrong")

func readPKCS12(data []byte, password string) ([]*x509.Certificate, error) {
	all, err := pkcs12.DecodeTrustStore(data, password)
	if err == nil {
		return all, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, errPassword
	}
	// One with a key of its own, as openssl and Windows write it: its authorities count.
	_, _, authorities, chainErr := pkcs12.DecodeChain(data, password)
	if chainErr != nil {
		return nil, err
	}
	return authorities, nil
}

func readJKS(data []byte, password string) ([]*x509.Certificate, error) {
	store := keystore.New()
	if err := store.Load(bytes.NewReader(data), []byte(password)); err != nil {
		if strings.Contains(err.Error(), "invalid digest") {
			return nil, errPassword
		}
		return nil, err
	}
	var all []*x509.Certificate
	for _, alias := range slices.Sorted(slices.Values(store.Aliases())) {
		if !store.IsTrustedCertificateEntry(alias) {
			continue
		}
		entry, err := store.GetTrustedCertificateEntry(alias)
		if err != nil {
			return nil, err
		}
		c, err := x509.ParseCertificate(entry.Certificate.Content)
		if err != nil {
			return nil, fmt.Errorf("the certificate %s can't be read: %w", alias, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func badFile(key, cure string, err error) error {
	return &catalog.Error{Code: catalog.CodeInvalid, Op: "read " + key, Err: err, Cure: cure}
}
