package ui

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// settingsOf is the plan of the settings that the reader may edit.
func settingsOf(r *http.Request, code string) []formPlan {
	if rightsOn(r, code).Grant {
		return append(slices.Clone(settingsPlan), grantsPlan)
	}
	return settingsPlan
}

// askSettings shows what and how a connection is crawled, and who is told.
func (u *UI) askSettings(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	return u.showSettings(w, r, doc, nil, "", 0)
}

func (u *UI) showSettings(w http.ResponseWriter, r *http.Request, doc catalog.ConnectionDocument, wrong catalog.FieldErrors, fault string, status int) error {
	c := doc.Connection
	t, err := u.typeOf(c.Type)
	if err != nil {
		return err
	}
	fill := filling{Keys: doc.Keys, Secrets: slices.Sorted(maps.Keys(c.Secrets)), Errors: wrong, Edit: true}
	if r.Method == http.MethodPost {
		fill.Typed = r.PostForm
	}
	at := "/connections/" + c.Code
	d := connectionForm{
		form: newForm(t.Fields, settingsOf(r, c.Code), fill), Heading: "Settings of " + c.Name, Code: c.Code, Type: t,
		Action: at + "/settings", Back: at, Revision: revisionOf(r, c), Fault: fault,
	}
	return u.show(w, r, page{
		Template: "connection-settings", Title: d.Heading, Nav: "connectors", Status: status, Data: d,
		Crumbs: []crumb{{"Connectors", "/"}, {c.Name, at}},
	})
}

// editSettings saves them. The site isn't asked.
func (u *UI) editSettings(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	code := doc.Connection.Code
	t, err := u.typeOf(doc.Connection.Type)
	if err != nil {
		return err
	}
	req := catalog.SaveRequest{
		Keys:     filled(doc.Keys, planned(t.Fields, settingsOf(r, code)), r.PostForm, true),
		Revision: revisionOf(r, doc.Connection), MayGrant: rightsOn(r, code).Grant,
	}
	_, err = u.Register.Replace(r.Context(), code, req)
	wrong := fieldErrors(err)
	switch {
	case wrong != nil:
		return u.showSettings(w, r, doc, wrong, "Not saved: "+faultsIn(len(wrong))+".", http.StatusUnprocessableEntity)
	case errors.Is(err, catalog.ErrChanged):
		return u.showSettings(w, r, doc, nil, "Not saved: somebody else changed this connection meanwhile. Open the page again to see the change, and make yours anew.", http.StatusConflict)
	case err != nil:
		return err
	}
	return done(w, r, "/connections/"+code, "The settings are saved. They hold from the next crawl on.")
}
