package qliksense

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A checker collects what is wrong with a connection.
type checker struct {
	conn catalog.Connection
	tree map[string]any
	cfg  *config
	errs connector.FieldErrors
}

func (k *checker) run() {
	k.url()
	k.authentication()
	k.prefix()
	k.links()
	k.tls()
	k.options()
	k.secrets()
}

// has reports whether a secret is given, as a value or as a reference. A connection that comes from the
// catalog has its sealed secrets with empty values.
func (k *checker) has(path string) bool {
	if _, ok := k.conn.Secrets[path]; ok {
		return true
	}
	return connector.TextAt(k.tree, path) != ""
}

// lacks refuses a key whose feature this version doesn't have.
func (k *checker) lacks(given bool, path, what string) {
	if given {
		k.errs.Add(path, "%s not in this version; leave the key out", what)
	}
}

// need refuses an empty key.
func (k *checker) need(given bool, path, why string) {
	if !given {
		k.errs.Add(path, "is missing: %s", why)
	}
}

// pages are what people copy from the browser's address bar; they are no prefixes.
var pages = regexp.MustCompile(`(?i)/(hub|qmc|sense|qrs|app|single|dev-hub|content)(/.*)?$`)

func (k *checker) url() {
	raw := strings.TrimSpace(k.conn.URL)
	if raw == "" {
		k.errs.Add("url", "is missing: give the address of the Qlik Sense site, such as https://sense.example.com")
		return
	}
	u, why := parseURL(raw)
	if why != "" {
		k.errs.Add("url", "%s", why)
		return
	}
	if page := pages.FindString(u.Path); page != "" {
		k.errs.Add("url", "ends with %s, which is a page and not a virtual proxy; leave that part out", page)
		return
	}
	k.cfg.Base = u
}

// parseURL reads an address; a bare host name or IP address means https. why says what is wrong.
func parseURL(raw string) (u *url.URL, why string) {
	if ip := net.ParseIP(raw); ip != nil && strings.Contains(raw, ":") {
		raw = "[" + raw + "]"
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, "is not an address; write it as https://sense.example.com"
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "must start with https:// (or http://), not " + u.Scheme + "://"
	case u.Hostname() == "" || strings.ContainsAny(u.Hostname(), " \t,"):
		return nil, "has no usable host name; write it as https://sense.example.com"
	case u.User != nil:
		return nil, "holds a user name or password; put them under the login's own keys"
	case u.RawQuery != "" || u.Fragment != "":
		return nil, "has something after ? or #; leave that out"
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: strings.TrimRight(u.Path, "/")}, ""
}

func (k *checker) authentication() {
	c := k.cfg
	if c.Authentication == "" && k.tree["authentication"] == nil {
		k.errs.Add("authentication", "is missing: it says how to log in: windows, jwt, header or certificate")
	}
	c.Login = c.Authentication
	switch c.Login {
	case loginWindows:
		k.windows()
	case loginJWT:
		k.jwt()
	case loginHeader:
		k.header()
	case loginCertificate:
		k.certificate()
	}
}

