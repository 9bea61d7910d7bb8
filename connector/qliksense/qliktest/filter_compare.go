package qliktest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A comparison is "path op literal"; test looks at one value of the path.
type comparison struct {
	path, op, literal string
	names             []string
	test              func(value any) bool
}

// matches reports whether any value of the path passes: on the way to many it is enough that one
// does (facts B.3). A path that leads nowhere for this entity passes "ne" only.
func (c comparison) matches(o *record) bool {
	values := follow(o, c.names)
	if len(values) == 0 {
		return c.op == "ne" && !toMany(o, c.names)
	}
	return slices.ContainsFunc(values, c.test)
}

func (c comparison) pinned(path string) []string {
	if c.op == "eq" && strings.EqualFold(c.path, path) {
		return []string{c.literal}
	}
	return nil
}

// newComparison checks that the path exists, that its type allows the operator and that the literal
// is of the type.
func newComparison(sample *record, path, op string, literal word) (condition, bool) {
	c := comparison{path: path, op: op, literal: literal.text, names: strings.Split(path, ".")}
	examples := follow(sample, c.names)
	if len(examples) == 0 {
		return nil, false
	}
	switch example := examples[0].(type) {
	case string:
		c.test = stringTest(op, literal)
	case guid:
		c.test = guidTest(op, literal)
	case bool:
		c.test = boolTest(op, literal)
	case date:
		c.test = dateTest(op, literal)
	case int64:
		c.test = numberTest(op, literal, nil)
	case enum:
		c.test = numberTest(op, literal, example.names)
	}
	return c, c.test != nil
}

// follow gives the values that a path leads to, several where the path goes through a list.
func follow(o *record, names []string) []any {
	value, ok := o.get(names[0])
	if !ok {
		return nil
	}
	return followValue(value, names[1:])
}

func followValue(value any, names []string) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case *record:
		return into(v, names)
	case ref:
		return into(v.to, names)
	case []*record:
		var all []any
		for _, o := range v {
			all = append(all, into(o, names)...)
		}
		return all
	case []ref:
		var all []any
		for _, r := range v {
			all = append(all, into(r.to, names)...)
		}
		return all
	case []string:
		var all []any
		for _, s := range v {
			all = append(all, followValue(s, names)...)
		}
		return all
	}
	if len(names) > 0 {
		return nil
	}
	return []any{value}
}

func into(o *record, names []string) []any {
	if o == nil || len(names) == 0 {
		return nil
	}
	return follow(o, names)
}

// toMany reports whether the path goes through a list.
func toMany(o *record, names []string) bool {
	for _, name := range names {
		value, _ := o.get(name)
		switch v := value.(type) {
		case []*record, []ref, []string:
			return true
		case *record:
			o = v
		case ref:
			if o = v.to; o == nil {
				return false
			}
		default:
			return false
		}
	}
	return false
}

// stringTest compares without case.
func stringTest(op string, literal word) func(any) bool {
	if !literal.quoted {
		return nil
	}
	want := strings.ToLower(literal.text)
	tests := map[string]func(have string) bool{
		"eq": func(have string) bool { return have == want },
		"ne": func(have string) bool { return have != want },
		"sw": func(have string) bool { return strings.HasPrefix(have, want) },
		"ew": func(have string) bool { return strings.HasSuffix(have, want) },
		"so": func(have string) bool { return strings.Contains(have, want) },
	}
	test, ok := tests[op]
	if !ok {
		return nil
	}
	return func(v any) bool { s, _ := v.(string); return test(strings.ToLower(s)) }
}

// isGUID reports whether s is written 8-4-4-4-12, in any letter case.
func isGUID(s string) bool {
	if len(s) != len(nilGUID) {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20 // lower case
		switch {
		case nilGUID[i] == '-':
			if s[i] != '-' {
				return false
			}
		case (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// guidTest takes a GUID, bare or quoted.
func guidTest(op string, literal word) func(any) bool {
	if !isGUID(literal.text) {
		return nil
	}
	same := func(v any) bool {
		g, _ := v.(guid)
		return strings.EqualFold(orElse(string(g), nilGUID), literal.text)
	}
	switch op {
	case "eq":
		return same
	case "ne":
		return func(v any) bool { return !same(v) }
	default:
		return nil
	}
}

func boolTest(op string, literal word) func(any) bool {
	if literal.quoted || literal.text != "true" && literal.text != "false" || op != "eq" && op != "ne" {
		return nil
	}
	want := (literal.text == "true") == (op == "eq")
	return func(v any) bool { b, _ := v.(bool); return b == want }
}

// dateForms are the documented form and the one that clients use; without a zone it is UTC.
var dateForms = []string{"2006-01-02 15:04:05", time.RFC3339Nano, "2006-01-02T15:04:05"}

func dateTest(op string, literal word) func(any) bool {
	if !literal.quoted {
		return nil
	}
	for _, form := range dateForms {
		if want, err := time.Parse(form, literal.text); err == nil {
			return ordered(op, func(v any) int { d, _ := v.(date); return d.value().Compare(want) })
		}
	}
	return nil
}

// numberTest takes a bare number, or a name where numbers have names.
func numberTest(op string, literal word, names []string) func(any) bool {
	want, err := strconv.ParseInt(literal.text, 10, 64)
	if err != nil || literal.quoted {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, literal.text) })
		if i < 0 {
			return nil
		}
		want = int64(i)
	}
	return ordered(op, func(v any) int {
		if e, ok := v.(enum); ok {
			return cmp.Compare(e.number, want)
		}
		n, _ := v.(int64)
		return cmp.Compare(n, want)
	})
}

// ordered makes the six comparisons out of one order.
func ordered(op string, order func(any) int) func(any) bool {
	switch op {
	case "eq":
		return func(v any) bool { return order(v) == 0 }
	case "ne":
		return func(v any) bool { return order(v) != 0 }
	case "gt":
		return func(v any) bool { return order(v) > 0 }
	case "ge":
		return func(v any) bool { return order(v) >= 0 }
	case "lt":
		return func(v any) bool { return order(v) < 0 }
	case "le":
		return func(v any) bool { return order(v) <= 0 }
	default:
		return nil
	}
}
