package catalog

import "time"

// A HealthChange is what the health of a connection became.
type HealthChange struct {
	At     time.Time
	Health Health
	Reason string // why it is red
}

// An AppRun is what became of one app in one crawl.
type AppRun struct {
	Run        RunID
	Mode       Mode
	Trigger    Trigger
	FinishedAt time.Time // of the crawl; zero while it runs
	OutcomeRow
}

// A ScriptLink says that a statement of a load script reads or writes something: a table of the script,
// a file, a table of a database.
type ScriptLink struct {
	Line   int // of the statement, from 1
	Node   Key
	Kind   NodeKind // NodeDataset, NodeScriptTable
	Name   string
	Writes bool
}

// A Twin is a report field that goes by the same name as another one.
type Twin struct {
	FieldRow
	App     Key
	AppName string
	Alike   bool // the formula is the same, too
}

// MostTwins is how many twins are looked for.
const MostTwins = 200

// A Conflict is a name that several master items of one type go by, whose formulas differ.
type Conflict struct {
	Name     string
	Fields   int // report fields of that name
	Formulas int // how many different formulas they have
	Key      Key // of one of them
}
