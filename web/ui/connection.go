package ui

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A LogReader gives the log of a connection's last refresh.
type LogReader interface {
	// Log gives the log. Before any refresh its Name is "" and Write writes a sentence that says so.
	Log(ctx context.Context, code string) (catalog.LogFile, error)
}

// A secretFault is a stored secret that can't be opened.
type secretFault struct{ Path, Why, Cure string }

type connectionPage struct {
	connectorRow
	Connection catalog.Connection
	Runs       []catalog.RunRow
	Schedule   *catalog.Schedule
	Faults     []secretFault
	Governance []pair
	Login      string
	History    []catalog.HealthChange
}

type pair struct{ Name, Value string }

// connection shows one connection: what it is, how it is, and what crawls made of it.
func (u *UI) connection(w http.ResponseWriter, r *http.Request) error {
	doc, err := u.document(r, auth.Viewer)
	if err != nil {
		return err
	}
	code := doc.Connection.Code
	c := doc.Connection
	d := connectionPage{Connection: c, connectorRow: connectorRow{May: rightsOn(r, code), HasLog: u.Logs != nil, Crawls: u.Crawls != nil}}
	d.ConnectionRow = catalog.ConnectionRow{Code: c.Code, Name: c.Name, Health: string(c.Health), HealthReason: c.HealthReason, HealthSince: c.HealthSince, Removing: c.Removal != nil}
	d.Login, _ = doc.Keys["authentication"].(string)
	for _, role := range []string{"owner", "steward", "custodian"} {
		d.Governance = append(d.Governance, pair{role, c.Governance[role]})
	}
	counts, at, err := u.Connections.CountsSoFar(r.Context(), code)
	if err != nil {
		return err
	}
	d.Counts, d.Counted = counts, !at.IsZero()
	faults, err := u.Connections.SecretFaults(r.Context(), code)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(faults)) {
		d.Faults = append(d.Faults, secretFault{path, faults[path].Err.Error(), faults[path].Cure})
	}
	if err := u.pastAndFuture(r, code, &d); err != nil {
		return err
	}
	if d.History, err = u.Connections.HealthHistory(r.Context(), code, healthShown); err != nil {
		return err
	}
	return u.show(w, r, page{Template: "connection", Title: c.Name, Nav: "connectors", Data: d, Crumbs: []crumb{{"Connectors", "/"}}})
}

// healthShown is how many changes of its health the page of a connection lists.
const healthShown = 20

// runsShown is how many crawls the page of a connection lists.
const runsShown = 10

// pastAndFuture reads the last crawls and the schedule.
func (u *UI) pastAndFuture(r *http.Request, code string, d *connectionPage) error {
	if u.CrawlStore != nil {
		runs, err := u.CrawlStore.RunRows(r.Context(), catalog.Query{Scope: catalog.Scope{Connections: []string{code}}, Limit: runsShown})
		if err != nil {
			return err
		}
		d.Runs = runs.Items
		if len(d.Runs) > 0 {
			d.LastRun = d.Runs[0]
		}
	}
	if u.Schedules != nil {
		s, err := u.Schedules.Schedule(r.Context(), code)
		switch {
		case err == nil:
			d.Schedule = &s
		case catalog.CodeOf(err) != catalog.CodeNotFound:
			return err
		}
	}
	return nil
}

// connectionLog shows the log of the last refresh; with ?download it is saved as a file.
func (u *UI) connectionLog(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.Viewer)
	if err != nil {
		return err
	}
	log, err := u.Logs.Log(r.Context(), code)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if log.Name != "" && r.URL.Query().Has("download") {
		w.Header().Set("Content-Disposition", `attachment; filename="`+log.Name+`"`)
	}
	if err := log.Write(r.Context(), w); err != nil && r.Context().Err() == nil {
		u.Log.ErrorContext(r.Context(), "a log could not be sent whole", "connection", code, "error", err)
	}
	return nil
}

type removalPage struct {
	Connection catalog.Connection
	Counts     catalog.Counts
	Uses       []catalog.Use
	Refused    bool // somebody has tried
}

// askRemoval says what goes with a connection, and asks.
func (u *UI) askRemoval(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	return u.showRemoval(w, r, code, nil)
}

func (u *UI) showRemoval(w http.ResponseWriter, r *http.Request, code string, in *catalog.InUse) error {
	doc, err := u.Register.Read(r.Context(), code)
	if err != nil {
		return err
	}
	d, status := removalPage{Connection: doc.Connection}, 0
	if in != nil {
		d.Uses, d.Refused, status = in.Uses, true, http.StatusConflict
	} else if d.Uses, err = u.Connections.RemovalUses(r.Context(), code); err != nil {
		return err
	}
	if d.Counts, _, err = u.Connections.RecentCounts(r.Context(), code); err != nil {
		return err
	}
	return u.show(w, r, page{
		Template: "connection-remove", Title: "Remove " + doc.Connection.Name, Nav: "connectors", Status: status, Data: d,
		Crumbs: []crumb{{"Connectors", "/"}, {doc.Connection.Name, "/connections/" + code}},
	})
}

// removeConnection removes a connection with everything that the catalog has of it, unless it is in use.
func (u *UI) removeConnection(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.ConnectorCreator)
	if err != nil {
		return err
	}
	err = u.Register.Remove(r.Context(), code)
	var in *catalog.InUse
	if errors.As(err, &in) {
		return u.showRemoval(w, r, code, in)
	}
	if err != nil {
		return err
	}
	return done(w, r, "/", "The connection "+code+" is being removed, with everything that the catalog has of it.")
}
