package qix

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Number is a number as the Engine sends it: NaN and the infinities come as strings (facts C.3).
// Anything else that isn't a number is NaN.
type Number float64

// UnmarshalJSON never fails on valid JSON; null leaves n alone.
func (n *Number) UnmarshalJSON(data []byte) error {
	if isNull(data) {
		return nil
	}
	f, err := strconv.ParseFloat(string(bytes.Trim(data, `"`)), 64) // knows NaN, Infinity, -Infinity
	if err != nil {
		f = math.NaN()
	}
	*n = Number(f)
	return nil
}

// Int is n as an integer; 0 if it isn't one that the Engine can mean, such as NaN or a fraction.
func (n Number) Int() int {
	if n != Number(math.Trunc(float64(n))) || math.Abs(float64(n)) > 1<<53 {
		return 0
	}
	return int(n)
}

// A Text is a string that some servers send as another kind of value, whose JSON it then is.
type Text string

// UnmarshalJSON never fails on valid JSON; null leaves t alone.
func (t *Text) UnmarshalJSON(data []byte) error {
	if isNull(data) {
		return nil
	}
	var s string
	if json.Unmarshal(data, &s) != nil {
		s = string(data)
	}
	*t = Text(s)
	return nil
}

// A Timestamp is a time as the server wrote it.
type Timestamp string

// UnmarshalJSON never fails on valid JSON; null leaves t alone.
func (t *Timestamp) UnmarshalJSON(data []byte) error { return (*Text)(t).UnmarshalJSON(data) }

// Time is the moment that t names, in UTC; zero if t is empty, unreadable, or one of the values
// that mean "never": year 1753 (facts B.2) and before. A time without zone counts as UTC.
func (t Timestamp) Time() time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, strings.TrimSpace(string(t))); err == nil {
			if at = at.UTC(); at.Year() <= 1753 {
				return time.Time{}
			}
			return at
		}
	}
	return time.Time{}
}
