package catalog

import "time"

// A RunRow is a crawl as it is read.
type RunRow struct {
	ID         int64     `json:"id" doc:"Numbers the crawls of all connections."`
	Connection string    `json:"connection" doc:"The connection's code."`
	Mode       string    `json:"mode" enum:"full,delta,selected" doc:"How much it reads."`
	Trigger    string    `json:"trigger" enum:"schedule,api,ui,cli,created" doc:"Who asked."`
	State      string    `json:"state" enum:"queued,running,done,failed,cancelled,interrupted" doc:"Where it stands."`
	Stage      string    `json:"stage,omitempty" doc:"Of one that isn't over: listing, reading or retiring."`
	Tally      Tally     `json:"tally" doc:"What became of the apps so far, and what it cost."`
	AskedAt    time.Time `json:"asked_at,omitzero" doc:"When it was asked for."`
	AskedBy    string    `json:"asked_by,omitempty" doc:"By whom; absent: nobody, or unknown."`
	StartedAt  time.Time `json:"started_at,omitzero" doc:"When it began; absent while it waits."`
	FinishedAt time.Time `json:"finished_at,omitzero" doc:"When it ended; absent until then."`
	Error      string    `json:"error,omitempty" doc:"Why it didn't end well."`
	Apps       []string  `json:"apps,omitempty" doc:"Of a selected crawl: the apps asked for."`
	Groups     []string  `json:"groups,omitempty" doc:"Of a selected crawl: the report groups asked for."`
	Version    int64     `json:"version" doc:"Grows with each change: the id of its events."`
}

// Over reports whether the crawl has ended.
func (r RunRow) Over() bool { return !r.FinishedAt.IsZero() }

// An OutcomeRow is what became of one app in a crawl, as it is read.
type OutcomeRow struct {
	Run        int64  `json:"run" doc:"The crawl."`
	AppKey     Key    `json:"app_key" doc:"The app."`
	Name       string `json:"name,omitempty" doc:"Its name."`
	Change     string `json:"change" enum:"added,updated,unchanged,retired,partial,failed" doc:"What became of it."`
	ErrorCode  string `json:"error_code,omitempty" doc:"Why it failed, or is partial."`
	Error      string `json:"error,omitempty" doc:"The same in words."`
	Cure       string `json:"cure,omitempty" doc:"What to do about it."`
	DurationMS int64  `json:"duration_ms" doc:"How long it took, in milliseconds."`

	Rows *RowChanges `json:"rows,omitempty" doc:"How many of its rows were added, changed, retired and restored; absent where there was no change, and in a first crawl."`
}

// A FedOutcome is an outcome for who follows a crawl. Mark is where it was written: equal for what was written
// at once, and greater for what came later.
type FedOutcome struct {
	OutcomeRow
	Mark int64
}

// InHand is what a crawl is busy with just now.
type InHand struct {
	Apps    int     // in the batches that processes have taken, and not done
	Workers int     // the processes
	Names   []AppOf // of some of them, in the order in which they are read
}

// An AppOf is an app of a crawl; Name is empty if neither the listing nor the catalog has one.
type AppOf struct {
	Key  Key
	Name string
}
