package postgres

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// The statements of a table. All rows of a call travel as one array per column.
type statements struct {
	read   string // $1 unit, $2 first key under it, $3 first key behind it
	insert string // $1 connection, $2 unit, $3 …: hash, search, incomplete, columns
	change string // $1 run, $2 connection, $3 …: likewise
	retire string // $1 run, $2 connection, $3 last complete run, $4 keys
	empty  string // $1 run, $2 connection, $3 last complete run, $4 … $6: as $1 … $3 of read
}

func newTable(name string, hasIncomplete bool, columns []column) *table {
	t := &table{name: name, hasIncomplete: hasIncomplete, columns: columns}
	t.read = t.readSQL()
	t.insert = t.insertSQL()
	t.change = t.changeSQL()
	t.retire = t.retireSQL("from unnest($4::text[]) as k(key) where t.key = k.key")
	t.empty = t.retireSQL("where " + t.ofUnit(4))
	return t
}

// ofUnit tells the rows of a unit. Keys of most tables start with the unit's; a group's doesn't.
func (t *table) ofUnit(first int) string {
	if t.name == "report_group" { // the two others are used so that all tables take the same arguments
		return fmt.Sprintf("t.unit = $%d and $%d::text is not null and $%d::text is not null", first, first+1, first+2)
	}
	return fmt.Sprintf("t.key >= $%[1]d and t.key < $%[3]d and (t.key = $%[1]d or t.key >= $%[2]d)",
		first, first+1, first+2)
}

func (t *table) readSQL() string {
	incomplete, kind, origin := "false", "''", "''"
	if t.hasIncomplete {
		incomplete = "incomplete"
	}
	if t.name == "report_field" {
		kind, origin = "type", "origin"
	}
	return fmt.Sprintf("select key, hash, retired_at is not null, %s, %s, %s from qlikcrawler.%s t where %s",
		incomplete, kind, origin, t.name, t.ofUnit(1))
}

// staged is the rows that travel with a call as a relation s, its arrays being the arguments from
// $first on.
func (t *table) staged(first int) string {
	names, casts := []string{"hash", "search"}, []string{"s.hash", "s.search"}
	arrays := []string{fmt.Sprintf("$%d::bytea[]", first), fmt.Sprintf("$%d::tsvector[]", first+1)}
	next := first + 2
	if t.hasIncomplete {
		names, casts = append(names, "incomplete"), append(casts, "s.incomplete")
		arrays = append(arrays, fmt.Sprintf("$%d::boolean[]", next))
		next++
	}
	for i, c := range t.columns {
		names = append(names, c.name)
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", next+i, c.wire()))
		if c.wire() == c.typ {
			casts = append(casts, "s."+c.name)
		} else {
			casts = append(casts, fmt.Sprintf("s.%s::%s as %[1]s", c.name, c.typ))
		}
	}
	return fmt.Sprintf("select %s from unnest(%s) as s(%s)",
		strings.Join(casts, ", "), strings.Join(arrays, ", "), strings.Join(names, ", "))
}

// wire is the type that a column's values are sent as.
func (c column) wire() string {
	if c.typ == "text[]" {
		return "text"
	}
	return c.typ
}

