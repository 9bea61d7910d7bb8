package expr

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Known is what the app has, as far as it is known: it decides what a name in an expression means. Names
// are compared with case, as Qlik does.
type Known struct {
	Fields        map[string]bool   // nil: not known
	Variables     map[string]string // definitions; nil: not known
	VariableNames map[string]bool   // further variables, whose definitions are not known
	Measures      map[string]bool   // names and labels of master measures
	Dimensions    map[string]bool   // names and labels of master dimensions
	Labels        map[string]bool   // labels of the other columns of the same object
}

func (k *Known) isVariable(name string) bool {
	_, ok := k.Variables[name]
	return ok || k.VariableNames[name]
}

// Target says what a reference leads to.
type Target string

// What an expression may refer to.
const (
	ToField       Target = "field"
	ToVariable    Target = "variable"
	ToFunction    Target = "function"
	ToAggregation Target = "aggregation"
	ToState       Target = "state" // an alternate state or a bookmark: they look the same
	ToMeasure     Target = "measure"
	ToDimension   Target = "dimension"
	ToLabel       Target = "label"
)

// Role says what a reference is there for.
type Role string

// The roles of a reference.
const (
	AsValue     Role = "value"     // it becomes part of the result
	AsCondition Role = "condition" // it chooses between results: the first argument of If and Pick
	AsFilter    Role = "filter"    // it stands in a set expression
	AsGrouping  Role = "grouping"  // TOTAL <…>, a dimension of Aggr, a sort weight
)

// A Reference is one mention of something in an expression.
type Reference struct {
	Span                // in the text that was given; of the $(…) if it came by a variable
	Line, Column int    // from 1; Column in characters
	Target       Target //
	Name         string // unquoted; a function's in its documented spelling; may hold a $(…) that is not known
	Role         Role
	Via          []string // the variables it came by, outermost first; nil if it stands in the text itself
	Literal      bool     // a field named by a text: FieldValue('Country', 1)
}

// A Reading is what an expression refers to.
type Reading struct {
	Expanded    string // the text with the variables expanded, as far as they are known
	Tree        Node   // of Expanded
	References  []Reference
	Diagnostics []Diagnostic
}

