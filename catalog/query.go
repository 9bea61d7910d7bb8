package catalog

import "strings"

// A Scope is the connections whose rows somebody may see.
type Scope struct {
	All         bool
	Connections []string // codes; without All, nothing else
}

// Allows reports whether rows of a connection may be seen.
func (s Scope) Allows(code string) bool {
	if s.All {
		return true
	}
	for _, c := range s.Connections {
		if c == code {
			return true
		}
	}
	return false
}

// A Query asks for a page of a list. All lists are asked in this way: those of the catalog, of crawls,
// of users. The zero Query (with a Scope) is the first page in the list's own order.
type Query struct {
	Scope   Scope
	Filters []Filter // all must hold
	Sort    []Order  // then by key, so that the order is total
	Fields  []string // the columns wanted; none: all but the long ones, such as a script's text
	Limit   int      // 0: the list's own; more than its maximum is CodeInvalid
	Cursor  string   // Next of the page before; opaque; CodeInvalid if it isn't one, or of another sort
}

// A Filter keeps rows by one column. Lists have what they are not asked about out of the way: retired
// rows are left out until a filter speaks of "retired" or "retired_at".
type Filter struct {
	Column string
	Op     Op
	// Values are texts as JSON writes them: times as RFC 3339 or a date, flags as true or false. More than
	// one: any of them; with Differs: none of them.
	Values []string
}

// Op is how a filter compares.
type Op string

// The comparisons.
const (
	Equals   Op = "eq"       // lists: has this element
	Differs  Op = "ne"       // null differs from everything; lists: hasn't this element
	Less     Op = "lt"       // times and numbers
	AtMost   Op = "le"       // times and numbers
	Greater  Op = "gt"       // times and numbers
	AtLeast  Op = "ge"       // times and numbers
	Contains Op = "contains" // texts, without case; lists: has this element; keys: this key, or one under it
	IsNull   Op = "null"     // value "true" or "false"
)

// An Order sorts by one column. Texts are sorted without case; null stands behind everything else, and
// before it when descending.
type Order struct {
	Column     string
	Descending bool
}

// A Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  string // the cursor of the next page; "" on the last
}

// A ListName says of which list a query is: what its rows are.
type ListName string

// The lists of a store.
const (
	ListConnections ListName = "connections"
	ListGroups      ListName = "report groups"
	ListReports     ListName = "reports"
	ListFields      ListName = "report fields"
	ListTables      ListName = "model tables"
	ListColumns     ListName = "model fields"
	ListSources     ListName = "source codes"
	ListChanges     ListName = "changes"
	ListGaps        ListName = "gaps"
	ListRuns        ListName = "crawls"
	ListOutcomes    ListName = "outcomes"
	ListEdges       ListName = "edges"
	ListLineageGaps ListName = "lineage gaps"
	ListUsers       ListName = "users"
	ListTokens      ListName = "tokens"
	ListAudit       ListName = "audit entries"
)

// A QueryChecker knows what lists can be asked.
type QueryChecker interface {
	// CheckQuery says all that is wrong with a query, whoever asks it and without asking it: CodeInvalid with
	// QueryFaults.
	CheckQuery(list ListName, q Query) error
	// QueryColumns are the columns that a list can be sorted by, and those that it can be filtered by.
	QueryColumns(list ListName) (sort, filter []string)
}

// A QueryFault is one thing wrong with a query.
type QueryFault struct {
	Parameter string // "limit", "cursor", "fields", "sort", or the column of a filter
	Filter    bool   // it is about a filter
	Index     int    // which of Fields, Sort or Filters it is about
	Why       string
	Cure      string
}

// QueryFaults are all the things wrong with a query: the cause of the store's CodeInvalid.
type QueryFaults []QueryFault

func (f QueryFaults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.Parameter + ": " + fault.Why
		if fault.Cure != "" {
			texts[i] += " (" + fault.Cure + ")"
		}
	}
	return strings.Join(texts, "; ")
}
