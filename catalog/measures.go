package catalog

import "time"

// Measures are what monitoring wants to know of the catalog, cheap to ask for.
type Measures struct {
	Runs        []RunCount
	Waiting     map[string]int64 // connection → apps of running crawls that nobody has read yet
	Connections []ConnectionMeasures
	Rows        map[string]int64 // table → rows, as the database estimates them
}

// A RunCount is how many runs of a connection are in a state.
type RunCount struct {
	Connection string
	State      State
	Count      int64
}

// ConnectionMeasures are how a connection is.
type ConnectionMeasures struct {
	Code          string
	Health        Health
	LastSuccessAt time.Time // zero: never
}
