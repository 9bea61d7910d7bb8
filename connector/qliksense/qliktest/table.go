package qliktest

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A tableRequest is the body of POST …/table (facts B.6).
type tableRequest struct {
	Entity  string        `json:"entity"`
	Columns []tableColumn `json:"columns"`
}

type tableColumn struct {
	Name       string        `json:"name"`
	ColumnType string        `json:"columnType"` // Property, List, Function, Privileges
	Definition string        `json:"definition"`
	List       []tableColumn `json:"list"` // of a List
}

// A cell makes the value of a column for a row, as a member's value or a nested table.
type cell func(row) any

// A nestedTable is the value of a List column.
type nestedTable struct {
	columns []string
	rows    [][]any
}

// table answers one page: 201 with the rows as arrays. Rows beyond the end are none.
func (q *request) table() {
	var body tableRequest
	if err := json.NewDecoder(q.r.Body).Decode(&body); err != nil {
		q.badTable("the body is no table definition")
		return
	}
	if body.Entity != "" && !strings.EqualFold(body.Entity, q.entity.schema) || len(body.Columns) == 0 {
		q.badTable("the table definition has no columns or another entity")
		return
	}
	x, ok := q.query()
	if !ok || !q.sortTable(&x, body.Columns) {
		return
	}
	names, cells, ok := q.cells(body.Columns)
	if !ok {
		return
	}
	skip, take, ok := q.window()
	if !ok {
		return
	}
	q.changeWhilePaged(skip)
	rows, _ := q.server.some(x, skip, take)
	q.sendTable(names, cells, q.spoilRows(rows))
}

func (q *request) badTable(why string) {
	plain(q.w, http.StatusBadRequest, "Bad Request: "+why)
}

func (q *request) sendTable(names []string, cells []cell, rows []row) {
	b := append([]byte(`{"id":`), appendString(nil, newGUID())...)
	b = append(b, `,"type":`...)
	b = appendString(b, q.entity.schema)
	b = append(b, `,"columnNames":`...)
	b = appendValue(b, names)
	b = append(b, `,"rows":`...)
	q.server.view(func(*Site) { // cells ask for rights
		b = appendList(b, rows, func(b []byte, r row) []byte {
			return appendList(b, cells, func(b []byte, c cell) []byte { return appendCell(b, q.spoilCell(c(r))) })
		})
	})
	q.send(http.StatusCreated, append(b, `,"schemaPath":"Table"}`...))
}

func appendCell(b []byte, v any) []byte {
	t, ok := v.(nestedTable)
	if !ok {
		return appendValue(b, v)
	}
	b = append(b, `{"columnNames":`...)
	b = appendValue(b, t.columns)
	b = append(b, `,"rows":`...)
	b = appendList(b, t.rows, func(b []byte, r []any) []byte {
		return appendList(b, r, appendValue)
	})
	return append(b, '}')
}

