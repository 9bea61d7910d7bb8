package catalog

import "time"

// Channel is a way to tell something.
type Channel string

// The channels of notifications.
const (
	ByEmail   Channel = "email"
	ByWebhook Channel = "webhook"
)

// A Notification is a digest on its way to one target.
type Notification struct {
	ID         string // the same on every attempt: receivers know a repetition by it
	Connection string
	Run        RunID
	Channel    Channel
	Target     string // a mail address; the address of a webhook, or a reference to it
	Digest     Digest
	Attempts   int // this one included
	CreatedAt  time.Time
}

// A Digest is what a crawl has to tell.
type Digest struct {
	Connection DigestConnection `json:"connection"`
	Run        DigestRun        `json:"run"`
	// Counts are the apps by what became of them, as far as they were asked for. A crawl that failed as a
	// whole counts as failed, whatever its apps.
	Counts map[Event]int `json:"counts"`
	// Partial are the apps that were read in part.
	Partial int `json:"partial"`
	// Items are the first apps of each kind, by name.
	Items map[Event][]DigestItem `json:"items"`
}

// A DigestConnection names the connection of a digest.
type DigestConnection struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	Environment string `json:"environment,omitempty"`
}

// A DigestRun tells of the crawl of a digest.
type DigestRun struct {
	ID         RunID     `json:"id"`
	Mode       Mode      `json:"mode"`
	Trigger    Trigger   `json:"trigger"`
	State      State     `json:"state"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Error      string    `json:"error,omitempty"`
}

// A DigestItem is one app.
type DigestItem struct {
	Key   Key         `json:"key"`
	Name  string      `json:"name"`
	URL   string      `json:"url,omitempty"` // in Qlik
	Rows  *RowChanges `json:"rows,omitempty"`
	Error string      `json:"error,omitempty"`
	Cure  string      `json:"cure,omitempty"`
}
