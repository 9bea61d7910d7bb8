package catalog

import "time"

// The rows of this file are what people and programs read of the catalog. Their JSON names are the
// columns of the views (contract §4); what is absent is left out.

// Seen is what every row says of when it was seen.
type Seen struct {
	FirstSeenAt time.Time `json:"first_seen_at,omitzero"`
	LastSeenAt  time.Time `json:"last_seen_at,omitzero"` // by a complete run; of a live row the last one
	RetiredAt   time.Time `json:"retired_at,omitzero"`   // not zero: no longer in the source
}

// A GroupRow is a report group as it is read.
type GroupRow struct {
	Key         Key        `json:"key"`
	Connection  string     `json:"connection,omitempty"`
	Parent      Key        `json:"parent_key,omitempty"`
	Type        string     `json:"type,omitempty"`
	Kind        GroupKind  `json:"kind,omitempty"`
	Name        string     `json:"name,omitempty"`
	Description string     `json:"description,omitempty"`
	Owner       string     `json:"owner,omitempty"`
	Tags        []string   `json:"tags,omitempty"`
	Attributes  Attributes `json:"attributes,omitempty"`
	CreatedAt   time.Time  `json:"created_at,omitzero"`
	ModifiedAt  time.Time  `json:"modified_at,omitzero"`
	Seen
}

// A ReportRow is a report as it is read.
type ReportRow struct {
	Key               Key        `json:"key"`
	Connection        string     `json:"connection,omitempty"`
	Group             Key        `json:"group_key,omitempty"`
	Parent            Key        `json:"parent_key,omitempty"`
	Type              string     `json:"type,omitempty"`
	Kind              ReportKind `json:"kind,omitempty"`
	Name              string     `json:"name,omitempty"`
	SourceDescription string     `json:"source_description,omitempty"`
	Owner             string     `json:"owner,omitempty"`
	URL               string     `json:"url,omitempty"`
	Published         *bool      `json:"published,omitempty"`
	Approved          *bool      `json:"approved,omitempty"`
	Position          *Position  `json:"position,omitempty"`
	Tags              []string   `json:"tags,omitempty"`
	Attributes        Attributes `json:"attributes,omitempty"`
	CreatedAt         time.Time  `json:"created_at,omitzero"`
	ModifiedAt        time.Time  `json:"modified_at,omitzero"`
	PublishedAt       time.Time  `json:"published_at,omitzero"`
	ReloadedAt        time.Time  `json:"reloaded_at,omitzero"`
	Seen
}

// A FieldRow is a report field as it is read.
type FieldRow struct {
	Key         Key        `json:"key"`
	Connection  string     `json:"connection,omitempty"`
	Report      Key        `json:"report_key,omitempty"`
	Type        FieldType  `json:"type,omitempty"`
	Origin      Origin     `json:"origin,omitempty"`
	Name        string     `json:"name,omitempty"`
	Label       string     `json:"label,omitempty"`
	Formula     string     `json:"formula,omitempty"` // credentials masked
	Description string     `json:"description,omitempty"`
	Master      Key        `json:"master_key,omitempty"`
	Tags        []string   `json:"tags,omitempty"`
	Attributes  Attributes `json:"attributes,omitempty"`
	CreatedAt   time.Time  `json:"created_at,omitzero"`
	ModifiedAt  time.Time  `json:"modified_at,omitzero"`
	Seen
}

// A SourceRow is source code as it is read. Its text is masked.
type SourceRow struct {
	Key        Key    `json:"key"`
	Connection string `json:"connection,omitempty"`
	Report     Key    `json:"report_key,omitempty"`
	Type       string `json:"type,omitempty"`
	Name       string `json:"name,omitempty"`
	Code       string `json:"code,omitempty"` // masked; only where it is asked for
	Language   string `json:"language,omitempty"`
	SHA256     string `json:"sha256,omitempty"` // of the text as the source sent it
	Lines      int64  `json:"lines,omitempty"`
	Seen
}

// A TableRow is a table of a data model as it is read.
type TableRow struct {
	Key        Key        `json:"key"`
	Connection string     `json:"connection,omitempty"`
	Report     Key        `json:"report_key,omitempty"`
	Name       string     `json:"name,omitempty"`
	Rows       int64      `json:"rows"`
	Fields     int64      `json:"fields"`
	KeyFields  int64      `json:"key_fields"`
	Comment    string     `json:"comment,omitempty"`
	Attributes Attributes `json:"attributes,omitempty"`
	Seen
}

// A ColumnRow is a field of a data model as it is read.
type ColumnRow struct {
	Key         Key        `json:"key"`
	Connection  string     `json:"connection,omitempty"`
	Report      Key        `json:"report_key,omitempty"`
	Name        string     `json:"name,omitempty"`
	Tables      []string   `json:"tables,omitempty"`
	IsKey       bool       `json:"is_key"`
	IsHidden    bool       `json:"is_hidden"`
	Cardinality int64      `json:"cardinality"`
	Comment     string     `json:"comment,omitempty"`
	Tags        []string   `json:"tags,omitempty"`
	Attributes  Attributes `json:"attributes,omitempty"`
	Seen
}

