package ui

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A UserStore keeps the users. *postgres.DB is one.
type UserStore interface {
	Users(ctx context.Context, q catalog.Query) (catalog.Page[catalog.User], error)
	User(ctx context.Context, name string) (catalog.User, error)
	AddUser(ctx context.Context, u catalog.User, passwordHash string) error
	EditUser(ctx context.Context, u catalog.User, version int64) error
	RemoveUser(ctx context.Context, name string, version int64) error
}

// A TokenStore keeps the API tokens, by the hashes of their secrets. *postgres.DB is one.
type TokenStore interface {
	AddToken(ctx context.Context, t catalog.Token, hash []byte) (int64, error)
	Token(ctx context.Context, id int64) (catalog.Token, error)
	Tokens(ctx context.Context, q catalog.Query) (catalog.Page[catalog.Token], error)
	RevokeToken(ctx context.Context, id int64) error
}

// An AuditReader reads the audit log. *postgres.DB is one.
type AuditReader interface {
	Audit(ctx context.Context, q catalog.Query) (catalog.Page[catalog.AuditEntry], error)
}

// A Fact is one thing about the program as it runs.
type Fact struct{ Name, Value string }

// adminPlaces are the tabs of the administration, each for its role.
func (u *UI) adminPlaces(r *http.Request, here string) []adminPlace {
	p := auth.From(r.Context())
	security := p.MayAll(auth.SecurityAdmin)
	var all []adminPlace
	for _, x := range []struct {
		label, path string
		may         bool
	}{
		{"Users", "/admin/users", u.Users != nil && security},
		{"API tokens", "/admin/tokens", u.Tokens != nil},
		{"Audit", "/admin/audit", u.AuditLog != nil && security},
		{"JWT tools", "/admin/tools", u.JWT != nil && p.MayItself(auth.ConnectorCreator)},
		{"Program", "/admin/program", u.Facts != nil && p.MaySomewhere(auth.ConnectorCreator)},
	} {
		if x.may {
			all = append(all, adminPlace{x.label, x.path, x.path == here})
		}
	}
	return all
}

type adminPlace struct {
	Label, URL string
	Here       bool
}

func (u *UI) adminRoutes() []route {
	all := []route{{"GET /admin", auth.Viewer, u.admin}}
	if u.Users != nil {
		all = append(all,
			route{"GET /admin/users", auth.SecurityAdmin, u.users},
			route{"GET /admin/users/new", auth.SecurityAdmin, u.askUser},
			route{"POST /admin/users", auth.SecurityAdmin, u.addUser},
			route{"GET /admin/user/{name}", auth.SecurityAdmin, u.user},
			route{"POST /admin/user/{name}", auth.SecurityAdmin, u.editUser},
			route{"POST /admin/user/{name}/password", auth.SecurityAdmin, u.setPassword},
			route{"POST /admin/user/{name}/remove", auth.SecurityAdmin, u.removeUser},
		)
	}
	if u.Tokens != nil && u.Users != nil {
		all = append(all,
			route{"GET /admin/tokens", auth.Viewer, u.tokens},
			route{"POST /admin/tokens", auth.Viewer, u.addToken},
			route{"POST /admin/tokens/{id}/revoke", auth.Viewer, u.revokeToken},
		)
	}
	if u.AuditLog != nil {
		all = append(all, route{"GET /admin/audit", auth.SecurityAdmin, u.auditLog})
	}
	if u.JWT != nil {
		all = append(all,
			route{"GET /admin/tools", auth.ConnectorCreator, u.tools},
			route{"POST /admin/tools/keypair", auth.ConnectorCreator, u.makeKeyPair},
			route{"POST /admin/tools/sign", auth.ConnectorCreator, u.signToken},
			route{"POST /admin/tools/inspect", auth.ConnectorCreator, u.inspectToken},
		)
	}
	if u.Facts != nil {
		all = append(all, route{"GET /admin/program", auth.ConnectorCreator, u.program})
	}
	return all
}

// admin goes to the first place that the reader may see.
func (u *UI) admin(w http.ResponseWriter, r *http.Request) error {
	places := u.adminPlaces(r, "")
	if len(places) == 0 {
		return forbidden(auth.SecurityAdmin)
	}
	http.Redirect(w, r, places[0].URL, http.StatusSeeOther)
	return nil
}

// An adminPage is what the pages of the administration show, with their tabs.
type adminPage struct {
	Places []adminPlace
	Data   any
}

func (u *UI) showAdmin(w http.ResponseWriter, r *http.Request, here string, p page) error {
	p.Nav = "admin"
	p.Data = adminPage{u.adminPlaces(r, here), p.Data}
	return u.show(w, r, p)
}

// needAll is the refusal of a page about what belongs to no connection, or nil.
func needAll(r *http.Request, need auth.Role) error {
	if auth.From(r.Context()).MayAll(need) {
		return nil
	}
	return forbidden(need)
}

// program tells what runs here.
func (u *UI) program(w http.ResponseWriter, r *http.Request) error {
	facts, err := u.Facts(r.Context())
	if err != nil {
		return err
	}
	return u.showAdmin(w, r, "/admin/program", page{Template: "admin-program", Title: "Program", Data: facts})
}

type auditPage struct {
	Rows        []catalog.AuditEntry
	Filters     []listFilter
	Next, First string
	Filtered    bool
}

const auditShown = 100

// auditLog lists what was changed, by whom, when and from where; the newest first.
func (u *UI) auditLog(w http.ResponseWriter, r *http.Request) error {
	if err := needAll(r, auth.SecurityAdmin); err != nil {
		return err
	}
	in := r.URL.Query()
	d := auditPage{Filters: []listFilter{
		{Name: "user", Label: "User"}, {Name: "connection", Label: "Connection"}, {Name: "action", Label: "Action has"}, {Name: "address", Label: "Address"}, {Name: "request_id", Label: "Request"},
	}}
	q := catalog.Query{Scope: catalog.Scope{All: true}, Limit: auditShown, Cursor: in.Get("cursor")}
	for i := range d.Filters {
		f := &d.Filters[i]
		if f.Value = strings.TrimSpace(in.Get(f.Name)); f.Value == "" {
			continue
		}
		op := catalog.Equals
		if f.Name == "action" {
			op = catalog.Contains
		}
		q.Filters = append(q.Filters, catalog.Filter{Column: f.Name, Op: op, Values: []string{f.Value}})
	}
	rows, err := u.AuditLog.Audit(r.Context(), q)
	if err != nil {
		return err
	}
	d.Rows, d.Filtered = rows.Items, len(q.Filters) > 0
	if rows.Next != "" {
		d.Next = changed(r.URL, "cursor", rows.Next)
	}
	if q.Cursor != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	return u.showAdmin(w, r, "/admin/audit", page{Template: "admin-audit", Title: "Audit log", Data: d})
}

// wrongFields are the faults of a form by field; "" has what belongs to none, and refusals.
func wrongFields(err error) (wrong map[string]string, ok bool) {
	wrong = map[string]string{}
	for _, e := range fieldErrors(err) {
		path, _, _ := strings.Cut(e.Path, "[")
		wrong[path] = strings.TrimSpace(cmp.Or(wrong[path]+" ", "") + sentence(joined(e.Message, e.Cure)))
	}
	switch catalog.CodeOf(err) {
	case catalog.CodeInvalid, catalog.CodeConflict, catalog.CodeForbidden:
		if len(wrong) == 0 {
			wrong[""] = sentence(reasonOf(err))
		}
		return wrong, true
	}
	return wrong, false
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%s%s.", strings.ToUpper(s[:1]), trimDot(s[1:]))
}
