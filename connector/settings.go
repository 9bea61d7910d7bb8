package connector

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Percent is a share of 0 to 100: "50%" or 50 in a file.
type Percent float64

// DecodeSettings reads a generic tree, as JSON and YAML decoders make it, into a struct with json
// tags, and tells everything that is wrong at once: unknown keys, wrong types, bad durations,
// percentages and words. What is right is set all the same; what the tree leaves out, or has as null,
// keeps the value that the struct has (its default).
//
// A field is a string, bool, int, float64, time.Duration ("2m", "365d"), Percent, []string,
// map[string]string, map[string]any, a struct or a pointer to one. Tags narrow it:
// enum:"jwt|header" lists the words of a string; min:"1" and max:"5" bound an int.
func DecodeSettings(tree map[string]any, into any) FieldErrors {
	d := decoder{}
	d.object("", tree, reflect.ValueOf(into).Elem())
	return d.errs
}

// Besides adds to what couldn't be decoded what a source finds wrong with the settings, but for what it says of the same
// keys and of what is in them: that a key is missing from a text is no news.
func Besides(unread, found FieldErrors) FieldErrors {
	all := slices.Clone(unread)
	for _, f := range found {
		if !slices.ContainsFunc(unread, func(u FieldError) bool { return f.Path == u.Path || strings.HasPrefix(f.Path, u.Path+".") }) {
			all = append(all, f)
		}
	}
	return all
}

type decoder struct{ errs FieldErrors }

// object fills a struct in the order of its fields, then names the keys that it doesn't have.
func (d *decoder) object(path string, tree map[string]any, v reflect.Value) {
	t := v.Type()
	var known []string
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" || key == "-" {
			continue
		}
		known = append(known, key)
		if x, ok := tree[key]; ok && x != nil {
			d.value(join(path, key), x, v.Field(i), f.Tag)
		}
	}
	for _, key := range sortedKeys(tree) {
		if !slices.Contains(known, key) {
			d.errs.Add(join(path, catalog.Step(key)), "%s", unknownKey(key, known))
		}
	}
}

func unknownKey(key string, known []string) string {
	if like := catalog.Closest(key, known); like != "" {
		return fmt.Sprintf("there is no such key; did you mean %s?", like)
	}
	slices.Sort(known)
	return "there is no such key here; known are " + strings.Join(known, ", ")
}

func (d *decoder) value(path string, x any, v reflect.Value, tag reflect.StructTag) {
	switch dest := v.Addr().Interface().(type) {
	case *time.Duration:
		d.duration(path, x, dest)
	case *Percent:
		d.percent(path, x, dest)
	case *[]string:
		d.texts(path, x, dest)
	case *map[string]any:
		if m, ok := d.mapping(path, x); ok {
			*dest = m
		}
	case *map[string]string:
		d.textMap(path, x, dest)
	default:
		d.plain(path, x, v, tag)
	}
}

func (d *decoder) plain(path string, x any, v reflect.Value, tag reflect.StructTag) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := d.text(path, x); ok && d.oneOf(path, s, tag.Get("enum")) {
			v.SetString(s)
		}
	case reflect.Bool:
		if b, ok := x.(bool); ok {
			v.SetBool(b)
		} else {
			d.errs.Add(path, "must be true or false, not %s", kindName(x))
		}
	case reflect.Int:
		if n, ok := d.whole(path, x); ok && d.within(path, n, tag) {
			v.SetInt(n)
		}
	case reflect.Float64:
		if f, ok := number(x); ok {
			v.SetFloat(f)
		} else {
			d.errs.Add(path, "must be a number, not %s", kindName(x))
		}
	case reflect.Pointer:
		if m, ok := d.mapping(path, x); ok {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			d.object(path, m, v.Elem())
		}
	case reflect.Struct:
		if m, ok := d.mapping(path, x); ok {
			d.object(path, m, v)
		}
	default:
		panic("connector: DecodeSettings can't fill a " + v.Type().String() + " at " + path)
	}
}

