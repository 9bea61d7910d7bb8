package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones where the system has none

	"github.com/robfig/cron/v3"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Presets are offered wherever a schedule is edited, the most frequent first.
func Presets() []catalog.SchedulePreset {
	return []catalog.SchedulePreset{
		{Name: "every minute", Cron: "* * * * *"},
		{Name: "every 5 minutes", Cron: "*/5 * * * *"},
		{Name: "every 15 minutes", Cron: "*/15 * * * *"},
		{Name: "every 30 minutes", Cron: "*/30 * * * *"},
		{Name: "hourly", Cron: "0 * * * *"},
		{Name: "every 6 hours", Cron: "0 */6 * * *"},
		{Name: "daily at 02:00", Cron: "0 2 * * *"},
		{Name: "on weekdays at 02:00", Cron: "0 2 * * 1-5"},
		{Name: "weekly, on Sunday at 02:00", Cron: "0 2 * * 0"},
		{Name: "monthly, on the 1st at 02:00", Cron: "0 2 1 * *"},
		{Name: "quarterly, on the 1st at 02:00", Cron: "0 2 1 1,4,7,10 *"},
		{Name: "yearly, on January 1st at 02:00", Cron: "0 2 1 1 *"},
	}
}

// Times are the moments of a schedule.
type Times struct {
	spec     cron.Schedule
	zone     *time.Location
	realTime bool // every so many hours, whatever the clock is set to
}

// ParseTimes reads a cron expression of five fields, or one of @hourly, @daily, @midnight, @weekly, @monthly,
// @yearly and @annually, and a time zone by its IANA name ("" is UTC). What never comes is an error.
func ParseTimes(spec, zone string) (Times, error) {
	spec = strings.TrimSpace(spec)
	t := Times{}
	var err error
	if t.zone, err = zoneOf(zone); err != nil {
		return t, err
	}
	if t.spec, err = parseSpec(spec); err != nil {
		return t, err
	}
	fields := strings.Fields(spec)
	t.realTime = fields[0] == "@hourly" || len(fields) > 1 && strings.HasPrefix(fields[1], "*")
	if t.Next(time.Now()).IsZero() {
		return t, fmt.Errorf("%q: there is no such day in the next five years", spec)
	}
	return t, nil
}

func zoneOf(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New(`"Local": give the name, such as Europe/Paris; the processes that share the work may be anywhere`)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q: there is no such time zone; write it like Europe/Paris", name)
	}
	return zone, nil
}

// parseSpec guards the parser, which panics on some of what it can't read.
func parseSpec(spec string) (s cron.Schedule, err error) {
	explain := func(why any) error {
		return fmt.Errorf("%q: %v; write five fields (minute, hour, day of month, month, day of week), such as 0 2 * * *", spec, why)
	}
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, explain("it can't be read")
		}
	}()
	switch {
	case spec == "":
		return nil, explain("it is empty")
	case strings.Contains(spec, "TZ="):
		return nil, explain("the time zone goes into time_zone")
	case strings.HasPrefix(spec, "@every"):
		return nil, explain("intervals are written as */5 * * * *")
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	if s, err = parser.Parse(spec); err != nil {
		return nil, explain(err)
	}
	return s, nil
}

// Next is the first moment after t; zero if there is none in five years. An hour that is left out when
// clocks go forward moves what would be in it to its end; one that comes twice counts once, but for
// schedules of every hour or so many hours.
func (x Times) Next(t time.Time) time.Time {
	if x.realTime {
		return x.spec.Next(t.In(x.zone))
	}
	for wall := wallClock(t.In(x.zone)); ; {
		if wall = x.spec.Next(wall); wall.IsZero() {
			return time.Time{}
		}
		if next := x.moment(wall); next.After(t) {
			return next
		}
	}
}

// NextRuns are the first n moments after t; fewer if there are no more.
func (x Times) NextRuns(t time.Time, n int) []time.Time {
	var all []time.Time
	for range n {
		if t = x.Next(t); t.IsZero() {
			break
		}
		all = append(all, t)
	}
	return all
}

// wallClock is what a clock shows, as a time of UTC, where every day has 24 hours.
func wallClock(t time.Time) time.Time {
	y, m, d := t.Date()
	h, mi, s := t.Clock()
	return time.Date(y, m, d, h, mi, s, t.Nanosecond(), time.UTC)
}

// moment is when the zone's clocks first show that, or the end of the gap that swallows it.
func (x Times) moment(wall time.Time) time.Time {
	const day = 24 * time.Hour
	_, before := wall.Add(-day).In(x.zone).Zone()
	_, after := wall.Add(day).In(x.zone).Zone()
	earlier := wall.Add(-time.Duration(max(before, after)) * time.Second).In(x.zone)
	later := wall.Add(-time.Duration(min(before, after)) * time.Second).In(x.zone)
	switch {
	case wallClock(earlier).Equal(wall):
		return earlier
	case wallClock(later).Equal(wall):
		return later
	default:
		end, _ := later.ZoneBounds()
		return end
	}
}

// CheckSchedule tells everything that is wrong with a schedule, fills in what it leaves out, and sets when
// it is due next.
func CheckSchedule(s *catalog.Schedule, now time.Time) catalog.FieldErrors {
	var wrong catalog.FieldErrors
	add := func(path, cure, format string, args ...any) {
		wrong = append(wrong, catalog.FieldError{Path: path, Message: fmt.Sprintf(format, args...), Cure: cure})
	}
	if s.TimeZone == "" {
		s.TimeZone = "UTC"
	}
	if s.Mode == "" {
		s.Mode = catalog.Delta
	}
	times, err := ParseTimes(s.Cron, "UTC")
	if err != nil {
		add("cron", "Write minute, hour, day of month, month and day of week, such as 0 2 * * *; GET /api/v1/schedule-presets has some to choose from.", "%v", err)
	}
	if times.zone, err = zoneOf(s.TimeZone); err != nil {
		add("time_zone", "Write the IANA name, such as Europe/Paris, or leave it out for UTC.", "%v", err)
	}
	if s.Mode != catalog.Full && s.Mode != catalog.Delta {
		add("mode", "Use one of delta, full.", "%q: say full or delta", s.Mode)
	}
	switch {
	case s.FullEvery < 0:
		add("full_every", "Give 0 or more.", "must be 0 (never) or more")
	case s.FullEvery > 0 && s.Mode == catalog.Full:
		add("full_every", "Leave one of the two out.", "goes with mode: delta; with full, every run is a full one")
	}
	if len(wrong) > 0 {
		return wrong
	}
	s.Next = time.Time{}
	if s.Enabled {
		s.Next = times.Next(now)
	}
	return nil
}

// NextRuns are the next moments of a schedule, were it enabled; none if it can't be read.
func NextRuns(s catalog.Schedule, now time.Time, n int) []time.Time {
	times, err := ParseTimes(s.Cron, s.TimeZone)
	if err != nil {
		return []time.Time{}
	}
	return times.NextRuns(now, n)
}
