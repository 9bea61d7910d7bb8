package catalog

// NodeKind says what a lineage node is (contract §4).
type NodeKind string

// The kinds of lineage nodes.
const (
	NodeDataset       NodeKind = "dataset"        // a database table, a file, a QVD, a web page: outside of Qlik
	NodeDatasetColumn NodeKind = "dataset_column" // its column
	NodeScriptTable   NodeKind = "script_table"   // a table that a load script makes
	NodeScriptField   NodeKind = "script_field"   // its field
	NodeField         NodeKind = "field"          // a field of the data model
	NodeMeasure       NodeKind = "measure"
	NodeDimension     NodeKind = "dimension"
	NodeVariable      NodeKind = "variable"
	NodeCell          NodeKind = "cell"
	NodeSheet         NodeKind = "sheet"
	NodeApp           NodeKind = "app"
)

// A LineageNode is something that data comes from or goes to.
type LineageNode struct {
	Key        Key
	Connection string // "" for a dataset that connections share
	Kind       NodeKind
	Name       string
	Report     Key // the app or cell that it belongs to; "" for datasets
	Attributes map[string]any
}

// Level says how fine an edge is.
type Level string

// The levels of an edge.
const (
	TableLevel  Level = "table"
	ColumnLevel Level = "column"
)

// How says whether values flow along an edge (direct), or only decide which do: filters, join keys,
// group by (indirect). OpenLineage's words.
type How string

// The ways of an edge.
const (
	Direct   How = "direct"
	Indirect How = "indirect"
)

// EdgeOrigin says who told of an edge.
type EdgeOrigin string

// The origins of an edge.
const (
	FromScript     EdgeOrigin = "script"
	FromLog        EdgeOrigin = "log"
	FromEngine     EdgeOrigin = "engine"
	FromExpression EdgeOrigin = "expression"
	FromStructure  EdgeOrigin = "structure" // a cell is on a sheet, a sheet in an app
	FromPerson     EdgeOrigin = "manual"
)

// A LineageEdge says that data flows from one node to another.
type LineageEdge struct {
	From, To   Key
	Level      Level
	How        How
	Origin     EdgeOrigin
	Confidence float64 // 0 to 1
	Statement  string  // what does it, credentials masked; "" for structure
	Source     Key     // the source code or report field that the statement stands in
	Tab        string  // of the load script
	Line       int     // from 1, of the whole text; 0: unknown
	Column     int     // from 1, in runes; 0: unknown
	Author     string  // of a manual edge
	Reason     string  // of a manual edge
	Run        RunID   // of the crawl whose data it was made from
}

// A LineageGap is something that wasn't understood, so that edges may be missing.
type LineageGap struct {
	App    Key
	Source Key
	Tab    string
	Line   int
	Column int
	What   string // the text or name that isn't resolved
	Why    string
}

// A Lineage is all that one app says of where its data comes from. It replaces what the app said before.
type Lineage struct {
	App   Key
	Nodes []LineageNode
	Edges []LineageEdge
	Gaps  []LineageGap
	// Columns counts the columns of the app's model whose origin was looked for, and Unresolved those of them
	// that have none although they should.
	Columns, Unresolved int
}
