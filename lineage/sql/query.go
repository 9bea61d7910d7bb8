package sql

import "strings"

// A Kind says what a statement is.
type Kind string

// The kinds of statements.
const (
	Select       Kind = "select" // also WITH … SELECT, VALUES, and a batch that ends in one of them
	Exec         Kind = "exec"   // EXEC of a stored procedure
	Call         Kind = "call"   // CALL, {call …}
	Insert       Kind = "insert"
	Update       Kind = "update"
	Delete       Kind = "delete"
	Merge        Kind = "merge"
	Create       Kind = "create" // CREATE … AS SELECT too
	REST         Kind = "rest"   // Qlik's REST connector: FROM JSON (wrap on) "root" PK … WITH CONNECTION (…)
	WebConnector Kind = "web"    // Qlik's web connectors: FROM Function WITH PROPERTIES (…)
	MDX          Kind = "mdx"
	Other        Kind = "other"
)

// A TableKind says what a Table is.
type TableKind string

// The kinds of tables.
const (
	BaseTable TableKind = "table"     // a table or view of a database
	Function  TableKind = "function"  // a table function of a database: FROM dbo.Sales(2024)
	Procedure TableKind = "procedure" // a stored procedure
	Stage     TableKind = "stage"     // files of a Snowflake stage: FROM @stage/path
	Web       TableKind = "web"       // a level of a REST answer, or a web connector's function
	Cube      TableKind = "cube"      // of an MDX statement
)

// A Table is something outside of the statement that it reads.
type Table struct {
	// Name is the name's parts as written, without quotes, joined by "."; an empty part stays
	// ("ERP..Customer"), a database link too ("HR.EMP@REMOTE"). A variable that wasn't expanded stays as
	// "$(name)". For REST it is URL + "#" + Path; a web connector is "Function(key=value,…)".
	Name string
	Kind TableKind
	URL  string // REST: of WITH CONNECTION, without query string and credentials; "" if the connection has it
	Path string // REST: names of the levels, joined by "/" ("root/items")
}

// An Origin is a column of a table.
type Origin struct {
	Table  string // the Name of one of Query.Tables
	Column string // as written, without quotes; "*" stands for all that aren't named
	// Candidate says that the column may be of this table or of another one, whose Origin stands beside it.
	Candidate bool
}

// A Column is a column of the result, or a star.
type Column struct {
	// Name is the alias, or else the name of the plain column. "*" is a star: columns that only the database
	// knows. "" is an expression without alias, which each driver names its own way: see Query.Lookup.
	Name       string
	Expression string   // as written, without the alias
	From       []Origin // where values come from, in order of first mention; constants have none
	Except     []string // of a star: the columns that it leaves out (EXCEPT, EXCLUDE, REPLACE)
}

// A Diagnostic is something that the reader couldn't read or decide.
type Diagnostic struct {
	Offset int    // in bytes, from the beginning of the text
	What   string // the text concerned, short; never from where connections and credentials stand
	Why    string // a sentence
}

// A Query is what a statement reads and what it delivers.
type Query struct {
	Kind    Kind
	Columns []Column // in order; none for a statement without result
	Tables  []Table  // each once, in order of first mention; CTEs, derived and temporary tables aren't in it
	// Filters are the columns that decide which rows there are without being values: WHERE, ON, USING, GROUP
	// BY, HAVING, QUALIFY, ORDER BY, CONNECT BY, of sub-queries too.
	Filters []Origin
	Target  string // what INSERT, UPDATE, DELETE, MERGE, CREATE or SELECT … INTO writes; it is not in Tables
	// TableLevel says that columns weren't understood. Columns then holds one star of each table.
	TableLevel  bool
	Diagnostics []Diagnostic
}

// Lookup returns where a field of the result comes from, and whether the result has it. A load script
// finds the statement's columns by name, which drivers may fold: the exact name wins, then the name without
// regard to case, then an expression without alias by its text ("COUNT(*)", "sum"), then what the stars
// may deliver. A constant is found and comes from nowhere.
func (q Query) Lookup(field string) (from []Origin, found bool) {
	if from, found = gather(q.Columns, func(c Column) bool { return c.Name == field }); found {
		return from, true
	}
	if from, found = gather(q.Columns, func(c Column) bool { return strings.EqualFold(c.Name, field) }); found {
		return from, true
	}
	if from, found = gather(q.Columns, func(c Column) bool { return c.Name != "*" && driverName(c.Expression, field) }); found {
		return from, true
	}
	return starred(q.Columns, field)
}

// gather unites the origins of the columns that match. Two of one name are two levels of a REST answer.
func gather(cols []Column, match func(Column) bool) (from []Origin, found bool) {
	for _, c := range cols {
		if c.Name == "*" || !match(c) {
			continue
		}
		if !found {
			from, found = c.From, true
			continue
		}
		from = unite(from, c.From)
	}
	return from, found
}

// starred says what the stars among columns deliver for a name.
func starred(cols []Column, name string) (from []Origin, found bool) {
	stars := 0
	for _, c := range cols {
		if c.Name != "*" || excepts(c, name) {
			continue
		}
		stars++
		from = unite(from, named(c.From, name))
	}
	if stars > 1 && len(from) > 1 {
		from = candidates(from)
	}
	return from, stars > 0
}

func excepts(star Column, name string) bool {
	for _, e := range star.Except {
		if strings.EqualFold(e, name) {
			return true
		}
	}
	return false
}

// named replaces the star in origins by a column's name.
func named(from []Origin, name string) []Origin {
	out := make([]Origin, len(from))
	for i, o := range from {
		if o.Column == "*" {
			o.Column = name
		}
		out[i] = o
	}
	return out
}

func candidates(from []Origin) []Origin {
	out := make([]Origin, len(from))
	for i, o := range from {
		o.Candidate = true
		out[i] = o
	}
	return out
}

// unite returns the origins of both, each once; it changes neither.
func unite(a, b []Origin) []Origin {
	out := a[:len(a):len(a)]
	for _, o := range b {
		out = include(out, o)
	}
	return out
}

// include appends an origin unless it is there. Case doesn't tell columns of a table apart. One that is
// sure beats the same one as a candidate.
func include(list []Origin, o Origin) []Origin {
	for i := range list {
		if list[i].Table != o.Table || !strings.EqualFold(list[i].Column, o.Column) {
			continue
		}
		if list[i].Candidate && !o.Candidate {
			list = append([]Origin(nil), list...)
			list[i].Candidate = false
		}
		return list
	}
	return append(list, o)
}

// driverName says whether a driver may call an expression without alias like that: by its text without
// blanks (MySQL, Oracle, Snowflake), or by its function's name (PostgreSQL).
func driverName(expression, name string) bool {
	if expression == "" || name == "" {
		return false
	}
	if i := strings.IndexByte(expression, '('); i > 0 && strings.EqualFold(expression[:i], name) {
		return true
	}
	i, j := 0, 0
	for {
		for i < len(expression) && isSpace(expression[i]) {
			i++
		}
		for j < len(name) && isSpace(name[j]) {
			j++
		}
		if i == len(expression) || j == len(name) {
			return i == len(expression) && j == len(name)
		}
		if lower(expression[i]) != lower(name[j]) {
			return false
		}
		i++
		j++
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
