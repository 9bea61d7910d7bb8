package main

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A reader asks for pages as a browser without JavaScript does, with a token in place of a session.
type reader struct {
	*visit
	token string
}

// reader makes a user with a role on some connections (nil: all), and gives what they read with.
func (o *office) reader(v *visit, name string, role auth.Role, connections []string) reader {
	o.t.Helper()
	u := catalog.User{Name: name, Role: role, AllConnections: connections == nil, Connections: connections}
	if err := o.db.AddUser(o.t.Context(), u, ""); err != nil {
		o.t.Fatal(err)
	}
	secret, hash := auth.NewSecret(auth.TokenPrefix)
	if _, err := o.db.AddToken(o.t.Context(), catalog.Token{User: name, Name: "pages", Role: role, CreatedBy: name, ExpiresAt: time.Now().Add(time.Hour)}, hash); err != nil {
		o.t.Fatal(err)
	}
	return reader{v, secret}
}

// get asks for a page; form, if it isn't nil, is posted. Where a form leads to isn't followed.
func (r reader) get(path string, form url.Values) (status int, location, body string) {
	r.t.Helper()
	method, content := http.MethodGet, ""
	if form != nil {
		method, content = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(content))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(b)
}

func TestPagesAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := &visit{t: t}
	v.serve(o)
	for _, code := range []string{"open", "closed"} {
		if err := o.db.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense", URL: "https://" + code + ".example.com", Settings: []byte(`{"authentication":"jwt"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	run, err := o.db.StartRun(t.Context(), catalog.Run{Connection: "closed", Mode: catalog.Full, Trigger: catalog.ByCLI})
	if err != nil || run != 1 {
		t.Fatal(run, err)
	}
	readers := map[auth.Role]reader{}
	for _, role := range []auth.Role{auth.Viewer, auth.ConnectorCreator, auth.IntegrationAdmin, auth.SecurityAdmin} {
		readers[role] = o.reader(v, string(role), role, []string{"open"})
	}
	readers[auth.Admin] = o.reader(v, "root", auth.Admin, nil)
	form := url.Values{"x": {"y"}}
	for _, c := range []struct {
		path string
		form url.Values
		want string // statuses of viewer, connector creator, integration admin, security admin, admin
	}{
		{"/", nil, "200 200 200 200 200"},
		{"/connections/open", nil, "200 200 200 200 200"},
		{"/connections/closed", nil, "404 404 404 404 200"},
		{"/connections/nowhere", nil, "404 404 404 404 404"},
		{"/connections/new", nil, "403 200 200 403 200"},
		{"/connections/open/edit", nil, "403 200 200 403 200"},
		{"/connections/closed/edit", nil, "403 404 404 403 200"},
		{"/connections/open/settings", nil, "403 200 200 403 200"},
		{"/connections/open/remove", nil, "403 200 200 403 200"},
		{"/connections/open/crawl", nil, "403 403 200 403 200"},
		{"/connections/open/schedule", nil, "200 200 200 200 200"},
		{"/connections/open/schedule", form, "403 403 422 403 422"},
		{"/connections/open/log", nil, "200 200 200 200 200"},
		{"/connections/closed/log", nil, "404 404 404 404 200"},
		{"/crawls", nil, "200 200 200 200 200"},
		{"/crawls/1", nil, "404 404 404 404 200"},
		{"/crawls/1/progress", nil, "404 404 404 404 200"},
		{"/crawls/1/cancel", form, "403 403 404 403 303"},
		{"/crawls/one", nil, "404 404 404 404 404"},
		{"/admin/users", nil, "403 403 403 403 200"},
		{"/admin/users/new", nil, "403 403 403 403 200"},
		{"/admin/user/root/password", form, "403 403 403 403 422"},
		{"/admin/audit", nil, "403 403 403 403 200"},
		{"/admin/tokens", nil, "200 200 200 200 200"},
		{"/admin/tools", nil, "403 200 200 403 200"},
		{"/admin/program", nil, "403 200 200 403 200"},
		{"/admin/tokens/5/revoke", form, "404 404 404 404 303"}, // the admin's own: nothing comes after it
	} {
		var got []string
		for _, role := range catalog.Roles {
			status, _, body := readers[role].get(c.path, c.form)
			got = append(got, strconv.Itoa(status))
			if role == auth.Viewer && strings.Contains(body, "closed.example.com") {
				t.Errorf("%s tells a viewer of what they may not see", c.path)
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", c.path, text, c.want)
		}
	}
	if _, _, body := readers[auth.Viewer].get("/", nil); strings.Contains(body, "closed") || strings.Contains(body, "/edit") || !strings.Contains(body, ">open<") {
		t.Errorf("a viewer's connectors: %s", body)
	}
}

func TestAConnectionIsMadeWithoutJavaScript(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := &visit{t: t}
	v.serve(o)
	r := o.reader(v, "root", auth.Admin, nil)
	name := `<b>"&'` + "\u202e" + strings.Repeat("ñ", 150)
	form := url.Values{
		"type": {"qlik-sense"}, "name": {name}, "code": {"Bad Code"}, "url": {o.site.URL}, "authentication": {"jwt"},
		"jwt.prefix": {"nowhere"}, "jwt.token": {o.info.Token}, "tls.ca_file": {"/etc/passwd"},
	}
	status, _, body := r.get("/connections", form)
	if status != 422 || strings.Count(body, `class="field required wrong"`)+strings.Count(body, `class="field wrong"`) != 2 || !strings.Contains(body, "2 fields have to be looked at") {
		t.Errorf("two wrong fields: %d\n%s", status, body)
	}
	if strings.Contains(body, "<b>") || !strings.Contains(body, "&lt;b&gt;&#34;&amp;&#39;") {
		t.Error("a name isn't shown as text")
	}
	form.Set("code", "shop")
	form.Set("tls.ca_file", o.info.CAFile)
	if status, _, body = r.get("/connections/check", form); status != 200 || !strings.Contains(body, "The check failed") || !strings.Contains(body, `class="cure"`) {
		t.Errorf("a check that fails: %d", status)
	}
	if status, _, body = r.get("/connections", form); status != 409 || !strings.Contains(body, "It was not saved: the check failed") {
		t.Errorf("saved in spite of it: %d", status)
	}
	if strings.Contains(body, o.info.Token) {
		t.Error("the page shows the secret that was typed")
	}
	form.Set("jwt.prefix", o.info.Prefix)
	status, to, _ := r.get("/connections", form)
	if status != 303 || to != "/connections/shop" {
		t.Fatalf("the right form: %d %s", status, to)
	}
	// An edit that leaves the secret empty keeps it, and says nothing of it.
	status, _, body = r.get("/connections/shop/edit", nil)
	if status != 200 || strings.Contains(body, o.info.Token) || !strings.Contains(body, "kept: leave empty to keep it") {
		t.Errorf("the form of an edit: %d", status)
	}
	form.Del("jwt.token")
	form.Set("description", "one\r\ntwo")
	if status, _, body = r.get("/connections/shop/edit", form); status != 303 {
		t.Errorf("the edit: %d\n%s", status, body)
	}
	conn, err := o.db.Connection(t.Context(), "shop")
	if err != nil || conn.Description != "one\ntwo" {
		t.Errorf("after the edit: %+v %v", conn, err)
	}
	if got, err := o.db.Secret(t.Context(), "shop", "jwt.token"); err != nil || got != o.info.Token {
		t.Errorf("the token after the edit: %v", err)
	}
	form.Set("revision", "1")
	if status, _, body = r.get("/connections/shop/edit", form); status != 409 || !strings.Contains(body, "somebody else changed") {
		t.Errorf("an edit of an older state: %d", status)
	}
}

func TestSettingsAreEditedByTheirForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := &visit{t: t}
	v.serve(o)
	r := o.reader(v, "root", auth.Admin, nil)
	o.want(201, "POST", "/connections?save_anyway=true", o.keys("shop"))
	form := url.Values{
		"options.crawl_streams": {"true"}, "options.workers": {"many"}, "options.exclude_apps": {"Test*\r\n\r\n*copy"}, "options.data_model": {"metadata"},
		"notify.on": {"failed"}, "notify.recipients": {"ida@example.com"}, "access_instructions": {"ask Ida"},
	}
	if status, _, body := r.get("/connections/shop/settings", form); status != 422 || !strings.Contains(body, "one field has to be looked at") || !strings.Contains(body, `value="many"`) {
		t.Errorf("a wrong number: %d", status)
	}
	form.Set("options.workers", "3")
	if status, _, body := r.get("/connections/shop/settings", form); status != 303 {
		t.Fatalf("the settings: %d\n%s", status, body)
	}
	doc, err := o.register.Read(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	options, _ := doc.Keys["options"].(map[string]any)
	// What is left unticked is off where the default is on; what is as the default says isn't written down.
	if list, _ := options["exclude_apps"].([]any); len(list) != 2 || options["workers"] != 3.0 || options["auto_lineage"] != false || options["crawl_streams"] != nil || options["data_model"] != nil {
		t.Errorf("options: %v", options)
	}
	if got, err := o.db.Secret(t.Context(), "shop", "jwt.token"); err != nil || got != o.info.Token {
		t.Errorf("the settings' form touched the login: %v", err)
	}
}

func TestAFormSendsNoStoredSecretToAnotherServer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	v := &visit{t: t}
	v.serve(o)
	r := o.reader(v, "root", auth.Admin, nil)
	o.want(201, "POST", "/connections", o.keys("shop"))
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") }))
	t.Cleanup(elsewhere.Close)
	right := url.Values{
		"type": {"qlik-sense"}, "name": {"shop"}, "code": {"shop"}, "url": {o.site.URL}, "authentication": {"jwt"},
		"jwt.prefix": {o.info.Prefix}, "tls.ca_file": {o.info.CAFile}, "anyway": {"1"},
	}
	for what, field := range map[string][2]string{
		"the address": {"url", elsewhere.URL}, "a proxy": {"proxy.url", "http://127.0.0.1:9"}, "no certificate checks": {"tls.insecure_skip_verify", "true"},
	} {
		form := maps.Clone(right)
		form.Set(field[0], field[1])
		for _, path := range []string{"/connections/shop/edit", "/connections/shop/check"} {
			status, to, body := r.get(path, form)
			if status != 422 || !strings.Contains(body, "give it, or put") {
				t.Errorf("%s, %s: %d %s", what, path, status, to)
			}
			if strings.Contains(body, o.info.Token) {
				t.Errorf("%s, %s: the page has the secret", what, path)
			}
		}
	}
	if conn, err := o.db.Connection(t.Context(), "shop"); err != nil || conn.URL != o.site.URL {
		t.Errorf("the connection leads to %s, %v", conn.URL, err)
	}
	form := maps.Clone(right)
	form.Set("url", elsewhere.URL)
	form.Set("jwt.token", "another")
	if status, _, body := r.get("/connections/shop/edit", form); status != 303 {
		t.Errorf("with a token of its own: %d\n%s", status, body)
	}
	if got, err := o.db.Secret(t.Context(), "shop", "jwt.token"); err != nil || got != "another" {
		t.Errorf("the token after that: %q %v", got, err)
	}
}