// Names are the names that an expression refers to, each once and in alphabetical order. Fields that are
// only named by a text are left out.
func (r Reading) Names(t Target) []string {
	names := []string{}
	for _, ref := range r.References {
		if ref.Target == t && !ref.Literal {
			names = append(names, ref.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Read tells what an expression of a chart, a master item or a variable refers to: directly, through the
// variables that it expands, and through the expressions that those evaluate. It takes time linear in the
// length of the expanded text, which is bounded, whatever the variables say.
func Read(text string, known Known) Reading {
	s := &session{known: &known, memo: map[string][]Reference{}}
	return s.read(text, nil)
}

// ReadDimension is Read for the definition of a dimension, which is a field's name as it is, blanks and
// all ("Year-Month"), a name in brackets, or an expression.
func ReadDimension(text string, known Known) Reading {
	name := strings.TrimSpace(text)
	if known.Fields[name] || !strings.HasPrefix(name, "=") && isPlainName(name) {
		from := strings.Index(text, name)
		n := &Name{Span: Span{from, from + len(name)}, Value: name}
		line, column := Place(text, from)
		ref := Reference{Span: n.Span, Line: line, Column: column, Target: ToField, Name: name, Role: AsValue}
		return Reading{Expanded: text, Tree: n, References: []Reference{ref}}
	}
	return Read(text, known)
}

// isPlainName tells a field's name from an expression: it has no quotes, and no parentheses that would
// make it a call or a $( ).
func isPlainName(s string) bool {
	return s != "" && !strings.ContainsAny(s, "[]\"'`") && (!strings.Contains(s, "(") || !parses(s))
}

// parses tells whether a text is an expression that calls Qlik's functions only: "Amount (EUR)" is none.
func parses(s string) bool {
	n, ds := Parse(s)
	known := len(ds) == 0
	Walk(n, func(n Node) bool {
		if c, ok := n.(*Call); ok && c.Dynamic == nil {
			_, ok := FunctionName(c.Name)
			known = known && ok
		}
		return known
	})
	return known
}

// The bounds of one reading.
const (
	maxExpansions = 10_000
	maxExpanded   = 1 << 18 // bytes, beyond four times the text
	maxReferences = 50_000
	maxVariables  = 100 // variables in each other
)

// A session is one reading with those of the definitions that it evaluates.
type session struct {
	known      *Known
	memo       map[string][]Reference // of definitions that start with =
	active     []string               // variables being expanded
	expansions int
	expanded   int
	limited    bool // a bound was hit while reading a definition
}

// read reads a text; via are the variables that lead to it.
func (s *session) read(text string, via []string) Reading {
	if len(s.active) == 0 {
		s.expanded = -3 * len(text)
	}
	x := &expander{session: s, log: &log{}}
	src := x.expand(mapped{text: text, spans: []origin{{via: via}}})
	p := &parser{toks: Tokens(src.text), end: len(src.text), log: &log{}}
	tree := p.top()
	c := &collector{session: s, src: src, log: x.log}
	c.visit(tree, scope{role: AsValue})
	for _, d := range p.log.list {
		at := src.at(d.From)
		if len(at.via) > 0 {
			d.Message += " (in variable " + at.via[len(at.via)-1] + ")"
		}
		x.log.add(src.span(d.Span), d.Kind, d.Message)
	}
	if s.limited && len(s.active) == 0 {
		x.log.add(Span{}, "limit", "a variable's definition refers to too much; not everything is listed")
	}
	r := Reading{Expanded: src.text, Tree: tree, References: c.finish(x.refs), Diagnostics: x.log.placed(text)}
	slices.SortStableFunc(r.Diagnostics, func(a, b Diagnostic) int { return a.From - b.From })
	places := placer{text: text}
	for i := range r.References {
		ref := &r.References[i]
		ref.Line, ref.Column = places.place(ref.From)
	}
	return r
}

// definition reads a variable's definition that starts with =, which is evaluated on its own. Each thing
// that it refers to is named once.
func (s *session) definition(name, text string, shared bool) []Reference {
	if refs, ok := s.memo[name]; ok && shared {
		return refs
	}
	s.active = append(s.active, name)
	r := s.read(text, nil)
	refs := unique(r.References)
	s.limited = s.limited || slices.ContainsFunc(r.Diagnostics, func(d Diagnostic) bool { return d.Kind == "limit" })
	s.active = s.active[:len(s.active)-1]
	for i := range refs {
		refs[i].Via = append([]string{name}, refs[i].Via...)
	}
	if shared && len(s.active) == 0 {
		s.memo[name] = refs // those read inside of another may lack what is being expanded
	}
	return refs
}

func unique(refs []Reference) []Reference {
	type key struct {
		target  Target
		name    string
		role    Role
		literal bool
	}
	seen := map[key]bool{}
	var list []Reference
	for _, r := range refs {
		k := key{r.Target, r.Name, r.Role, r.Literal}
		if !seen[k] {
			seen[k] = true
			list = append(list, r)
		}
	}
	return list
}

// A placer finds lines and columns of offsets that mostly grow.
type placer struct {
	text             string
	at, line, column int // the last place, from 0
}

func (p *placer) place(offset int) (line, column int) {
	offset = max(0, min(offset, len(p.text)))
	if offset < p.at {
		p.at, p.line, p.column = 0, 0, 0
	}
	between := p.text[p.at:offset]
	if n := strings.Count(between, "\n"); n > 0 {
		p.line += n
		p.column = 0
		between = between[strings.LastIndexByte(between, '\n')+1:]
	}
	p.column += utf8.RuneCountInString(between)
	p.at = offset
	return p.line + 1, p.column + 1
}
