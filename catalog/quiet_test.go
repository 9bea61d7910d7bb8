package catalog_test

import (
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestQuietHours(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, c := range []struct{ hours, at, until string }{
		{"", "2026-03-04 12:00", ""},
		{"08:00-18:00 Mon-Fri", "2026-03-04 12:00", "2026-03-04 18:00"},
		{"08:00-18:00 Mon-Fri", "2026-03-04 08:00", "2026-03-04 18:00"},
		{"08:00-18:00 Mon-Fri", "2026-03-04 18:00", ""},
		{"08:00-18:00 Mon-Fri", "2026-03-07 12:00", ""}, // a Saturday
		{"22:00-06:00", "2026-03-04 23:00", "2026-03-05 06:00"},
		{"22:00-06:00", "2026-03-05 05:59", "2026-03-05 06:00"},
		{"22:00-06:00 Fri", "2026-03-07 01:00", "2026-03-07 06:00"},
		{"22:00-06:00 Fri", "2026-03-06 01:00", ""},
		{"08:00-12:00; 12:00-13:00", "2026-03-04 09:00", "2026-03-04 13:00"},
		{"08:00-18:00 Sat-Mon", "2026-03-08 12:00", "2026-03-08 18:00"},
		{"00:00-24:00 mon,WED", "2026-03-04 12:00", "2026-03-05 00:00"},
		{"00:00-04:00", "2026-03-29 01:00", "2026-03-29 04:00"}, // the clock jumps from 2 to 3
	} {
		q, err := catalog.ParseQuietHours(c.hours)
		if err != nil {
			t.Errorf("%q: %v", c.hours, err)
			continue
		}
		end, quiet := q.Until(at(c.at))
		if quiet != (c.until != "") || quiet && !end.Equal(at(c.until)) {
			t.Errorf("%q at %s: quiet %v until %v, want %q", c.hours, c.at, quiet, end, c.until)
		}
	}
	for _, bad := range []string{"8-18", "08:00", "08:00-08:00", "25:00-26:00", "08:00-18:00 Mo", "08:00-18:00 Mon-", "08:00-18:00;", "-"} {
		if _, err := catalog.ParseQuietHours(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
