package catalog

import "time"

// RunID numbers the crawls of all connections.
type RunID int64

// Mode says how much a crawl reads.
type Mode string

// The modes of a crawl.
const (
	Full     Mode = "full"     // every unit
	Delta    Mode = "delta"    // those whose version changed
	Selected Mode = "selected" // those asked for; retires nothing
)

// Trigger says who asked for a crawl.
type Trigger string

// The triggers of a crawl.
const (
	BySchedule Trigger = "schedule"
	ByAPI      Trigger = "api"
	ByUI       Trigger = "ui"
	ByCLI      Trigger = "cli"
	ByCreation Trigger = "created"
)

// State is where a run stands.
type State string

// The states of a run. Done, Failed and Cancelled are final; an Interrupted run may be resumed.
const (
	Queued      State = "queued"
	Running     State = "running"
	Done        State = "done"
	Failed      State = "failed"
	Cancelled   State = "cancelled"
	Interrupted State = "interrupted"
)

// A Run is one crawl of one connection.
type Run struct {
	ID         RunID
	Connection string // its code
	Mode       Mode
	Trigger    Trigger
	State      State
	Tally      Tally
	StartedAt  time.Time
	FinishedAt time.Time
	Error      string

	Apps   []string // with Selected: app ids or names as the user gave them
	Groups []Key    // with Selected: report groups whose apps are wanted

	AllowMassRetire bool // a person said that most units may go

	Shared  bool  // any number of processes work on it; else one process owns it
	Stage   Stage // of a shared one
	Version int64 // one more with each change that a watcher may see
	AskedAt time.Time
	AskedBy string // who asked: a user's name; empty: nobody (a schedule) or unknown
}

// A Tally counts a run's units by what became of them. Listed is what the source lists.
type Tally struct {
	Listed    int `json:"listed"`
	Planned   int `json:"planned"` // to be read
	Skipped   int `json:"skipped"` // of the unchanged: not opened, since their version is known
	Added     int `json:"added"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Retired   int `json:"retired"`
	Partial   int `json:"partial"`
	Failed    int `json:"failed"`

	Usage Usage `json:"usage"`

	Lineage LineageTally `json:"lineage"` // of the apps whose lineage was made
}

// Count adds one outcome.
func (t *Tally) Count(c Change) {
	switch c {
	case Added:
		t.Added++
	case Updated:
		t.Updated++
	case Unchanged:
		t.Unchanged++
	case Retired:
		t.Retired++
	case Partial:
		t.Partial++
	case FailedUnit:
		t.Failed++
	}
}

// Read is how many planned units have an outcome.
func (t Tally) Read() int {
	return t.Added + t.Updated + t.Unchanged - t.Skipped + t.Partial + t.Failed
}

// Usage is what a crawl cost the source.
type Usage struct {
	Requests      int64 `json:"requests"`        // REST requests, logins and log-outs included
	Calls         int64 `json:"calls"`           // Engine calls
	Sockets       int64 `json:"sockets"`         // Engine sockets opened
	Opens         int64 `json:"opens"`           // apps opened without data
	OpensWithData int64 `json:"opens_with_data"` // apps opened with data
	Sessions      int64 `json:"sessions"`        // Qlik sessions started (logins)
	BytesReceived int64 `json:"bytes_received"`  // payload bytes, REST and Engine
	EngineMillis  int64 `json:"engine_ms"`       // while the Engine owed answers, in ms, all sockets together: its work and the way to it
}

// EngineTime is EngineMillis as a duration.
func (u Usage) EngineTime() time.Duration { return time.Duration(u.EngineMillis) * time.Millisecond }

// Plus is the sum of two costs.
func (u Usage) Plus(o Usage) Usage {
	return Usage{
		u.Requests + o.Requests, u.Calls + o.Calls, u.Sockets + o.Sockets, u.Opens + o.Opens,
		u.OpensWithData + o.OpensWithData, u.Sessions + o.Sessions, u.BytesReceived + o.BytesReceived,
		u.EngineMillis + o.EngineMillis,
	}
}

// Minus is what was spent since o.
func (u Usage) Minus(o Usage) Usage {
	return u.Plus(Usage{-o.Requests, -o.Calls, -o.Sockets, -o.Opens, -o.OpensWithData, -o.Sessions, -o.BytesReceived, -o.EngineMillis})
}

// Change is what became of a unit in a run.
type Change string

// The outcomes of a unit.
const (
	Added      Change = "added"
	Updated    Change = "updated"
	Unchanged  Change = "unchanged"
	Retired    Change = "retired"
	Partial    Change = "partial" // stored, with gaps
	FailedUnit Change = "failed"
)

// An Outcome is what became of one unit in one run.
type Outcome struct {
	Run      RunID
	Unit     Unit
	Change   Change
	Err      error // why it failed, or the first gap of a partial one
	Duration time.Duration
}

// RowChanges counts the rows of a unit that a run added, changed, retired and restored.
type RowChanges struct {
	Added    int `json:"added"`
	Changed  int `json:"changed"`
	Retired  int `json:"retired"`
	Restored int `json:"restored"`
}

// Add adds another unit's.
func (c *RowChanges) Add(other RowChanges) {
	c.Added += other.Added
	c.Changed += other.Changed
	c.Retired += other.Retired
	c.Restored += other.Restored
}
