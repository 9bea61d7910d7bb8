package main

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// lineageOffice is a service with lineage of connection prod, and readers of each role who may see another one, open;
// the last one may see all.
func lineageOffice(t *testing.T) (*office, map[auth.Role]reader) {
	t.Helper()
	o := newOffice(t, nil)
	for _, code := range []string{"open", "prod"} {
		must(t, o.db.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense", URL: "https://" + code + ".example.com", Settings: []byte(`{"authentication":"jwt"}`)}))
	}
	warehouse(t, o, 4, 2)
	v := &visit{t: t}
	v.serve(o)
	readers := map[auth.Role]reader{}
	for _, role := range []auth.Role{auth.Viewer, auth.ConnectorCreator, auth.IntegrationAdmin, auth.SecurityAdmin} {
		readers[role] = o.reader(v, string(role), role, []string{"open"})
	}
	readers[auth.Admin] = o.reader(v, "root", auth.Admin, nil)
	return o, readers
}

func TestLineagePagesAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	_, readers := lineageOffice(t)
	table := url.QueryEscape("dataset:file://f/t0.qvd")
	edge := func(from, to string) url.Values {
		return url.Values{"from": {from}, "to": {to}, "reason": {"known"}}
	}
	for _, c := range []struct {
		path string
		form url.Values
		want string // statuses of viewer, connector creator, integration admin, security admin, admin
	}{
		{"/lineage", nil, "200 200 200 200 200"},
		{"/lineage/gaps", nil, "200 200 200 200 200"},
		{"/lineage/edges", nil, "200 200 200 200 200"},
		{"/lineage?key=" + table, nil, "404 404 404 404 200"},
		{"/lineage/picture?key=" + table, nil, "404 404 404 404 200"},
		{"/lineage/data?key=" + table, nil, "404 404 404 404 200"},
		{"/lineage/edges", edge("open/a", "open/b"), "403 403 303 403 303"},
		{"/lineage/edges", edge("dataset:file://x", "prod/b"), "403 403 403 403 303"},
		{"/lineage/edges", edge("prod/b", "open/a"), "403 403 403 403 303"},
		{"/lineage/edges/remove", url.Values{"from": {"prod/b"}, "to": {"open/a"}}, "403 403 403 403 303"},
		{"/lineage/edges/remove", url.Values{"from": {"open/a"}, "to": {"open/b"}}, "403 403 303 403 404"},
		{"/connections/open/lineage/build", url.Values{}, "403 403 303 403 303"},
		{"/connections/prod/lineage/build", url.Values{}, "403 403 404 403 303"},
	} {
		var got []string
		for _, role := range catalog.Roles {
			status, _, body := readers[role].get(c.path, c.form)
			got = append(got, strconv.Itoa(status))
			if status != 200 && status != 303 && !strings.Contains(body, "<code") && c.form == nil && strings.HasPrefix(c.path, "/lineage?") {
				t.Errorf("%s: the page of status %d doesn't name what was asked for", c.path, status)
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s %v: %s, want %s", c.path, c.form, text, c.want)
		}
	}
}

func TestLineagePagesSayWhatIsWrongWithWhatTheyAreAsked(t *testing.T) {
	t.Parallel()
	_, readers := lineageOffice(t)
	r := readers[auth.Admin]
	table := url.QueryEscape("dataset:file://f/t0.qvd")
	for _, c := range []struct {
		name, path string
		form       url.Values
		status     int
		says       string
	}{
		{"a direction that isn't", "/lineage?key=" + table + "&direction=sideways", nil, 422, "upstream, downstream or both"},
		{"a depth in words", "/lineage?key=" + table + "&depth=deep", nil, 422, "number of steps"},
		{"a depth below zero", "/lineage/picture?key=" + table + "&depth=-1", nil, 422, "number of steps"},
		{"a depth beyond reason", "/lineage/data?key=" + table + "&depth=101", nil, 422, "number of steps"},
		{"an unknown key", "/lineage?key=dataset:file://f/t9.qvd", nil, 404, "dataset:file://f/t9.qvd"},
		{"a picture of an unknown key", "/lineage/picture?key=prod/nothing", nil, 404, "There is no such page"},
		{"markup for a key", "/lineage?key=" + url.QueryEscape(`<script>alert(1)</script>`), nil, 404, "&lt;script&gt;"},
		{"an open box that isn't", "/lineage?key=" + table + "&open=nothing", nil, 200, "Lineage"},
		{"an edge without ends", "/lineage/edges", url.Values{"reason": {"x"}}, 422, "a key is missing"},
		{"an edge without a reason", "/lineage/edges", url.Values{"from": {"prod/a"}, "to": {"prod/b"}}, 422, "the reason of"},
		{"an edge to itself", "/lineage/edges", url.Values{"from": {"prod/a"}, "to": {"prod/a"}, "reason": {"x"}}, 422, "both keys are"},
		{"a confidence in words", "/lineage/edges", url.Values{"from": {"prod/a"}, "to": {"prod/b"}, "reason": {"x"}, "confidence": {"NaN"}}, 422, "a number above 0 and up to 1"},
		{"a confidence above one", "/lineage/edges", url.Values{"from": {"prod/a"}, "to": {"prod/b"}, "reason": {"x"}, "confidence": {"1.5"}}, 422, "a number above 0 and up to 1"},
		{"a way of flowing that isn't", "/lineage/edges", url.Values{"from": {"prod/a"}, "to": {"prod/b"}, "reason": {"x"}, "how": {"maybe"}}, 422, "neither direct nor indirect"},
		{"an endless key", "/lineage/edges", url.Values{"from": {strings.Repeat("k", 1<<16)}, "to": {"prod/b"}, "reason": {"x"}}, 422, "a key is too long"},
		{"an edge that nobody drew", "/lineage/edges/remove", url.Values{"from": {"prod/a"}, "to": {"prod/b"}}, 404, "There is no such page"},
	} {
		status, _, body := r.get(c.path, c.form)
		if status != c.status || !strings.Contains(body, c.says) || strings.Contains(body, "<script>alert") {
			t.Errorf("%s: %d, want %d saying %q\n%.1500s", c.name, status, c.status, c.says, body)
		}
	}
}

func TestManualEdgesAreChangedByTheirForm(t *testing.T) {
	t.Parallel()
	_, readers := lineageOffice(t)
	r := readers[auth.Admin]
	form := url.Values{"from": {"dataset:file://plan.csv"}, "to": {"prod/b"}, "reason": {`said "so" & <that>`}, "how": {"indirect"}, "confidence": {"0.4"}}
	if status, to, _ := r.get("/lineage/edges", form); status != 303 || !strings.HasPrefix(to, "/lineage/edges?key=") {
		t.Fatalf("the edge is answered with %d %s", status, to)
	}
	_, _, body := r.get("/lineage/edges?from="+url.QueryEscape("dataset:file://plan.csv")+"&to="+url.QueryEscape("prod/b"), nil)
	for _, want := range []string{"Change what is said", `value="0.4"`, `value="said &#34;so&#34; &amp; &lt;that&gt;"`, `<option value="indirect" selected>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form of a change lacks %s", want)
		}
	}
	form.Set("denied", "1")
	form.Set("reason", "no, it doesn't")
	if status, _, _ := r.get("/lineage/edges", form); status != 303 {
		t.Fatalf("the change is answered with %d", status)
	}
	if _, _, body = r.get("/lineage/edges", nil); strings.Count(body, "<td class=\"tight\">root") != 1 || !strings.Contains(body, "no edge") || !strings.Contains(body, "no, it doesn&#39;t") {
		t.Errorf("after the change:\n%s", body)
	}
	// What wasn't taken is still in the form.
	form.Set("confidence", "much")
	if _, _, body = r.get("/lineage/edges", form); !strings.Contains(body, "It was not kept") || !strings.Contains(body, `value="no, it doesn&#39;t"`) {
		t.Errorf("a refused change loses what was typed:\n%s", body)
	}
}

func TestAdminFormsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, readers := lineageOffice(t)
	root, creator := readers[auth.Admin], readers[auth.ConnectorCreator]
	user := func(more ...string) url.Values {
		v := url.Values{"name": {"vera"}, "role": {"viewer"}, "password": {"many words are a password"}, "all_connections": {"1"}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	for _, c := range []struct {
		name   string
		as     reader
		path   string
		form   url.Values
		status int
		says   string
	}{
		{"a user without a name", root, "/admin/users", user("name", ""), 422, `class="error"`},
		{"a role that isn't", root, "/admin/users", user("role", "king"), 422, `class="error"`},
		{"a short password", root, "/admin/users", user("password", "short"), 422, "12 characters"},
		{"a user that there is", root, "/admin/users", user("name", "root"), 422, "There is already a user"},
		{"an unknown user", root, "/admin/user/nobody", nil, 404, "There is no such page"},
		{"to take one's own rights", root, "/admin/user/root", url.Values{"role": {"viewer"}}, 303, ""},
		{"to remove oneself", root, "/admin/user/root/remove", url.Values{}, 422, ""},
		{"a token without a name", root, "/admin/tokens", url.Values{"role": {"viewer"}}, 422, "say what it is for"},
		{"a token for too long", root, "/admin/tokens", url.Values{"name": {"x"}, "role": {"viewer"}, "days": {"-3"}}, 422, "number of days"},
		{"a token above one's role", creator, "/admin/tokens", url.Values{"name": {"x"}, "role": {"admin"}}, 422, `class="error"`},
		{"a token of another", creator, "/admin/tokens", url.Values{"name": {"x"}, "role": {"viewer"}, "user": {"root"}}, 422, `role="alert"`},
		{"a token that isn't", root, "/admin/tokens/none/revoke", url.Values{}, 404, "There is no such page"},
		{"a key of few bits", creator, "/admin/tools/keypair", url.Values{"bits": {"512"}}, 422, "from 2048 to 8192"},
		{"no key to sign with", creator, "/admin/tools/sign", url.Values{"user_id": {"x"}}, 422, "Is missing"},
		{"a key that isn't", creator, "/admin/tools/sign", url.Values{"user_id": {"x"}, "user_directory": {"y"}, "private_key": {"nonsense"}}, 422, `class="error"`},
		{"what is no token", creator, "/admin/tools/inspect", url.Values{"token": {"a.b"}}, 422, `class="error"`},
		{"a wrong present password", root, "/account/password", url.Values{"old": {"x"}, "new": {"many words are a password"}, "again": {"many words are a password"}}, 422, "the present password is wrong"},
	} {
		status, _, body := c.as.get(c.path, c.form)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d, want %d saying %q\n%.1200s", c.name, status, c.status, c.says, body[max(0, strings.Index(body, "<main")):])
		}
	}
	if _, _, body := root.get("/admin/user/root", nil); !strings.Contains(body, "root") {
		t.Error("who may everything took it from themselves")
	}
}

func TestErrorPagesNameTheirRequest(t *testing.T) {
	t.Parallel()
	_, readers := lineageOffice(t)
	for _, path := range []string{"/report?key=prod/none", "/admin/user/nobody", "/lineage?key=x&depth=y", "/crawls/999"} {
		if _, _, body := readers[auth.Admin].get(path, nil); !strings.Contains(body, "<p class=\"quiet\">Request <code>") {
			t.Errorf("the error page of %s has no number to ask about", path)
		}
	}
}

// TestABoxAtTheEdgeIsFollowedFurther follows boxes of a warehouse in which each table feeds three.
func TestABoxAtTheEdgeIsFollowedFurther(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	must(t, o.db.AddConnection(t.Context(), catalog.Connection{Code: "prod", Name: "prod", Type: "qlik-sense", URL: "https://prod.example.com", Settings: []byte(`{"authentication":"jwt"}`)}))
	warehouse(t, o, 14, 50)
	v := &visit{t: t}
	v.serve(o)
	r := o.reader(v, "root", auth.Admin, nil)
	table := func(n int) string { return "dataset:file://f/t" + strconv.Itoa(n) + ".qvd" }
	for _, c := range []struct {
		name, key, depth string
		follow           []int
		want             []int // tables in the picture
		said             string
	}{
		{"nothing", table(0) + "#c7", "1", nil, []int{0, 1, 2, 3}, ""},
		{"one", table(0) + "#c7", "1", []int{1}, []int{0, 1, 2, 3, 4, 5, 6}, "3 nodes more."},
		{"what came with it", table(0) + "#c7", "1", []int{1, 4}, []int{0, 1, 2, 3, 4, 5, 6, 13}, "1 node more."},
		{"the last one", table(0) + "#c7", "1", []int{1, 4, 13}, []int{0, 1, 2, 3, 4, 5, 6, 13}, "Nothing lies beyond"},
		{"more rows than are followed", table(0), "2", []int{1}, []int{0, 1, 2, 3, 4, 5, 6}, "there are others"},
		{"what isn't there", table(0) + "#c7", "1", []int{99}, []int{0, 1, 2, 3}, "Nothing lies beyond"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := url.Values{"key": {c.key}, "direction": {"downstream"}, "depth": {c.depth}}
			for _, n := range c.follow {
				q.Add("more", table(n))
			}
			_, _, picture := r.get("/lineage/picture?"+q.Encode(), nil)
			for n := range 14 {
				if got, want := strings.Contains(picture, `data-box="`+table(n)+`"`), slices.Contains(c.want, n); got != want {
					t.Errorf("table %d is in the picture: %v, want %v", n, got, want)
				}
			}
			if !strings.Contains(picture, c.said) || c.said == "" && strings.Contains(picture, "data-note") {
				t.Errorf("the picture doesn't say %q", c.said)
			}
			if _, _, page := r.get("/lineage?"+q.Encode(), nil); !strings.Contains(page, `data-note>`+c.said) && c.said != "there are others" {
				t.Errorf("the page doesn't say %q", c.said)
			}
			if !strings.Contains(picture, `class="more"`) { // there is always one that wasn't followed
				t.Error("no box can be followed")
			}
			if _, _, alone := r.get("/lineage/picture?alone=1&"+q.Encode(), nil); strings.Contains(alone, `class="more"`) {
				t.Error("the picture that stands alone has handles")
			}
		})
	}
	q := url.Values{"key": {table(0)}}
	for range 31 {
		q.Add("more", "x")
	}
	if status, _, _ := r.get("/lineage?"+q.Encode(), nil); status != 422 {
		t.Errorf("an address with too many boxes to follow gives %d", status)
	}
}
