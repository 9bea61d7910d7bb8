package expr

// A Node is a part of an expression's tree. String prints it so that it parses to the same tree again.
type Node interface {
	Where() Span
	String() string
	print(p *printer)
}

// A Span is a piece of the text: offsets in bytes, To behind the last one.
type Span struct{ From, To int }

// Where is the piece of text that the node was read from.
func (s Span) Where() Span { return s }

// A Num is a number.
type Num struct {
	Span
	Text string
}

// A Str is a string literal, '…'.
type Str struct {
	Span
	Value string
	Inner []*Dollar // the $(…) in it
}

// A Name is a bare or quoted name: a field, or whatever a name means where it stands (a variable in LET,
// a master measure in a chart).
type Name struct {
	Span
	Value string
	Quote byte      // '"', '[' or '`'; 0 for a bare name
	Inner []*Dollar // the $(…) in it
}

// A Param is a parameter of a variable's definition, bare: $1, $2, …; or $0, their number.
type Param struct {
	Span
	Text string
}

// A Star is the * of Count(*).
type Star struct{ Span }

// A Dollar is a $(…) that hasn't been expanded: a variable, a call of a variable, or an expression.
type Dollar struct {
	Span
	Text   string    // as written, with $( and )
	Name   string    // the variable; "" for $(=…) and where the name itself is made by expansion
	Args   []Node    // of $(v(a,b))
	Body   Node      // of $(=…)
	Format Node      // of $(=…, 'format'); nil: none
	More   []*Dollar // the $(…) that make up the name: $(v$(i))
}

// An Operation is operands joined by operators of the same rank, from left to right. An operator "" means
// that none is written, which is fine beside a $(…) only.
type Operation struct {
	Span
	Operands  []Node
	Operators []string // lower case; one fewer than operands
}

// A Unary is +x, -x, not x or bitnot x.
type Unary struct {
	Span
	Operator string // lower case
	X        Node
}

// A Paren is ( x ), or a list ( x, y, … ) as the last arguments of Aggr may be.
type Paren struct {
	Span
	Items []Node
}

// A Call is a function's or an aggregation's call.
type Call struct {
	Span
	Name     string // as written
	NameSpan Span
	Prefix   Prefix  // what stands before the first argument
	Args     []Node  // nil for an argument left out: f(a,,b)
	Dynamic  *Dollar // $(v)(…): the name is in a variable
}

// A Prefix is what may precede an aggregation's argument, in any order.
type Prefix struct {
	Distinct, NoDistinct, All, Total bool
	TotalBy                          []Node // of TOTAL <a, b>; names and dollars
	Sets                             []Set
	order                            []string // as written: DISTINCT, NODISTINCT, ALL, TOTAL, and { for a set
}

// A Scoped is an expression with a set before it: {<Year={2024}>} Sum(x)/Count(y).
type Scoped struct {
	Span
	Set Set
	X   Node
}

// A Broken is a list of what could be read of a text that is no whole expression.
type Broken struct {
	Span
	Parts []Node
}

// A Set is a set expression, or a part of one.
type Set interface {
	Node
	set()
}

// A SetOperation is sets joined by + - * /.
type SetOperation struct {
	Span
	Operands  []Set
	Operators []string
}

// SetParen is a set in parentheses.
type SetParen struct {
	Span
	X Set
}

// Braces is a set in its braces, as it stands before an argument.
type Braces struct {
	Span
	X Set // nil for {}
}

// A SetEntity is an identifier with or without a modifier, or a modifier alone.
type SetEntity struct {
	Span
	Kind       EntityKind
	Name       *Name   // of a state or bookmark
	Text       string  // of 1, $, $1, $_1
	Dollar     *Dollar // of an unexpanded $(…)
	Modified   bool    // it has a <…>, perhaps an empty one
	Selections []*Selection
}

// EntityKind says what a set entity starts with.
type EntityKind uint8

// The kinds of set entities.
const (
	Implicit EntityKind = iota // a modifier alone
	Fixed                      // 1, $, $1, $_1
	Named                      // a bookmark, an alternate state (a bare or quoted name)
	Unknown                    // $(…)
)

// A Selection is one field of a modifier, with what is selected in it.
type Selection struct {
	Span
	Field    Node   // a Name; or a Dollar, which may stand for more than a field
	State    *Name  // of State::Field on the left
	Operator string // "=", "+=", …; "" if there is none
	Elements Elements
}

// Elements is what a field is set to, or a part of it.
type Elements interface {
	Node
	elements()
}

// An ElementOperation is element sets joined by + - * /.
type ElementOperation struct {
	Span
	Operands  []Elements
	Operators []string // one fewer than operands
	Sign      string   // before the first operand: F=-{…}; "" mostly
}

// An ElementParen is an element set in parentheses.
type ElementParen struct {
	Span
	X Elements
}

// A List is { a, b, … }.
type List struct {
	Span
	Items []*Element
}

// An Element is a value or a search in a list.
type Element struct {
	Span
	Text   string // as written, but for comments
	Search bool   // in "…" or `…`: a search
	Expr   Node   // of a search "=…"
	Inner  []*Dollar
	Func   Elements // P(…) or E(…) in a list
}

// A FieldElements is a field, perhaps of another state, whose selected values are taken.
type FieldElements struct {
	Span
	State *Name // nil: none; Value "$" for the current selections
	Field Node  // a Name or a Dollar
}

// A PossibleElements is P(…), or E(…) for what is excluded.
type PossibleElements struct {
	Span
	Excluded bool
	Set      Set  // nil: none
	Field    Node // nil: the modifier's own field
}

func (*SetOperation) set() {}
func (*SetParen) set()     {}
func (*Braces) set()       {}
func (*SetEntity) set()    {}

func (*ElementOperation) elements() {}
func (*ElementParen) elements()     {}
func (*List) elements()             {}
func (*FieldElements) elements()    {}
func (*PossibleElements) elements() {}
