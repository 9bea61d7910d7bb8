package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A role as people choose it.
type roleChoice struct {
	Value auth.Role
	Text  string
}

// roleChoices are the roles with what each may.
var roleChoices = []roleChoice{
	{auth.Viewer, "viewer: reads"},
	{auth.ConnectorCreator, "connector_creator: also makes and edits connections"},
	{auth.IntegrationAdmin, "integration_admin: also crawls, schedules, builds lineage"},
	{auth.SecurityAdmin, "security_admin: reads; manages users, tokens, grants and governance"},
	{auth.Admin, "admin: everything"},
}

type usersPage struct {
	Rows        []catalog.User
	Find        string
	Next, First string
}

const usersShown = 100

// users lists the users.
func (u *UI) users(w http.ResponseWriter, r *http.Request) error {
	if err := needAll(r, auth.SecurityAdmin); err != nil {
		return err
	}
	in := r.URL.Query()
	d := usersPage{Find: strings.TrimSpace(in.Get("find"))}
	q := catalog.Query{Scope: catalog.Scope{All: true}, Limit: usersShown, Cursor: in.Get("cursor")}
	if d.Find != "" {
		q.Filters = []catalog.Filter{{Column: "name", Op: catalog.Contains, Values: []string{d.Find}}}
	}
	rows, err := u.Users.Users(r.Context(), q)
	if err != nil {
		return err
	}
	d.Rows = rows.Items
	if rows.Next != "" {
		d.Next = changed(r.URL, "cursor", rows.Next)
	}
	if q.Cursor != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	return u.showAdmin(w, r, "/admin/users", page{Template: "admin-users", Title: "Users", Data: d})
}

// A userForm is a user as a page edits it.
type userForm struct {
	catalog.User
	New   bool
	Self  bool // it is the reader
	Roles []roleChoice
	Codes []grant
	Wrong map[string]string
	May   bool // the reader may have to do with this user
}

// A grant is a connection that a user may see, or not.
type grant struct {
	Code, Name string
	Given      bool
}

// grants lists the connections, with those that are given.
func (u *UI) grants(r *http.Request, given []string) ([]grant, error) {
	stats, err := u.Connections.Stats(r.Context(), auth.From(r.Context()).Scope())
	if err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for _, code := range given {
		has[code] = true
	}
	var all []grant
	for _, c := range stats.Connections {
		all = append(all, grant{c.Code, c.Name, has[c.Code]})
		delete(has, c.Code)
	}
	for _, code := range given {
		if has[code] { // granted before the connection was made, or after it was removed
			all = append(all, grant{code, "", true})
		}
	}
	return all, nil
}

func (u *UI) showUser(w http.ResponseWriter, r *http.Request, user catalog.User, isNew bool, wrong map[string]string) error {
	codes, err := u.grants(r, user.Connections)
	if err != nil {
		return err
	}
	who := auth.From(r.Context())
	d := userForm{User: user, New: isNew, Self: user.Name == who.Name() && !isNew, Codes: codes, Wrong: wrong, May: isNew || auth.MayManage(who, user) == nil}
	for _, c := range roleChoices {
		if c.Value != auth.Admin || who.MayAll(auth.Admin) || user.Role == auth.Admin {
			d.Roles = append(d.Roles, c)
		}
	}
	p := page{Template: "admin-user", Title: "New user", Data: d, Crumbs: []crumb{{"Users", "/admin/users"}}}
	if !isNew {
		p.Title = user.Name
	}
	if len(wrong) > 0 {
		p.Status = http.StatusUnprocessableEntity
	}
	return u.showAdmin(w, r, "/admin/users", p)
}

// askUser asks for a new user.
func (u *UI) askUser(w http.ResponseWriter, r *http.Request) error {
	if err := needAll(r, auth.SecurityAdmin); err != nil {
		return err
	}
	return u.showUser(w, r, catalog.User{Role: auth.Viewer, AllConnections: true}, true, nil)
}

