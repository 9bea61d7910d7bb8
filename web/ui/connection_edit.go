package ui

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A connectionForm is what templates/connection-form.html shows.
type connectionForm struct {
	form
	Heading  string
	Code     string // "": a new connection
	Type     catalog.ConnectionType
	Types    []catalog.ConnectionType // to choose from; nil: the type stays
	Action   string                   // where the form goes
	Check    string                   // where it goes to be checked
	Back     string
	Revision int64
	Fault    string
	Steps    []catalog.CheckStep // of a check that was made
	Checked  bool
	Passed   bool
}

// typeOf is the kind of connection with a name; without one, the first.
func (u *UI) typeOf(name string) (catalog.ConnectionType, error) {
	types := u.Register.Types()
	for _, t := range types {
		if t.Type == name || name == "" {
			return t, nil
		}
	}
	return catalog.ConnectionType{}, invalid("type", "is none that this version reads")
}

// newConnection asks for a new connection.
func (u *UI) newConnection(w http.ResponseWriter, r *http.Request) error {
	if !auth.From(r.Context()).MayItself(auth.ConnectorCreator) {
		return forbidden(auth.ConnectorCreator)
	}
	d, err := u.newConnectionForm(r, nil)
	if err != nil {
		return err
	}
	return u.showForm(w, r, d, 0)
}

// newConnectionForm is the form of a connection that isn't there, with what was typed.
func (u *UI) newConnectionForm(r *http.Request, wrong catalog.FieldErrors) (connectionForm, error) {
	t, err := u.typeOf(r.FormValue("type"))
	if err != nil {
		return connectionForm{}, err
	}
	fill := filling{Errors: wrong}
	if r.Method == http.MethodPost {
		fill.Typed = r.PostForm
	}
	return connectionForm{
		form: newForm(t.Fields, connectPlan, fill), Heading: "Connect a site", Type: t, Types: u.Register.Types(),
		Action: "/connections", Check: "/connections/check", Back: "/",
	}, nil
}

// askConnection asks for an edit of a connection.
func (u *UI) askConnection(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	d, err := u.editForm(r, doc, nil)
	if err != nil {
		return err
	}
	return u.showForm(w, r, d, 0)
}

func (u *UI) editForm(r *http.Request, doc catalog.ConnectionDocument, wrong catalog.FieldErrors) (connectionForm, error) {
	c := doc.Connection
	t, err := u.typeOf(c.Type)
	if err != nil {
		return connectionForm{}, err
	}
	fill := filling{Keys: doc.Keys, Secrets: slices.Sorted(maps.Keys(c.Secrets)), Errors: wrong, Edit: true}
	if r.Method == http.MethodPost {
		fill.Typed = r.PostForm
	}
	at := "/connections/" + c.Code
	return connectionForm{
		form: newForm(t.Fields, connectPlan, fill), Heading: "Edit " + c.Name, Code: c.Code, Type: t,
		Action: at + "/edit", Check: at + "/check", Back: at, Revision: revisionOf(r, c),
	}, nil
}

// revisionOf is the state of the connection that a form was made of.
func revisionOf(r *http.Request, c catalog.Connection) int64 {
	if n, err := strconv.ParseInt(r.PostFormValue("revision"), 10, 64); err == nil {
		return n
	}
	return c.Revision
}

func (u *UI) showForm(w http.ResponseWriter, r *http.Request, d connectionForm, status int) error {
	p := page{Template: "connection-form", Title: d.Heading, Nav: "connectors", Status: status, Data: d, Crumbs: []crumb{{"Connectors", "/"}}}
	if d.Code != "" {
		p.Crumbs = append(p.Crumbs, crumb{d.Code, d.Back})
	}
	return u.show(w, r, p)
}

// saveRequest is a form as the register wants it.
func saveRequest(r *http.Request, keys map[string]any, mayGrant bool) catalog.SaveRequest {
	return catalog.SaveRequest{Keys: keys, Anyway: r.PostFormValue("anyway") != "", MayGrant: mayGrant}
}

// newKeys are the keys of a form for a new connection.
func newKeys(r *http.Request, t catalog.ConnectionType) map[string]any {
	keys := filled(nil, planned(t.Fields, connectPlan), r.PostForm, false)
	keys["type"] = t.Type
	return keys
}

