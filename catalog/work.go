package catalog

import (
	"fmt"
	"time"
)

// A Claim is the right of one process to write for a run, or for one batch of a run that several
// processes share. A later claim of the same thing ends it: what the earlier one still writes is refused.
type Claim struct {
	Run     RunID
	Batch   int // from 1; 0: the run itself (its listing, its end)
	Attempt int
}

// Stage is what a run that processes share needs next.
type Stage string

// The stages of a shared run. Its listing and its end are one process's, its reading is everybody's.
const (
	StageListing  Stage = "listing"
	StageReading  Stage = "reading"
	StageRetiring Stage = "retiring"
)

// A PackedUnit is a listed unit in a form that another process can read.
type PackedUnit struct {
	Key    Key
	Name   string // as the listing has it; a Batch is without
	Packed []byte
}

// A Draft is the plan of a run, for the processes that share it.
type Draft struct {
	Units  []PackedUnit // to be read
	Retire []Key        // known, and no longer listed
	Tally  Tally        // listed, planned and skipped
}

// A Batch is a claimed part of a run: the units of it that have no outcome yet.
type Batch struct {
	Claim
	Connection string
	Units      []PackedUnit
}

// A Limit says how many may work for a connection at a time, over all processes.
type Limit struct {
	Workers  int // apps read at a time
	Sessions int // Qlik sessions: one a process
}

// InFlight is the cause of a CodeConflict: a sweep that stands in the way of another.
type InFlight struct {
	Run       RunID
	Mode      Mode
	State     State
	StartedAt time.Time // zero while it waits
}

func (e *InFlight) Error() string {
	if e.StartedAt.IsZero() {
		return fmt.Sprintf("run %d (%s) of this connection is %s", e.Run, e.Mode, e.State)
	}
	return fmt.Sprintf("run %d (%s) of this connection is in flight since %s", e.Run, e.Mode, e.StartedAt.UTC().Format(time.RFC3339))
}

// A Schedule says when a connection is crawled by itself.
type Schedule struct {
	Cron      string // five fields, or a descriptor such as @daily
	TimeZone  string // IANA name
	Mode      Mode   // full or delta
	FullEvery int    // with Delta: every so many runs a full one; 0: never
	Enabled   bool
	Next      time.Time // zero: not enabled, or nobody has computed it
}

// A SchedulePreset is a schedule that people pick by name.
type SchedulePreset struct {
	Name string `json:"name"`
	Cron string `json:"cron"`
}

// A Turn is the answer to a process that wants to work.
type Turn int

// The answers.
const (
	NothingToDo Turn = iota // others do it, it is done, or the run has ended
	Yours                   // claimed
	WaitTurn                // as many work for the connection as may
)

// A SharedRun is a claimed run with what its stage needs.
type SharedRun struct {
	Claim
	Details Run
	Retire  []Key // at StageRetiring
}