func (d *decoder) text(path string, x any) (string, bool) {
	switch s := x.(type) {
	case string:
		return s, true
	case bool, int, int64, uint64, float64, json.Number:
		d.errs.Add(path, "must be a text, not %s; put it in quotes", kindName(x))
	default:
		d.errs.Add(path, "must be a text, not %s", kindName(x))
	}
	return "", false
}

func (d *decoder) oneOf(path, s, enum string) bool {
	words := strings.Split(enum, "|")
	if enum == "" || slices.Contains(words, s) {
		return true
	}
	if like := catalog.Closest(s, words); like != "" {
		d.errs.Add(path, "%q is not known; did you mean %s?", s, like)
	} else {
		d.errs.Add(path, "%q is not known; it must be one of %s", s, strings.Join(words, ", "))
	}
	return false
}

func (d *decoder) whole(path string, x any) (int64, bool) {
	f, ok := number(x)
	if !ok {
		d.errs.Add(path, "must be a whole number, not %s", kindName(x))
		return 0, false
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		d.errs.Add(path, "must be a whole number, not %v", x)
		return 0, false
	}
	return int64(f), true
}

func (d *decoder) within(path string, n int64, tag reflect.StructTag) bool {
	low, err1 := strconv.ParseInt(tag.Get("min"), 10, 64)
	high, err2 := strconv.ParseInt(tag.Get("max"), 10, 64)
	switch {
	case err1 == nil && err2 == nil && (n < low || n > high):
		d.errs.Add(path, "must be %d to %d, not %d", low, high, n)
	case err1 == nil && n < low:
		d.errs.Add(path, "must be at least %d, not %d", low, n)
	case err2 == nil && n > high:
		d.errs.Add(path, "must be at most %d, not %d", high, n)
	default:
		return true
	}
	return false
}

func (d *decoder) duration(path string, x any, dest *time.Duration) {
	s, ok := x.(string)
	if !ok {
		d.errs.Add(path, "must be a duration with its unit, such as 90s, 2m or 30d, not %s", kindName(x))
		return
	}
	v, err := ParseDuration(s)
	if err != nil {
		d.errs.Add(path, "%q is not a duration; write 90s, 2m, 1h30m or 30d", s)
		return
	}
	*dest = v
}

func (d *decoder) percent(path string, x any, dest *Percent) {
	f, ok := number(x)
	if s, isText := x.(string); isText {
		var err error
		f, err = strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
		ok = err == nil
	}
	if !ok || !(f >= 0 && f <= 100) {
		d.errs.Add(path, "must be a share from 0%% to 100%%, such as 50%%, not %s", shown(x))
		return
	}
	*dest = Percent(f)
}

func (d *decoder) texts(path string, x any, dest *[]string) {
	list, ok := x.([]any)
	if !ok {
		if ss, isTexts := x.([]string); isTexts {
			*dest = ss
			return
		}
		d.errs.Add(path, "must be a list, such as [a, b], not %s", kindName(x))
		return
	}
	out := make([]string, len(list)) // what is no text is "": the others keep their places
	for i, item := range list {
		out[i], _ = d.text(fmt.Sprintf("%s[%d]", path, i), item)
	}
	*dest = out
}

func (d *decoder) textMap(path string, x any, dest *map[string]string) {
	m, ok := d.mapping(path, x)
	if !ok {
		return
	}
	out := make(map[string]string, len(m))
	for _, key := range sortedKeys(m) {
		if s, ok := d.text(join(path, catalog.Step(key)), m[key]); ok {
			out[key] = s
		}
	}
	*dest = out
}

func (d *decoder) mapping(path string, x any) (map[string]any, bool) {
	switch m := x.(type) {
	case map[string]any:
		return m, true
	case map[any]any:
		out := make(map[string]any, len(m))
		for k, v := range m {
			out[fmt.Sprint(k)] = v
		}
		return out, true
	}
	d.errs.Add(path, "must be a group of keys, not %s", kindName(x))
	return nil, false
}