// A GapRow is a part of an app that could not be read, as it is read.
type GapRow struct {
	Connection string    `json:"connection,omitempty"`
	App        Key       `json:"app_key,omitempty"`
	Part       Part      `json:"part"`
	Key        Key       `json:"key"` // what is missing: the app for a whole part
	Code       Code      `json:"error_code,omitempty"`
	Error      string    `json:"error,omitempty"`
	Cure       string    `json:"cure,omitempty"`
	Since      time.Time `json:"since,omitzero"`
}

// A ChangeRow is one thing that a run found changed.
type ChangeRow struct {
	ID         int64     `json:"id"` // grows with time
	Connection string    `json:"connection,omitempty"`
	Run        int64     `json:"run,omitempty"`
	Key        Key       `json:"key,omitempty"`
	What       string    `json:"what,omitempty"` // added, changed, retired, restored
	Column     string    `json:"column_name,omitempty"`
	Old        string    `json:"old,omitempty"`
	New        string    `json:"new,omitempty"`
	At         time.Time `json:"at,omitzero"`
}

// A Crumb is one step on the way from a connection down to a thing.
type Crumb struct {
	Key  Key    `json:"key"`
	Kind string `json:"kind"` // connection, stream, personal, app, sheet, cell
	Name string `json:"name,omitempty"`
}

// Below counts the live things that stand under one.
type Below struct {
	Apps          int `json:"apps,omitempty"`
	Sheets        int `json:"sheets,omitempty"`
	Cells         int `json:"cells,omitempty"`
	Measures      int `json:"measures,omitempty"`
	Dimensions    int `json:"dimensions,omitempty"`
	MasterObjects int `json:"master_objects,omitempty"`
	Variables     int `json:"variables,omitempty"`
	Scripts       int `json:"scripts,omitempty"`
	Tables        int `json:"tables,omitempty"`
	Fields        int `json:"fields,omitempty"`
}

// Around is what every page of a thing tells besides the thing.
type Around struct {
	Path               []Crumb    `json:"path"` // from the connection to what it stands in
	Governance         Governance `json:"governance"`
	AccessInstructions string     `json:"access_instructions,omitempty"` // how people get at the data
	Gaps               []GapRow   `json:"gaps,omitempty"`                // of its app that concern it
}

// A GroupDetail is all about one report group.
type GroupDetail struct {
	GroupRow
	Around
	Below Below `json:"below"`
}

// A ReportDetail is all about one report.
type ReportDetail struct {
	ReportRow
	Around
	Below Below `json:"below"`
}

// A FieldDetail is all about one report field.
type FieldDetail struct {
	FieldRow
	Around
	MasterName string `json:"master_name,omitempty"` // of the master item that it uses
	Uses       int    `json:"uses"`                  // how many live inline fields use it
	Same       int    `json:"same"`                  // how many live fields of the connection have its name and formula, up to SameLimit
}

// A SourceDetail is all about one source code, its masked text included.
type SourceDetail struct {
	SourceRow
	Around
	Versions []SourceVersion `json:"versions"` // the newest first
}

// A SourceVersion is a text that source code had for some time.
type SourceVersion struct {
	SHA256      string    `json:"sha256"`
	Lines       int64     `json:"lines,omitempty"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at,omitzero"` // when the next one was seen; of the newest see the source code
	Run         int64     `json:"run,omitempty"`         // that found it; 0: the first
	Code        string    `json:"code,omitempty"`        // masked; only where one version is read
}

// A TableDetail is all about one table of a data model.
type TableDetail struct {
	TableRow
	Around
}

// A ColumnDetail is all about one field of a data model.
type ColumnDetail struct {
	ColumnRow
	Around
}

// A Name is what a key stands for.
type Name struct {
	Kind    string `json:"kind"` // connection, stream, app, app_group, sheet, cell, measure, …, table, field, script
	Name    string `json:"name,omitempty"`
	Retired bool   `json:"retired,omitempty"`
}

// Governance says who answers for a thing: each by name, and where that was said.
type Governance struct {
	Owner     *Responsible `json:"owner,omitempty"`
	Steward   *Responsible `json:"steward,omitempty"`
	Custodian *Responsible `json:"custodian,omitempty"`
}

// A Responsible is a user who answers for a thing.
type Responsible struct {
	User string `json:"user"`
	// From is the key of the connection, report group or report that says so. Other than the thing's own:
	// it is inherited.
	From Key `json:"from"`
}

// A GovernanceDetail is who answers for one thing, and what it says of that itself.
type GovernanceDetail struct {
	Key Key `json:"key"`
	Governance
	Said GovernanceEdit `json:"said"`
}

// GovernanceEdit is what a thing itself says of who answers for it; "" says nothing, so that it inherits.
type GovernanceEdit struct {
	Owner     string `json:"owner,omitempty"`
	Steward   string `json:"steward,omitempty"`
	Custodian string `json:"custodian,omitempty"`
}
