package auth

import (
	"net/http"
	"time"
)

// The names of the session's cookie. A browser takes one that begins with __Host- only over https, for
// the whole host and no other.
const (
	CookieName       = "qlikcrawler"
	SecureCookieName = "__Host-qlikcrawler"
)

// SessionSecret is the secret of the session that a request came with, or "". Login ends that session.
func SessionSecret(r *http.Request) string {
	name := CookieName
	if Secure(r.Context()) {
		name = SecureCookieName
	}
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// Cookie carries a session to the browser. With an empty secret it makes the browser forget the session.
func (g *Guard) Cookie(secret string, secure bool) http.Cookie {
	c := http.Cookie{
		Name: CookieName, Value: secret, Path: "/", HttpOnly: true, Secure: secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(g.Lifetime / time.Second),
	}
	if secure {
		c.Name = SecureCookieName
	}
	if secret == "" {
		c.MaxAge = -1
	}
	return c
}
