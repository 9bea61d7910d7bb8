package guard_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/guard"
)

func network(t *testing.T, deny, allow string) guard.Network {
	t.Helper()
	n, err := guard.NewNetwork(deny, allow)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPrivateAddressesAreAllowedAndMetadataServicesAreNot(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		deny, allow string
		yes, no     []string
	}{
		"by itself": {
			"", "",
			[]string{"10.1.2.3", "192.168.0.1", "127.0.0.1", "::1", "8.8.8.8", "2001:db8::1", "fd12::1", "::ffff:10.0.0.1"},
			[]string{"169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "64:ff9b::a9fe:a9fe"},
		},
		"no inner network": {"private, loopback", "10.1.0.0/16", []string{"10.1.2.3", "8.8.8.8"}, []string{"10.2.0.1", "127.0.0.1", "0.0.0.0", "::", "fd12::1", "169.254.169.254"}},
		"one site only":    {"all", "sense", nil, nil},
		"nothing else":     {"all", "10.0.0.7 10.0.0.8", []string{"10.0.0.7", "10.0.0.8"}, []string{"10.0.0.9", "::1", "8.8.8.8"}},
		"link-local too":   {"", "link-local", []string{"169.254.169.254", "fe80::1"}, []string{"100.100.100.200"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.allow == "sense" {
				if _, err := guard.NewNetwork(tc.deny, tc.allow); err == nil || !strings.Contains(err.Error(), `"sense" is no network`) {
					t.Errorf("error %v", err)
				}
				return
			}
			n := network(t, tc.deny, tc.allow)
			for _, ip := range tc.yes {
				if !n.Allows(netip.MustParseAddr(ip)) || n.CheckHost(ip) != "" {
					t.Errorf("%s is denied", ip)
				}
			}
			for _, ip := range tc.no {
				if n.Allows(netip.MustParseAddr(ip)) || n.CheckHost("["+ip+"]") == "" {
					t.Errorf("%s is allowed", ip)
				}
			}
		})
	}
}

// TestTheAddressCountsWhenItIsDialed goes by a name: what it resolves to decides.
func TestTheAddressCountsWhenItIsDialed(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	open, shut := network(t, "", ""), network(t, "loopback", "")
	if shut.CheckHost("localhost") != "" {
		t.Error("a name is judged before it is resolved")
	}
	conn, err := shut.DialContext(t.Context(), "tcp", net.JoinHostPort("localhost", port))
	if !errors.Is(err, guard.ErrDenied) || catalog.CodeOf(err) != catalog.CodeForbidden || !strings.Contains(catalog.CureOf(unwrapped(err)), "QLIKCRAWLER_ALLOW_NETWORKS") {
		t.Errorf("connection %v, error %v, want denied", conn, err)
	}
	if conn, err = open.DialContext(t.Context(), "tcp", net.JoinHostPort("localhost", port)); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

func unwrapped(err error) error {
	var e *catalog.Error
	errors.As(err, &e)
	return e
}

var source = connector.Source{Secrets: []string{"jwt.token"}, Files: []string{"tls.ca_file"}}

func tree(file, secret string) map[string]any {
	return map[string]any{"url": "https://sense.example.com", "tls": map[string]any{"ca_file": file}, "jwt": map[string]any{"token": secret}}
}

func TestFilesAreNamedBelowTheRootsOnly(t *testing.T) {
	t.Parallel()
	root, other := t.TempDir(), t.TempDir()
	for _, f := range []string{filepath.Join(root, "ca.pem"), filepath.Join(other, "key.pem")} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"out": other, "inside": root, "nowhere": filepath.Join(other, "later")} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := guard.NewPolicy(root+string(os.PathListSeparator)+filepath.Join(root, "not there"), "", guard.Network{})
	if err != nil {
		t.Fatal(err)
	}
	for file, allowed := range map[string]bool{
		filepath.Join(root, "ca.pem"):           true,
		filepath.Join(root, "new", "ca.pem"):    true, // it may come later
		filepath.Join(root, "inside", "ca.pem"): true,
		root:                                    false,
		filepath.Join(other, "key.pem"):         false,
		root + "/../" + filepath.Base(other):    false,
		root + "x/ca.pem":                       false,
		filepath.Join(root, "out", "key.pem"):   false,
		filepath.Join(root, "nowhere"):          false,
		filepath.Join(root, "nowhere", "x"):     false,
		"ca.pem":                                false,
		"/etc/passwd":                           false,
		"//server/share/x":                      false,
		root + "/ca.pem\x00":                    false,
	} {
		for secret, path := range map[string]string{"": "tls.ca_file", "file:" + file: "jwt.token"} {
			given := tree(file, "")
			if secret != "" {
				given = tree("", secret)
			}
			errs := p.Check(given, nil, source)
			if allowed != (len(errs) == 0) || len(errs) > 0 && errs[0].Path != path {
				t.Errorf("%q as %s: %v", file, path, errs)
			}
		}
	}
	closed, err := guard.NewPolicy("", "", guard.Network{})
	if err != nil {
		t.Fatal(err)
	}
	if errs := closed.Check(tree(filepath.Join(root, "ca.pem"), ""), nil, source); len(errs) != 1 || !strings.Contains(errs[0].Message, "QLIKCRAWLER_FILE_ROOTS") {
		t.Errorf("without roots: %v", errs)
	}
	kept := tree("/etc/ssl/site.pem", "file:/etc/token")
	if errs := closed.Check(kept, kept, source); len(errs) > 0 {
		t.Errorf("what a person set on this machine may not stay: %v", errs)
	}
}

func TestReferencesAreTakenByPatternOnly(t *testing.T) {
	t.Parallel()
	byDefault, err := guard.NewPolicy("", "", guard.Network{})
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := guard.NewPolicy("", "env:SENSE_*_TOKEN, vault:secret/qlik/*", guard.Network{})
	if err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string][2]bool{
		"env:QLIK_TOKEN":                {true, false},
		"env:SENSE_PROD_TOKEN":          {false, true},
		"env:SENSE_PROD_TOKENS":         {false, false},
		"env:QLIKCRAWLER_MASTER_KEY":    {false, false},
		"env:AWS_SECRET_ACCESS_KEY":     {false, false},
		"vault:secret/qlik/prod#token":  {true, true},
		"vault:secret/other/prod#token": {true, false},
		"azure:acme-vault/token":        {true, false},
		"a value":                       {true, true},
		"":                              {true, true},
	} {
		for i, p := range []guard.Policy{byDefault, narrow} {
			if errs := p.Check(tree("", reference), nil, source); want[i] != (len(errs) == 0) {
				t.Errorf("%s with policy %d: %v", reference, i, errs)
			}
		}
	}
	for _, wrong := range []string{"QLIK_*", "file:/run/*", "env"} {
		if _, err := guard.NewPolicy("", wrong, guard.Network{}); err == nil {
			t.Errorf("%s is taken for a pattern", wrong)
		}
	}
	if _, err := guard.NewPolicy("relative", "", guard.Network{}); err == nil {
		t.Error("a relative root is taken")
	}
}

func TestAddressesThatAreDeniedAreNamedByTheirKey(t *testing.T) {
	t.Parallel()
	p, err := guard.NewPolicy("", "", network(t, "10.0.0.0/8", ""))
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]any{
		"url": "10.1.2.3:8443/prefix", "proxy": map[string]any{"url": "http://[fe80::1]:3128"},
		"notify": map[string]any{"webhooks": []any{"https://hooks.example.com", "http://169.254.169.254/latest", "env:HOME", "http://metadata.google.internal./x"}},
	}
	var got []string
	for _, e := range p.Check(given, nil, source) {
		got = append(got, e.Path)
	}
	want := []string{"notify.webhooks[1]", "notify.webhooks[2]", "notify.webhooks[3]", "url", "proxy.url"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if errs := p.Check(given, given, source); len(errs) > 0 {
		t.Errorf("what stood there before: %v", errs)
	}
}
