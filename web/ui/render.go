package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

//go:embed templates
var templateFiles embed.FS

// A page is what a handler shows.
type page struct {
	Template string  // the file in templates/, without ".html"
	Title    string  // of the window and, if the template wants it, the heading
	Nav      string  // the entry of the main navigation that is current
	Crumbs   []crumb // from the widest to the parent; the page itself is left out
	Status   int     // 0: 200
	Data     any     // what the template shows: .Data

	// Frames is the origin of pages that are shown in this one ("https://sense.example.com"); "" for none.
	Frames string
}

// contentPolicy lets a page use what this program serves, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// A crumb leads to a page above.
type crumb struct{ Label, URL string }

// A frame is what the layout knows besides the page.
type frame struct {
	page
	User      auth.Principal
	Version   string
	Theme     string // "light", "dark", or "" for the system's
	Path      string // of this page, to come back to
	RequestID string
	Query     string // what was searched for
	Flash     string // what the form before did
}

// show writes a page. An error means that nothing was written.
func (u *UI) show(w http.ResponseWriter, r *http.Request, p page) error {
	t, ok := u.templates[p.Template]
	if !ok {
		return fmt.Errorf("show %s: there is no such template", p.Template)
	}
	f := frame{
		page: p, User: auth.From(r.Context()), Version: u.Version, Theme: themeOf(r),
		Path: r.URL.RequestURI(), Query: r.URL.Query().Get("q"), Flash: takeFlash(w, r),
	}
	if u.Deps.RequestID != nil {
		f.RequestID = u.Deps.RequestID(r)
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout", f); err != nil {
		return fmt.Errorf("show %s: %w", p.Template, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // pages show what only some may see
	if p.Frames != "" {
		w.Header().Set("Content-Security-Policy", contentPolicy+"; frame-src "+p.Frames)
	} else {
		w.Header().Set("Content-Security-Policy", contentPolicy)
	}
	if p.Status != 0 {
		trailOf(r).status = p.Status
		w.WriteHeader(p.Status)
	}
	_, _ = body.WriteTo(w) // a reader who went away needs no page
	return nil
}

// fragment writes a part of a page, for the page's own modules.
func (u *UI) fragment(w http.ResponseWriter, name, part string, data any) error {
	var body bytes.Buffer
	if err := u.templates[name].ExecuteTemplate(&body, part, data); err != nil {
		return fmt.Errorf("show %s of %s: %w", part, name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // a reader who went away needs nothing
	return nil
}

// parse reads each page's template together with the layout and the shared parts.
func (u *UI) parse() (map[string]*template.Template, error) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	shared := []string{"templates/layout.html", "templates/parts.html", "templates/icons.html", "templates/form.html"}
	all := map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "parts" || name == "icons" || name == "form" {
			continue
		}
		t, err := template.New(name).Funcs(u.functions()).ParseFS(templateFiles, append(shared, file)...)
		if err != nil {
			return nil, fmt.Errorf("read the template %s: %w", name, err)
		}
		all[name] = t
	}
	return all, nil
}

// fail makes a page of an error. What isn't the reader's doing is told with the request's number only.
func (u *UI) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := catalog.CodeOf(err)
	d := failure{Status: http.StatusInternalServerError, Title: "That didn't work", Text: "The program couldn't make this page. Its log says why."}
	switch code {
	case catalog.CodeNotFound:
		d = failure{Status: http.StatusNotFound, Title: "There is no such page", Text: "What was here may have been renamed or retired, or you may not see its connection."}
	case catalog.CodeForbidden:
		d = failure{Status: http.StatusForbidden, Title: "That isn't for your role", Text: err.Error()}
	case catalog.CodeInvalid:
		d = failure{Status: http.StatusUnprocessableEntity, Title: "The address has something wrong in it", Text: err.Error()}
		if r.Method != http.MethodGet {
			d.Title = "The form has something wrong in it"
		}
	case catalog.CodeConflict:
		d = failure{Status: http.StatusConflict, Title: "Something stands in the way", Text: err.Error()}
	default:
		if r.Context().Err() == nil { // else the reader went away, and that is why
			u.Log.ErrorContext(r.Context(), "a page failed", "path", r.URL.Path, "error", err)
		}
	}
	d.Cure = catalog.CureOf(err)
	u.showFailure(w, r, d)
}

// showFailure shows the error page, or a sentence if that can't be made.
func (u *UI) showFailure(w http.ResponseWriter, r *http.Request, d failure) {
	if err := u.show(w, r, page{Template: "failure", Title: d.Title, Status: d.Status, Data: d}); err != nil {
		u.Log.ErrorContext(r.Context(), "the error page failed", "error", err)
		http.Error(w, "The program couldn't make this page. Its log says why.", http.StatusInternalServerError)
	}
}

// A failure is what an error page says.
type failure struct {
	Status            int
	Title, Text, Cure string
}

func forbidden(need auth.Role) error {
	return &catalog.Error{
		Code: catalog.CodeForbidden, Op: "open this page", Err: fmt.Errorf("it needs the role %s", need),
		Cure: "Ask a security administrator for that role.",
	}
}

// toSignIn sends a reader to sign in and remembers where to come back to.
func toSignIn(w http.ResponseWriter, r *http.Request) {
	to := "/sign-in"
	if r.Method == http.MethodGet && r.URL.RequestURI() != "/" {
		to += "?to=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// localPath is where a form may send its reader to: a page of ours, or the first page.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return u.RequestURI()
}
