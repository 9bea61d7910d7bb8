// Package qvs reads Qlik load scripts: it runs them over a table of symbols instead of data, and tells what
// tables they make, from what, and what they store.
//
// A load script is a macro language, so that the reader is an interpreter: it splits off the next statement,
// expands $(…) with the variables of that moment, parses, and executes. It never fails: what it doesn't
// understand is a Diagnostic with its place.
//
// [Run] is the one door; [Result.Report] turns its answer into the document that the command prints.
package qvs

// A Pos is a place in a script.
type Pos struct {
	Tab    string // the script's section ("///$tab Main")
	Line   int    // from 1, in the whole text
	Column int    // from 1, in runes
	// Included says where in an included file: "path:line:column". Line and Column are then those of the
	// statement that includes it.
	Included string
}

// ObjectKind says what a source outside of the script is.
type ObjectKind string

// The kinds of sources.
const (
	DB           ObjectKind = "db"
	QVD          ObjectKind = "qvd"
	File         ObjectKind = "file"
	Web          ObjectKind = "web"
	Inline       ObjectKind = "inline"
	Autogenerate ObjectKind = "autogenerate"
	Binary       ObjectKind = "binary"
	Resident     ObjectKind = "resident" // a table that the script never makes
)

// An Object is a source outside of the script: a database table, a file, an inline table.
type Object struct {
	Kind       ObjectKind
	Connection string // the data connection's name; "" where there is none
	Name       string // name parts joined by ".", a path, a URL
}

// A Column is a column of an Object. Name "*" stands for further columns that the script doesn't name.
type Column struct {
	Object Object
	Name   string
	// OneOf says that it is a column of this object or of one of OneOf-1 others, which stand beside it: SQL that
	// doesn't tell which of its tables a column is of. 0: it is of this one.
	OneOf int
}

// Fate says what is left of a table when the script has ended.
type Fate string

// The fates of a table.
const (
	Data    Fate = "data"    // it is in the data model
	Dropped Fate = "dropped" // DROP TABLE, or joined away
	Mapping Fate = "mapping" // MAPPING LOAD: gone at the end
	Section Fate = "section" // section access
)

// A Table is a table that a script makes. Result.Tables holds all of them, in the order in which they
// are made; two of them may have had the same name one after the other.
type Table struct {
	Name    string // the last one it had
	Fate    Fate
	Fields  []*Field
	Sources []Object // external, through all resident, dropped, mapping and preceding tables
	Steps   []Step   // the statements that made it
	Inputs  []*Table // tables of the script that it is made from directly
	Comment string   // of COMMENT TABLE
	Derived []*Field // of DERIVE FIELDS: virtual, named field.definition.derived
}

// A Field is a field of a table.
type Field struct {
	Name       string
	Expression string // as written after expansion, of the last statement that made it
	At         Pos
	From       []Column // value lineage: external, transitive, exact
	Filters    []Column // what decides without being a value: WHERE, join keys, GROUP BY (external, transitive)
	Inputs     []Input  // the step before: fields of the script's own tables, or external columns
	Comment    string   // of COMMENT FIELD
	Tags       []string // of TAG FIELD
}

// An Input is where a field's values come from directly: another table's field, or a column outside.
type Input struct {
	Table  *Table // nil: Column says where
	Field  string
	Column Column
}

// A Step is one statement's part in a table.
type Step struct {
	Statement string // expanded; credentials masked
	At        Pos
	What      string // "load", "select", "join", "concatenate", "rename", …
}

// A Store is one STORE statement as executed.
type Store struct {
	Table      *Table
	TableName  string // at that time
	Target     string // path after expansion, unquoted
	Connection string
	Format     string // "qvd", "txt", …
	Fields     []Field
	Sources    []Object
	At         Pos
	Statement  string
}

// A Diagnostic is something that the reader couldn't read or decide.
type Diagnostic struct {
	At   Pos
	What string // the text concerned, short, credentials masked
	Why  string // a sentence
	Kind string // "syntax", "include", "variable", "sql", "limit", "table", "field"
}

// A Result is what a script does.
type Result struct {
	Tables      []*Table
	Stores      []Store
	Dropped     []string          // names that a DROP TABLE removed at any time
	Variables   map[string]string // at the script's end, as far as they are known; credentials masked
	Unresolved  []string          // variables "$(name)" and included files that remained unknown
	Diagnostics []Diagnostic
}
