package ui

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Schedules keeps when connections are crawled by themselves: the scheduler.
type Schedules interface {
	Schedule(ctx context.Context, code string) (catalog.Schedule, error)
	// SetSchedule says when it is due; what is wrong comes as catalog.FieldErrors.
	SetSchedule(ctx context.Context, code string, s catalog.Schedule) (catalog.Schedule, error)
	RemoveSchedule(ctx context.Context, code string) error
	// NextRuns are the next moments of a schedule, were it enabled.
	NextRuns(s catalog.Schedule, n int) []time.Time
	Presets() []catalog.SchedulePreset
}

type schedulePage struct {
	Code, Name string
	catalog.Schedule
	Set     bool // it has one
	Preset  bool // Cron is one of Presets
	Presets []catalog.SchedulePreset
	Next    []time.Time
	Errors  map[string][]string
	May     bool
	Quiet   string
}

// nextShown is how many next runs are shown.
const nextShown = 5

// askSchedule shows a connection's schedule, and lets it be changed.
func (u *UI) askSchedule(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.Viewer)
	if err != nil {
		return err
	}
	s, err := u.Schedules.Schedule(r.Context(), code)
	if err != nil && catalog.CodeOf(err) != catalog.CodeNotFound {
		return err
	}
	set := err == nil
	if !set {
		s = catalog.Schedule{Cron: "0 2 * * *", TimeZone: "UTC", Mode: catalog.Delta, Enabled: true}
	}
	return u.showSchedule(w, r, code, s, set, nil)
}

func (u *UI) showSchedule(w http.ResponseWriter, r *http.Request, code string, s catalog.Schedule, set bool, wrong catalog.FieldErrors) error {
	doc, err := u.Register.Read(r.Context(), code)
	if err != nil {
		return err
	}
	d := schedulePage{
		Code: code, Name: doc.Connection.Name, Schedule: s, Set: set, Presets: u.Schedules.Presets(),
		Errors: map[string][]string{}, May: rightsOn(r, code).Crawl,
	}
	d.Quiet, _ = filling{Keys: doc.Keys}.stored("options.quiet_hours").(string)
	for _, p := range d.Presets {
		d.Preset = d.Preset || p.Cron == s.Cron
	}
	status := 0
	if wrong == nil {
		d.Next = u.Schedules.NextRuns(s, nextShown)
	} else {
		status = http.StatusUnprocessableEntity
		for _, e := range wrong {
			d.Errors[e.Path] = append(d.Errors[e.Path], e.Message)
		}
	}
	return u.show(w, r, page{
		Template: "schedule", Title: "Schedule of " + d.Name, Nav: "connectors", Status: status, Data: d,
		Crumbs: []crumb{{"Connectors", "/"}, {d.Name, "/connections/" + code}},
	})
}

// setSchedule gives a connection a schedule.
func (u *UI) setSchedule(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	s := catalog.Schedule{
		Cron: strings.TrimSpace(r.PostFormValue("preset")), TimeZone: strings.TrimSpace(r.PostFormValue("time_zone")),
		Mode: catalog.Mode(r.PostFormValue("mode")), Enabled: r.PostFormValue("enabled") != "",
	}
	if s.Cron == "" {
		s.Cron = strings.TrimSpace(r.PostFormValue("cron"))
	}
	if text := strings.TrimSpace(r.PostFormValue("full_every")); text != "" {
		if s.FullEvery, err = strconv.Atoi(text); err != nil {
			return u.showSchedule(w, r, code, s, true, catalog.FieldErrors{{Path: "full_every", Message: "is a number of crawls, or empty"}})
		}
	}
	stored, err := u.Schedules.SetSchedule(r.Context(), code, s)
	if wrong := fieldErrors(err); wrong != nil {
		return u.showSchedule(w, r, code, s, true, wrong)
	}
	if err != nil {
		return err
	}
	note(r, stored.Cron+" "+stored.TimeZone)
	said := "The schedule is kept, and paused."
	if stored.Enabled {
		said = "The schedule is kept."
	}
	return done(w, r, "/connections/"+code+"/schedule", said)
}

// removeSchedule takes a connection's schedule away.
func (u *UI) removeSchedule(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	if err := u.Schedules.RemoveSchedule(r.Context(), code); err != nil {
		return err
	}
	return done(w, r, "/connections/"+code, "The schedule is removed: it is crawled when somebody asks.")
}
