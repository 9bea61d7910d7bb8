package catalog

import "time"

// A Search asks for what has some words in its names, descriptions, formulas or script.
type Search struct {
	Scope Scope
	// Text is what a person typed. Each of its words must be found, as the beginning of a word.
	Text string

	// Filters: of each, any of its values; "" and none say nothing.
	Kinds       []string // HitKinds
	Connections []string
	Types       []string // of the type columns: Measure, Sheet, barchart
	Streams     []Key    // report groups; apps in them and what is in those
	Apps        []Key
	Owners      []string // DIRECTORY\user, without case; of the thing, or of its app
	Tags        []string // without case

	Retired bool // retired things too
	Facets  bool // count what else there is
	Limit   int  // 0: 20; at most 100
	Cursor  string
}

// HitKinds are what can be found, the more interesting first.
var HitKinds = []string{
	"app", "stream", "personal", "sheet", "measure", "dimension", "master_object", "variable", "table", "field", "cell", "script",
}

// A SearchResult is a page of what was found, the best first.
type SearchResult struct {
	Hits   []Hit   `json:"hits"`
	Next   string  `json:"next,omitempty"`
	Facets *Facets `json:"facets,omitempty"`
	// Instead are words that were taken for slips of the keyboard, and what was looked for too.
	Instead map[string][]string `json:"instead,omitempty"`
}

// Match says how a thing was found, the best first.
type Match string

// The ways to be found.
const (
	MatchName   Match = "name"   // the whole name
	MatchPrefix Match = "prefix" // the beginning of the name
	MatchWords  Match = "words"  // words of the name
	MatchText   Match = "text"   // words anywhere
	MatchNear   Match = "near"   // words that are one slip of the keyboard apart
)

// A Hit is one thing that was found. Report fields with equal name and formula are one hit.
type Hit struct {
	Kind       string    `json:"kind"`
	Key        Key       `json:"key"`
	Connection string    `json:"connection"`
	Type       string    `json:"type,omitempty"`
	Origin     Origin    `json:"origin,omitempty"` // of a report field
	Name       string    `json:"name,omitempty"`
	Match      Match     `json:"match"`
	Title      []Piece   `json:"title"`             // the name, with what was found in it
	Excerpt    []Piece   `json:"excerpt,omitempty"` // of the text in which it was found
	Of         string    `json:"of,omitempty"`      // what the excerpt is of: formula, description, code, label, comment
	Line       int       `json:"line,omitempty"`    // of the excerpt, in code; from 1
	App        Key       `json:"app_key,omitempty"`
	AppName    string    `json:"app_name,omitempty"`
	Sheet      Key       `json:"sheet_key,omitempty"` // that a cell or a field of one stands on
	SheetName  string    `json:"sheet_name,omitempty"`
	Report     Key       `json:"report_key,omitempty"` // that a field, table or script belongs to; a report's parent
	Owner      string    `json:"owner,omitempty"`
	Same       int       `json:"same,omitempty"` // how many report fields have this name and formula, up to SameLimit
	RetiredAt  time.Time `json:"retired_at,omitzero"`
}

// SameLimit is how far equal report fields are counted.
const SameLimit = 101

// A Piece is part of a text. All pieces together are the text, or an excerpt of it.
type Piece struct {
	Text  string `json:"text"`
	Found bool   `json:"found,omitempty"` // a word that was looked for
}

// Facets count what a search without its own limit would find. A long count ends early, or is estimated:
// each facet says so. More: some are what there is at least. Values are what a search is narrowed with. Of
// streams, owners and tags there are the FacetLimit most common; a thing counts for its own owner and its app's.
type Facets struct {
	Kinds       []Facet `json:"kinds"`
	Connections []Facet `json:"connections"`
	Types       []Facet `json:"types"`
	Streams     []Facet `json:"streams"`
	Owners      []Facet `json:"owners"`
	Tags        []Facet `json:"tags"`
	More        bool    `json:"more,omitempty"`
}

// FacetLimit is how many streams, owners and tags facets count.
const FacetLimit = 20

// A Facet is one value and how many things have it.
type Facet struct {
	Value string `json:"value"`
	Count int    `json:"count"`
	Bound Bound  `json:"bound,omitempty" enum:"about,at_least"`
}

// A Bound says how exact a count is; "" is exact.
type Bound string

// The bounds of counts.
const (
	CountAtLeast Bound = "at_least" // counting ended here
	CountAbout   Bound = "about"    // estimated from a sample
)
