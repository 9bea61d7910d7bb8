package ui

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A signIn is what the page shows: what went wrong, and where to go afterwards.
type signIn struct{ User, To, Wrong string }

// askSignIn shows the form; who is signed in already goes on.
func (u *UI) askSignIn(w http.ResponseWriter, r *http.Request) error {
	to := localPath(r.URL.Query().Get("to"))
	if auth.From(r.Context()).Known() {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	return u.show(w, r, page{Template: "sign-in", Title: "Sign in", Data: signIn{To: to}})
}

// signIn checks the password and starts a session.
func (u *UI) signIn(w http.ResponseWriter, r *http.Request) error {
	d := signIn{User: r.PostFormValue("user"), To: localPath(r.PostFormValue("to"))}
	secret, err := u.Guard.Login(r.Context(), d.User, r.PostFormValue("password"), auth.SessionSecret(r))
	var soon *auth.TooSoonError
	switch {
	case errors.Is(err, auth.ErrWrongLogin):
		d.Wrong = "The user name or the password is wrong."
	case errors.As(err, &soon):
		d.Wrong = fmt.Sprintf("Too many failed attempts. Try again in %s.", took(soon.Wait))
	case err != nil:
		return err
	}
	if d.Wrong != "" {
		return u.show(w, r, page{Template: "sign-in", Title: "Sign in", Status: http.StatusUnauthorized, Data: d})
	}
	cookie := u.Guard.Cookie(secret, auth.Secure(r.Context()))
	http.SetCookie(w, &cookie)
	http.Redirect(w, r, d.To, http.StatusSeeOther)
	return nil
}

// signOut ends the session.
func (u *UI) signOut(w http.ResponseWriter, r *http.Request) error {
	if p := auth.From(r.Context()); p.Credential.Kind == "session" {
		if err := u.Guard.Logout(r.Context(), p); err != nil {
			return err
		}
	}
	cookie := u.Guard.Cookie("", auth.Secure(r.Context()))
	http.SetCookie(w, &cookie)
	return done(w, r, "/sign-in", "You are signed out.")
}

// account shows what one may do about oneself.
func (u *UI) account(w http.ResponseWriter, r *http.Request) error {
	return u.show(w, r, page{Template: "account", Title: "Your account", Data: ""})
}

// changePassword sets a new password; all other sessions of the user end.
func (u *UI) changePassword(w http.ResponseWriter, r *http.Request) error {
	p := auth.From(r.Context())
	fresh := r.PostFormValue("new")
	err := u.Guard.Confirm(r.Context(), p.Name(), r.PostFormValue("old"))
	wrong := auth.CheckPassword(p.Name(), fresh)
	var soon *auth.TooSoonError
	switch {
	case errors.Is(err, auth.ErrWrongLogin):
		wrong = "the present password is wrong"
	case errors.As(err, &soon):
		wrong = fmt.Sprintf("too many failed attempts; try again in %s", took(soon.Wait))
	case err != nil:
		return err
	case wrong == "" && fresh != r.PostFormValue("again"):
		wrong = "the two new passwords differ"
	}
	if wrong != "" {
		return u.show(w, r, page{Template: "account", Title: "Your account", Status: http.StatusUnprocessableEntity, Data: wrong})
	}
	keep := int64(0)
	if p.Credential.Kind == "session" {
		keep = p.Credential.ID
	}
	if err := u.Guard.SetPassword(r.Context(), p.Name(), fresh, keep); err != nil {
		return err
	}
	return done(w, r, "/account", "Your password is changed. Your other sessions have ended.")
}