// addUser makes a user.
func (u *UI) addUser(w http.ResponseWriter, r *http.Request) error {
	if err := needAll(r, auth.SecurityAdmin); err != nil {
		return err
	}
	all := r.PostFormValue("all_connections") != ""
	fresh := auth.NewUser{
		Name: r.PostFormValue("name"), DisplayName: strings.TrimSpace(r.PostFormValue("display_name")), Role: auth.Role(r.PostFormValue("role")),
		AllConnections: &all, Connections: r.PostForm["connections"], Password: r.PostFormValue("password"),
	}
	user, err := fresh.User(auth.From(r.Context()))
	var hash string
	if err == nil && fresh.Password != "" {
		hash, err = u.Guard.HashPassword(r.Context(), fresh.Password)
	}
	if err == nil {
		err = u.Users.AddUser(r.Context(), user, hash)
	}
	if err != nil {
		if wrong, ok := wrongFields(err); ok {
			return u.showUser(w, r, user, true, wrong)
		}
		return err
	}
	note(r, "user "+user.Name+": "+auth.Rights(user))
	return done(w, r, userURL(user.Name), "The user "+user.Name+" is made.")
}

func userURL(name string) string { return "/admin/user/" + url.PathEscape(name) }

// user shows one user.
func (u *UI) user(w http.ResponseWriter, r *http.Request) error {
	user, err := u.userFor(r)
	if err != nil {
		return err
	}
	return u.showUser(w, r, user, false, nil)
}

// userFor is the user in the path, for security administrators.
func (u *UI) userFor(r *http.Request) (catalog.User, error) {
	if err := needAll(r, auth.SecurityAdmin); err != nil {
		return catalog.User{}, err
	}
	return u.Users.User(r.Context(), auth.FoldName(r.PathValue("name")))
}

// editUser changes a user. Role, grants and disabling take effect with the user's next request.
func (u *UI) editUser(w http.ResponseWriter, r *http.Request) error {
	old, err := u.userFor(r)
	if err != nil {
		return err
	}
	role, display := auth.Role(r.PostFormValue("role")), strings.TrimSpace(r.PostFormValue("display_name"))
	all, disabled, codes := r.PostFormValue("all_connections") != "", r.PostFormValue("disabled") != "", append([]string{}, r.PostForm["connections"]...)
	edit := auth.UserEdit{DisplayName: &display, Role: &role, AllConnections: &all, Connections: &codes, Disabled: &disabled}
	if old.Name == auth.From(r.Context()).Name() { // the form has only the name of it
		edit = auth.UserEdit{DisplayName: &display}
	}
	fresh, err := edit.Apply(auth.From(r.Context()), old)
	if err == nil {
		err = u.Users.EditUser(r.Context(), fresh, old.Version)
	}
	if err != nil {
		if wrong, ok := wrongFields(err); ok {
			return u.showUser(w, r, fresh, false, wrong)
		}
		return err
	}
	if now, before := auth.Rights(fresh), auth.Rights(old); now != before {
		note(r, "user "+fresh.Name+": "+before+" → "+now)
	}
	return done(w, r, userURL(fresh.Name), "Saved.")
}

// setPassword gives a user another password; the user's sessions end.
func (u *UI) setPassword(w http.ResponseWriter, r *http.Request) error {
	user, err := u.userFor(r)
	if err != nil {
		return err
	}
	err = auth.MayManage(auth.From(r.Context()), user)
	if err == nil {
		err = auth.PasswordErrors("password", user.Name, r.PostFormValue("password")).OrNil()
	}
	if err == nil {
		err = u.Guard.SetPassword(r.Context(), user.Name, r.PostFormValue("password"), 0)
	}
	if err != nil {
		if wrong, ok := wrongFields(err); ok {
			return u.showUser(w, r, user, false, wrong)
		}
		return err
	}
	note(r, "password of "+user.Name)
	return done(w, r, userURL(user.Name), "The password is set. The sessions of "+user.Name+" have ended.")
}

// removeUser removes a user, with sessions and tokens.
func (u *UI) removeUser(w http.ResponseWriter, r *http.Request) error {
	user, err := u.userFor(r)
	if err != nil {
		return err
	}
	err = auth.MayRemove(auth.From(r.Context()), user)
	if err == nil {
		err = u.Users.RemoveUser(r.Context(), user.Name, user.Version)
	}
	if err != nil {
		if wrong, ok := wrongFields(err); ok {
			return u.showUser(w, r, user, false, wrong)
		}
		return err
	}
	note(r, "user "+user.Name+" had "+auth.Rights(user))
	return done(w, r, "/admin/users", "The user "+user.Name+" is removed, with sessions and tokens.")
}
