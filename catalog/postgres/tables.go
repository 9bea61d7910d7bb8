package postgres

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A table is one of the six tables that hold what a unit becomes. Statements are made of its columns
// once, at the package's start.
type table struct {
	name    string
	columns []column // the key first; the order of a row's values
	// hasIncomplete: the table can hold rows made from less than the source has.
	hasIncomplete bool
	statements
}

// A column has a name and the type that its values are sent as. Values of a text[] travel as a
// literal in a text, for an array of arrays can't hold lists of unequal lengths.
type column struct{ name, typ string }

// A row is one row of a table on its way to Postgres.
type row struct {
	key        string
	values     []any // of the table's columns; nil is null
	hash       [hashSize]byte
	incomplete bool
	within     *whereabouts // the app's; nil: none, or not known
}

const hashSize = 16

// The tables, and where each stands in a unitRows.
const (
	groups = iota
	reports
	fields
	sources
	modelTables
	modelFields
	tableCount
)

var tables = [tableCount]*table{
	groups: newTable("report_group", false, []column{
		{"key", "text"},
		{"parent_key", "text"},
		{"kind", "text"},
		{"name", "text"},
		{"description", "text"},
		{"owner", "text"},
		{"tags", "text[]"},
		{"attributes", "jsonb"},
		{"created_at", "timestamptz"},
		{"modified_at", "timestamptz"},
	}),
	reports: newTable("report", true, []column{
		{"key", "text"},
		{"group_key", "text"},
		{"parent_key", "text"},
		{"type", "text"},
		{"kind", "text"},
		{"name", "text"},
		{"source_description", "text"},
		{"owner", "text"},
		{"url", "text"},
		{"published", "boolean"},
		{"approved", "boolean"},
		{"position", "jsonb"},
		{"tags", "text[]"},
		{"attributes", "jsonb"},
		{"created_at", "timestamptz"},
		{"modified_at", "timestamptz"},
		{"published_at", "timestamptz"},
		{"reloaded_at", "timestamptz"},
	}),
	fields: newTable("report_field", true, []column{
		{"key", "text"},
		{"report_key", "text"},
		{"type", "text"},
		{"origin", "text"},
		{"name", "text"},
		{"label", "text"},
		{"formula", "text"},
		{"description", "text"},
		{"master_key", "text"},
		{"tags", "text[]"},
		{"attributes", "jsonb"},
		{"created_at", "timestamptz"},
		{"modified_at", "timestamptz"},
	}),
	sources: newTable("source_code", false, []column{
		{"key", "text"},
		{"report_key", "text"},
		{"type", "text"},
		{"name", "text"},
		{"code", "text"},
		{"language", "text"},
		{"sha256", "text"},
		{"lines", "bigint"},
	}),
	modelTables: newTable("model_table", false, []column{
		{"key", "text"},
		{"report_key", "text"},
		{"name", "text"},
		{"rows", "bigint"},
		{"fields", "bigint"},
		{"key_fields", "bigint"},
		{"comment", "text"},
		{"attributes", "jsonb"},
	}),
	modelFields: newTable("model_field", false, []column{
		{"key", "text"},
		{"report_key", "text"},
		{"name", "text"},
		{"tables", "text[]"},
		{"is_key", "boolean"},
		{"is_hidden", "boolean"},
		{"cardinality", "bigint"},
		{"comment", "text"},
		{"tags", "text[]"},
		{"attributes", "jsonb"},
	}),
}

// number is where the table stands in tables.
func (t *table) number() int { return slices.Index(tables[:], t) }

// unitRows are the rows of one unit by table.
type unitRows [tableCount][]row

// rowsOf turns a snapshot into rows. Of two with the same key the first counts.
func rowsOf(s *catalog.Snapshot) (unitRows, error) {
	var out unitRows
	b := rowBuilder{within: whereaboutsOf(s)}
	for i := range s.Groups {
		b.group(&out[groups], &s.Groups[i])
	}
	for i := range s.Reports {
		b.report(&out[reports], &s.Reports[i])
	}
	for i := range s.Fields {
		b.field(&out[fields], &s.Fields[i])
	}
	for i := range s.Sources {
		b.source(&out[sources], &s.Sources[i])
	}
	for i := range s.Tables {
		b.modelTable(&out[modelTables], &s.Tables[i])
	}
	for i := range s.Columns {
		b.modelField(&out[modelFields], &s.Columns[i])
	}
	return out, b.err
}

// A rowBuilder makes rows. It keeps the first error, and one buffer for all hashes.
type rowBuilder struct {
	err    error
	buf    []byte
	within *whereabouts
}