// createConnection saves a new connection.
func (u *UI) createConnection(w http.ResponseWriter, r *http.Request) error {
	if !auth.From(r.Context()).MayItself(auth.ConnectorCreator) {
		return forbidden(auth.ConnectorCreator)
	}
	t, err := u.typeOf(r.PostFormValue("type"))
	if err != nil {
		return err
	}
	trailOf(r).connection = r.PostFormValue("code")
	noteSave(r)
	req := saveRequest(r, newKeys(r, t), auth.From(r.Context()).MayItself(auth.SecurityAdmin))
	saved, err := u.Register.Create(r.Context(), req)
	if err != nil {
		d, failed := u.newConnectionForm(r, fieldErrors(err))
		if failed != nil {
			return failed
		}
		return u.refuseForm(w, r, d, err)
	}
	c := saved.Connection
	said := fmt.Sprintf("%s is connected.", c.Name)
	if saved.FirstRun != 0 {
		said += " Its first crawl has been started."
	}
	return done(w, r, afterSave(r, c.Code), said)
}

// noteSave keeps in the audit row that somebody wanted no check.
func noteSave(r *http.Request) {
	if r.PostFormValue("anyway") != "" {
		note(r, "without a check")
	}
}

func afterSave(r *http.Request, code string) string {
	if r.PostFormValue("then") == "settings" {
		return "/connections/" + code + "/settings"
	}
	return "/connections/" + code
}

// editConnection saves an edit.
func (u *UI) editConnection(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	code := doc.Connection.Code
	t, err := u.typeOf(doc.Connection.Type)
	if err != nil {
		return err
	}
	req := saveRequest(r, filled(doc.Keys, planned(t.Fields, connectPlan), r.PostForm, true), rightsOn(r, code).Grant)
	req.Revision = revisionOf(r, doc.Connection)
	noteSave(r)
	if _, err := u.Register.Replace(r.Context(), code, req); err != nil {
		d, failed := u.editForm(r, doc, fieldErrors(err))
		if failed != nil {
			return failed
		}
		return u.refuseForm(w, r, d, err)
	}
	return done(w, r, afterSave(r, code), "Saved. Nothing was fetched: start a crawl when the catalog is to follow.")
}

// fieldErrors are those of an error that is about fields.
func fieldErrors(err error) catalog.FieldErrors {
	var fields catalog.FieldErrors
	errors.As(err, &fields)
	return fields
}

// refuseForm shows a form again that could not be saved, with all that is wrong with it.
func (u *UI) refuseForm(w http.ResponseWriter, r *http.Request, d connectionForm, err error) error {
	var failed *catalog.CheckFailed
	status := http.StatusUnprocessableEntity
	switch code := catalog.CodeOf(err); {
	case errors.As(err, &failed):
		d.Fault, d.Steps, d.Checked = "It was not saved: the check failed.", failed.Steps, true
		status = http.StatusConflict
	case errors.Is(err, catalog.ErrChanged):
		d.Fault = "It was not saved: somebody else changed this connection meanwhile. Open the form again to see the change, and make yours anew."
		status = http.StatusConflict
	case fieldErrors(err) != nil:
		d.Fault = "It was not saved: " + faultsIn(len(fieldErrors(err))) + "."
	case code == catalog.CodeConflict, code == catalog.CodeThrottled:
		d.Fault = "It was not saved: " + reasonOf(err) + "."
		status = http.StatusConflict
	default:
		return err
	}
	return u.showForm(w, r, d, status)
}

func faultsIn(n int) string {
	if n == 1 {
		return "one field has to be looked at"
	}
	return fmt.Sprintf("%d fields have to be looked at", n)
}

// reasonOf is an error in the words of its cause, with what to do.
func reasonOf(err error) string {
	var e *catalog.Error
	text := err.Error()
	if errors.As(err, &e) && e.Err != nil {
		text = e.Err.Error()
	}
	return cmp.Or(joined(text, catalog.CureOf(err)), "it failed")
}

func joined(text, cure string) string {
	if cure == "" {
		return text
	}
	return text + " → " + trimDot(cure)
}

func trimDot(s string) string {
	if n := len(s); n > 0 && s[n-1] == '.' {
		return s[:n-1]
	}
	return s
}
