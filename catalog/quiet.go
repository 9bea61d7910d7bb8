package catalog

import (
	"fmt"
	"strings"
	"time"
)

// QuietHours are the times of a week in which a site is left alone.
type QuietHours []quietWindow

// A quietWindow starts on some days at from and lasts until to, the next day's if that is earlier.
// Minutes of a day.
type quietWindow struct {
	from, to int
	days     [7]bool // from Sunday
}

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseQuietHours reads '08:00-18:00 Mon-Fri'. Days may be left out (every day), listed (Mon,Wed) or given
// as a range; several windows are separated by semicolons; 22:00-06:00 ends on the next day.
// An empty text is no quiet hours.
func ParseQuietHours(text string) (QuietHours, error) {
	var all QuietHours
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ";") {
		w, err := parseWindow(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

func parseWindow(text string) (quietWindow, error) {
	var w quietWindow
	fail := func() (quietWindow, error) {
		return w, fmt.Errorf("%q: write it like 08:00-18:00 Mon-Fri; several are separated by semicolons", text)
	}
	hours, days, _ := strings.Cut(text, " ")
	from, to, ok := strings.Cut(hours, "-")
	if !ok {
		return fail()
	}
	var err error
	if w.from, err = minuteOf(from); err != nil {
		return fail()
	}
	if w.to, err = minuteOf(to); err != nil || w.from == w.to {
		return fail()
	}
	days = strings.TrimSpace(days)
	if days == "" {
		days = "Sun-Sat"
	}
	for item := range strings.SplitSeq(days, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(item), "-")
		a, b := dayOf(first), dayOf(last)
		if !isRange {
			b = a
		}
		if a < 0 || b < 0 {
			return fail()
		}
		for d := a; ; d = (d + 1) % 7 {
			w.days[d] = true
			if d == b {
				break
			}
		}
	}
	return w, nil
}

func minuteOf(text string) (int, error) {
	if text == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err
}

func dayOf(text string) int {
	for i, name := range dayNames {
		if strings.EqualFold(text, name) {
			return i
		}
	}
	return -1
}

// Until tells whether a moment is quiet, and when that ends. Hours are those of the moment's location.
func (q QuietHours) Until(t time.Time) (end time.Time, quiet bool) {
	end = t
	for range 8 { // windows that follow one another are one; a week of them ends the search
		next, is := q.once(end)
		if !is {
			break
		}
		end, quiet = next, true
	}
	return end, quiet
}

func (q QuietHours) once(t time.Time) (end time.Time, quiet bool) {
	for _, w := range q {
		for _, back := range []int{0, 1} {
			y, m, d := t.Date()
			start := time.Date(y, m, d-back, 0, w.from, 0, 0, t.Location())
			if !w.days[start.Weekday()] {
				continue
			}
			last := time.Date(y, m, d-back, 0, w.to, 0, 0, t.Location())
			if w.to <= w.from {
				last = time.Date(y, m, d-back+1, 0, w.to, 0, 0, t.Location())
			}
			if !t.Before(start) && t.Before(last) && last.After(end) {
				end, quiet = last, true
			}
		}
	}
	return end, quiet
}
