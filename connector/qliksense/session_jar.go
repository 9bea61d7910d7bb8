package qliksense

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
)

// A jar keeps the cookies of one site: Qlik's session and what load balancers want to see again.
type jar struct {
	site *url.URL

	mu    sync.Mutex
	store *cookiejar.Jar
}

func newJar(site *url.URL) *jar {
	return &jar{site: site, store: emptyStore()}
}

func emptyStore() *cookiejar.Jar {
	store, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no way to fail
	}
	return store
}

// SetCookies and Cookies make it an http.CookieJar.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.store.SetCookies(u, cookies)
}

func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.store.Cookies(u)
}

// header is the Cookie header of a request to the site.
func (j *jar) header() string {
	var b strings.Builder
	for _, c := range j.Cookies(j.site) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString((&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String())
	}
	return b.String()
}

// values are what the cookies hold: secrets.
func (j *jar) values() []string {
	var all []string
	for _, c := range j.Cookies(j.site) {
		all = append(all, c.Value)
	}
	return all
}

// hasSession reports whether a session cookie is there.
func (j *jar) hasSession() bool { return sessionCookie(j.Cookies(j.site)) != "" }

// dropSession forgets Qlik's session and keeps a load balancer's cookies (facts A.9).
func (j *jar) dropSession() {
	j.mu.Lock()
	defer j.mu.Unlock()
	cookies := j.store.Cookies(j.site)
	gone := sessionCookie(cookies)
	j.store = emptyStore()
	root := *j.site
	root.Path = "/"
	for _, c := range cookies {
		if gone != "" && c.Name != gone {
			j.store.SetCookies(&root, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/"}})
		}
	}
}

// sessionCookie picks the name of the session's cookie, which differs by virtual proxy and may be
// renamed: X-Qlik-Session…, else one with "qlik", else a lone one (facts G 9).
func sessionCookie(cookies []*http.Cookie) string {
	for _, part := range []string{"x-qlik-session", "qlik"} {
		for _, c := range cookies {
			if strings.Contains(strings.ToLower(c.Name), part) {
				return c.Name
			}
		}
	}
	if len(cookies) == 1 {
		return cookies[0].Name
	}
	return ""
}
