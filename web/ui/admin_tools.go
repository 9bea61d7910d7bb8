package ui

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A TokenMaker makes keys and tokens of a JWT virtual proxy. It stores nothing.
type TokenMaker interface {
	KeyPair(ctx context.Context, bits, days int) (JWTKeyPair, error)
	// Sign tells by field what is wrong, and never shows the key.
	Sign(ctx context.Context, s JWTSpec) (string, error)
	Inspect(ctx context.Context, q JWTQuestion) (JWTFindings, error)
}

// A JWTKeyPair is a new key, shown once: PEM of the key and of its certificate, and what to do in the QMC.
type JWTKeyPair struct {
	PrivateKey  string
	Certificate string
	ExpiresAt   time.Time
	Steps       []string
}

// A JWTSpec says what a token is to say. Empty fields have the defaults of the API.
type JWTSpec struct {
	PrivateKey         string
	Algorithm          string
	KeyID              string
	UserID             string
	UserDirectory      string
	UserIDClaim        string
	UserDirectoryClaim string
	Name               string
	Email              string
	Groups             []string
	Audience           string
	Lifetime           string
	Claims             map[string]any
}

// A JWTQuestion asks what a token says; its signature isn't verified.
type JWTQuestion struct {
	Token              string
	UserIDClaim        string
	UserDirectoryClaim string
}

// JWTFindings are what a token says, and why a virtual proxy would refuse it.
type JWTFindings struct {
	Algorithm string
	KeyID     string
	IssuedAt  time.Time
	NotBefore time.Time
	ExpiresAt time.Time
	Claims    map[string]any
	Refusals  []string
}

type toolsPage struct {
	Pair   *JWTKeyPair
	Token  string
	Found  *JWTFindings
	Claims []pair
	Wrong  map[string]string
	Tool   string // which form Wrong is about
	Typed  func(name string) string
}

func (u *UI) showTools(w http.ResponseWriter, r *http.Request, d toolsPage) error {
	if !auth.From(r.Context()).MayItself(auth.ConnectorCreator) {
		return forbidden(auth.ConnectorCreator)
	}
	status := 0
	if len(d.Wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	d.Typed = r.PostForm.Get
	return u.showAdmin(w, r, "/admin/tools", page{Template: "admin-tools", Title: "JWT tools", Status: status, Data: d})
}

// tools shows the tools for a JWT virtual proxy.
func (u *UI) tools(w http.ResponseWriter, r *http.Request) error {
	return u.showTools(w, r, toolsPage{})
}

// between reads a whole number of a form, or its default.
func between(r *http.Request, name string, otherwise, low, high int) (int, catalog.FieldErrors) {
	text := strings.TrimSpace(r.PostFormValue(name))
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, catalog.FieldErrors{{Path: name, Message: "is a number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)}}
	}
	return n, nil
}

// makeKeyPair makes a key pair. It is on the page that answers, and nowhere else.
func (u *UI) makeKeyPair(w http.ResponseWriter, r *http.Request) error {
	bits, wrongBits := between(r, "bits", 4096, 2048, 8192)
	days, wrongDays := between(r, "days", 1825, 1, 36500)
	if err := append(wrongBits, wrongDays...).OrNil(); err != nil {
		wrong, _ := wrongFields(err)
		return u.showTools(w, r, toolsPage{Wrong: wrong, Tool: "keypair"})
	}
	pair, err := u.JWT.KeyPair(r.Context(), bits, days)
	if err != nil {
		return err
	}
	return u.showTools(w, r, toolsPage{Pair: &pair})
}

// signToken signs a token with a key that is used once and not kept.
func (u *UI) signToken(w http.ResponseWriter, r *http.Request) error {
	text := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	s := JWTSpec{
		PrivateKey: text("private_key"), UserID: text("user_id"), UserDirectory: text("user_directory"), UserIDClaim: text("user_id_claim"),
		UserDirectoryClaim: text("user_directory_claim"), Audience: text("audience"), Lifetime: text("lifetime"), KeyID: text("key_id"),
	}
	var errs catalog.FieldErrors
	for _, need := range []struct{ path, value string }{{"private_key", s.PrivateKey}, {"user_id", s.UserID}, {"user_directory", s.UserDirectory}} {
		if need.value == "" {
			errs.Add(need.path, "is missing")
		}
	}
	var token string
	err := errs.OrNil()
	if err == nil {
		token, err = u.JWT.Sign(r.Context(), s)
	}
	if err != nil {
		if wrong, ok := wrongFields(err); ok {
			return u.showTools(w, r, toolsPage{Wrong: wrong, Tool: "sign"})
		}
		return err
	}
	return u.showTools(w, r, toolsPage{Token: token})
}

// inspectToken tells what a token says, and why a virtual proxy would refuse it.
func (u *UI) inspectToken(w http.ResponseWriter, r *http.Request) error {
	found, err := u.JWT.Inspect(r.Context(), JWTQuestion{
		Token: strings.TrimSpace(r.PostFormValue("token")), UserIDClaim: strings.TrimSpace(r.PostFormValue("id_claim")),
		UserDirectoryClaim: strings.TrimSpace(r.PostFormValue("directory_claim")),
	})
	if err != nil {
		if wrong, ok := wrongFields(err); ok {
			return u.showTools(w, r, toolsPage{Wrong: wrong, Tool: "inspect"})
		}
		return err
	}
	d := toolsPage{Found: &found}
	for _, name := range slices.Sorted(maps.Keys(found.Claims)) {
		b, err := json.Marshal(found.Claims[name])
		if err != nil {
			return err
		}
		d.Claims = append(d.Claims, pair{name, string(b)})
	}
	return u.showTools(w, r, d)
}
