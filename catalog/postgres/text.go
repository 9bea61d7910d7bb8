package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// This file is the one place where values from outside become values that Postgres takes. It refuses
// NUL in texts (SQLSTATE 22021) and in jsonb (22P05), and bytes that aren't UTF-8; each becomes
// U+FFFD. What is empty becomes nil, which is null.

const replacement = "\uFFFD"

// clean gives text that Postgres takes.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", replacement)
	}
	return strings.ToValidUTF8(s, replacement)
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return clean(s)
}

func texts(list []string) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond) // what a timestamptz can hold
}

func flag(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

// A document is JSON that jsonb takes.
type document string

// jsonOf writes v as JSON; an empty map and nil give nil.
func jsonOf(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	if s := string(b); s == "null" || s == "{}" {
		return nil, nil
	}
	b, err = cleanJSON(b)
	return document(b), err
}

// cleanJSON replaces what jsonb refuses in strings: \u0000, and halves of surrogate pairs, which only
// a json.RawMessage can have brought here.
func cleanJSON(b []byte) ([]byte, error) {
	if !bytes.Contains(b, []byte(`\u0000`)) && !bytes.Contains(b, []byte(`\ud`)) &&
		!bytes.Contains(b, []byte(`\uD`)) {
		return b, nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // a number stays as it was written
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return json.Marshal(cleanValue(v))
}

func cleanValue(v any) any {
	switch v := v.(type) {
	case string:
		return clean(v)
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i])
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[clean(k)] = cleanValue(x)
		}
		return out
	default:
		return v
	}
}
