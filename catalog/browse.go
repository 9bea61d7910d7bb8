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
	Formula     string     `json:"formula,omitempty"`
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
