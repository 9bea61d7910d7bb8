package qix

import "encoding/json"

// Info says what a thing is: qInfo.
type Info struct {
	ID   string `json:"qId"`
	Type string `json:"qType"`
}

// An ObjectEntry is one item of a list of objects, dimensions or measures.
type ObjectEntry struct {
	Info Info            `json:"qInfo"`
	Meta Meta            `json:"qMeta"`
	Data json.RawMessage `json:"qData"` // the members that the list's definition asks for, evaluated
}

// A VariableEntry is one variable of a list.
type VariableEntry struct {
	Info            Info            `json:"qInfo"`
	Meta            Meta            `json:"qMeta"`
	Name            string          `json:"qName"`
	Description     string          `json:"qDescription"`
	Definition      string          `json:"qDefinition"`
	IsConfig        bool            `json:"qIsConfig"`
	IsReserved      bool            `json:"qIsReserved"`
	IsScriptCreated bool            `json:"qIsScriptCreated"`
	Data            json.RawMessage `json:"qData"`
}

// Meta is what the repository says about a thing: qMeta (facts C.7). Any member may be missing;
// on Desktop all but Privileges are.
type Meta struct {
	Title        Text      `json:"title"`
	Description  Text      `json:"description"`
	Tags         []Text    `json:"tags"`
	CreatedDate  Timestamp `json:"createdDate"`
	ModifiedDate Timestamp `json:"modifiedDate"`
	Published    *bool     `json:"published"` // nil: not said
	PublishTime  Timestamp `json:"publishTime"`
	Approved     *bool     `json:"approved"` // nil: not said
	Owner        Owner     `json:"owner"`
	Privileges   []Text    `json:"privileges"`
	RepositoryID Text      `json:"id"` // the row's id in the repository, which isn't the object's
}

// Owner is whose a thing is.
type Owner struct {
	ID            Text `json:"id"`
	UserID        Text `json:"userId"`
	UserDirectory Text `json:"userDirectory"`
	Name          Text `json:"name"`
}

// UnmarshalJSON also takes a string, which is the id (as Qlik Cloud has it); it never fails on
// valid JSON.
func (o *Owner) UnmarshalJSON(data []byte) error {
	type plain Owner
	var p plain
	if json.Unmarshal(data, &p) == nil {
		*o = Owner(p)
		return nil
	}
	return o.ID.UnmarshalJSON(data)
}

// AppLayout is what the Engine says about an open app.
type AppLayout struct {
	Title               Text            `json:"qTitle"`
	FileName            Text            `json:"qFileName"`
	LastReloadTime      Timestamp       `json:"qLastReloadTime"`
	HasScript           bool            `json:"qHasScript"`
	HasData             bool            `json:"qHasData"`
	IsOpenedWithoutData bool            `json:"qIsOpenedWithoutData"`
	ReadOnly            bool            `json:"qReadOnly"`
	StateNames          []Text          `json:"qStateNames"`
	Meta                Meta            `json:"qMeta"`
	LocaleInfo          json.RawMessage `json:"qLocaleInfo"`
	Thumbnail           struct {
		URL Text `json:"qUrl"`
	} `json:"qThumbnail"`
}

// ScriptEx is a load script with what is known about it.
type ScriptEx struct {
	Script   string          `json:"qScript"`
	Meta     json.RawMessage `json:"qMeta"`
	IsLocked bool            `json:"qIsLocked"`
}

// A LineageEntry is one source or target of the last reload (facts C.9). Statements may hold data
// and passwords.
type LineageEntry struct {
	Discriminator string `json:"qDiscriminator"`
	Statement     string `json:"qStatement"`
}

// A Connection is a data connection. Its ConnectionString may hold passwords.
type Connection struct {
	ID               string          `json:"qId"`
	Name             string          `json:"qName"`
	ConnectionString string          `json:"qConnectionString"`
	Type             string          `json:"qType"`
	UserName         string          `json:"qUserName"`
	ModifiedDate     Timestamp       `json:"qModifiedDate"`
	LogOn            Text            `json:"qLogOn"`
	Meta             json.RawMessage `json:"qMeta"`
}

// TablesAndKeys is the data model of an app that is open with its data (facts C.10).
type TablesAndKeys struct {
	Tables []Table `json:"qtr"`
	Keys   []Key   `json:"qk"`
}

// A Table is one table of the data model.
type Table struct {
	Name        string       `json:"qName"`
	Rows        Number       `json:"qNoOfRows"`
	Loose       bool         `json:"qLoose"`
	IsSynthetic bool         `json:"qIsSynthetic"`
	Comment     Text         `json:"qComment"`
	Tags        []Text       `json:"qTableTags"`
	Fields      []TableField `json:"qFields"`
}

// A TableField is a field of a Table.
type TableField struct {
	Name                  string `json:"qName"`
	OriginalFields        []Text `json:"qOriginalFields"`
	HasNull               bool   `json:"qHasNull"`
	HasDuplicates         bool   `json:"qHasDuplicates"`
	IsSynthetic           bool   `json:"qIsSynthetic"`
	InformationDensity    Number `json:"qInformationDensity"`
	SubsetRatio           Number `json:"qSubsetRatio"`
	NonNulls              Number `json:"qnNonNulls"`
	Rows                  Number `json:"qnRows"`
	TotalDistinctValues   Number `json:"qnTotalDistinctValues"`
	PresentDistinctValues Number `json:"qnPresentDistinctValues"`
	KeyType               Text   `json:"qKeyType"` // NOT_KEY, ANY_KEY, PRIMARY_KEY, PERFECT_KEY
	Tags                  []Text `json:"qTags"`
	Comment               Text   `json:"qComment"`
}

// A Key is a set of fields that several tables share.
type Key struct {
	Fields []string `json:"qKeyFields"`
	Tables []string `json:"qTables"`
}