func (k *checker) windows() {
	w := k.cfg.Windows
	k.need(w.UserID != "", "windows.user_id", "give the account's name, such as svc-qlik")
	k.need(k.has("windows.password"), "windows.password", "give the account's password, or where it is, such as env:NAME")
	switch {
	case strings.Contains(w.UserID, `\`):
		k.errs.Add("windows.user_id", "is the name alone; what stands before the \\ belongs to windows.user_directory")
	case strings.Contains(w.UserID, "@") && w.UserDirectory != "":
		k.errs.Add("windows.user_id", "has a domain of its own after the @; leave windows.user_directory empty, or give the name alone")
	}
	if strings.ContainsAny(w.UserDirectory, `\/@`) {
		k.errs.Add("windows.user_directory", "is a domain alone, such as ACME")
	}
}

func (k *checker) jwt() {
	j := &k.cfg.JWT
	token, key := k.has("jwt.token"), k.has("jwt.private_key")
	switch {
	case token && key:
		k.errs.Add("jwt.private_key", "there is a token too; give either jwt.token, or jwt.private_key to sign tokens here")
	case !token && !key:
		k.errs.Add("jwt.token", "is missing: give a token, or jwt.private_key, jwt.user_id and jwt.user_directory to sign tokens here")
	case key:
		k.need(j.UserID != "", "jwt.user_id", "a token signed here must say who the user is")
		k.need(j.UserDirectory != "", "jwt.user_directory", "a token signed here must say which directory the user is in")
		k.need(j.UserIDClaim != "", "jwt.user_id_claim", "give the claim that the virtual proxy reads, such as userid")
		k.need(j.UserDirectoryClaim != "", "jwt.user_directory_claim", "give the claim that the virtual proxy reads, such as userdirectory")
		if j.Lifetime < time.Minute {
			k.errs.Add("jwt.lifetime", "must be at least 1m")
		}
	}
}

// headerName is what HTTP allows as a header's name.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (k *checker) header() {
	h := k.cfg.Header
	switch {
	case h.Name == "":
		k.errs.Add("header.name", "is missing: give the header that the virtual proxy reads, such as X-Qlik-User")
	case !headerName.MatchString(h.Name):
		k.errs.Add("header.name", "is not a header name; it has letters, digits and hyphens, such as X-Qlik-User")
	case reserved(h.Name):
		k.errs.Add("header.name", "%s has a meaning of its own; a virtual proxy reads another header, such as X-Qlik-User", h.Name)
	}
	k.need(k.has("header.value"), "header.value", `give the user as the virtual proxy wants it, such as 'ACME\svc-qlik'`)
	if !plainASCII(h.Value) || !plainASCII(k.conn.Secrets["header.value"].Reveal()) {
		k.errs.Add("header.value", "%s", "holds characters that no header may have. "+cureASCII)
	}
}

func reserved(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Cookie", "Origin", "Connection", "Upgrade", "Content-Length", "X-Qlik-Xrfkey":
		return true
	}
	return false
}

func (k *checker) certificate() {
	c := k.cfg.Certificate
	k.pair("certificate", c.ClientCert, c.ClientKey, c.PFX, k.has("certificate.password"), "password")
	if c.PFX == "" && c.ClientCert == "" && c.ClientKey == "" {
		k.need(false, "certificate.client_cert", "give the file client.pem that the QMC exported, or certificate.pfx")
	}
	for path, given := range map[string]string{"client_cert": k.cfg.TLS.ClientCert, "client_key": k.cfg.TLS.ClientKey, "pfx": k.cfg.TLS.PFX} {
		if given != "" {
			k.errs.Add("tls."+path, "the login has a client certificate of its own; give it in certificate.%s alone", path)
			break
		}
	}
	k.need(c.UserDirectory != "", "certificate.user_directory", "it says on whose behalf to read, such as INTERNAL")
	k.need(c.UserID != "", "certificate.user_id", "it says on whose behalf to read, such as sa_api")
	k.plain("certificate.user_directory", c.UserDirectory)
	k.plain("certificate.user_id", c.UserID)
	if b := k.cfg.Base; b != nil && (b.Port() != "" || b.Path != "") {
		k.errs.Add("url", "may have no port and no path with certificates; the ports are certificate.qrs_port and engine_port")
	}
	if b := k.cfg.Base; b != nil && b.Scheme == "http" {
		k.errs.Add("url", "must start with https:// with certificates")
	}
}

// plain refuses what would break the X-Qlik-User header (facts A.10).
func (k *checker) plain(path, text string) {
	if strings.ContainsAny(text, ";=\r\n") {
		k.errs.Add(path, "may not hold ; or =")
	}
}

// prefixes is what a virtual proxy's prefix is made of.
var prefixes = regexp.MustCompile(`^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$`)

// prefix brings the address and the login's prefix together: either may give it.
func (k *checker) prefix() {
	given := map[string]string{loginWindows: k.cfg.Windows.Prefix, loginJWT: k.cfg.JWT.Prefix, loginHeader: k.cfg.Header.Prefix}[k.cfg.Login]
	prefix := strings.Trim(given, "/")
	if prefix != "" && !prefixes.MatchString(prefix) {
		k.errs.Add(k.cfg.Login+".prefix", "is not a virtual proxy's prefix; give the word alone, such as jwt")
		return
	}
	b := k.cfg.Base
	if b == nil || prefix == "" {
		return
	}
	if b.Path != "" && !strings.EqualFold(b.Path, "/"+prefix) {
		k.errs.Add(k.cfg.Login+".prefix", "is %s, but the url ends with %s; give the prefix in one place only", prefix, b.Path)
		return
	}
	if b.Path == "" {
		b.Path = "/" + prefix
	}
}

func (k *checker) links() {
	c := k.cfg
	if c.LinkURL != "" {
		u, why := parseURL(strings.TrimSpace(c.LinkURL))
		if why != "" {
			k.errs.Add("link_url", "%s", why)
			return
		}
		c.LinkBase = u.String()
		return
	}
	switch {
	case c.Login == loginCertificate:
		k.errs.Add("link_url", "is missing: with certificates, give the address that people's browsers use, such as https://sense.example.com")
	case c.AliasHostName != "":
		k.errs.Add("link_url", "is missing: with alias_host_name, give the address that people's browsers use, such as https://sense.example.com")
	case c.Base != nil:
		c.LinkBase = c.Base.String()
	}
}

func (k *checker) tls() {
	c := k.cfg
	if a := c.AliasHostName; a != "" && strings.ContainsAny(a, "/: \t") {
		k.errs.Add("alias_host_name", "must be a host name alone, without scheme, port or path")
	}
	if n := c.TLS.ServerName; n != "" && strings.ContainsAny(n, "/: \t") {
		k.errs.Add("tls.server_name", "must be a host name alone, without scheme, port or path")
	}
	k.trust()
	if c.Login != loginCertificate {
		k.pair("tls", c.TLS.ClientCert, c.TLS.ClientKey, c.TLS.PFX, k.has("tls.pfx_password"), "pfx_password")
	}
	k.proxy()
}

// pair checks that a client certificate is either a PEM file with its key, or a PFX file.
func (k *checker) pair(section, cert, key, pfx string, hasPassword bool, password string) {
	switch at := section + "."; {
	case pfx != "" && (cert != "" || key != ""):
		k.errs.Add(at+"pfx", "there is a %sclient_cert or client_key too; give either the PFX file or the PEM files", at)
	case cert != "" && key == "":
		k.errs.Add(at+"client_key", "is missing: give the key of the client certificate, such as client_key.pem")
	case cert == "" && key != "":
		k.errs.Add(at+"client_cert", "is missing: give the certificate of the key, such as client.pem")
	case hasPassword && pfx == "" && cert != "":
		k.errs.Add(at+password, "is for a PFX file; a PEM key must not be encrypted (openssl pkey decrypts it)")
	case hasPassword && pfx == "":
		k.errs.Add(at+password, "has no file to open; give %spfx too", at)
	}
}

func (k *checker) trust() {
	t := k.cfg.TLS
	if t.Truststore == "" {
		if k.has("tls.truststore_password") {
			k.errs.Add("tls.truststore_password", "has no file to open; give tls.truststore too")
		}
		if t.TruststoreType != "" {
			k.errs.Add("tls.truststore_type", "has no file to describe; give tls.truststore too")
		}
	}
	if b := k.cfg.Base; b == nil || b.Scheme != "http" {
		return
	}
	for _, key := range []struct{ name, given string }{
		{"client_cert", t.ClientCert}, {"pfx", t.PFX},
	} {
		if key.given != "" {
			k.errs.Add("tls."+key.name, "has no meaning: url starts with http://, where there is no TLS; write https:// or leave it out")
			return
		}
	}
	if t.InsecureSkipVerify {
		k.errs.Add("tls.insecure_skip_verify", "has no meaning: url starts with http://, where there is no TLS; write https:// or leave it out")
	}
}

func (k *checker) proxy() {
	p, password := k.cfg.Proxy, k.has("proxy.password")
	switch {
	case p.URL == "" && (p.Username != "" || password):
		k.errs.Add("proxy.url", "is missing: give the address of the HTTP proxy, such as http://proxy.example.com:3128")
	case p.URL == "":
	case p.Username == "" && password:
		k.errs.Add("proxy.username", "is missing: the password alone logs nobody in")
	case p.Username != "" && !password:
		k.errs.Add("proxy.password", "is missing: give the password of proxy.username")
	case strings.Contains(p.Username, ":"):
		k.errs.Add("proxy.username", "may not hold a colon: Basic, the login of HTTP proxies, can't tell it from the password")
	}
	if p.URL != "" {
		if _, why := proxyURL(p.URL); why != "" {
			k.errs.Add("proxy.url", "%s", why)
		}
	}
}

func (k *checker) options() {
	o := k.cfg.Options
	if o.AppTimeout < time.Second {
		k.errs.Add("options.app_timeout", "must be at least 1s")
	}
	if _, err := catalog.ParseQuietHours(o.QuietHours); err != nil {
		k.errs.Add("options.quiet_hours", "%v", err)
	}
	k.lacks(o.LogsPath != "", "options.logs_path", "script logs are")
}

// secrets refuses references to places that this version doesn't read.
func (k *checker) secrets() {
	for _, path := range SecretPaths() {
		text := connector.TextAt(k.tree, path)
		if _, ok := connector.SecretReference(text); ok {
			if why := connector.CheckReference(text); why != "" {
				k.errs.Add(path, "%s", why)
			}
		}
	}
}
