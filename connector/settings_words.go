package connector

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var days = regexp.MustCompile(`^(\d+)([dw])`)

// ParseDuration reads what time.ParseDuration does, and days and weeks in front: "365d", "1w", "1d12h".
// A duration below zero is an error.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := strings.TrimSpace(s)
	for m := days.FindStringSubmatch(rest); m != nil; m = days.FindStringSubmatch(rest) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 100*365 {
			return 0, errors.New("too long a duration")
		}
		unit := 24 * time.Hour
		if m[2] == "w" {
			unit *= 7
		}
		total += time.Duration(n) * unit
		rest = rest[len(m[0]):]
	}
	if rest == "" && total > 0 {
		return total, nil
	}
	part, err := time.ParseDuration(rest)
	if err != nil && rest == "" && strings.TrimSpace(s) != "" {
		return total, nil // "0d"
	}
	if err != nil {
		return 0, err
	}
	if part < 0 {
		return 0, errors.New("a duration below zero")
	}
	return total + part, nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// number reads whatever decoders make of a number.
func number(x any) (float64, bool) {
	switch n := x.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// kindName says what a value is, without showing it: it may be a secret in the wrong place.
func kindName(x any) string {
	switch x.(type) {
	case nil:
		return "nothing"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case []any, []string:
		return "a list"
	case map[string]any, map[any]any:
		return "a group of keys"
	}
	if _, ok := number(x); ok {
		return "a number"
	}
	return "that"
}

// shown is a number or a short text as it stands, else what it is.
func shown(x any) string {
	if s, ok := x.(string); ok && len(s) <= 20 {
		return strconv.Quote(s)
	}
	if f, ok := number(x); ok {
		return fmt.Sprint(f)
	}
	return kindName(x)
}
