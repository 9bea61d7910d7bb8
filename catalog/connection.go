package catalog

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// A Connection is a site to be read, as contract §2 describes it.
type Connection struct {
	Code        string // never changes
	Name        string
	Type        string // the source, "qlik-sense"
	Environment string
	Description string
	URL         string

	AccessInstructions string
	Governance         map[string]string // owner, steward, custodian

	// Settings are all other keys of the connection, without the values of secrets: those are in
	// Secrets. A reference to a secret (env:NAME, file:PATH) isn't a secret and stays here.
	Settings json.RawMessage

	// Secrets are the values of secret keys by path, such as "jwt.token". The store seals them
	// before they are written. String, JSON and logs never show them: see Secrets.
	Secrets Secrets

	// Schedule says when it is crawled by itself; nil: never, or, in an edit, as before.
	Schedule *Schedule

	// What crawls and checks found; read only.
	Health        Health
	HealthReason  string
	HealthSince   time.Time
	LastSuccessAt time.Time
	NextRunAt     time.Time
	CreatedAt     time.Time
	ModifiedAt    time.Time

	// Revision counts edits. An edit that says which one it was made of is refused when there was another
	// since; 0 says nothing.
	Revision int64
	Removal  *Removal // nil: it isn't being removed
	// CheckedAt is the last light check; CheckHalted says that its login was refused, and that it isn't
	// tried again until the settings change.
	CheckedAt   time.Time
	CheckHalted bool
}

// A Removal is how far removing a connection with everything that the catalog has of it is.
type Removal struct {
	Since time.Time `json:"since"`
	Total int64     `json:"total"` // rows; 0 until they were counted
	Done  int64     `json:"done"`
}

// A Use is something that keeps a connection from being removed.
type Use struct {
	What   string `json:"what"`   // "crawl", "schedule" or "lineage_edge"
	Detail string `json:"detail"` // a sentence: which one, and what to do
}

// An InUse error says what keeps a connection from being removed.
type InUse struct{ Uses []Use }

func (e *InUse) Error() string {
	var b strings.Builder
	b.WriteString("it is in use")
	for _, u := range e.Uses {
		b.WriteString("\n" + u.Detail)
	}
	return b.String()
}

// ErrChanged is in the chain of an edit's error when somebody else edited the connection meanwhile.
var ErrChanged = errors.New("somebody else changed it meanwhile")

// Health is a connection's traffic light.
type Health string

// The healths of a connection.
const (
	Green   Health = "green"
	Red     Health = "red"
	Unknown Health = "unknown"
)

// Secrets are secret values by path. Whatever prints them prints only their paths.
type Secrets map[string]Secret

// A Secret prints, logs and marshals as "(hidden)". Reveal gives its value to the one who needs it.
type Secret struct{ value string }

// Hidden is what a secret looks like.
const Hidden = "(hidden)"

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value. Call it where the value is used, and nowhere else.
func (s Secret) Reveal() string { return s.value }

func (s Secret) String() string               { return Hidden }
func (s Secret) GoString() string             { return Hidden }
func (s Secret) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// Counts are how many live rows a connection has, by what they are.
type Counts struct {
	Streams       int `json:"streams"`
	Apps          int `json:"apps"`
	Sheets        int `json:"sheets"`
	Cells         int `json:"cells"`
	Measures      int `json:"measures"`
	Dimensions    int `json:"dimensions"`
	MasterObjects int `json:"master_objects"`
	Variables     int `json:"variables"`
	Scripts       int `json:"scripts"`
	Tables        int `json:"tables"`
	Fields        int `json:"fields"`
	Gaps          int `json:"gaps"`
}
