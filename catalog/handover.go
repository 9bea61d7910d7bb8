package catalog

import "time"

// An AppLineage is what the catalog has of an app's lineage, for programs that take lineage over. Nothing in
// it needs masking any more.
type AppLineage struct {
	App         Key
	Name        string
	Description string
	Owner       string    // DIRECTORY\user
	At          time.Time // the app's last reload; the zero time if it isn't known
	BuiltAt     time.Time // when the lineage was made
	Script      string    // masked; "" if the catalog has none
	// Nodes are the app's own, and the datasets that it names, by key; Edges are what it says and what people
	// say of it, by their ends.
	Nodes []LineageNode
	Edges []LineageEdge
	// Links lead into the datasets and columns that it names from those of other apps: files that a mask
	// stands for, columns behind a star.
	Links []LineageEdge
}

// An ExportView is one of the views of contract §4, as it is exported.
type ExportView struct {
	Name    string // without the schema
	Columns []string
}
