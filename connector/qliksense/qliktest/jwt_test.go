package qliktest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// facts A.5: what a JWT virtual proxy takes and what it refuses with 401.
func TestTokensAreVerifiedAsFactsA5Say(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{Audience: "qlik"})
	for _, tt := range []struct {
		name string
		o    TokenOptions
		want int
	}{
		{"RS256", TokenOptions{}, 200},
		{"RS384", TokenOptions{Algorithm: "RS384"}, 200},
		{"RS512", TokenOptions{Algorithm: "RS512"}, 200},
		{"HS256", TokenOptions{Algorithm: "HS256"}, 401},
		{"none", TokenOptions{Algorithm: "none"}, 401},
		{"PS256", TokenOptions{Algorithm: "PS256"}, 401},
		{"expired", TokenOptions{Lifetime: -time.Minute}, 401},
		{"not yet", TokenOptions{NotBefore: time.Now().Add(time.Hour)}, 401},
		{"wrong key", TokenOptions{WrongKey: true}, 401},
		{"wrong audience", TokenOptions{Audience: "other"}, 401},
		{"no audience", TokenOptions{Omit: []string{"aud"}}, 401},
		{"any issuer", TokenOptions{Claims: map[string]any{"iss": "whoever"}}, 200},
		{"no user id", TokenOptions{Omit: []string{"userId"}}, 401},
		{"no directory", TokenOptions{Omit: []string{"userDirectory"}}, 401},
		{"claim in other case", TokenOptions{Omit: []string{"userId"}, Claims: map[string]any{"userid": "ann"}}, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := as(t, s, c.ann)
			b.header.Set("Authorization", "Bearer "+s.Token(c.ann, tt.o))
			r := b.must(tt.want, "/qrs/about")
			if (r.cookie() != "") != (tt.want == 200) {
				t.Errorf("cookie %q with status %d", r.cookie(), r.status)
			}
		})
	}
}

// facts A.5: the audience counts only when one is configured.
func TestAudienceIsIgnoredUnlessConfiguredA5(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann)
	b.header.Set("Authorization", "Bearer "+s.Token(c.ann, TokenOptions{Audience: "anything"}))
	b.must(200, "/qrs/about")
}

// facts A.5: claim names are configurable.
func TestClaimNamesCanBeChosenA5(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{UserIDClaim: "userid", UserDirectoryClaim: "userdirectory"})
	as(t, s, c.ann).login()
	b := as(t, s, c.ann)
	b.header.Set("Authorization", "Bearer "+s.Token(c.ann, TokenOptions{
		Omit: []string{"userid"}, Claims: map[string]any{"userId": "ann"},
	}))
	b.must(401, "/qrs/about")
}

// facts A.5: the cookie is named after the prefix unless another name is configured.
func TestCookieIsNamedAfterThePrefixA5(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"prefix", Options{}, "X-Qlik-Session-jwt="},
		{"other prefix", Options{Prefix: "etl"}, "X-Qlik-Session-etl="},
		{"no prefix", Options{NoPrefix: true}, "X-Qlik-Session="},
		{"renamed", Options{CookieName: "Sesame"}, "Sesame="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, s := start(t, tt.o)
			r := as(t, s, c.ann).must(200, "/qrs/about")
			if !strings.HasPrefix(r.cookie(), tt.want) {
				t.Errorf("cookie %q, want %s…", r.cookie(), tt.want)
			}
			for _, attribute := range []string{"HttpOnly", "Secure"} {
				if !strings.Contains(r.header.Get("Set-Cookie"), attribute) {
					t.Errorf("cookie %q is not %s", r.header.Get("Set-Cookie"), attribute)
				}
			}
		})
	}
}

// facts A.5: each request with a token but without the cookie starts a session.
func TestEveryTokenWithoutCookieStartsASessionA5(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann)
	for range 3 {
		b.must(200, "/qrs/about")
	}
	if n := s.Counters().Logins; n != 3 {
		t.Errorf("%d logins, want 3", n)
	}
	b.header.Set("Cookie", b.must(200, "/qrs/about").cookie())
	if r := b.must(200, "/qrs/about"); r.cookie() != "" {
		t.Error("a request with cookie and token set another cookie")
	}
	if got := s.Counters(); got.Logins != 4 || got.Sessions != (Gauge{4, 4, 4}) {
		t.Errorf("counters %+v", got)
	}
}

// facts A.5: users are made on their first login, with attributes from the token.
func TestUnknownUserIsMadeOnFirstLoginA5(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := newBrowser(t, s, false)
	b.base += "/jwt"
	b.header.Set("Authorization", "Bearer "+s.Token(&User{Directory: "ACME", Name: "new"}, TokenOptions{
		Claims: map[string]any{"name": "New One", "email": "n@acme.example", "groups": []string{"a", "b"}},
	}))
	b.login()
	var users []struct {
		UserID, UserDirectory, Name string
		Attributes                  []struct{ AttributeType, AttributeValue string }
	}
	direct(t, s, "").decode("/qrs/user/full?filter="+query1("userId eq 'new'"), &users)
	if len(users) != 1 || users[0].Name != "New One" || len(users[0].Attributes) != 3 {
		t.Fatalf("users: %+v", users)
	}
	as(t, s, &User{Directory: "acme", Name: "NEW"}).login()
	s.view(func(*Site) {
		if len(c.Users) != 4 {
			t.Errorf("%d users, want 4: a second login made another", len(c.Users))
		}
	})
}

// facts A.5: a removed user gets 401; facts B.1: an inactive one gets 403 with a text.
func TestRemovedAndInactiveUsersAreRefusedA5(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	s.Edit(func(*Site) { c.ann.RemovedExternal, c.bob.Inactive = true, true })
	as(t, s, c.ann).must(401, "/qrs/about")
	r := as(t, s, c.bob).must(403, "/qrs/about")
	if want := "Your account is inactive. Contact your administrator to activate it."; r.body != want {
		t.Errorf("body %q, want %q", r.body, want)
	}
}

// facts A.5: Qlik's own client exchanges a token for a cookie at /qlik-embed/main.js.
func TestEmbedScriptExchangesTokenForCookieA5(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := as(t, s, c.ann)
	b.key = ""
	cookie := b.must(200, "/qlik-embed/main.js").cookie()
	b.header = http.Header{"Cookie": {cookie}}
	b.key = xrfkey
	b.must(200, "/qrs/app")
	b.header = http.Header{}
	b.must(302, "/qlik-embed/main.js")
}

// facts A.5: 400 with some 88 kB of HTML for a prefix that doesn't exist.
func TestUnknownPrefixGetsTheBigPageA5(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	r := newBrowser(t, s, false).must(400, "/nosuch/qrs/about")
	if n := len(r.body); n < 80_000 || n > 96_000 {
		t.Errorf("%d bytes, want about 88 kB", n)
	}
	if !strings.Contains(r.body, "The http request header is incorrect") || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.Errorf("%s: %.200s", r.header.Get("Content-Type"), r.body)
	}
}
