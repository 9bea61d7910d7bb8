package qvs

import (
	"strconv"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// prefixes are what stands before LOAD or SELECT, in any order.
type prefixes struct {
	label         string
	labelled      bool
	noConcatenate bool
	concatenate   bool
	join, keep    string // "LEFT", "RIGHT", "INNER", "OUTER"
	target        string // of concatenate, join and keep; "" is the latest table
	mapping       bool
	generic       bool
	crosstable    *crosstable
	hierarchy     []string
	belongsTo     []string
	interval      []string
	merge         bool
	partial       bool // ADD ONLY, REPLACE ONLY, MERGE ONLY: only in a partial reload
	condition     []condition
}

type crosstable struct {
	attribute, data string
	keys            int
}

// A condition is WHEN e or UNLESS e.
type condition struct {
	text   string
	unless bool
}

// places tells whether rows go into a table that is there.
func (x *prefixes) places() bool { return x.concatenate || x.join != "" || x.merge }

// prefix reads label and prefixes up to the statement's own word, in any order.
func (p *parser) prefix() (x prefixes) {
	for !p.end() {
		if p.label(&x) || p.placing(&x) || p.shaping(&x) || p.filtering(&x) {
			continue
		}
		return x
	}
	return x
}

func (p *parser) label(x *prefixes) bool {
	if tok := p.peek(1); !isNameToken(p.tok()) || tok.Text != ":" {
		return false
	}
	x.label, x.labelled = p.next().Value(), true
	p.i++
	return true
}

// table reads an optional (table).
func (p *parser) table(x *prefixes) {
	if args, ok := p.parens(); ok && len(args) > 0 {
		x.target = p.textOf(args[0])
	}
}

func (p *parser) placing(x *prefixes) bool {
	switch w := p.word(0); w {
	case "CONCATENATE":
		p.i++
		x.concatenate = true
		p.table(x)
	case "NOCONCATENATE":
		p.i++
		x.noConcatenate = true
	case "INNER", "LEFT", "RIGHT", "OUTER":
		switch p.word(1) {
		case "JOIN":
			p.i += 2
			x.join = w
			p.table(x)
		case "KEEP":
			p.i += 2
			x.keep = w
			p.table(x)
		case "INTERVALMATCH":
			p.i++
			x.join = w
		default:
			return false
		}
	case "JOIN":
		p.i++
		x.join = "OUTER"
		p.table(x)
	case "KEEP":
		p.i++
		x.keep = "OUTER"
		p.table(x)
	case "MAPPING":
		p.i++
		x.mapping = true
	default:
		return false
	}
	return true
}

func (p *parser) shaping(x *prefixes) bool {
	switch p.word(0) {
	case "CROSSTABLE":
		p.i++
		args, _ := p.parens()
		x.crosstable = newCrosstable(p.textsOf(args))
	case "GENERIC":
		p.i++
		x.generic = true
	case "HIERARCHY":
		p.i++
		args, _ := p.parens()
		x.hierarchy = p.textsOf(args)
	case "HIERARCHYBELONGSTO":
		p.i++
		args, _ := p.parens()
		x.belongsTo = p.textsOf(args)
	case "INTERVALMATCH":
		p.i++
		args, _ := p.parens()
		x.interval = p.textsOf(args)
	default:
		return false
	}
	return true
}

func newCrosstable(args []string) *crosstable {
	c := &crosstable{attribute: "Attribute", data: "Data", keys: 1}
	if len(args) > 0 {
		c.attribute = args[0]
	}
	if len(args) > 1 {
		c.data = args[1]
	}
	if len(args) > 2 {
		if n, err := strconv.Atoi(args[2]); err == nil && n >= 0 {
			c.keys = n
		}
	}
	return c
}

// filtering reads prefixes that choose rows or say when to load.
func (p *parser) filtering(x *prefixes) bool {
	switch w := p.word(0); w {
	case "FIRST", "SAMPLE":
		p.i++
		if !p.parenthesized() {
			p.next()
		}
	case "BUFFER":
		p.i++
		p.parens()
	case "ADD", "REPLACE":
		p.i++
		if p.accept("ONLY") {
			x.partial = true
		}
	case "MERGE":
		p.i++
		x.merge = true
		if p.accept("ONLY") {
			x.partial = true
		}
		p.parens()
		if p.accept("ON") {
			p.mergeKeys()
		}
	case "SEMANTIC", "INFO", "BUNDLE", "IMAGE_SIZE":
		p.i++
	case "WHEN", "UNLESS":
		p.i++
		x.condition = append(x.condition, condition{text: p.upToVerb(), unless: w == "UNLESS"})
	default:
		if p.tok().Kind == expr.Expansion && isNameToken(p.peek(1)) {
			p.i++ // a prefix in an unknown variable
			return true
		}
		return false
	}
	return true
}

func (p *parser) parenthesized() bool {
	_, ok := p.parens()
	return ok
}

// mergeKeys reads the keys of MERGE … ON a, b up to the next prefix or LOAD.
func (p *parser) mergeKeys() {
	for !p.end() {
		p.next()
		if !p.acceptOp(",") {
			return
		}
	}
}

// upToVerb reads the condition of WHEN up to the word that begins the statement.
func (p *parser) upToVerb() string {
	from, depth := p.tok().From, 0
	for n := 0; !p.end(); n++ {
		if depth == 0 && n > 0 && (p.atVerb() || isNameToken(p.tok()) && p.peek(1).Text == ":") {
			break
		}
		switch p.next().Text {
		case "(":
			depth++
		case ")":
			depth--
		}
	}
	return trim(p.t.s[from:p.tok().From])
}

// atVerb tells whether a statement, or a further prefix of one, begins here.
func (p *parser) atVerb() bool {
	switch w := p.word(0); w {
	case "LEFT", "RIGHT": // functions, too
		return p.word(1) == "JOIN" || p.word(1) == "KEEP" || p.word(1) == "INTERVALMATCH"
	case "WHEN", "UNLESS", "DIRECT", "SQLTABLES", "SQLCOLUMNS", "SQLTYPES":
		return true
	default:
		return isVerb(w)
	}
}

// isVerb: words that statements with WHEN begin with.
func isVerb(w string) bool {
	switch w {
	case "LOAD", "SELECT", "SQL", "STORE", "DROP", "RENAME", "LET", "SET", "QUALIFY", "UNQUALIFY", "CONCATENATE", "NOCONCATENATE",
		"JOIN", "KEEP", "INNER", "OUTER", "MAPPING", "CROSSTABLE", "GENERIC", "INTERVALMATCH", "HIERARCHY", "HIERARCHYBELONGSTO",
		"CONNECT", "LIB", "ODBC", "OLEDB", "DISCONNECT", "DIRECTORY", "BINARY", "TRACE", "COMMENT", "TAG", "UNTAG", "MAP", "UNMAP",
		"ALIAS", "CALL", "EXIT", "SECTION", "SLEEP", "EXECUTE", "AUTONUMBER", "BUFFER", "ADD", "REPLACE", "MERGE", "SAMPLE", "DERIVE", "DECLARE":
		return true
	}
	return false
}
