package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// The column search of a table holds lexemes that the program makes, not Postgres' parser: words of names
// and of all texts, and what a search is filtered by. The first letter tells what a lexeme is; a word has
// none of these.
const (
	markName  = "=" // the whole name
	markTitle = "." // a word of the name or label
	// without a mark: a word of any other text
	markClass      = "%" // see class
	markConnection = "@"
	markApp        = "^" // the key of the app that the row belongs to
	markType       = "!" // a cell's visualization
	markOwner      = "~" // its own, or the app's
	markStream     = "|" // the key of the stream or the personal group that the app is in
	markTag        = "#"
	markSame       = "&" // the same in all fields with the same type, name and formula
)

const (
	longestName = 200   // bytes of a name that count as a whole
	mostTerms   = 20000 // lexemes of a row; a tsvector has room for a megabyte
)

// A class is what search takes a row for. Its name is the kind of a hit.
type class string

// The classes; of report fields, those in the library and those in charts are two.
const (
	classStream    class = "stream"
	classPersonal  class = "personal"
	classApp       class = "app"
	classSheet     class = "sheet"
	classCell      class = "cell"
	classMeasure   class = "measure"
	classDimension class = "dimension"
	classObject    class = "master_object"
	classVariable  class = "variable"
	classTable     class = "table"
	classField     class = "field"
	classScript    class = "script"

	inline = "_inline" // behind measure and dimension, of those in charts
)

// classOf tells what a row is to search; "" if it isn't found: an app's group beside the app, and the uses
// of master items that go by the item's own name.
func classOf(table int, text func(string) string) class {
	switch table {
	case groups:
		if kind := text("kind"); kind != string(catalog.GroupApp) {
			return class(kind)
		}
		return ""
	case reports:
		return class(text("kind"))
	case sources:
		return classScript
	case modelTables:
		return classTable
	case modelFields:
		return classField
	}
	c := map[string]class{
		string(catalog.Measure): classMeasure, string(catalog.Dimension): classDimension,
		string(catalog.MasterObject): classObject, string(catalog.Variable): classVariable,
	}[text("type")]
	if text("origin") != string(catalog.OriginInline) {
		return c
	}
	if text("master_key") != "" && text("label") == "" {
		return ""
	}
	return c + inline
}

// searched are the columns, by table, that words and filters are made of.
var searched = [tableCount][]string{
	groups:      {"key", "kind", "name", "description", "owner", "tags"},
	reports:     {"key", "type", "kind", "name", "source_description", "owner", "tags"},
	fields:      {"key", "type", "origin", "name", "label", "formula", "description", "master_key", "tags"},
	sources:     {"key", "name", "code"},
	modelTables: {"key", "name", "comment"},
	modelFields: {"key", "name", "comment", "tags"},
}

// bodies are the columns whose words stand for less than those of a name.
var bodies = []string{"description", "source_description", "formula", "code", "comment"}

// A termer makes the lexemes of rows. It is used by one goroutine.
type termer struct {
	buf     []byte   // the lexemes of a row, one behind the other
	ends    []int    // where each ends
	list    []string // … in order, each once
	lexemes []pgtype.TSVectorLexeme
}

// terms gives a row's lexemes, which are good until the next call.
func (t *termer) terms(table int, r *row) pgtype.TSVector {
	t.buf, t.ends = t.buf[:0], t.ends[:0]
	t.collect(table, r)
	return t.vector()
}

func (t *termer) collect(table int, r *row) {
	text := func(column string) string { return r.text(table, column) }
	c := classOf(table, text)
	if c == "" {
		return
	}
	connection, app := placeOf(r.key)
	t.add(markClass, string(c))
	t.add(markConnection, connection)
	if app != "" && table != groups {
		t.add(markApp, r.key[:len(connection)+1+len(app)])
	}
	if c == classCell {
		t.add(markType, text("type"))
	}
	t.folded(markOwner, text("owner"), longestName)
	if r.within != nil && table != groups {
		t.add(markStream, r.within.stream)
		t.folded(markOwner, r.within.owner, longestName)
	}
	for _, tag := range r.list(table, "tags") {
		t.folded(markTag, tag, longestName)
	}
	if table == fields {
		t.add(markSame, sameness(text("type"), text("name"), text("formula")))
	}
	t.folded(markName, text("name"), longestName)
	t.words(markTitle, text("name"))
	t.words(markTitle, text("label"))
	for _, column := range bodies {
		body := text(column)
		if (column == "code" || column == "formula") && body != "" {
			body = catalog.Mask(body)
		}
		t.words("", body)
	}
}

