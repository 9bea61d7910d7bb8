package catalog

import "time"

// A ConnectionType is a kind of connection, with every key that a connection file of it may have
// (contract §2). A form is made of it, and so is the help on the keys.
type ConnectionType struct {
	Type   string  `json:"type"`  // "qlik-sense"
	Title  string  `json:"title"` // what a person reads
	Fields []Field `json:"fields"`
}

// A Field describes one key of a connection.
type Field struct {
	Path  string    `json:"path"`  // "jwt.token": groups and key with dots between them
	Label string    `json:"label"` // what stands beside the input
	Help  string    `json:"help"`  // a sentence or two
	Kind  FieldKind `json:"kind"`

	Required     bool     `json:"required,omitempty"`      // always
	When         string   `json:"when,omitempty"`          // the key has a meaning with this authentication only
	RequiredWhen []string `json:"required_when,omitempty"` // the authentications with which it must be given
	Alternatives []string `json:"alternatives,omitempty"`  // other keys, one of which may be given in its place
	Secret       bool     `json:"secret,omitempty"`        // never shown again; empty keeps the old one
	Fixed        bool     `json:"fixed,omitempty"`         // never changes after the connection was made
	Advanced     bool     `json:"advanced,omitempty"`      // few need it

	Choices []string `json:"choices,omitempty"`
	Default any      `json:"default,omitempty"` // what it is where nothing is said
	Example string   `json:"example,omitempty"`
}

// FieldKind says how a key is written.
type FieldKind string

// The kinds of fields.
const (
	KindText     FieldKind = "text"
	KindLongText FieldKind = "long_text" // several lines
	KindURL      FieldKind = "url"
	KindFile     FieldKind = "file" // a path on the machine that runs this program
	KindWhole    FieldKind = "whole_number"
	KindSwitch   FieldKind = "switch" // true or false
	KindDuration FieldKind = "duration"
	KindShare    FieldKind = "share" // a percentage
	KindChoice   FieldKind = "choice"
	KindList     FieldKind = "list"    // texts
	KindMapping  FieldKind = "mapping" // names and values
)

// Admins are the users who hold a role on one connection only, by user name.
type Admins struct {
	Integration []string `json:"integration"`
	Security    []string `json:"security"`
}

// Retention says how long a connection's past is kept. Zero is for ever.
type Retention struct {
	Runs    time.Duration // crawls, with their outcomes and logs
	Changes time.Duration // rows of the history
	Retired time.Duration // rows that the source no longer has
}

// Pruned counts rows that were deleted since they were too old, by table.
type Pruned map[string]int64

// Notify says who is told what a crawl did.
type Notify struct {
	Recipients []string // mail addresses
	Webhooks   []string // addresses, or references to them
	On         []Event  // what is told
}

// Event is what a notification tells of.
type Event string

// The events of a crawl.
const (
	OnAdded   Event = "added"
	OnChanged Event = "changed"
	OnRetired Event = "retired"
	OnFailed  Event = "failed"
)

// Events are all events, in the contract's order.
var Events = []Event{OnAdded, OnChanged, OnRetired, OnFailed}
