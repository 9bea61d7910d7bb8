package ui

import (
	"encoding/base64"
	"net/http"
	"net/url"
)

// What a browser remembers for the pages: the theme, and one sentence about what the last form did.
const (
	themeCookie = "theme"
	flashCookie = "flash"
	year        = 365 * 24 * 60 * 60
	maxFlash    = 1000 // bytes
)

// themeOf is the reader's choice.
func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

// theme takes the reader's choice and goes back.
func (u *UI) theme(w http.ResponseWriter, r *http.Request) error {
	value := r.FormValue("theme")
	age := year
	if value != "light" && value != "dark" {
		value, age = "", -1
	}
	http.SetCookie(w, &http.Cookie{Name: themeCookie, Value: value, Path: "/", MaxAge: age, SameSite: http.SameSiteLaxMode, HttpOnly: true})
	http.Redirect(w, r, localPath(r.FormValue("to")), http.StatusSeeOther)
	return nil
}

// done goes to another page and lets it say one sentence. Never a secret: the browser keeps it.
func done(w http.ResponseWriter, r *http.Request, to, sentence string) error {
	if len(sentence) > maxFlash {
		sentence = sentence[:maxFlash]
	}
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(sentence)), Path: "/", MaxAge: 60,
		SameSite: http.SameSiteLaxMode, HttpOnly: true,
	})
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// takeFlash gives the sentence of the form before, once.
func takeFlash(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, SameSite: http.SameSiteLaxMode, HttpOnly: true})
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return ""
	}
	return string(text)
}

// keyURL is a page about the thing with a key.
func keyURL(path, key string) string { return path + "?key=" + url.QueryEscape(key) }
