package ui

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type tokensPage struct {
	Rows        []tokenRow
	Everybodys  bool // not only the reader's
	Roles       []roleChoice
	Codes       []grant
	Wrong       map[string]string
	Secret      string // of a token that was just made: shown this once
	Made        catalog.Token
	Name, For   string // as they were typed
	Role        auth.Role
	Next, First string
}

type tokenRow struct {
	catalog.Token
	Ended bool
}

const tokensShown = 100

// tokens lists API tokens: one's own, or everybody's for security administrators.
func (u *UI) tokens(w http.ResponseWriter, r *http.Request) error {
	return u.showTokens(w, r, tokensPage{Role: auth.Viewer}, 0)
}

func (u *UI) showTokens(w http.ResponseWriter, r *http.Request, d tokensPage, status int) error {
	who := auth.From(r.Context())
	d.Everybodys = who.MayAll(auth.SecurityAdmin)
	q := catalog.Query{Scope: catalog.Scope{All: true}, Limit: tokensShown, Cursor: r.URL.Query().Get("cursor")}
	if !d.Everybodys {
		q.Filters = []catalog.Filter{{Column: "user", Op: catalog.Equals, Values: []string{who.Name()}}}
	}
	rows, err := u.Tokens.Tokens(r.Context(), q)
	if err != nil {
		return err
	}
	for _, t := range rows.Items {
		d.Rows = append(d.Rows, tokenRow{t, !t.RevokedAt.IsZero() || !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(u.Now())})
	}
	if rows.Next != "" {
		d.Next = changed(r.URL, "cursor", rows.Next)
	}
	if q.Cursor != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	if d.Codes, err = u.grants(r, r.PostForm["connections"]); err != nil {
		return err
	}
	for _, c := range roleChoices {
		if who.MaySomewhere(c.Value) || d.Everybodys {
			d.Roles = append(d.Roles, c)
		}
	}
	return u.showAdmin(w, r, "/admin/tokens", page{Template: "admin-tokens", Title: "API tokens", Status: status, Data: d})
}

// addToken makes a token. Its secret is on the page that answers, and nowhere else.
func (u *UI) addToken(w http.ResponseWriter, r *http.Request) error {
	wish := auth.NewToken{
		Name: strings.TrimSpace(r.PostFormValue("name")), User: strings.TrimSpace(r.PostFormValue("user")), Role: auth.Role(r.PostFormValue("role")),
	}
	if codes := r.PostForm["connections"]; len(codes) > 0 {
		wish.Connections = &codes
	}
	err := u.lifetime(&wish, r.PostFormValue("days"))
	if wish.Name == "" {
		err = errors.Join(err, catalog.FieldErrors{{Path: "name", Message: "is missing: say what it is for"}})
	}
	var t catalog.Token
	if err == nil {
		t, err = wish.Token(r.Context(), auth.From(r.Context()), u.Now(), u.Users.User)
	}
	secret, hash := auth.NewSecret(auth.TokenPrefix)
	if err == nil {
		t.ID, err = u.Tokens.AddToken(r.Context(), t, hash)
	}
	if err != nil {
		wrong, ok := wrongFields(err)
		if !ok && catalog.CodeOf(err) != catalog.CodeNotFound {
			return err
		}
		if !ok {
			wrong["user"] = "There is no such user."
		}
		return u.showTokens(w, r, tokensPage{Wrong: wrong, Name: wish.Name, For: wish.User, Role: wish.Role}, http.StatusUnprocessableEntity)
	}
	note(r, fmt.Sprintf("token %d of %s: role %s", t.ID, t.User, t.Role))
	return u.showTokens(w, r, tokensPage{Secret: secret, Made: t, Role: auth.Viewer}, 0)
}

// lifetime reads how many days a token lives; "never" is without an end.
func (u *UI) lifetime(wish *auth.NewToken, text string) error {
	switch text = strings.TrimSpace(text); text {
	case "":
		return nil
	case "never":
		wish.NoExpiry = true
		return nil
	}
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > 36500 {
		return catalog.FieldErrors{{Path: "days", Message: "is a number of days, or never"}}
	}
	at := u.Now().AddDate(0, 0, days)
	wish.ExpiresAt = &at
	return nil
}

// revokeToken ends a token for good.
func (u *UI) revokeToken(w http.ResponseWriter, r *http.Request) error {
	unknown := &catalog.Error{Code: catalog.CodeNotFound, Op: "find token", Key: catalog.Key(r.PathValue("id")), Err: errors.New("it isn't there, or it isn't yours")}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return unknown
	}
	t, err := u.Tokens.Token(r.Context(), id)
	if err != nil {
		return err
	}
	if !auth.From(r.Context()).MayHaveToDoWith(t) {
		return unknown
	}
	if err := u.Tokens.RevokeToken(r.Context(), t.ID); err != nil {
		return err
	}
	note(r, fmt.Sprintf("token %d of %s", t.ID, t.User))
	return done(w, r, "/admin/tokens", "The token "+t.Name+" is revoked: calls with it are refused from now on.")
}
