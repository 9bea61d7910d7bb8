package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Attributes are what the source says beyond the columns. They are shown as they are and never
// branched on. Values are what encoding/json can write.
type Attributes map[string]any

// A zero time.Time and an empty string mean "absent" in every row: they are stored as null.

// GroupKind tells what a ReportGroup is in the source.
type GroupKind string

// The kinds of report groups.
const (
	GroupStream   GroupKind = "stream"
	GroupApp      GroupKind = "app"
	GroupPersonal GroupKind = "personal"
)

// GroupType is the type column of every report group (contract §4).
const GroupType = "Domain"

// A ReportGroup is a stream, an app seen as the group of its sheets, or a person's own apps.
type ReportGroup struct {
	Key, Parent              Key
	Kind                     GroupKind
	Name, Description, Owner string
	Tags                     []string
	Attributes               Attributes
	CreatedAt, ModifiedAt    time.Time
}

// ReportKind tells what a Report is in the source.
type ReportKind string

// The kinds of reports.
const (
	ReportApp   ReportKind = "app"
	ReportSheet ReportKind = "sheet"
	ReportCell  ReportKind = "cell"
)

// The type column of reports that have a fixed one; a cell's type is its visualization.
const (
	TypeApp   = "Presentation Layer"
	TypeSheet = "Sheet"
)

// A Position is where a cell stands on its sheet's grid, or a sheet's rank among its siblings.
// Absent members are nil.
type Position struct {
	Col     *float64 `json:"col,omitempty"`
	Row     *float64 `json:"row,omitempty"`
	Colspan *float64 `json:"colspan,omitempty"`
	Rowspan *float64 `json:"rowspan,omitempty"`
	Rank    *float64 `json:"rank,omitempty"`
}

// A Report is something a person opens: an app, a sheet, a cell (a chart).
type Report struct {
	Key, Group, Parent Key
	Kind               ReportKind
	Type               string
	Name               string
	SourceDescription  string
	Owner              string // DIRECTORY\user
	URL                string
	Published          *bool
	Approved           *bool
	Position           *Position
	Tags               []string
	Attributes         Attributes

	CreatedAt, ModifiedAt, PublishedAt, ReloadedAt time.Time

	// Incomplete marks a row made from less than the source has of it (a sheet of a refused app,
	// known from the listing only). It is stored where the catalog has no such row, or a retired
	// one; a fuller row from an earlier crawl stays as it is.
	Incomplete bool
}

// FieldType is the type column of a report field.
type FieldType string

// The types of report fields, as contract §4 spells them.
const (
	Measure      FieldType = "Measure"
	Dimension    FieldType = "Dimension"
	MasterObject FieldType = "Master Object"
	Variable     FieldType = "Variable"
)

// Origin tells where a report field is defined.
type Origin string

// The origins of report fields.
const (
	OriginMaster Origin = "master" // in the app's library; a variable made by a person
	OriginInline Origin = "inline" // in a cell
	OriginScript Origin = "script" // a variable made by the load script
)

// A ReportField is a measure, a dimension, a master object or a variable.
type ReportField struct {
	Key, Report Key // Report: the app of a master item, the cell of an inline one
	Type        FieldType
	Origin      Origin
	Name, Label string
	Formula     string
	Description string
	Master      Key // the master item that an inline field uses
	Tags        []string
	Attributes  Attributes

	CreatedAt, ModifiedAt time.Time

	// Incomplete: see Report.Incomplete.
	Incomplete bool
}

// Values of SourceCode that are the same for every load script.
const (
	TypeScript         = "Script"
	LanguageLoadScript = "qlik-load-script"
)

// SourceCode is a load script, byte for byte as the source sent it.
type SourceCode struct {
	Key, Report Key
	Name        string
	Type        string
	Language    string
	Code        string
}

// SHA256 is the hash of the text as sent, in lower-case hex.
func (s SourceCode) SHA256() string {
	sum := sha256.Sum256([]byte(s.Code))
	return hex.EncodeToString(sum[:])
}

// Lines counts line feeds, plus one if the text doesn't end with one.
func (s SourceCode) Lines() int {
	n := strings.Count(s.Code, "\n")
	if s.Code != "" && !strings.HasSuffix(s.Code, "\n") {
		n++
	}
	return n
}

// A ModelTable is a table of an app's data model.
type ModelTable struct {
	Key, Report             Key
	Name, Comment           string
	Rows, Fields, KeyFields int64
	Attributes              Attributes
}

// A ModelField is a field of an app's data model, once per app however many tables have it.
type ModelField struct {
	Key, Report     Key
	Name, Comment   string
	Tables          []string
	IsKey, IsHidden bool
	Cardinality     int64
	Tags            []string
	Attributes      Attributes
}