// The whereabouts of an app are found with all its rows: when they change, all are written anew.
type whereabouts struct{ stream, owner string }

func whereaboutsOf(s *catalog.Snapshot) *whereabouts {
	w := &whereabouts{}
	for _, g := range s.Groups {
		if g.Kind == catalog.GroupApp {
			w.stream = clean(string(g.Parent))
		}
	}
	for _, r := range s.Reports {
		if r.Kind == catalog.ReportApp {
			w.owner = clean(r.Owner)
		}
	}
	return w
}

// placeOf gives the connection and the app in a key.
func placeOf(key string) (connection, app string) {
	connection, rest, _ := strings.Cut(key, "/")
	app, _, _ = strings.Cut(rest, "/")
	return connection, app
}

// sameness is equal for fields that say the same under the same name.
func sameness(typ, name, formula string) string {
	sum := sha256.Sum256([]byte(typ + "\x01" + name + "\x01" + formula))
	return hex.EncodeToString(sum[:8])
}

func (t *termer) add(mark, term string) {
	if term != "" && len(t.ends) < mostTerms {
		t.buf = append(append(t.buf, mark...), term...)
		t.ends = append(t.ends, len(t.buf))
	}
}

// folded is add for a text in lower case, cut to a number of bytes.
func (t *termer) folded(mark, term string, limit int) {
	if term != "" && len(t.ends) < mostTerms {
		t.buf = appendFolded(append(t.buf, mark...), term, limit)
		t.ends = append(t.ends, len(t.buf))
	}
}

func (t *termer) words(mark, text string) {
	runs(text, func(start, end int) {
		written := text[start:end]
		t.folded(mark, written, longestWord)
		parts(written, func(from, to int) { t.folded(mark, written[from:to], longestWord) })
	})
}

// lexemeEscaper quotes a lexeme for a tsquery.
var lexemeEscaper = strings.NewReplacer(`'`, `''`, `\`, `\\`)

// vector sorts the lexemes as Postgres does, so that it needn't.
func (t *termer) vector() pgtype.TSVector {
	all, start := string(t.buf), 0
	t.list = t.list[:0]
	for _, end := range t.ends {
		t.list = append(t.list, all[start:end])
		start = end
	}
	slices.Sort(t.list)
	t.list = slices.Compact(t.list)
	t.lexemes = t.lexemes[:0]
	for _, term := range t.list {
		t.lexemes = append(t.lexemes, pgtype.TSVectorLexeme{Word: term})
	}
	return pgtype.TSVector{Lexemes: t.lexemes, Valid: true}
}

// text is the value of a text column; "" of one that is null or that the table hasn't.
func (r *row) text(table int, column string) string {
	s, _ := r.value(table, column).(string)
	return s
}

func (r *row) list(table int, column string) []string {
	l, _ := r.value(table, column).([]string)
	return l
}

func (r *row) value(table int, column string) any {
	for i, c := range tables[table].columns {
		if c.name == column {
			return r.values[i]
		}
	}
	return nil
}

// nameWords calls fn with the words of a row's names that may be found by a misspelling.
func nameWords(table int, r *row, fn func(string)) {
	if classOf(table, func(column string) string { return r.text(table, column) }) == "" {
		return
	}
	take := func(w word) {
		if misspellable(w.text) {
			fn(w.text)
		}
		for _, p := range w.parts {
			if misspellable(p.text) {
				fn(p.text)
			}
		}
	}
	cut(r.text(table, "name"), take)
	cut(r.text(table, "label"), take)
}
