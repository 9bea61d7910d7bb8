package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

func TestNextRunsAcrossClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"plain", "0 2 * * *", "Europe/Paris", "2026-06-01T00:00:00+02:00", []string{"2026-06-01T02:00:00+02:00", "2026-06-02T02:00:00+02:00"}},
		{
			"spring swallows half past two: it runs when the gap ends", "30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"what was swallowed and what is due at the gap's end are one", "30 2,3 * * *", "Europe/Paris", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"autumn has half past two twice: once is enough", "30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{
			"asked between the two", "30 2 * * *", "Europe/Paris", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T02:30:00+01:00"},
		},
		{
			"hourly runs in each of the two hours", "0 * * * *", "Europe/Paris", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		},
		{
			"hourly has no hour that isn't there", "@hourly", "Europe/Paris", "2026-03-29T01:30:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"},
		},
		{
			"a zone of half an hour's change", "0 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:00:00+11:00"},
		},
		{"the 29th of February", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{"@yearly", "@yearly", "", "2026-01-01T00:00:00Z", []string{"2027-01-01T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			times, err := scheduler.ParseTimes(c.cron, c.zone)
			if err != nil {
				t.Fatal(err)
			}
			after, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range times.NextRuns(after, len(c.want)) {
				got = append(got, x.Format(time.RFC3339))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadCronIsRefusedInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cron, zone, says string }{
		{"", "", "empty"},
		{"CRON_TZ=Europe/Berlin", "", "time_zone"},
		{"TZ=0", "", "time_zone"},
		{"TZ=Europe/Berlin 0 2 * * *", "", "time_zone"},
		{"@every 5m", "", "*/5"},
		{"@reboot", "", "five fields"},
		{"0 0 31 2 *", "", "no such day"},
		{"60 * * * *", "", "five fields"},
		{"* * * *", "", "five fields"},
		{"0 0 2 * * *", "", "five fields"},
		{"* * * * mo", "", "five fields"},
		{"1-0 * * * *", "", "five fields"},
		{"*/0 * * * *", "", "five fields"},
		{"\x00", "", "five fields"},
		{"0 2 * * *", "Europe/Pari", "no such time zone"},
		{"0 2 * * *", "Local", "give the name"},
		{"0 2 * * *", "../etc/passwd", "no such time zone"},
	} {
		_, err := scheduler.ParseTimes(c.cron, c.zone)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q in %q: %v; want a sentence with %q", c.cron, c.zone, err, c.says)
		}
	}
}

func FuzzParseTimes(f *testing.F) {
	for _, s := range []string{"0 2 * * *", "CRON_TZ=x", "@daily", "*/5 1-3,5 * jan-mar MON"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		times, err := scheduler.ParseTimes(spec, "America/New_York")
		if err != nil {
			return
		}
		now := time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC)
		for _, next := range times.NextRuns(now, 5) {
			if !next.After(now) {
				t.Fatalf("%q: %v doesn't come after %v", spec, next, now)
			}
			now = next
		}
	})
}

func TestPresetsAreAllValid(t *testing.T) {
	t.Parallel()
	for _, p := range scheduler.Presets() {
		if _, err := scheduler.ParseTimes(p.Cron, "UTC"); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

func TestScheduleIsCheckedWhole(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	bad := catalog.Schedule{Cron: "x", TimeZone: "y", Mode: "z", FullEvery: -1}
	if wrong := scheduler.CheckSchedule(&bad, now); len(wrong) != 4 {
		t.Errorf("all at once, it said %v", wrong)
	}
	good := catalog.Schedule{Cron: "0 2 * * *", TimeZone: "Europe/Paris", Enabled: true}
	if wrong := scheduler.CheckSchedule(&good, now); wrong != nil || good.Mode != catalog.Delta ||
		!good.Next.Equal(time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %+v", wrong, good)
	}
	paused := catalog.Schedule{Cron: "0 2 * * *", Next: now}
	if wrong := scheduler.CheckSchedule(&paused, now); wrong != nil || !paused.Next.IsZero() {
		t.Errorf("a paused one is due: %v, %+v", wrong, paused)
	}
}
