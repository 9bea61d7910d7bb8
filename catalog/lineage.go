package catalog

import (
	"errors"
	"strings"
	"time"
)

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

// Columnar reports whether a node is as fine as a column: lineage of it is always that of columns.
func (k NodeKind) Columnar() bool {
	switch k {
	case NodeDatasetColumn, NodeScriptField, NodeField, NodeMeasure, NodeDimension, NodeVariable:
		return true
	default:
		return false
	}
}

// Inner reports whether a node is a table or field of a load script: data flows through it, but nobody
// keeps it.
func (k NodeKind) Inner() bool { return k == NodeScriptTable || k == NodeScriptField }

// A LineageNode is something that data comes from or goes to.
type LineageNode struct {
	Key        Key            `json:"key"`
	Connection string         `json:"connection,omitempty"` // "" for a dataset that connections share
	Kind       NodeKind       `json:"kind"`
	Name       string         `json:"name"`
	Parent     Key            `json:"parent_key,omitempty"` // the dataset of a column, the table of a script field
	Report     Key            `json:"report_key,omitempty"` // the app or cell that it belongs to; "" for datasets
	Attributes map[string]any `json:"attributes,omitempty"` // of a dataset: namespace and name as OpenLineage has them

	// Mask is a regular expression that the keys of the files match which a dataset stands for, if the
	// script names them by * and ?. "": the dataset is one.
	Mask string `json:"-"`
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
	From       Key        `json:"from_key"`
	To         Key        `json:"to_key"`
	Level      Level      `json:"level"`
	How        How        `json:"how"`
	Origin     EdgeOrigin `json:"origin"`
	Confidence float64    `json:"confidence"`           // 0 to 1
	Statement  string     `json:"statement,omitempty"`  // what does it, credentials masked; "" for structure
	Source     Key        `json:"source_key,omitempty"` // the source code or report field that the statement stands in
	Tab        string     `json:"tab,omitempty"`        // of the load script
	Line       int        `json:"line,omitempty"`       // from 1, of the whole text; 0: unknown
	Column     int        `json:"column,omitempty"`     // from 1, in runes; 0: unknown
	Author     string     `json:"author,omitempty"`     // of a manual edge
	Reason     string     `json:"reason,omitempty"`     // of a manual edge
	Run        RunID      `json:"run,omitempty"`        // of the crawl whose data it was made from; 0: made on demand
	// Via are the script tables or fields between the two, from From to To, if they are left out. The
	// statement is then the first of theirs, the confidence the product.
	Via []Key `json:"via,omitempty"`
}

