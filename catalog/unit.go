package catalog

// A Unit is what is listed, fetched, stored, retried and retired as a whole: an app.
type Unit struct {
	Key  Key
	Name string
}

// A Snapshot is one unit with all that hangs on it, read at one moment.
type Snapshot struct {
	Unit    Unit
	Version string // opaque, from the listing; stored only if there are no gaps

	// Groups are the unit's own report groups: its app group. Streams and personal groups come
	// with the listing of groups.
	Groups  []ReportGroup
	Reports []Report
	Fields  []ReportField
	Sources []SourceCode
	Tables  []ModelTable
	Columns []ModelField
	Gaps    []Gap
}

// Part names what a gap is missing (the part column of catalog.gap).
type Part string

// The parts that can be missing.
const (
	PartApp           Part = "app"            // the Engine refused the app: nothing of it was read there
	PartSheet         Part = "sheet"          // one sheet and what stands on it
	PartMasterObjects Part = "master_objects" // one master object, or all of them
	PartMeasures      Part = "measures"       // one master measure, or all of them
	PartDimensions    Part = "dimensions"     // one master dimension, or all of them
	PartVariables     Part = "variables"      // one variable, or all of them
	PartScript        Part = "script"
	PartDataModel     Part = "data_model"
)

// A Gap is a part that could not be read. Of what the catalog has there, nothing is retired, and a
// snapshot with gaps is stored without its version, so that the next delta tries again.
//
// Key is the thing that is missing: the sheet, the item, or the app for a whole part. What stays is
// every row of the part's kind whose key is Key or stands under it:
//
//	app             everything of the app
//	sheet           reports and fields at or under Key
//	master_objects  fields of type Master Object at or under Key
//	measures, dimensions, variables  likewise, master ones (not inline)
//	script          source code
//	data_model      model tables and fields
type Gap struct {
	Part Part
	Key  Key
	Err  error // its Code and text go to catalog.gap
}
