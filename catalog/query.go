package catalog

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
	Limit   int      // 0: the list's own; more than its maximum is CodeInvalid
	Cursor  string   // Next of the page before; opaque; CodeInvalid if it isn't one, or of another sort
}

// A Filter keeps rows by one column.
type Filter struct {
	Column string
	Op     Op
	Values []string // more than one: any of them
}

// Op is how a filter compares.
type Op string

// The comparisons.
const (
	Equals   Op = "eq"
	Differs  Op = "ne"
	Less     Op = "lt" // times and numbers
	AtMost   Op = "le"
	Greater  Op = "gt"
	AtLeast  Op = "ge"
	Contains Op = "contains" // texts, without case; lists: has this element
	IsNull   Op = "null"     // value "true" or "false"
)

// An Order sorts by one column.
type Order struct {
	Column     string
	Descending bool
}

// A Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  string // the cursor of the next page; "" on the last
}