// A LineageGap is something that wasn't understood, so that edges may be missing.
type LineageGap struct {
	App     Key    `json:"app_key"`
	AppName string `json:"app_name,omitempty"` // where gaps are read
	Source  Key    `json:"source_key,omitempty"`
	Tab     string `json:"tab,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	What    string `json:"what"` // the text or name that isn't resolved
	Why     string `json:"why"`
}

// A Lineage is all that one app says of where its data comes from. It replaces what the app said before.
type Lineage struct {
	App   Key
	Nodes []LineageNode
	Edges []LineageEdge
	Gaps  []LineageGap
	Stars []LineageStar
	// Columns counts the columns of the app's model whose origin was looked for, and Unresolved those of them
	// that have none although they should.
	Columns, Unresolved int

	// What it depends on besides the app's rows: the data connections that the script names, folded by
	// FoldName, and whether it includes files.
	Uses     []string
	Includes bool
}

// A LineageStar says that a dataset is stored with all columns of another one, whatever they are.
type LineageStar struct{ From, To Key }

// A DataConnection is what load scripts connect with. Users and passwords are never in it.
type DataConnection struct {
	ID            string `json:"id"`
	Name          string `json:"name"`           // as scripts write it
	Type          string `json:"type"`           // "folder", "ODBC", "QvOdbcConnectorPackage.exe", …
	ConnectString string `json:"connect_string"` // a path, a URL, or those parts of the string that tell the place
}

// FoldName gives the form in which names of data connections are compared: their case doesn't count.
func FoldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// A LineageSource is what an app's lineage is made from: its live rows, as far as lineage needs them.
type LineageSource struct {
	Snapshot Snapshot // without groups, gaps and version
	Content  int64    // changes with the rows: see LineageStored
}

// LineageStored is a lineage on its way to the catalog.
type LineageStored struct {
	Lineage
	Content     int64            // of the LineageSource
	Reader      int              // version of the program's reader
	Connections []DataConnection // those of the site
}

// ErrAppChanged says that an app's rows have changed since its lineage was made from them.
var ErrAppChanged = errors.New("the app has changed since it was read")

// Direction says which way lineage is followed.
type Direction string

// The directions.
const (
	Upstream   Direction = "upstream"   // where it comes from
	Downstream Direction = "downstream" // what depends on it
	Both       Direction = "both"
)

// A LineageQuery asks what feeds something, or what depends on it.
type LineageQuery struct {
	Scope     Scope
	Key       Key // a node, or a part of dataset keys up to a "/": everything under it; or CODE/connection/NAME
	Direction Direction
	Depth     int  // steps at most; 0: all the way. Script tables and fields count only when they are shown
	Columns   bool // follow columns rather than tables; always so from something that is as fine as a column
	All       bool // with the tables and fields of scripts; false: real sources only
	Limit     int  // nodes at most; 0: 1000
}

// A LineageGraph is what a LineageQuery finds.
type LineageGraph struct {
	Key       Key           `json:"key"`
	Direction Direction     `json:"direction"`
	Columns   bool          `json:"columns"`
	Nodes     []GraphNode   `json:"nodes"` // by depth, then by key; the first is the one asked for
	Edges     []LineageEdge `json:"edges"`
	Truncated bool          `json:"truncated"` // there is more, beyond the depth or the limit
}

// A GraphNode is a node with its distance.
type GraphNode struct {
	LineageNode
	Depth int       `json:"depth"`          // steps from the one asked for
	Side  Direction `json:"side,omitempty"` // where it stands; "" for the one asked for
}

// A ManualEdge is what a person says of an edge: that there is one, or (Denied) that there is none. It wins
// over what the program reads.
type ManualEdge struct {
	From       Key       `json:"from_key"`
	To         Key       `json:"to_key"`
	Denied     bool      `json:"denied"`
	Level      Level     `json:"level"`
	How        How       `json:"how"`
	Confidence float64   `json:"confidence"`
	Author     string    `json:"author"`
	Reason     string    `json:"reason"`
	CreatedAt  time.Time `json:"created_at"`
	// Conflict tells how it and what the program reads contradict each other; "": they don't. Read only.
	Conflict string `json:"conflict,omitempty"`
}

// A LineageShare tells how much of an app's columns lineage explains.
type LineageShare struct {
	App        Key       `json:"app_key"`
	Name       string    `json:"name"`
	Columns    int       `json:"columns"`
	Unresolved int       `json:"unresolved"`
	Edges      int       `json:"edges"`
	Gaps       int       `json:"gaps"`
	BuiltAt    time.Time `json:"built_at"`
}

// A LineageTally counts what a build of lineage did.
type LineageTally struct {
	Apps       int `json:"apps"`    // whose lineage was made
	Changed    int `json:"changed"` // … and is another one now
	Columns    int `json:"columns"`
	Unresolved int `json:"unresolved"` // columns whose origin isn't known
	Gaps       int `json:"gaps"`
}

// Add adds another one's.
func (t *LineageTally) Add(o LineageTally) {
	t.Apps += o.Apps
	t.Changed += o.Changed
	t.Columns += o.Columns
	t.Unresolved += o.Unresolved
	t.Gaps += o.Gaps
}
