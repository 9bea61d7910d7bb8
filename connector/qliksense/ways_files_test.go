package qliksense

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// javaStore writes a trust store as Java does.
func javaStore(t *testing.T, srv *qliktest.Server, name, password string) string {
	t.Helper()
	if filepath.Ext(name) == ".p12" {
		data, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{root(t, srv)}, password)
		if err != nil {
			t.Fatal(err)
		}
		return file(t, name, data)
	}
	store := keystore.New()
	entry := keystore.TrustedCertificateEntry{CreationTime: time.Now(), Certificate: keystore.Certificate{Type: "X509", Content: root(t, srv).Raw}}
	if err := store.SetTrustedCertificateEntry("qlik", entry); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := store.Store(&buf, []byte(password)); err != nil {
		t.Fatal(err)
	}
	return file(t, name, buf.Bytes())
}

func TestTrustStores(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	for _, c := range []struct{ file, kind string }{
		{"trust.p12", ""}, {"trust.p12", "pkcs12"}, {"trust.jks", ""}, {"trust.jks", "jks"}, {"cacerts", ""},
	} {
		settings := map[string]any{"truststore": javaStore(t, srv, c.file, "changeit")}
		if c.kind != "" {
			settings["truststore_type"] = c.kind
		}
		p := openOn(t, srv, site, jwtConnection(t, srv, site, set("tls", settings), secret("tls.truststore_password", "changeit")))
		if err := p.about(t.Context()); err != nil {
			t.Errorf("%s %s: %v", c.file, c.kind, err)
		}
		p.silent(t)
	}
}

// TestFilesOfOtherPrograms reads what openssl and keytool write, where they are installed.
func TestFilesOfOtherPrograms(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"openssl", "keytool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{RequireClientCert: true})
	cert, key := srv.ClientPEM()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"client.pem": cert, "key.pem": key, "root.pem": srv.CAPEM()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	run("openssl", "pkcs12", "-export", "-in", "client.pem", "-inkey", "key.pem", "-certfile", "root.pem", "-out", "new.pfx", "-passout", "pass:changeit")
	run("openssl", "pkcs12", "-export", "-legacy", "-in", "client.pem", "-inkey", "key.pem", "-out", "old.pfx", "-passout", "pass:changeit")
	run("openssl", "pkey", "-in", "key.pem", "-out", "locked.pem", "-aes256", "-passout", "pass:changeit")
	for _, kind := range []string{"JKS", "PKCS12"} {
		run("keytool", "-importcert", "-noprompt", "-alias", "qlik", "-file", "root.pem", "-keystore", "trust."+kind, "-storetype", kind, "-storepass", "changeit")
	}
	for _, c := range [][2]string{{"new.pfx", "trust.JKS"}, {"old.pfx", "trust.PKCS12"}} {
		p := openOn(t, srv, site, jwtConnection(t, srv, site,
			set("tls", map[string]any{"pfx": filepath.Join(dir, c[0]), "truststore": filepath.Join(dir, c[1])}),
			secret("tls.pfx_password", "changeit"), secret("tls.truststore_password", "changeit")))
		if err := p.about(t.Context()); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
	err := openError(t, jwtConnection(t, srv, site, set("tls", map[string]any{"client_cert": filepath.Join(dir, "client.pem"), "client_key": filepath.Join(dir, "locked.pem")})), nil)
	if !strings.Contains(err.Error(), "is encrypted") {
		t.Errorf("an encrypted key: %v", err)
	}
}

// openError opens a connection that must not open, before any network call.
func openError(t *testing.T, c catalog.Connection, now func() time.Time) error {
	t.Helper()
	if errs := validate(c); len(errs) > 0 {
		t.Fatalf("settings: %v", errs)
	}
	_, err := Source().Open(t.Context(), connector.Env{Connection: c, Secret: connector.SecretsOf(c, nil), Now: now})
	if err == nil {
		t.Fatal("it opened")
	}
	if catalog.CodeOf(err) != catalog.CodeInvalid || catalog.CureOf(err) == "" || strings.Contains(err.Error(), "geheim") {
		t.Errorf("code %s, error %v, cure %s", catalog.CodeOf(err), err, catalog.CureOf(err))
	}
	return err
}

func TestFilesThatAreOfNoUseAreSaidBeforeAnyCall(t *testing.T) {
	t.Parallel()
	site := smallSite()
	srv := qliktest.New(t, site, qliktest.Options{})
	other := qliktest.New(t, smallSite(), qliktest.Options{})
	cert, key := srv.ClientPEM()
	otherCert, _ := other.ClientPEM()
	locked := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x")})
	certFile, keyFile := file(t, "client.pem", cert), file(t, "client_key.pem", key)
	future := func() time.Time { return time.Now().AddDate(20, 0, 0) }
	for says, c := range map[string]struct {
		changes []setup
		now     func() time.Time
	}{
		"no such file":                        {[]setup{set("tls.ca_file", "/no/such/file")}, nil},
		"holds no certificate":                {[]setup{set("tls.ca_file", file(t, "ca.pem", []byte("hello")))}, nil},
		"is encrypted":                        {[]setup{set("tls.client_cert", certFile), set("tls.client_key", file(t, "k.pem", locked))}, nil},
		"don't make a certificate":            {[]setup{set("tls.client_cert", file(t, "o.pem", otherCert)), set("tls.client_key", keyFile)}, nil},
		"expired on":                          {[]setup{set("tls.client_cert", certFile), set("tls.client_key", keyFile)}, future},
		"doesn't open with this password":     {[]setup{set("tls.pfx", pfx(t, srv, "geheim1")), secret("tls.pfx_password", "geheim2")}, nil},
		"is a PEM file and no PFX file":       {[]setup{set("tls.pfx", certFile)}, nil},
		"its password is wrong":               {[]setup{set("tls.truststore", javaStore(t, srv, "t.jks", "geheim1")), secret("tls.truststore_password", "geheim2")}, nil},
		"t.p12: its password is wrong":        {[]setup{set("tls.truststore", javaStore(t, srv, "t.p12", "geheim1")), secret("tls.truststore_password", "geheim2")}, nil},
		"is a JKS trust store and no PKCS12":  {[]setup{set("tls.truststore", javaStore(t, srv, "t.jks", "changeit")), set("tls.truststore_type", "pkcs12")}, nil},
		"neither a PKCS12 nor a JKS":          {[]setup{set("tls.truststore", certFile)}, nil},
		"secret tls.pfx_password: PFX_PASSWO": {[]setup{set("tls.pfx", pfx(t, srv, "geheim1")), set("tls.pfx_password", "env:PFX_PASSWORD")}, nil},
	} {
		if strings.HasPrefix(says, "secret ") {
			says = "references are not read here"
		}
		if err := openError(t, jwtConnection(t, srv, site, c.changes...), c.now); !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if n := srv.Counters().RequestTotal(); n != 0 {
		t.Errorf("%d requests", n)
	}
}