func (b *rowBuilder) add(to *[]row, key catalog.Key, incomplete bool, values ...any) {
	r := row{key: clean(string(key)), values: values, incomplete: incomplete, within: b.within}
	values[0] = r.key
	b.buf = appendHashed(b.buf[:0], values, incomplete)
	sum := sha256.Sum256(b.buf)
	copy(r.hash[:], sum[:])
	*to = append(*to, r)
}

func (b *rowBuilder) json(key catalog.Key, v any) any {
	doc, err := jsonOf(v)
	if err != nil && b.err == nil {
		b.err = &catalog.Error{Code: catalog.CodeInternal, Op: "store", Key: key, Err: err}
	}
	return doc
}

func (b *rowBuilder) attributes(key catalog.Key, a catalog.Attributes) any {
	if len(a) == 0 {
		return nil
	}
	return b.json(key, a)
}

func (b *rowBuilder) group(to *[]row, g *catalog.ReportGroup) {
	b.add(to, g.Key, false, nil, text(string(g.Parent)), string(g.Kind), text(g.Name), text(g.Description),
		text(g.Owner), texts(g.Tags), b.attributes(g.Key, g.Attributes), moment(g.CreatedAt), moment(g.ModifiedAt))
}

func (b *rowBuilder) report(to *[]row, r *catalog.Report) {
	var position any
	if r.Position != nil {
		position = b.json(r.Key, r.Position)
	}
	b.add(to, r.Key, r.Incomplete, nil, text(string(r.Group)), text(string(r.Parent)), text(r.Type),
		string(r.Kind), text(r.Name), text(r.SourceDescription), text(r.Owner), text(r.URL), flag(r.Published),
		flag(r.Approved), position, texts(r.Tags), b.attributes(r.Key, r.Attributes), moment(r.CreatedAt),
		moment(r.ModifiedAt), moment(r.PublishedAt), moment(r.ReloadedAt))
}

func (b *rowBuilder) field(to *[]row, f *catalog.ReportField) {
	b.add(to, f.Key, f.Incomplete, nil, text(string(f.Report)), string(f.Type), string(f.Origin), text(f.Name),
		text(f.Label), text(f.Formula), text(f.Description), text(string(f.Master)), texts(f.Tags),
		b.attributes(f.Key, f.Attributes), moment(f.CreatedAt), moment(f.ModifiedAt))
}

func (b *rowBuilder) source(to *[]row, s *catalog.SourceCode) {
	b.add(to, s.Key, false, nil, text(string(s.Report)), text(s.Type), text(s.Name), text(s.Code),
		text(s.Language), s.SHA256(), int64(s.Lines()))
}

func (b *rowBuilder) modelTable(to *[]row, t *catalog.ModelTable) {
	b.add(to, t.Key, false, nil, text(string(t.Report)), text(t.Name), t.Rows, t.Fields, t.KeyFields,
		text(t.Comment), b.attributes(t.Key, t.Attributes))
}

func (b *rowBuilder) modelField(to *[]row, f *catalog.ModelField) {
	b.add(to, f.Key, false, nil, text(string(f.Report)), text(f.Name), texts(f.Tables), f.IsKey, f.IsHidden,
		f.Cardinality, text(f.Comment), texts(f.Tags), b.attributes(f.Key, f.Attributes))
}

// appendHashed writes values so that two different rows never look the same: each with its type and,
// where it hasn't a fixed one, its length.
func appendHashed(buf []byte, values []any, incomplete bool) []byte {
	if incomplete {
		buf = append(buf, 'i')
	}
	for _, v := range values {
		buf = appendValue(buf, v)
	}
	return buf
}

func appendValue(buf []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(buf, '0')
	case string:
		return appendText(append(buf, 's'), v)
	case document:
		return appendText(append(buf, 'j'), string(v))
	case []string:
		buf = binary.BigEndian.AppendUint64(append(buf, 'l'), uint64(len(v)))
		for _, s := range v {
			buf = appendText(buf, s)
		}
		return buf
	case bool:
		if v {
			return append(buf, 'b', 1)
		}
		return append(buf, 'b', 0)
	case int64:
		return binary.BigEndian.AppendUint64(append(buf, 'n'), uint64(v))
	case time.Time:
		return binary.BigEndian.AppendUint64(append(buf, 't'), uint64(v.UnixMicro()))
	default:
		panic(fmt.Sprintf("a value of type %T has no hash", v)) // a builder above made it
	}
}

func appendText(buf []byte, s string) []byte {
	buf = binary.BigEndian.AppendUint64(buf, uint64(len(s)))
	return append(buf, s...)
}
