package postgres

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// filter adds a condition of a query: the i-th of those that it was asked with.
func (s *selection[T]) filter(i int, f catalog.Filter) {
	refuse := func(why, cure string) {
		s.refuse(catalog.QueryFault{Parameter: f.Column, Filter: true, Index: i, Why: why, Cure: cure})
	}
	c := s.of.column(f.Column)
	if c == nil || !c.filterable() {
		refuse(fmt.Sprintf("the %s can't be filtered by %q", s.of.name, f.Column), catalog.OneOf(f.Column, s.of.names((*listColumn[T]).filterable)))
		return
	}
	if !slices.Contains(c.typ.ops, f.Op) {
		refuse(fmt.Sprintf("it can't be compared by %q", f.Op), "Use one of "+joined(c.typ.ops)+".")
		return
	}
	if len(f.Values) == 0 {
		refuse("a filter has a value", "Give one.")
		return
	}
	typ := c.typ
	if f.Op == catalog.IsNull {
		typ = aFlag
	}
	values := make([]string, 0, len(f.Values))
	for _, v := range f.Values {
		v, err := typ.read(v)
		if err != nil {
			refuse(err.Error(), typ.form)
			continue
		}
		values = append(values, v)
	}
	if len(values) == len(f.Values) {
		s.where = append(s.where, s.condition(c, f.Op, values))
	}
}

func joined(ops []catalog.Op) string {
	texts := make([]string, len(ops))
	for i, op := range ops {
		texts[i] = string(op)
	}
	return strings.Join(texts, ", ")
}

// condition is the SQL of a filter that is in order. Values travel as texts and are cast there.
func (s *selection[T]) condition(c *listColumn[T], op catalog.Op, values []string) string {
	switch {
	case op == catalog.Equals && c.within != "":
		return fmt.Sprintf(c.within, s.arg(values, "text[]"))
	case op == catalog.IsNull:
		return s.nullity(c, values)
	case op == catalog.Contains && c.typ == aKey:
		return s.under(c, values)
	case op == catalog.Contains && c.typ == aText:
		patterns := make([]string, len(values))
		for i, v := range values {
			patterns[i] = "%" + likeEscaper.Replace(v) + "%"
		}
		return fmt.Sprintf("(%s)%s ilike any(%s)", c.sql, folding(values), s.arg(patterns, "text[]"))
	case c.typ == aList && op == catalog.Differs:
		return fmt.Sprintf("(%s && %s) is not true", c.sql, s.arg(values, "text[]"))
	case c.typ == aList:
		return fmt.Sprintf("%s && %s", c.sql, s.arg(values, "text[]"))
	}
	if op == catalog.Equals && len(values) == 1 { // plainly, so that an index gives the order too
		return fmt.Sprintf("%s = %s", c.sql, s.value(term{typ: c.typ}, values[0]))
	}
	any := s.arg(values, "text[]")
	if c.typ.cast != "text" && c.typ != aKey {
		any += "::" + c.typ.cast + "[]"
	}
	if op == catalog.Differs {
		return fmt.Sprintf("(%s = any(%s)) is not true", c.sql, any)
	}
	return fmt.Sprintf("%s %s any(%s)", c.sql, signs[op], any)
}

// folding is how texts are compared without case. Where all that is looked for is ASCII, only ASCII letters need be made
// small, which takes half the time: each row's text is, for no index finds a part of a word.
func folding(values []string) string {
	for _, v := range values {
		if strings.IndexFunc(v, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
			return ""
		}
	}
	return ` collate "C"`
}

var signs = map[catalog.Op]string{
	catalog.Equals: "=", catalog.Less: "<", catalog.AtMost: "<=", catalog.Greater: ">", catalog.AtLeast: ">=",
}

// likeEscaper makes a text that a pattern finds as it is.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (s *selection[T]) nullity(c *listColumn[T], values []string) string {
	null, not := slices.Contains(values, "true"), slices.Contains(values, "false")
	switch {
	case null && not:
		return "true"
	case null:
		return c.sql + " is null"
	default:
		return c.sql + " is not null"
	}
}

// under keeps the things that have one of the keys, or stand under it: ranges of an index.
func (s *selection[T]) under(c *listColumn[T], keys []string) string {
	var any []string
	for _, k := range keys {
		any = append(any, fmt.Sprintf("%[1]s = %[2]s or (%[1]s >= %[3]s and %[1]s < %[4]s)", c.sql,
			s.arg(k, "text"), s.arg(k+"/", "text"), s.arg(k+"0", "text")))
	}
	return "(" + strings.Join(any, " or ") + ")"
}
