package qrs

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Time is a date as QRS writes it: UTC, with a fraction of any length or none (facts B.1). The
// sentinels of 1753 and 0001, null and "" are the zero time.
type Time struct{ time.Time }

// UnmarshalJSON reads a date; a text that is none is an error.
func (t *Time) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	if n := len(data); n > 2 && data[0] == '"' { // as Qlik writes it; a listing has three in every row
		if parsed, err := parseTime(string(data[1 : n-1])); err == nil {
			t.set(parsed)
			return nil
		}
	}
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text == nil || *text == "" {
		return nil
	}
	parsed, err := parseTime(*text)
	if err != nil {
		return fmt.Errorf("%q is not a date", *text)
	}
	t.set(parsed)
	return nil
}

// set leaves out the sentinels.
func (t *Time) set(parsed time.Time) {
	if parsed.Year() > 1753 {
		t.Time = parsed.UTC()
	}
}

func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05", text) // without a zone: UTC (facts B.3)
}
