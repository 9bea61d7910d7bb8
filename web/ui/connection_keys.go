package ui

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// filled are the keys of a connection with what a form says of those fields. Keys that the form doesn't have
// stay as they are; so do secrets that it leaves empty, since keys that aren't there say nothing of them.
func filled(keys map[string]any, fields []catalog.Field, typed url.Values, edit bool) map[string]any {
	out := deepCopy(keys)
	auth := typed.Get("authentication")
	for _, f := range fields {
		switch {
		case f.Fixed && edit:
			continue
		case f.When != "" && auth != "" && f.When != auth:
			delete(out, groupOf(f.Path))
		case f.Secret:
			fillSecret(out, f, typed)
		default:
			x := typedValue(f, typed)
			if x == nil || isDefault(f, x) && (filling{Keys: out}).stored(f.Path) == nil {
				remove(out, f.Path)
				continue
			}
			put(out, f.Path, x)
		}
	}
	return out
}

// fillSecret puts a new secret in, or null in place of one that is to be forgotten.
func fillSecret(out map[string]any, f catalog.Field, typed url.Values) {
	switch text := strings.TrimSpace(typed.Get(f.Path)); {
	case text != "":
		put(out, f.Path, text)
	case typed.Has("forget:" + f.Path):
		put(out, f.Path, nil)
	}
}

// typedValue is what an input says, as JSON would have it; nil: nothing. What can't be read is left as text:
// whoever validates the keys says what is wrong with it.
func typedValue(f catalog.Field, typed url.Values) any {
	text := strings.ReplaceAll(typed.Get(f.Path), "\r\n", "\n")
	switch f.Kind {
	case catalog.KindSwitch:
		return typed.Has(f.Path)
	case catalog.KindList:
		return typedList(f, typed[f.Path])
	case catalog.KindMapping:
		return typedMapping(text)
	case catalog.KindLongText:
		if strings.TrimSpace(text) == "" {
			return nil
		}
		return text
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	if f.Kind == catalog.KindWhole {
		if n, err := strconv.Atoi(text); err == nil {
			return float64(n)
		}
	}
	return text
}

// typedList is a list of the lines of an input, or of the boxes that are ticked.
func typedList(f catalog.Field, values []string) any {
	list := []any{}
	for _, v := range values {
		for line := range strings.SplitSeq(v, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				list = append(list, line)
			}
		}
	}
	if len(list) == 0 && len(f.Choices) == 0 {
		return nil
	}
	return list
}

// typedMapping reads lines such as "name: value"; a value may be any JSON.
func typedMapping(text string) any {
	m := map[string]any{}
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		var x any
		value = strings.TrimSpace(value)
		if json.Unmarshal([]byte(value), &x) != nil {
			x = value
		}
		m[name] = x
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

func isDefault(f catalog.Field, x any) bool {
	if list, ok := x.([]any); ok {
		all, _ := f.Default.([]string)
		return slices.Equal(lines(list), all)
	}
	if f.Default == nil {
		return x == false
	}
	return fmt.Sprint(x) == fmt.Sprint(f.Default)
}

func deepCopy(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if inner, ok := v.(map[string]any); ok {
			v = deepCopy(inner)
		}
		out[k] = v
	}
	return out
}

func put(m map[string]any, path string, x any) {
	parts := strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		next, ok := m[p].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[p] = next
		}
		m = next
	}
	m[parts[len(parts)-1]] = x
}

// remove takes a key away, and its group if that was all of it.
func remove(m map[string]any, path string) {
	group, rest, nested := strings.Cut(path, ".")
	if !nested {
		delete(m, path)
		return
	}
	if inner, ok := m[group].(map[string]any); ok {
		if remove(inner, rest); len(inner) == 0 {
			delete(m, group)
		}
	}
}
