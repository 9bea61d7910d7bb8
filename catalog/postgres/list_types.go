package postgres

import (
	"fmt"
	"strconv"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A columnType is what a list's column holds: how it may be compared, and what its values look like.
type columnType struct {
	cast  string // the Postgres type that values are cast to
	ops   []catalog.Op
	sorts bool
	// read checks a value as it came in a query, and gives it as Postgres reads it.
	read func(string) (string, error)
	form string // how a value is written, for whom read refuses one
	// write gives the pointer that a sorted value is scanned into, and then its text, nil for null.
	write func() (into any, text func() *string)
}

// The types of columns. Their names are read after "is".
var (
	aText = &columnType{
		cast: "text", sorts: true, read: asItIs, write: writeText,
		ops: []catalog.Op{catalog.Equals, catalog.Differs, catalog.Contains, catalog.IsNull},
	}
	// aWord is a text of a few that are possible, such as a kind: compared as it is, sorted as it is.
	aWord = &columnType{
		cast: "text", sorts: true, read: asItIs, write: writeText,
		ops: []catalog.Op{catalog.Equals, catalog.Differs, catalog.IsNull},
	}
	// aKey is a key of the catalog: Contains means this key, or one that stands under it.
	aKey = &columnType{
		cast: `text collate "C"`, sorts: true, read: asItIs, write: writeText,
		ops: []catalog.Op{catalog.Equals, catalog.Differs, catalog.Contains, catalog.IsNull},
	}
	aNumber = &columnType{
		cast: "bigint", sorts: true, ops: ordered, read: readInteger, form: "Write a whole number.",
		write: func() (any, func() *string) {
			var v *int64
			return &v, func() *string { return textIf(v, func(n int64) string { return strconv.FormatInt(n, 10) }) }
		},
	}
	aTime = &columnType{
		cast: "timestamptz", sorts: true, ops: ordered, read: readTime, form: "Write it like 2026-03-01T08:00:00Z or 2026-03-01.",
		write: func() (any, func() *string) {
			var v *time.Time
			return &v, func() *string { return textIf(v, writeTime) }
		},
	}
	aFlag = &columnType{
		cast: "boolean", sorts: true, read: readFlag, form: "Write true or false.",
		ops: []catalog.Op{catalog.Equals, catalog.Differs, catalog.IsNull},
		write: func() (any, func() *string) {
			var v *bool
			return &v, func() *string { return textIf(v, strconv.FormatBool) }
		},
	}
	aList = &columnType{
		cast: "text", read: asItIs,
		ops: []catalog.Op{catalog.Equals, catalog.Differs, catalog.Contains, catalog.IsNull},
	}
	// aDocument is JSON, which is only read.
	aDocument = &columnType{}
)

var ordered = []catalog.Op{
	catalog.Equals, catalog.Differs, catalog.Less, catalog.AtMost, catalog.Greater, catalog.AtLeast, catalog.IsNull,
}

func asItIs(s string) (string, error) { return clean(s), nil }

func writeText() (any, func() *string) {
	var v *string
	return &v, func() *string { return v }
}

func textIf[V any](v *V, write func(V) string) *string {
	if v == nil {
		return nil
	}
	s := write(*v)
	return &s
}

func readInteger(s string) (string, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return "", fmt.Errorf("%q is not a whole number", s)
	}
	return strconv.FormatInt(n, 10), nil
}

func readFlag(s string) (string, error) {
	if s != "true" && s != "false" {
		return "", fmt.Errorf("%q is neither true nor false", s)
	}
	return s, nil
}

func readTime(s string) (string, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		// Postgres has years from 4713 BC on; JSON has four digits.
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			return writeTime(t), nil
		}
	}
	return "", fmt.Errorf("%q is not a time such as 2026-03-01T08:00:00Z, nor a date such as 2026-03-01", s)
}

func writeTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
