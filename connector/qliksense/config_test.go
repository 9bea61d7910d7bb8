package qliksense

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// connection is a good one but for the changes.
func connection(t *testing.T, changes ...setup) catalog.Connection {
	t.Helper()
	c := catalog.Connection{
		Code: "qlik-prod", Name: "PROD", Type: "qlik-sense", URL: "https://sense.example.com",
		Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret("a.b.c")},
	}
	settings := map[string]any{"authentication": "jwt", "jwt": map[string]any{"prefix": "jwt"}}
	for _, change := range changes {
		change(&c, settings)
	}
	data, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	c.Settings = data
	return c
}

// direct makes a certificate login with these files.
func direct(files map[string]any) setup {
	return func(_ *catalog.Connection, settings map[string]any) {
		section := map[string]any{"user_id": "u", "user_directory": "D"}
		for k, v := range files {
			section[k] = v
		}
		settings["authentication"], settings["link_url"], settings["certificate"] = "certificate", "sense", section
	}
}

func without(secret string) setup {
	return func(c *catalog.Connection, _ map[string]any) { delete(c.Secrets, secret) }
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	cfg, errs := parseConfig(connection(t))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	o := cfg.Options
	if !o.CrawlStreams || o.ExcludeUnpublishedApps || o.ExcludeUnpublishedSheets || o.Workers != 4 || o.MaxSessions != 2 || o.AppTimeout != 2*time.Minute ||
		o.DataModel != "metadata" || o.MigrateApps || o.SystemVariables || !o.AutoLineage || o.MassRetireLimit != 50 {
		t.Errorf("options %+v", o)
	}
	if cfg.Base.String() != "https://sense.example.com/jwt" || cfg.LinkBase != "https://sense.example.com/jwt" || cfg.Code != "qlik-prod" || cfg.Login != "jwt" {
		t.Errorf("base %s, links %s, code %s, login %s", cfg.Base, cfg.LinkBase, cfg.Code, cfg.Login)
	}
	if j := cfg.JWT; j.Algorithm != "RS256" || j.UserIDClaim != "userid" || j.UserDirectoryClaim != "userdirectory" || j.Lifetime != time.Hour {
		t.Errorf("jwt %+v", j)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, prefix, base string }{
		{"sense.example.com", "jwt", "https://sense.example.com/jwt"},
		{"SENSE", "", "https://sense"},
		{"10.1.2.3", "", "https://10.1.2.3"},
		{"10.1.2.3:8443", "jwt", "https://10.1.2.3:8443/jwt"},
		{"fe80::1", "", "https://[fe80::1]"},
		{"http://sense.example.com/", "/jwt/", "http://sense.example.com/jwt"},
		{"https://sense.example.com:4443/jwt", "", "https://sense.example.com:4443/jwt"},
		{"https://sense.example.com/jwt/", "jwt", "https://sense.example.com/jwt"},
		{"https://sense.example.com/a/b", "a/b", "https://sense.example.com/a/b"},
	} {
		cfg, errs := parseConfig(connection(t, at(c.url), set("jwt.prefix", c.prefix)))
		if len(errs) > 0 || cfg.Base.String() != c.base {
			t.Errorf("%s with prefix %q: %v, %v", c.url, c.prefix, cfg.Base, errs)
		}
	}
}

func TestEachMistakeIsASentenceAtItsKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, says string
		changes    []setup
	}{
		{"url", "is missing", []setup{at(" ")}},
		{"url", "must start with https://", []setup{at("ftp://sense")}},
		{"url", "holds a user name or password", []setup{at("https://u:geheim@sense")}},
		{"url", "after ? or #", []setup{at("https://sense?x=geheim")}},
		{"url", "ends with /hub", []setup{at("https://sense/hub")}},
		{"url", "ends with /sense/app/1", []setup{at("https://sense/jwt/sense/app/1")}},
		{"url", "is not an address", []setup{at("https://sense:port")}},
		{"url", "is not an address", []setup{at("my server")}},
		{"url", "no usable host name", []setup{at("a,b")}},
		{"jwt.prefix", "the url ends with /abc", []setup{at("https://sense/abc")}},
		{"jwt.prefix", "is not a virtual proxy's prefix", []setup{set("jwt.prefix", "a b")}},
		{"authentication", "is missing", []setup{set("authentication", nil)}},
		{"authentication", "did you mean jwt?", []setup{set("authentication", "jtw")}},
		{"windows.user_id", "is missing", []setup{set("authentication", "windows"), secret("windows.password", "geheim")}},
		{"windows.password", "is missing", []setup{set("authentication", "windows"), set("windows.user_id", "svc")}},
		{"windows.user_id", "is the name alone", []setup{set("authentication", "windows"), set("windows.user_id", `ACME\svc`), secret("windows.password", "geheim")}},
		{"windows.user_id", "leave windows.user_directory empty", []setup{set("authentication", "windows"), set("windows.user_id", "svc@acme.com"), set("windows.user_directory", "ACME"), secret("windows.password", "geheim")}},
		{"windows.user_directory", "is a domain alone", []setup{set("authentication", "windows"), set("windows.user_id", "svc"), set("windows.user_directory", `ACME\`), secret("windows.password", "geheim")}},
		{"windows.prefix", "the url ends with /abc", []setup{at("https://sense/abc"), set("authentication", "windows"), set("windows.user_id", "svc"), set("windows.prefix", "win"), secret("windows.password", "geheim")}},
		{"jwt.token", "is missing", []setup{without("jwt.token")}},
		{"jwt.private_key", "there is a token too", []setup{set("jwt.private_key", "env:KEY")}},
		{"jwt.user_id", "is missing", []setup{without("jwt.token"), set("jwt.private_key", "env:KEY"), set("jwt.user_directory", "D")}},
		{"jwt.lifetime", "at least 1m", []setup{without("jwt.token"), set("jwt.private_key", "env:KEY"), set("jwt.user_directory", "D"), set("jwt.user_id", "u"), set("jwt.lifetime", "1s")}},
		{"jwt.algorithm", "did you mean RS256", []setup{set("jwt.algorithm", "ES256")}},
		{"jwt.token", "write vault:MOUNT/PATH#FIELD", []setup{without("jwt.token"), set("jwt.token", "vault:a/b")}},
		{"jwt.token", "write env:NAME", []setup{without("jwt.token"), set("jwt.token", "env:")}},
		{"jwt.tokn", "did you mean token?", []setup{set("jwt.tokn", "geheim")}},
		{"header.name", "is missing", []setup{set("authentication", "header"), secret("header.value", "geheim")}},
		{"header.name", "is not a header name", []setup{set("authentication", "header"), set("header.name", "X Y"), secret("header.value", "geheim")}},
		{"header.name", "has a meaning of its own", []setup{set("authentication", "header"), set("header.name", "cookie"), secret("header.value", "geheim")}},
		{"header.value", "is missing", []setup{set("authentication", "header"), set("header.name", "X-User")}},
		{"certificate.client_cert", "is missing", []setup{set("authentication", "certificate"), set("link_url", "sense"), set("certificate", map[string]any{"client_key": "k", "user_id": "u", "user_directory": "D"})}},
		{"certificate.client_key", "is missing", []setup{direct(map[string]any{"client_cert": "c"})}},
		{"certificate.client_cert", "is missing: give the certificate of the key", []setup{direct(map[string]any{"client_key": "k"})}},
		{"certificate.client_cert", "or certificate.pfx", []setup{direct(nil)}},
		{"certificate.pfx", "give either the PFX file or the PEM files", []setup{direct(map[string]any{"pfx": "p", "client_cert": "c", "client_key": "k"})}},
		{"certificate.password", "is for a PFX file", []setup{direct(map[string]any{"client_cert": "c", "client_key": "k"}), secret("certificate.password", "geheim")}},
		{"tls.client_cert", "a client certificate of its own", []setup{direct(map[string]any{"pfx": "p"}), set("tls.client_cert", "c")}},
		{"tls.pfx", "a client certificate of its own", []setup{direct(map[string]any{"pfx": "p"}), set("tls.pfx", "c")}},
		{"url", "must start with https:// with certificates", []setup{at("http://sense"), direct(map[string]any{"pfx": "p"})}},
		{"certificate.user_id", "may not hold ;", []setup{set("authentication", "certificate"), set("link_url", "sense"), set("certificate", map[string]any{"client_cert": "c", "client_key": "k", "user_id": "u;x", "user_directory": "D"})}},
		{"certificate.qrs_port", "must be 1 to 65535", []setup{set("certificate.qrs_port", 0)}},
		{"link_url", "with certificates", []setup{set("authentication", "certificate"), set("certificate", map[string]any{"client_cert": "c", "client_key": "k", "user_id": "u", "user_directory": "D"})}},
		{"url", "no port and no path with certificates", []setup{at("https://sense:4242"), set("link_url", "sense"), set("authentication", "certificate"), set("certificate", map[string]any{"client_cert": "c", "client_key": "k", "user_id": "u", "user_directory": "D"})}},
		{"link_url", "with alias_host_name", []setup{set("alias_host_name", "sense")}},
		{"link_url", "must start with https://", []setup{set("link_url", "file:///x")}},
		{"alias_host_name", "must be a host name alone", []setup{set("alias_host_name", "https://sense"), set("link_url", "sense")}},
		{"tls.server_name", "must be a host name alone", []setup{set("tls.server_name", "sense:443")}},
		{"tls.truststore_password", "has no file to open", []setup{secret("tls.truststore_password", "geheim")}},
		{"tls.truststore_type", "has no file to describe", []setup{set("tls.truststore_type", "jks")}},
		{"tls.truststore_type", "did you mean jks?", []setup{set("tls.truststore", "t"), set("tls.truststore_type", "jsk")}},
		{"tls.client_key", "is missing", []setup{set("tls.client_cert", "c.pem")}},
		{"tls.client_cert", "is missing", []setup{set("tls.client_key", "k.pem")}},
		{"tls.pfx", "give either the PFX file or the PEM files", []setup{set("tls.pfx", "c.pfx"), set("tls.client_cert", "c.pem"), set("tls.client_key", "k.pem")}},
		{"tls.pfx_password", "has no file to open", []setup{secret("tls.pfx_password", "geheim")}},
		{"tls.pfx_password", "is for a PFX file", []setup{secret("tls.pfx_password", "geheim"), set("tls.client_cert", "c.pem"), set("tls.client_key", "k.pem")}},
		{"tls.pfx", "there is no TLS", []setup{at("http://sense"), set("tls.pfx", "c.pfx")}},
		{"tls.insecure_skip_verify", "there is no TLS", []setup{at("http://sense"), set("tls.insecure_skip_verify", true)}},
		{"proxy.url", "is missing", []setup{set("proxy.username", "u"), secret("proxy.password", "geheim")}},
		{"proxy.url", "must start with http://, not socks5://", []setup{set("proxy.url", "socks5://p:1080")}},
		{"proxy.url", "TLS to the proxy itself", []setup{set("proxy.url", "https://p:3128")}},
		{"proxy.url", "put them under proxy.username", []setup{set("proxy.url", "http://u:geheim@p:3128")}},
		{"proxy.url", "host and port alone", []setup{set("proxy.url", "http://p:3128/x")}},
		{"proxy.url", "is not an address", []setup{set("proxy.url", "http://:3128")}},
		{"proxy.username", "is missing", []setup{set("proxy.url", "p:3128"), secret("proxy.password", "geheim")}},
		{"proxy.username", "may not hold a colon", []setup{set("proxy.url", "p:3128"), set("proxy.username", "a:b"), secret("proxy.password", "geheim")}},
		{"proxy.password", "is missing", []setup{set("proxy.url", "p:3128"), set("proxy.username", "u")}},
		{"header.value", "no header may have", []setup{set("authentication", "header"), set("header.name", "X-User"), secret("header.value", "ACME\\müller")}},
		{"options.quiet_hours", "write it like", []setup{set("options.quiet_hours", "at night")}},
		{"options.logs_path", "not in this version", []setup{set("options.logs_path", "/x")}},
		{"options.app_timeout", "at least 1s", []setup{set("options.app_timeout", "1ms")}},
		{"options.workers", "must be 1 to 64", []setup{set("options.workers", 0)}},
		{"options.max_sessions", "must be 1 to 5", []setup{set("options.max_sessions", 6)}},
		{"options.mass_retire_limit", "a share from 0% to 100%", []setup{set("options.mass_retire_limit", "half")}},
		{"option", "did you mean options?", []setup{set("option.workers", 1)}},
	} {
		errs := validate(connection(t, c.changes...))
		if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Message, c.says) || strings.Contains(errs.Error(), "geheim") {
			t.Errorf("%s, %q:\n%v", c.path, c.says, errs)
		}
	}
}

func TestNothingIsMissedInWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want    string
		changes []setup
	}{
		{"[jwt]", []setup{without("jwt.token"), set("jwt", "x")}},
		{"[windows]", []setup{set("authentication", "windows"), set("windows", []any{"x"})}},
		{"[header.name]", []setup{set("authentication", "header"), set("header.name", 5), secret("header.value", "x")}},
		{"[jwt url]", []setup{without("jwt.token"), set("jwt", "x"), at("ftp://x")}},
		{"[jwt.tokn jwt.token]", []setup{without("jwt.token"), set("jwt.tokn", "x")}},
	} {
		var paths []string
		for _, e := range validate(connection(t, c.changes...)) {
			paths = append(paths, e.Path)
		}
		if got := fmt.Sprint(paths); got != c.want {
			t.Errorf("%s are told, want %s", got, c.want)
		}
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	t.Parallel()
	errs := validate(connection(t, at("ftp://x"), without("jwt.token"), set("options.workers", "many"), set("tls.truststore_type", "jks"), set("colour", "red")))
	var paths []string
	for _, e := range errs {
		paths = append(paths, e.Path)
	}
	if got := fmt.Sprint(paths); got != "[options.workers colour url jwt.token tls.truststore_type]" {
		t.Errorf("%s\n%v", got, errs)
	}
}

func TestAKeyThatIsEmptyIsNotAFeatureThatIsMissing(t *testing.T) {
	t.Parallel()
	errs := validate(connection(t,
		set("options", map[string]any{"quiet_hours": "", "qvs_path": "", "logs_path": "", "qvds_path": ""}), set("proxy", map[string]any{}), set("windows", map[string]any{"prefix": ""}),
		set("retention", map[string]any{"runs": "90d"}), set("schedule", map[string]any{"cron": "0 2 * * *"}), set("admins", map[string]any{}), set("notify", map[string]any{})))
	if len(errs) > 0 {
		t.Error(errs)
	}
}

func TestSettingsThatAreNoObject(t *testing.T) {
	t.Parallel()
	c := connection(t)
	c.Settings = json.RawMessage(`[1]`)
	if errs := validate(c); len(errs) != 1 {
		t.Error(errs)
	}
}

// TestTheTemplateIsAValidConnection reads the template, and once more with its examples switched on.
func TestTheTemplateIsAValidConnection(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for line := range strings.Lines(Template) {
		bare := strings.Replace(line, "# ", "", 1)
		if strings.HasPrefix(strings.TrimSpace(line), "# ") && strings.Contains(bare, ":") && strings.TrimSpace(bare)[0] >= 'a' {
			line = bare
		}
		all.WriteString(line)
	}
	for name, text := range map[string]string{"as it is": Template, "with all examples": all.String()} {
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		c := catalog.Connection{URL: fmt.Sprint(tree["url"])}
		for _, key := range []string{"name", "code", "type", "environment", "description", "url", "access_instructions", "governance"} {
			delete(tree, key)
		}
		data, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		c.Settings = data
		errs := validate(c)
		if name == "with all examples" { // a token and a key at once, and an alias with an empty link_url
			if len(errs) != 2 || errs[0].Path != "jwt.private_key" || errs[1].Path != "link_url" || !strings.Contains(text, "\noptions:") {
				t.Errorf("%s: %v\n%s", name, errs, text)
			}
			continue
		}
		if len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
}
