package qixmap

import (
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// textOf is a text that may be an expression: a plain string, or one of Qlik's wrappings of an
// expression (facts C.8: qStringExpression, qValueExpression, qExpr, qv). An expression is kept as
// its text and never evaluated; a leading "=" stays.
func textOf(v jsontree.Value) string {
	for v.Kind == jsontree.Object {
		inner := jsontree.Value{}
		for _, name := range []string{"qStringExpression", "qValueExpression", "qExpr", "qv"} {
			if inner = v.Get(name); inner.Kind != jsontree.Absent {
				break
			}
		}
		v = inner
	}
	switch v.Kind {
	case jsontree.String, jsontree.Number:
		return v.Text
	default:
		return ""
	}
}

// FirstText is the first text that says something.
func FirstText(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// lines puts texts one per line, without those that are empty.
func lines(values ...string) string {
	kept := make([]string, 0, len(values))
	for _, v := range values {
		if v != "" {
			kept = append(kept, v)
		}
	}
	return strings.Join(kept, "\n")
}

// fieldLines are all fields of a dimension, one per line (drill-down and cyclic ones have several).
func fieldLines(defs jsontree.Value) string {
	texts := make([]string, len(defs.Items))
	for i, d := range defs.Items {
		texts[i] = textOf(d)
	}
	return lines(texts...)
}

// Put sets an attribute that says something.
func Put(a catalog.Attributes, name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case []string:
		if len(v) == 0 {
			return
		}
	case bool:
		if !v {
			return
		}
	case int64:
		if v == 0 {
			return
		}
	case map[string][]string:
		if len(v) == 0 {
			return
		}
	case map[string]any:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	case jsontree.Value:
		if v.Empty() {
			return
		}
		value = v.Plain()
	}
	a[name] = value
}

// None is nil for attributes that say nothing.
func None(a catalog.Attributes) catalog.Attributes {
	if len(a) == 0 {
		return nil
	}
	return a
}

// A meta is the qMeta of a listed object (facts C.7).
type meta struct{ jsontree.Value }

func (m meta) time(name string) time.Time { return qlikTime(m.Get(name).Str()) }

// owner is who owns the object: an object with the Repository's members (facts C.7), or, on other
// deployments, an id only.
func (m meta) owner(people map[string]Person) Person {
	v := m.Get("owner")
	p := Person{
		ID:        v.Get("id").Str(),
		Directory: v.Get("userDirectory").Str(),
		User:      v.Get("userId").Str(),
		Name:      v.Get("name").Str(),
	}
	if v.Kind == jsontree.String {
		p.ID = v.Text
	}
	return Complete(p, people)
}

// tags are names, as strings or as the Repository's objects.
func (m meta) tags() []string {
	var all []string
	for _, t := range m.Get("tags").Items {
		if s := FirstText(t.Str(), t.Get("name").Str()); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Complete completes a person with what the site's user list says.
func Complete(p Person, people map[string]Person) Person {
	k, ok := people[p.ID]
	if !ok {
		return p
	}
	return Person{
		ID:        p.ID,
		Directory: FirstText(p.Directory, k.Directory),
		User:      FirstText(p.User, k.User),
		Name:      FirstText(p.Name, k.Name),
		Email:     FirstText(p.Email, k.Email),
	}
}

// noDateBefore ends the years in which Qlik writes "no date": 1753-01-01, or 0001-01-01 (facts B.1).
const noDateBefore = 1754

// qlikTime reads a date of the Repository or the Engine; absent ones and Qlik's "no date" are zero.
// The fraction may have any length, and the zone may be missing: then it is UTC (facts B.1, G 52).
func qlikTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return presentTime(t)
		}
	}
	return time.Time{}
}

// presentTime makes "no date" zero.
func presentTime(t time.Time) time.Time {
	if t.Year() < noDateBefore {
		return time.Time{}
	}
	return t.UTC()
}
