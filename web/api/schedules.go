package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Schedules keeps when connections are crawled by themselves.
type Schedules interface {
	// Schedule gives a connection's schedule, or CodeNotFound.
	Schedule(ctx context.Context, code string) (catalog.Schedule, error)
	// SetSchedule gives a connection a schedule, and says when it is due; what is wrong comes as
	// catalog.FieldErrors.
	SetSchedule(ctx context.Context, code string, s catalog.Schedule) (catalog.Schedule, error)
	// ReplaceSchedule is SetSchedule if the connection still has the schedule was; else CodeConflict.
	ReplaceSchedule(ctx context.Context, code string, was, s catalog.Schedule) (catalog.Schedule, error)
	// CheckSchedule tells all that is wrong with a schedule.
	CheckSchedule(s catalog.Schedule) catalog.FieldErrors
	RemoveSchedule(ctx context.Context, code string) error
	// NextRuns are the next moments of a schedule, were it enabled.
	NextRuns(s catalog.Schedule, n int) []time.Time
	Presets() []catalog.SchedulePreset
}

// scheduleBody is a schedule as it is written.
type scheduleBody struct {
	Cron      string `json:"cron" minLength:"1" maxLength:"200" doc:"Minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly." example:"0 2 * * *"`
	TimeZone  string `json:"time_zone,omitempty" maxLength:"64" doc:"The IANA name; left out: UTC." example:"Europe/Paris"`
	Mode      string `json:"mode,omitempty" enum:"delta,full" doc:"Left out: delta."`
	FullEvery int    `json:"full_every,omitempty" minimum:"0" maximum:"10000" doc:"With delta: so many scheduled crawls, one is full; 0: none."`
	Enabled   *bool  `json:"enabled,omitempty" doc:"false pauses the schedule; left out: true."`
}

// scheduleRow is a schedule as it is read.
type scheduleRow struct {
	Cron      string      `json:"cron"`
	TimeZone  string      `json:"time_zone"`
	Mode      string      `json:"mode"`
	FullEvery int         `json:"full_every"`
	Enabled   bool        `json:"enabled"`
	NextRunAt time.Time   `json:"next_run_at,omitzero" doc:"Absent while it is paused."`
	NextRuns  []time.Time `json:"next_runs" doc:"The next five moments, in the schedule's time zone; of a paused one, what they would be."`
}

type scheduleOutput struct {
	ETag string `header:"ETag"`
	Body scheduleRow
}

type ofConnection struct {
	Code string `path:"code" doc:"The connection's code."`
}

type setSchedule struct {
	IfMatch
	Code string `path:"code" doc:"The connection's code."`
	Body scheduleBody
}

// shownRuns is how many next runs are shown.
const shownRuns = 5

// schedules registers what concerns crawls at set times.
func (a *API) schedules() {
	if a.Schedules == nil {
		return
	}
	const path = "/connections/{code}/schedule"
	register(a, op{ID: "read-schedule", Method: http.MethodGet, Path: path, Summary: "Read a connection's schedule", Tag: "schedules", Role: auth.Viewer, ConnectionParam: "code"},
		func(ctx context.Context, in *ofConnection) (*scheduleOutput, error) {
			s, err := a.Schedules.Schedule(ctx, in.Code)
			if err != nil {
				return nil, unscheduled(err, in.Code)
			}
			return a.scheduleOf(s), nil
		})
	register(a, op{ID: "set-schedule", Method: http.MethodPut, Path: path, Summary: "Set a connection's schedule", Tag: "schedules", Role: auth.IntegrationAdmin, ConnectionParam: "code"},
		a.setSchedule)
	register(a, op{
		ID: "remove-schedule", Method: http.MethodDelete, Path: path, Summary: "Remove a connection's schedule", Tag: "schedules",
		Role: auth.IntegrationAdmin, ConnectionParam: "code", Status: http.StatusNoContent,
	}, func(ctx context.Context, in *ofConnection) (*struct{}, error) {
		return &struct{}{}, unfoundConnection(a.Schedules.RemoveSchedule(ctx, in.Code), in.Code)
	})
	register(a, op{ID: "list-schedule-presets", Method: http.MethodGet, Path: "/schedule-presets", Summary: "List schedules to pick from", Tag: "schedules", Role: auth.Viewer},
		func(context.Context, *struct{}) (*presetsOutput, error) {
			return &presetsOutput{struct {
				Items []catalog.SchedulePreset `json:"items"`
			}{a.Schedules.Presets()}}, nil
		})
}

func (a *API) setSchedule(ctx context.Context, in *setSchedule) (*scheduleOutput, error) {
	s, err := a.replaceSchedule(ctx, in)
	if err != nil {
		return nil, unfoundConnection(err, in.Code)
	}
	annotate(ctx, s.Cron+" "+s.TimeZone)
	return a.scheduleOf(s), nil
}

// replaceSchedule sets a schedule, and with If-Match only in place of the one that was read.
func (a *API) replaceSchedule(ctx context.Context, in *setSchedule) (catalog.Schedule, error) {
	s := in.Body.schedule()
	if len(in.IfMatch.IfMatch) == 0 {
		return a.Schedules.SetSchedule(ctx, in.Code, s)
	}
	was, err := a.Schedules.Schedule(ctx, in.Code)
	tag := scheduleTag(was)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		tag, err = "", nil
	}
	if err == nil {
		err = in.unless(tag)
	}
	if err != nil {
		return s, err
	}
	return a.Schedules.ReplaceSchedule(ctx, in.Code, was, s)
}

func scheduleTag(s catalog.Schedule) string {
	return etag(s.Cron, s.TimeZone, s.Mode, s.FullEvery, s.Enabled)
}

// Resolve tells what is wrong with the schedule.
func (in *setSchedule) Resolve(hc huma.Context) []error {
	return faultsOf(apiOf(hc).Schedules.CheckSchedule(in.Body.schedule()).OrNil())
}

// unscheduled is the error of a connection without a schedule, or of none.
func unscheduled(err error, code string) error {
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		return err
	}
	return newProblem(http.StatusNotFound, catalog.CodeNotFound, fmt.Sprintf("The connection %q has no schedule, or there is no such connection.", code),
		"Give it a schedule with PUT "+Prefix+"/connections/CODE/schedule, or start a crawl with POST "+Prefix+"/connections/CODE/crawls; GET "+Prefix+"/connections lists the codes.")
}

type presetsOutput struct {
	Body struct {
		Items []catalog.SchedulePreset `json:"items"`
	}
}

func (b scheduleBody) schedule() catalog.Schedule {
	return catalog.Schedule{
		Cron: b.Cron, TimeZone: b.TimeZone, Mode: catalog.Mode(b.Mode), FullEvery: b.FullEvery, Enabled: b.Enabled == nil || *b.Enabled,
	}
}

func (a *API) scheduleOf(s catalog.Schedule) *scheduleOutput {
	return &scheduleOutput{scheduleTag(s), scheduleRow{
		Cron: s.Cron, TimeZone: s.TimeZone, Mode: string(s.Mode), FullEvery: s.FullEvery, Enabled: s.Enabled,
		NextRunAt: s.Next.UTC(), NextRuns: a.Schedules.NextRuns(s, shownRuns),
	}}
}