// written are the columns that every write of a row sets.
func (t *table) written() []string {
	names := []string{"hash", "search"}
	if t.hasIncomplete {
		names = append(names, "incomplete")
	}
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// insertSQL takes the unit for every table, so that all take the same arguments; only groups store it.
func (t *table) insertSQL() string {
	names := strings.Join(t.written(), ", ")
	if t.name == "report_group" {
		return fmt.Sprintf(`insert into qlikcrawler.report_group (connection, unit, first_seen_at, %[1]s)
			select $1::text, $2::text, now(), %[1]s from (%s) s`, names, t.staged(3))
	}
	return fmt.Sprintf(`insert into qlikcrawler.%s (connection, first_seen_at, %[2]s)
		select $1::text, now(), %[2]s from (%s) s where $2::text is not null`, t.name, names, t.staged(3))
}

const insertChanges = "insert into qlikcrawler.change (run, connection, key, what, column_name, old, new, at) "

// changeSQL overwrites rows and restores those that were retired. It notes each column that got
// another value; lists and documents are noted as JSON, times as ISO 8601.
func (t *table) changeSQL() string {
	var sets, pairs []string
	for _, name := range t.written() {
		sets = append(sets, name+" = s."+name)
	}
	for _, c := range t.columns[1:] {
		pairs = append(pairs, fmt.Sprintf("('%[1]s', to_jsonb(o.%[1]s), to_jsonb(s.%[1]s))", c.name))
	}
	return fmt.Sprintf(`
		with s as (%s),
		old as (select t.* from qlikcrawler.%[2]s t join s on s.key = t.key),
		written as (
			update qlikcrawler.%[2]s t set %s, retired_at = null, last_seen_at = null from s where t.key = s.key)
		%s
		select $1::bigint, $2::text, o.key, 'restored', null, null, null, now() from old o where o.retired_at is not null
		union all
		select $1::bigint, $2::text, o.key, 'changed', d.name, d.was #>> '{}', d.became #>> '{}', now()
		from old o join s on s.key = o.key cross join lateral (values %s) as d(name, was, became)
		where d.was is distinct from d.became`,
		t.staged(3), t.name, strings.Join(sets, ", "), insertChanges, strings.Join(pairs, ", "))
}

// retireSQL retires the live rows that a condition tells. The last complete run saw them last, unless
// they are younger.
func (t *table) retireSQL(which string) string {
	return fmt.Sprintf(`
		with gone as (
			update qlikcrawler.%s t set retired_at = now(), last_seen_at = greatest(t.first_seen_at, $3::timestamptz)
			%s and t.retired_at is null returning t.key)
		%s
		select $1::bigint, $2::text, key, 'retired', null, null, null, now() from gone`,
		t.name, which, insertChanges)
}

const insertAdded = insertChanges + `
	select $1::bigint, $2::text, k, 'added', null, null, null, now() from unnest($3::text[]) as k`

// args are rows as the arguments from $3 on of insert and change.
func (t *table) args(rows []row, first ...any) []any {
	out := append(first, hashes{rows}, searches{rows, t.number(), &termer{}})
	if t.hasIncomplete {
		out = append(out, incompletes{rows})
	}
	for i, c := range t.columns {
		out = append(out, cells{rows, i, c.wire()})
	}
	return out
}

// Rows are sent column by column without being copied: each of these types shows pgx one column of
// them as an array.
type (
	cells struct {
		rows []row
		i    int
		typ  string
	}
	hashes   struct{ rows []row }
	searches struct {
		rows   []row
		table  int
		termer *termer
	}
	incompletes struct{ rows []row }
)

func dimensions(rows []row) []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(rows)), LowerBound: 1}}
}

func (c cells) Dimensions() []pgtype.ArrayDimension { return dimensions(c.rows) }

func (c cells) IndexType() any { return c.Index(0) }

func (c cells) Index(n int) any {
	switch v := c.rows[n].values[c.i].(type) {
	case []string:
		return arrayLiteral(v)
	case document:
		return string(v)
	default:
		return v
	}
}

func (h hashes) Dimensions() []pgtype.ArrayDimension { return dimensions(h.rows) }
func (h hashes) IndexType() any                      { return []byte(nil) }
func (h hashes) Index(n int) any                     { return h.rows[n].hash[:] }

func (s searches) Dimensions() []pgtype.ArrayDimension { return dimensions(s.rows) }
func (s searches) IndexType() any                      { return pgtype.TSVector{} }
func (s searches) Index(n int) any                     { return s.termer.terms(s.table, &s.rows[n]) }

func (i incompletes) Dimensions() []pgtype.ArrayDimension { return dimensions(i.rows) }
func (i incompletes) IndexType() any                      { return false }
func (i incompletes) Index(n int) any                     { return i.rows[n].incomplete }

var literalEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayLiteral writes a list as the text of a Postgres array.
func arrayLiteral(list []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		_, _ = literalEscaper.WriteString(&b, s)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
