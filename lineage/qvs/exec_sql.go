package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/sql"
)

// sql is the result of SQL text.
func (r *interpreter) sql(l *load) *rows {
	in := &rows{closed: "The SELECT delivers no column of this name."}
	at := l.t.place(l.sourceAt)
	switch l.source {
	case "SQLTABLES", "SQLCOLUMNS", "SQLTYPES":
		return r.open(Object{Kind: DB, Connection: r.st.connection, Name: l.source}, at, l.source)
	}
	q := sql.Read(l.source)
	for _, d := range q.Diagnostics {
		r.tell(l.sourceAt+d.Offset, l.t, d.What, d.Why, "sql")
	}
	objects := make(map[string]int32, len(q.Tables))
	for i, t := range q.Tables {
		o := Object{Kind: DB, Connection: r.st.connection, Name: t.Name}
		if t.Kind == sql.Web {
			o.Kind = Web
		}
		n := r.objects.id(o)
		objects[t.Name] = n
		in.sources = union(in.sources, one(n))
		if i == 0 {
			in.name = lastPart(t)
		}
	}
	r.sqlColumns(in, q, objects, at)
	filters := r.originsOf(q.Filters, objects)
	for _, f := range in.fields {
		f.filters = filters.value
	}
	if in.star != nil {
		in.star.filters = filters.value
	}
	in.lookup = func(name string) *field {
		from, found := q.Lookup(name)
		if !found {
			return nil
		}
		f := r.originsOf(from, objects)
		f.name, f.at, f.filters = name, at, filters.value
		return f
	}
	return in
}

func (r *interpreter) sqlColumns(in *rows, q sql.Query, objects map[string]int32, at *Pos) {
	stars := 0
	for _, c := range q.Columns {
		if c.Name == "*" {
			stars++
		}
	}
	for _, c := range q.Columns {
		f := r.originsOf(c.From, objects)
		if c.Name == "*" && stars > 1 { // what the script takes from them by name is in one of them
			f = r.starsOf(c.From, objects, int32(stars))
		}
		f.name, f.expression, f.at = c.Name, c.Expression, at
		switch {
		case c.Name == "*":
			in.star = mergeFields(in.star, f)
			continue
		case c.Name == "":
			f.name = c.Expression
		}
		if have := in.find(f.name); have != nil {
			have.value, have.inputs = union(have.value, f.value), union(have.inputs, f.inputs)
			continue
		}
		in.fields = append(in.fields, f)
		in.byName = nil
	}
	if len(q.Columns) > 0 {
		return
	}
	star := &field{name: "*", at: at}
	for _, o := range objects {
		c := r.columnOf(o, "*", at)
		star.value, star.inputs = union(star.value, c.value), union(star.inputs, c.inputs)
	}
	switch q.Kind {
	case sql.Insert, sql.Update, sql.Delete, sql.Merge, sql.Create:
		return // no result
	case sql.Other:
		if len(objects) == 0 {
			return
		}
	}
	in.star = star
}

func (r *interpreter) originsOf(list []sql.Origin, objects map[string]int32) *field {
	if len(list) == 1 {
		if obj, ok := objects[list[0].Table]; ok {
			return r.columnOf(obj, list[0].Column, nil)
		}
	}
	f := &field{}
	if len(list) == 0 {
		return f
	}
	cols, origins := make([]int32, 0, len(list)), make([]int32, 0, len(list))
	for _, o := range list {
		obj, ok := objects[o.Table]
		if !ok {
			continue
		}
		id := r.cols.id(column{obj, o.Column, among(o, list)})
		cols = append(cols, id)
		origins = append(origins, outside(id))
	}
	if len(cols) > 0 {
		f.value, f.inputs = of(cols), of(origins)
	}
	return f
}

// starsOf is one of several stars of a SELECT.
func (r *interpreter) starsOf(list []sql.Origin, objects map[string]int32, stars int32) *field {
	f := &field{}
	for _, o := range list {
		if obj, ok := objects[o.Table]; ok {
			c := r.fieldOfColumn(column{obj, o.Column, stars}, nil)
			f.value, f.inputs = union(f.value, c.value), union(f.inputs, c.inputs)
		}
	}
	return f
}

// among is how many tables an unqualified column may be of, 0 if it is known which one it is of.
func among(o sql.Origin, list []sql.Origin) (n int32) {
	if !o.Candidate {
		return 0
	}
	for _, other := range list {
		if other.Candidate && strings.EqualFold(other.Column, o.Column) {
			n++
		}
	}
	return n
}

// lastPart is the name of a table that is selected without a label.
func lastPart(t sql.Table) string {
	name := t.Name
	if t.Kind == sql.Web {
		if t.Path != "" {
			name, _, _ = strings.Cut(t.Path, "/")
			return name
		}
		name, _, _ = strings.Cut(name, "(")
		return name
	}
	name, _, _ = strings.Cut(name, "(")
	return name[strings.LastIndexByte(name, '.')+1:]
}
