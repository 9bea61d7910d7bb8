package qvs

import (
	"hash/maphash"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// Options are what a script may need besides its text. The zero value is fine.
type Options struct {
	// Include returns the text of a file that the script includes, by its path as written after expansion.
	// nil or an error: the file can't be read, which is a Diagnostic.
	Include func(path string) (string, error)
	// Columns names the columns of a QVD file that the script loads. nil, or none: they aren't known.
	Columns func(o Object) []string
	// Now is the time of the reload, for Today() and Now(). Zero: their values are unknown.
	Now time.Time
	// MaxStatements bounds the statements that a loop or sub executes, with all those in it; 0 is 20,000.
	MaxStatements int
}

// Limits of the interpreter.
const (
	maxLooped      = 20_000     // statements executed in a loop or sub that stands in no other
	loopsTogether  = 10         // all of them together may execute so many times as many
	maxCalls       = 60         // SUBs and includes in each other
	maxIncluded    = 32 << 20   // bytes of included files
	maxMessages    = 1000       // diagnostics
	maxListed      = 20_000_000 // columns in all answers together
	maxForked      = 3_000_000  // symbols copied for undecided branches
	maxStatement   = 20_000     // bytes of a statement that a Step keeps
	maxKept        = 64 << 20   // bytes of statements that all Steps keep
	maxInlineCells = 20_000     // of inline tables that are kept as maps
)

// An interpreter runs one script.
type interpreter struct {
	opts    Options
	st      *state
	res     *Result
	here    Pos // of the statement that runs
	pending []*load

	gaps      bool // something that couldn't be read may have set variables or made tables
	expanded  int
	included  int
	calls     int
	loops     int // loops and subs that are being run
	looped    int // statements run by the outermost loop or sub
	loopedAll int
	forked    int
	kept      int
	branch    int  // undecided branches that are being run
	exits     int  // of them, those inside the innermost loop or sub
	maybeExit bool // an undecided EXIT was passed
	seq       int
	generated int
	autogen   int

	cols         columnSet
	objects      interner[Object]
	origins      paged[origin]
	flat         flattener
	slab         []Column // for the next lists
	inputSlab    []Input
	columnFields slab[columnField]
	insideFields slab[insideField]
	fieldSlab    slab[field]
	places       slab[Pos]
	loads        slab[load]
	columns      map[*set][]Column // lists that were made, to share them
	spare        [][]expr.Token    // room for the next parsers
	inUse        [][]expr.Token    // of LOADs that wait for the one below
	expander     expander
	rd           reading // of the item that is read
	seed         maphash.Seed
	bySign       map[uint64][]string // tables that ever had these fields
	byField      map[string][]string // tables that ever had this field
	suffix       map[string]int
	told         map[string]bool
	all          []*identity
	label        string // of the statement that runs
	tagged       map[string][]string
	declared     map[string][]string // DECLARE FIELD DEFINITION: name → derived fields
	stores       []*stored
	misses       map[string]bool
	dropped      map[string]bool
	gone         map[string]*table // what DROP TABLE removed, as it was
	limitTold    map[string]bool
}

// A stored is a STORE whose sets are listed at the end.
type stored struct {
	out     Store
	table   *identity
	fields  []*field
	sources *set
}

// Run reads a script. It never fails and never panics on what a script holds; time and memory are bounded.
func Run(script string, opts Options) *Result { return run(script, opts).res }

func run(script string, opts Options) *interpreter {
	if opts.MaxStatements <= 0 {
		opts.MaxStatements = maxLooped
	}
	r := &interpreter{
		opts: opts, st: newState(), res: &Result{Variables: map[string]string{}}, flat: flattener{left: maxListed},
		seed: maphash.MakeSeed(), bySign: map[uint64][]string{}, byField: map[string][]string{}, suffix: map[string]int{},
		told: map[string]bool{}, misses: map[string]bool{}, dropped: map[string]bool{}, gone: map[string]*table{}, limitTold: map[string]bool{},
		columns: map[*set][]Column{}, tagged: map[string][]string{}, declared: map[string][]string{},
	}
	src := newSource(script)
	r.program(script, src)
	r.flush()
	r.finish()
	return r
}

// program runs a text that stands at a place.
func (r *interpreter) program(s string, from place) signal {
	b := blocks(s, func(offset int, what, why, kind string) { r.tellAt(from.at(offset), what, why, kind) })
	return r.block(s, from, b)
}

// A signal is how a block ended.
type signal uint8

const (
	goOn signal = iota
	exitFor
	exitDo
	exitSub
	exitScript
)

func (r *interpreter) block(s string, from place, b block) signal {
	for i := range b {
		if r.loops > 0 {
			if r.tooMany(from, b[i].start, s) {
				return exitSub
			}
		}
		if sig := r.statement(s, from, &b[i]); sig == exitScript || sig != goOn && r.loops > 0 {
			return sig
		}
	}
	return goOn
}

// tooMany counts a statement of a loop or sub, and tells whether there have been too many.
func (r *interpreter) tooMany(from place, offset int, s string) bool {
	r.looped++
	r.loopedAll++
	if r.looped <= r.opts.MaxStatements && r.loopedAll <= loopsTogether*r.opts.MaxStatements {
		return false
	}
	r.limit("loops", offset, s, from, "This loop or sub runs too many statements; the rest of it is left out.")
	return true
}

func (r *interpreter) limit(which string, offset int, s string, from place, why string) {
	if !r.limitTold[which] {
		r.limitTold[which] = true
		r.tellAt(from.at(offset), short(s[offset:min(len(s), offset+shortLength)]), why, "limit")
	}
}

func (r *interpreter) statement(s string, from place, st *stmt) signal {
	switch st.kind {
	case remark:
		return goOn
	case control:
		if st.keyword != "EXIT" && st.keyword != "SUB" {
			r.flush()
		}
		return r.control(s, from, st)
	case include:
		r.flush()
		return r.includeStatement(s, from, st.raw)
	}
	t, e := r.expand(s, from, st.raw)
	if e.full {
		r.limit("expansion", st.start, s, from, "Dollar expansion makes this statement too long; it is left out.")
		if st.kind == setText || st.kind == assign {
			if name, _, ok := readAssignment(s[st.start:st.end]); ok {
				r.st.vars[name] = variable{} // whatever it was, it is that no more
			}
		}
		return goOn
	}
	switch st.kind {
	case setText, assign:
		r.here = t.at(0)
		r.assignment(t, st.kind)
		return goOn
	}
	if e.changed && (e.split || startsWithControl(t.s)) {
		if r.calls >= maxCalls {
			return goOn
		}
		r.calls++
		sig := r.program(t.s, t)
		r.calls--
		return sig
	}
	r.regular(t)
	return goOn
}

// startsWithControl tells whether an expansion turned a statement into another sort of one.
func startsWithControl(s string) bool {
	p := splitter{s: s}
	st, ok := p.next()
	return ok && st.kind != regular
}

func (r *interpreter) tell(offset int, t text, what, why, kind string) {
	at := r.here
	if t.from != nil {
		at = t.at(offset)
	}
	r.tellAt(at, what, why, kind)
}

func (r *interpreter) tellAt(at Pos, what, why, kind string) {
	if n := len(r.res.Diagnostics); n >= maxMessages {
		return
	} else if n == maxMessages-1 {
		what, why, kind = "", "There is more to say about this script; the rest is left out.", "limit"
	}
	r.res.Diagnostics = append(r.res.Diagnostics, Diagnostic{At: at, What: short(what), Why: why, Kind: kind})
}

// assignment runs SET v = text, LET v = expression, and v = expression.
func (r *interpreter) assignment(t text, kind stmtKind) {
	name, value, ok := readAssignment(t.s)
	if !ok {
		r.tell(0, t, t.s, "An assignment has no = sign.", "syntax")
		return
	}
	if name == "" || strings.Contains(name, "$(") {
		r.tell(0, t, t.s, "The name of the variable can't be told.", "variable")
		return
	}
	if kind == setText {
		r.st.vars[name] = variable{text: setValue(value), known: true}
		return
	}
	if value == "" {
		r.st.vars[name] = variable{known: true, null: true}
		return
	}
	r.st.vars[name] = r.evalPartly(value)
}

// skipLabels goes over a misplaced label.
func skipLabels(s string) int {
	p := splitter{s: s}
	for i := p.overBlanks(0); ; {
		end, _ := p.head(i)
		after := p.overBlanks(end)
		if end == i || after >= len(s) || s[after] != ':' {
			return i
		}
		i = p.overBlanks(after + 1)
	}
}

// setValue takes one pair of enclosing quotes off, if it is one pair.
func setValue(v string) string {
	if len(v) < 2 || v[0] != '\'' || v[len(v)-1] != '\'' {
		return v
	}
	inner := v[1 : len(v)-1]
	if strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
		return v
	}
	return strings.ReplaceAll(inner, "''", "'")
}
