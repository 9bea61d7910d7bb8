package qvs

import (
	"hash/maphash"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// Options are what a script may need besides its text. The zero value is fine.
type Options struct {
	// Include returns the text of a file that the script includes, by its path as written after expansion.
	// nil or an error: the file can't be read, which is a Diagnostic.
	Include func(path string) (string, error)
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

	cols      interner[column]
	objects   interner[Object]
	origins   []origin
	flat      flattener
	slab      []Column // for the next lists
	inputSlab []Input
	columns   map[*set][]Column // lists that were made, to share them
	spare     [][]expr.Token    // room for the next parsers
	inUse     [][]expr.Token    // of LOADs that wait for the one below
	expander  expander
	rd        reading // of the item that is read
	seed      maphash.Seed
	bySign    map[uint64][]string // tables that ever had these fields
	byField   map[string][]string // tables that ever had this field
	suffix    map[string]int
	told      map[string]bool
	all       []*identity
	label     string // of the statement that runs
	tagged    map[string][]string
	declared  map[string][]string // DECLARE FIELD DEFINITION: name → derived fields
	stores    []*storing
	misses    map[string]bool
	dropped   map[string]bool
	gone      map[string]*table // what DROP TABLE removed, as it was
	limitTold map[string]bool
}

// A storing is a STORE whose sets are listed at the end.
type storing struct {
	out     Store
	table   *identity
	fields  []*field
	sources *set
}

// Run reads a script. It never fails and never panics on what a script holds; time and memory are bounded.
func Run(script string, opts Options) *Result {
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
	return r.res
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

// include gives the text of an included file.
func (r *interpreter) include(path string, must bool, at Pos) (string, bool) {
	if r.opts.Include == nil {
		r.lacks(path, must, at, "")
		return "", false
	}
	text, err := r.opts.Include(path)
	if err != nil {
		r.lacks(path, must, at, "")
		return "", false
	}
	if r.included += len(text); r.included > maxIncluded {
		r.lacks(path, must, at, "Included files are too long together; this one is left out.")
		return "", false
	}
	return strings.TrimPrefix(text, "\uFEFF"), true
}

func (r *interpreter) lacks(path string, must bool, at Pos, why string) {
	r.gaps = true
	word := "Include"
	if must {
		word = "Must_Include"
	}
	if why == "" {
		why = "The included file can't be read here, so that what it does is unknown."
	}
	r.unresolved(path)
	r.tellAt(at, short(word+"="+path), why, "include")
}

func (r *interpreter) unresolved(name string) {
	if !r.misses[name] {
		r.misses[name] = true
		r.res.Unresolved = append(r.res.Unresolved, mask(name))
	}
}

// missing notes a variable that is used without ever having been assigned.
func (r *interpreter) missing(name string) {
	if name == "" || len(r.told) > maxMessages || r.told["$"+name] {
		return
	}
	r.told["$"+name] = true
	r.unresolved("$(" + name + ")")
	r.tell(0, text{}, "$("+name+")", "The variable is never assigned before this.", "variable")
}

// includeStatement runs $(Include=…).
func (r *interpreter) includeStatement(s string, from place, st raw) signal {
	r.here = from.at(st.start)
	piece := s[st.start:st.end]
	e := &expander{r: r, s: piece, kind: setText, start: st.start}
	body, _, ok := e.body(piece, 2, 0)
	path, must, isInclude := includePath(trim(body))
	if !ok || !isInclude {
		return goOn
	}
	if r.calls >= maxCalls {
		r.limit("calls", st.start, s, from, "Includes and subs call each other too deep.")
		return goOn
	}
	at := r.here
	inner, known := r.include(path, must, at)
	if !known {
		return goOn
	}
	r.calls++
	sig := r.program(inner, spot{outer: at, path: path, inner: newSource(inner)})
	r.calls--
	return sig
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
	s := t.s
	s = s[skipLabels(s):]
	if w := upperWord(s[:nameEnd(s, 0)]); w == "SET" || w == "LET" {
		s = s[len(w):]
	}
	eq := strings.IndexByte(s, '=')
	if eq < 0 {
		r.tell(0, t, t.s, "An assignment has no = sign.", "syntax")
		return
	}
	name, value := unquotePath(s[:eq]), trim(s[eq+1:])
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

// evalText computes an expression outside of LOAD.
func (r *interpreter) evalText(s string) (string, bool) {
	v, known := r.eval(s)
	return v.Text, known
}

func (r *interpreter) eval(s string) (expr.Value, bool) {
	n, bad := expr.Parse(s)
	if len(bad) > 0 {
		return expr.Value{}, false
	}
	return expr.Eval(n, r.env())
}

// evalPartly is evalText, but it keeps what is known of a text joined by &: unknown variables stay in it
// as $(name).
func (r *interpreter) evalPartly(s string) variable {
	n, bad := expr.Parse(s)
	if len(bad) > 0 {
		return variable{}
	}
	env := r.env()
	if v, known := expr.Eval(n, env); known {
		return variable{text: v.Text, known: true, null: v.Null}
	}
	text, known := r.partly(n, env)
	return variable{text: text, known: known}
}

func (r *interpreter) partly(n expr.Node, env expr.Env) (string, bool) {
	switch n := n.(type) {
	case *expr.Str:
		return n.Value, true
	case *expr.Paren:
		if len(n.Items) == 1 {
			return r.partly(n.Items[0], env)
		}
	case *expr.Operation:
		var b strings.Builder
		whole := false // something of it is known
		for i, x := range n.Operands {
			if i > 0 && n.Operators[i-1] != "&" {
				return "", false
			}
			if v, known := expr.Eval(x, env); known {
				b.WriteString(v.Text)
				whole = true
			} else if name, ok := x.(*expr.Name); ok && len(n.Operands) > 1 {
				b.WriteString("$(" + name.Value + ")")
			} else if v, ok := r.partly(x, env); ok {
				b.WriteString(v)
				whole = true
			} else {
				return "", false
			}
		}
		return b.String(), whole
	}
	return "", false
}

// env is what expressions outside of LOAD know: variables, and what the table of symbols tells.
func (r *interpreter) env() expr.Env {
	return expr.Env{
		Variable: func(name string) (expr.Value, bool) {
			v, ok := r.st.vars[name]
			switch {
			case ok && v.known && v.null:
				return expr.NullValue(), true
			case ok && v.known && !strings.Contains(v.text, "$("):
				return expr.TextValue(v.text), true
			case ok, r.gaps, isSystemVariable(name):
				return expr.Value{}, false
			}
			return expr.NullValue(), true
		},
		Call: r.call,
	}
}

// call computes functions over the table of symbols.
func (r *interpreter) call(c *expr.Call) (v expr.Value, known, handled bool) {
	arg := func(i int) (string, bool) {
		if i >= len(c.Args) || c.Args[i] == nil {
			return "", false
		}
		if n, ok := c.Args[i].(*expr.Name); ok {
			if _, isVar := r.st.vars[n.Value]; !isVar {
				return n.Value, true
			}
		}
		v, known := expr.Eval(c.Args[i], r.env())
		return v.Text, known
	}
	switch strings.ToLower(c.Name) {
	case "nooftables":
		return expr.NumberValue(float64(len(r.st.tables))), !r.gaps && r.st.binary == nil, true
	case "tablenumber":
		name, ok := arg(0)
		v, known := r.tableNumber(name)
		return v, ok && known, true
	case "tablename":
		n, ok := arg(0)
		v, known := r.tableName(n)
		return v, ok && known, true
	case "nooffields", "fieldname", "fieldnumber":
		v, known := r.fieldFunction(c, arg)
		return v, known, true
	case "today", "now", "localtime", "utc", "reloadtime":
		return expr.Value{}, false, r.opts.Now.IsZero()
	}
	return v, false, false
}

func (r *interpreter) tableNumber(name string) (expr.Value, bool) {
	if _, ok := r.st.tables[name]; !ok {
		return expr.NullValue(), !r.gaps && r.st.binary == nil
	}
	for i, t := range r.st.inOrder() {
		if t.name == name {
			return expr.NumberValue(float64(i)), !r.gaps
		}
	}
	return expr.NullValue(), false
}

func (r *interpreter) tableName(number string) (expr.Value, bool) {
	n, err := strconv.Atoi(number)
	if err != nil || r.gaps || r.st.binary != nil {
		return expr.Value{}, false
	}
	list := r.st.inOrder()
	if n < 0 || n >= len(list) {
		return expr.NullValue(), true
	}
	return expr.TextValue(list[n].name), true
}

func (r *interpreter) fieldFunction(c *expr.Call, arg func(int) (string, bool)) (expr.Value, bool) {
	last := len(c.Args) - 1
	name, ok := arg(last)
	t := r.st.tables[name]
	if !ok || t == nil || t.star != nil {
		return expr.Value{}, false
	}
	first, _ := arg(0)
	switch strings.ToLower(c.Name) {
	case "nooffields":
		return expr.NumberValue(float64(len(t.fields))), true
	case "fieldname":
		n, err := strconv.Atoi(first)
		if err != nil {
			return expr.Value{}, false
		}
		if n < 1 || n > len(t.fields) {
			return expr.NullValue(), true
		}
		return expr.TextValue(t.fields[n-1].name), true
	}
	return expr.NumberValue(float64(t.position(first) + 1)), true
}

func itoa(n int) string { return strconv.Itoa(n) }
