package catalog

import "time"

// A Coverage tells how much of a connection's apps the catalog has, after a crawl.
type Coverage struct {
	Connection string    `json:"connection"`
	CrawledAt  time.Time `json:"crawled_at,omitzero"` // end of the last complete run; zero: none yet

	Listed        int `json:"listed"`         // apps that the source lists
	Opened        int `json:"opened"`         // … that the source let us read
	Script        int `json:"script"`         // … whose load script was given
	DataModel     int `json:"data_model"`     // … whose data model was given
	SectionAccess int `json:"section_access"` // … that have section access, or refused us by it
	// Lineage counts the apps whose load script was traced. Nil: no lineage was made yet.
	Lineage *int `json:"lineage"`

	Apps []AppCoverage `json:"apps"` // by name
}

// An AppCoverage is what the catalog has of one app.
type AppCoverage struct {
	Key           Key        `json:"key"`
	Name          string     `json:"name"`
	Opened        bool       `json:"opened"`
	Script        bool       `json:"script"`
	DataModel     bool       `json:"data_model"`
	SectionAccess bool       `json:"section_access"`
	Lineage       bool       `json:"lineage"`           // its script was traced
	Columns       int        `json:"columns"`           // of its data model that were looked for in the script
	Unresolved    int        `json:"unresolved"`        // … and whose origin isn't known
	Missing       []GapCause `json:"missing,omitempty"` // why not
}

// A GapCause is a part of an app that could not be read, and why.
type GapCause struct {
	Part  Part   `json:"part"`
	Key   Key    `json:"key"` // what is missing: the app for a whole part
	Code  Code   `json:"error_code"`
	Error string `json:"error"`
	Cure  string `json:"cure,omitempty"`
}

// Add counts an app in.
func (c *Coverage) Add(a AppCoverage) {
	c.Apps = append(c.Apps, a)
	c.Listed++
	for _, x := range []struct {
		has  bool
		into *int
	}{{a.Opened, &c.Opened}, {a.Script, &c.Script}, {a.DataModel, &c.DataModel}, {a.SectionAccess, &c.SectionAccess}} {
		if x.has {
			*x.into++
		}
	}
}