// window reads skip and take; without take there is no end.
func (q *request) window() (skip, take int, ok bool) {
	take = math.MaxInt
	for name, n := range map[string]*int{"skip": &skip, "take": &take} {
		text, given := q.parameters[name]
		if !given {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 {
			q.badTable(name + " is no number")
			return 0, 0, false
		}
		*n = v
	}
	return skip, take, true
}

// sortTable reads sortColumn, the name of a column of the request or a property, and orderAscending.
func (q *request) sortTable(x *query, columns []tableColumn) bool {
	by := q.parameters["sortcolumn"]
	if by == "" {
		return true
	}
	for _, c := range columns {
		if strings.EqualFold(c.Name, by) && c.ColumnType == "Property" {
			by = c.Definition
			break
		}
	}
	x.sort = strings.Split(by, ".")
	x.descending = strings.EqualFold(q.parameters["orderascending"], "false")
	if len(follow(q.entity.sample(), x.sort)) == 0 {
		q.badTable("sortColumn is neither a column nor a property")
		return false
	}
	return true
}

// cells checks the columns and tells how to make their values.
func (q *request) cells(columns []tableColumn) (names []string, cells []cell, ok bool) {
	sample := q.entity.sample()
	for _, c := range columns {
		if c.Name == "" || strings.ContainsAny(c.Name, " \t\r\n") {
			q.badTable("a column's name is empty or has blanks")
			return nil, nil, false
		}
		var value cell
		switch c.ColumnType {
		case "Property":
			value = propertyCell(sample, c.Definition)
		case "List":
			value = listCell(sample, c)
		case "Function":
			value = q.functionCell(c.Definition)
		case "Privileges":
			value = func(r row) any { return privileges(r, q.user) }
		}
		if value == nil {
			q.badTable("column " + c.Name + " is not defined for " + q.entity.schema)
			return nil, nil, false
		}
		names, cells = append(names, c.Name), append(cells, value)
	}
	return names, cells, true
}

// propertyCell follows a path; where it leads nowhere the value is null.
func propertyCell(sample *record, definition string) cell {
	path := strings.Split(definition, ".")
	if len(follow(sample, path)) == 0 || toMany(sample, path) && !listOfTexts(sample, path) {
		return nil
	}
	if steps := shortcut(sample, path); steps != nil {
		return func(r row) any { return steps.walk(r.record) }
	}
	return func(r row) any {
		if value, _ := r.get(definition); value != nil && len(path) == 1 {
			return value
		}
		return first(r.record, path)
	}
}

// steps are a path as the places of its members: entities of a type have theirs in the same places.
type steps []int

// shortcut finds the places of a path's members; nil when the path goes through a list, or ends at an entity.
func shortcut(sample *record, path []string) (s steps) {
	for n, name := range path {
		i := sample.index(name)
		if i < 0 {
			return nil
		}
		s = append(s, i)
		last := n == len(path)-1
		switch v := sample.member(i).value.(type) {
		case []*record, []ref, []string:
			return nil
		case *record:
			sample = v
		case ref:
			sample = v.to
		default:
			if last {
				return s
			}
			return nil
		}
		if last || sample == nil {
			return nil
		}
	}
	return nil
}

// walk gives the value at the end of the path; null where it leads nowhere.
func (s steps) walk(o *record) any {
	for _, i := range s[:len(s)-1] {
		switch v := o.member(i).value.(type) {
		case *record:
			o = v
		case ref:
			o = v.to
		}
		if o == nil {
			return nil
		}
	}
	return o.member(s[len(s)-1]).value
}

// listOfTexts reports whether the path is a member that is a list of plain texts, such as a user's
// roles: it is a value like any other.
func listOfTexts(sample *record, path []string) bool {
	value, _ := sample.get(path[0])
	_, ok := value.([]string)
	return ok && len(path) == 1
}

// listCell makes a nested table of the entities in a list member. The definition is the type of
// the entities ("tag", "CustomPropertyValue").
func listCell(sample *record, c tableColumn) cell {
	members := slices.Collect(sample.all())
	i := slices.IndexFunc(members, func(m member) bool {
		inner := elements(m.value)
		return len(inner) > 0 && (strings.EqualFold(inner[0].schema, c.Definition) || strings.EqualFold(m.name, c.Definition))
	})
	if i < 0 || len(c.List) == 0 {
		return nil
	}
	names, paths := []string{}, [][]string{}
	for _, inner := range c.List {
		path := strings.Split(inner.Definition, ".")
		if inner.ColumnType != "Property" || len(follow(elements(members[i].value)[0], path)) == 0 {
			return nil
		}
		names, paths = append(names, inner.Name), append(paths, path)
	}
	member := members[i].name
	return func(r row) any {
		t := nestedTable{columns: names}
		value, _ := r.get(member)
		for _, o := range elements(value) {
			line := make([]any, len(paths))
			for k, path := range paths {
				line[k] = first(o, path)
			}
			t.rows = append(t.rows, line)
		}
		return t
	}
}

// elements are the entities of a list member.
func elements(value any) (list []*record) {
	switch v := value.(type) {
	case []*record:
		return v
	case []ref:
		for _, r := range v {
			list = append(list, r.to)
		}
	}
	return list
}

// functionCell makes Count(Type): how many entities of the type refer to the row's.
func (q *request) functionCell(definition string) cell {
	name, ok := strings.CutPrefix(definition, "Count(")
	name, closed := strings.CutSuffix(name, ")")
	counted, known := entityOf(name)
	if !ok || !closed || !known {
		return nil
	}
	counts := map[string]int64{}
	for _, r := range q.server.find(query{entity: counted, user: q.user}) {
		for m := range r.all() {
			if to, ok := m.value.(ref); ok && to.to != nil && to.to.schema == q.entity.schema {
				counts[to.to.id()]++
			}
		}
	}
	return func(r row) any { return counts[r.id()] }
}

// changeWhilePaged is the fault ListingChanges: when the second page of apps is asked for, an app
// appears before all others, as when somebody uploads one meanwhile.
func (q *request) changeWhilePaged(skip int) {
	if q.entity.schema != "App" || skip == 0 || !q.server.take("", ListingChanges) {
		return
	}
	now := q.server.now()
	q.server.AddApp(&App{
		ID: "00000000-0000-4000-8000-" + newGUID()[24:], Name: "Added while listing", Owner: q.user,
		Created: now, Modified: now,
	})
}
