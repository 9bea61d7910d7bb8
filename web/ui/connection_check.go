package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// checkNewConnection checks what the form of a new connection says.
func (u *UI) checkNewConnection(w http.ResponseWriter, r *http.Request) error {
	if !auth.From(r.Context()).MayItself(auth.ConnectorCreator) {
		return forbidden(auth.ConnectorCreator)
	}
	t, err := u.typeOf(r.PostFormValue("type"))
	if err != nil {
		return err
	}
	steps, err := u.Register.Check(r.Context(), "", catalog.SaveRequest{Keys: newKeys(r, t), MayGrant: true, MaySchedule: true}) // nothing is saved
	return u.checked(w, r, steps, err, func(wrong catalog.FieldErrors) (connectionForm, error) { return u.newConnectionForm(r, wrong) })
}

// checkConnection checks a saved connection, or what a form would make of it.
func (u *UI) checkConnection(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	code := doc.Connection.Code
	req := catalog.SaveRequest{MayGrant: true, MaySchedule: true}
	edit := r.PostFormValue("authentication") != ""
	if edit {
		t, err := u.typeOf(doc.Connection.Type)
		if err != nil {
			return err
		}
		req.Keys = filled(doc.Keys, planned(t.Fields, connectPlan), r.PostForm, true)
	}
	steps, err := u.Register.Check(r.Context(), code, req)
	return u.checked(w, r, steps, err, func(wrong catalog.FieldErrors) (connectionForm, error) {
		if edit {
			return u.editForm(r, doc, wrong)
		}
		return savedCheck(doc), nil
	})
}

// askCheck offers the check of a saved connection; with the page's module it starts at once.
func (u *UI) askCheck(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	return u.showCheck(w, r, savedCheck(doc), 0)
}

func savedCheck(doc catalog.ConnectionDocument) connectionForm {
	c := doc.Connection
	at := "/connections/" + c.Code
	return connectionForm{Heading: "Check of " + c.Name, Code: c.Code, Check: at + "/check", Back: at}
}

func (u *UI) showCheck(w http.ResponseWriter, r *http.Request, d connectionForm, status int) error {
	return u.show(w, r, page{
		Template: "connection-check", Title: d.Heading, Nav: "connectors", Status: status, Data: d,
		Crumbs: []crumb{{"Connectors", "/"}, {d.Code, d.Back}},
	})
}

// checked shows a check as the reader wants it: each step as it ends, or a page when all is done.
func (u *UI) checked(w http.ResponseWriter, r *http.Request, steps iter.Seq[catalog.CheckStep], err error, again func(catalog.FieldErrors) (connectionForm, error)) error {
	live := strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	wrong := fieldErrors(err)
	switch {
	case live && err != nil:
		return u.refuseCheck(w, r, err, again)
	case err != nil && wrong == nil && catalog.CodeOf(err) != catalog.CodeThrottled:
		return err
	case live:
		u.streamCheck(w, r, steps)
		return nil
	}
	d, failed := again(wrong)
	if failed != nil {
		return failed
	}
	status := 0
	switch {
	case wrong != nil:
		d.Fault, status = "Nothing was checked: "+faultsIn(len(wrong))+".", http.StatusUnprocessableEntity
	case err != nil:
		d.Fault, status = "Nothing was checked: "+reasonOf(err)+".", http.StatusServiceUnavailable
	default:
		d.Steps, d.Checked = slices.Collect(steps), true
		d.Passed = passed(d.Steps)
	}
	if d.Action == "" {
		return u.showCheck(w, r, d, status)
	}
	return u.showForm(w, r, d, status)
}

// passed reports whether a check proved something: one that stopped before its first step didn't.
func passed(steps []catalog.CheckStep) bool {
	return len(steps) > 0 && !slices.ContainsFunc(steps, func(s catalog.CheckStep) bool { return s.Status == "failed" })
}

// refuseCheck tells the page's module what is wrong before anything was checked.
func (u *UI) refuseCheck(w http.ResponseWriter, r *http.Request, err error, again func(catalog.FieldErrors) (connectionForm, error)) error {
	type refusal struct {
		Fields  map[string][]string `json:"fields"`  // by the name of the input
		General []string            `json:"general"` // what belongs to none
	}
	out := refusal{Fields: map[string][]string{}, General: []string{}}
	status := http.StatusUnprocessableEntity
	if wrong := fieldErrors(err); wrong != nil {
		d, failed := again(wrong)
		if failed != nil {
			return failed
		}
		out.General = append(out.General, d.General...)
		for _, s := range d.Sections {
			for _, i := range slices.Concat(s.Inputs, s.More) {
				if len(i.Errors) > 0 {
					out.Fields[i.Path] = i.Errors
				}
			}
		}
	} else {
		status = http.StatusServiceUnavailable
		if catalog.CodeOf(err) == catalog.CodeInternal {
			u.Log.ErrorContext(r.Context(), "a check failed", "path", r.URL.Path, "error", err)
			out.General = append(out.General, "The program couldn't check it. Its log says why.")
		} else {
			out.General = append(out.General, reasonOf(err))
		}
	}
	trailOf(r).status = status
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // a reader who went away needs no answer
	return nil
}

// stepTime is how long one event may take to be sent.
const stepTime = 10 * time.Second

// streamCheck sends each step as it ends, as HTML in an event.
func (u *UI) streamCheck(w http.ResponseWriter, r *http.Request, steps iter.Seq[catalog.CheckStep]) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies are not to collect it
	flush := http.NewResponseController(w)
	send := func(event string, data any) bool {
		text, err := json.Marshal(data)
		if err != nil {
			return false
		}
		_ = flush.SetWriteDeadline(time.Now().Add(stepTime)) // a writer without deadlines is a test's
		_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, text)
		return err == nil && flush.Flush() == nil
	}
	if !send("start", true) {
		return
	}
	var all []catalog.CheckStep
	for s := range steps {
		all = append(all, s)
		html, err := u.part("connection-check", "step", s)
		if err != nil {
			u.Log.ErrorContext(r.Context(), "a step of a check could not be shown", "error", err)
			return
		}
		if !send("step", html) {
			return
		}
	}
	if r.Context().Err() == nil {
		html, err := u.part("connection-check", "verdict", passed(all))
		if err == nil {
			send("result", map[string]any{"ok": passed(all), "html": html})
		}
	}
}

// part is a piece of a page, for the page's module.
func (u *UI) part(file, name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	t, ok := u.templates[file]
	if !ok {
		return "", fmt.Errorf("show a part of %s: there is no such template", file)
	}
	err := t.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err // made by a template
}
