package catalog

import "time"

// A ConnectionDocument is a connection as it is read and written: by its keys (contract §2), without its
// secrets.
type ConnectionDocument struct {
	Connection Connection
	Keys       map[string]any
}

// A SavedConnection is what became of a connection that was created or edited.
type SavedConnection struct {
	ConnectionDocument
	Check    []CheckStep // of the check that was made before saving; nil: none was needed
	FirstRun RunID       // of the first crawl of a new connection; 0: none was started
}

// A SaveRequest says how a connection is to be saved.
type SaveRequest struct {
	Keys map[string]any // the whole, or a merge patch (RFC 7396)
	// Revision is the one that the edit was made of; 0: whatever is there.
	Revision int64
	// Anyway saves without a check that passed.
	Anyway bool
	// MayGrant: who saves may say who administers the connection.
	MayGrant bool
	// MaySchedule: who saves may say when the connection is crawled.
	MaySchedule bool
	// DryRun says what is wrong with the keys, and saves, checks and starts nothing.
	DryRun bool
}

// A CheckStep is one step of a check of a connection.
type CheckStep struct {
	Name       string `json:"name" doc:"The same in every version."`
	Title      string `json:"title" doc:"What a person reads."`
	Status     string `json:"status" enum:"ok,failed,skipped" doc:"How it ended."`
	Detail     string `json:"detail,omitempty" doc:"What was found."`
	ErrorCode  Code   `json:"error_code,omitempty" doc:"Why it failed, for programs."`
	Error      string `json:"error,omitempty" doc:"Why it failed."`
	Cure       string `json:"cure,omitempty" doc:"The setting to change, in Qlik or in the connection."`
	Key        string `json:"key,omitempty" doc:"The connection's key that a failed step is about, such as proxy.url; absent: it may be several, or a setting in Qlik."`
	DurationMS int64  `json:"duration_ms" doc:"How long it took, in milliseconds."`
}

// A CheckFailed error says that a connection wasn't saved, since its check failed.
type CheckFailed struct{ Steps []CheckStep }

// First is the first step that failed.
func (e *CheckFailed) First() CheckStep {
	for _, s := range e.Steps {
		if s.Status == "failed" {
			return s
		}
	}
	return CheckStep{}
}

func (e *CheckFailed) Error() string {
	s := e.First()
	return "the check failed at the step " + s.Name + " (" + s.Title + "): " + s.Error
}

// A ConnectionRow is a row of the list of connections (contract §4).
type ConnectionRow struct {
	Code          string            `json:"code" doc:"The first part of every key."`
	Name          string            `json:"name" doc:"What people call it."`
	Type          string            `json:"type" doc:"The kind of site."`
	Environment   string            `json:"environment,omitempty" doc:"Free text."`
	Description   string            `json:"description,omitempty" doc:"Free text."`
	URL           string            `json:"url" doc:"Where the site is."`
	Health        string            `json:"health" enum:"green,red,unknown" doc:"From crawls and light checks."`
	HealthReason  string            `json:"health_reason,omitempty" doc:"Why it is red."`
	HealthSince   time.Time         `json:"health_since,omitzero" doc:"Since when it has this health."`
	LastSuccessAt time.Time         `json:"last_success_at,omitzero" doc:"The end of the last complete crawl."`
	NextRunAt     time.Time         `json:"next_run_at,omitzero" doc:"When the schedule crawls it next."`
	Counts        map[string]any    `json:"counts,omitempty" doc:"Live rows by what they are."`
	Governance    map[string]string `json:"governance,omitempty" doc:"User names by role."`
	Removing      bool              `json:"removing,omitempty" doc:"It is being removed."`
	CreatedAt     time.Time         `json:"created_at,omitzero" doc:"When it was made."`
	ModifiedAt    time.Time         `json:"modified_at,omitzero" doc:"When it was last edited."`
}
