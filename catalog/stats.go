package catalog

import "time"

// Stats are the catalog in numbers.
type Stats struct {
	Total       Counts            `json:"total"`
	Connections []ConnectionStats `json:"connections"` // by name
	Crawls      []CrawlStats      `json:"crawls"`      // the newest ten, the newest first
	CountedAt   time.Time         `json:"counted_at"`  // when rows were last counted
}

// ConnectionStats are one connection in numbers.
type ConnectionStats struct {
	Code          string    `json:"code"`
	Name          string    `json:"name"`
	Environment   string    `json:"environment,omitempty"`
	Health        Health    `json:"health"`
	HealthReason  string    `json:"health_reason,omitempty"`
	LastSuccessAt time.Time `json:"last_success_at,omitzero"`
	Counts        Counts    `json:"counts"`
	Counted       bool      `json:"-"` // false: its rows are being counted for the first time
}

// CrawlStats are one crawl in short.
type CrawlStats struct {
	ID         RunID     `json:"id"`
	Connection string    `json:"connection"`
	Mode       Mode      `json:"mode"`
	Trigger    Trigger   `json:"trigger"`
	State      State     `json:"state"`
	Tally      Tally     `json:"tally"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	Error      string    `json:"error,omitempty"`
}

// Add adds another connection's.
func (c *Counts) Add(other Counts) {
	for _, x := range []struct {
		to *int
		n  int
	}{
		{&c.Streams, other.Streams},
		{&c.Apps, other.Apps},
		{&c.Sheets, other.Sheets},
		{&c.Cells, other.Cells},
		{&c.Measures, other.Measures},
		{&c.Dimensions, other.Dimensions},
		{&c.MasterObjects, other.MasterObjects},
		{&c.Variables, other.Variables},
		{&c.Scripts, other.Scripts},
		{&c.Tables, other.Tables},
		{&c.Fields, other.Fields},
		{&c.Gaps, other.Gaps},
	} {
		*x.to += x.n
	}
}
