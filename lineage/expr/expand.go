package expr

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// An origin says where a run of an expanded text comes from.
type origin struct {
	out   int      // where the run starts in the expanded text
	from  int      // what it was in the text that was given
	fixed bool     // the whole run comes from that one place: a variable's definition
	end   int      // of a fixed run: the end of the $(…)
	via   []string // the variables it came by
	met   []met    // references that were met while expanding what stands here
}

// A met is a reference that was met while expanding a piece of text, which starts where its origin does.
type met struct {
	index, size int
}

// A mapped text knows where its pieces come from.
type mapped struct {
	text  string
	spans []origin // in order; the first one is at 0
}

func (m mapped) index(offset int) int {
	i := sort.Search(len(m.spans), func(i int) bool { return m.spans[i].out > offset })
	return max(0, i-1)
}

// at is the origin of an offset, as a run that starts there.
func (m mapped) at(offset int) origin {
	o := m.spans[m.index(offset)]
	if !o.fixed {
		o.from += offset - o.out
	}
	if offset != o.out {
		o.out, o.met = offset, nil
	}
	return o
}

// span is where a piece comes from.
func (m mapped) span(s Span) Span {
	first := m.at(s.From)
	if first.fixed {
		return Span{first.from, first.end}
	}
	last := m.at(max(s.From, s.To-1))
	if last.fixed {
		return Span{first.from, max(first.from, last.end)}
	}
	return Span{first.from, max(first.from, last.from+min(1, s.To-s.From))}
}

func (m mapped) slice(from, to int) mapped {
	s := mapped{text: m.text[from:to]}
	first := m.at(from)
	first.out = 0
	s.spans = append(s.spans, first)
	for i := m.index(from) + 1; i < len(m.spans) && m.spans[i].out < to; i++ {
		o := m.spans[i]
		o.out -= from
		s.spans = append(s.spans, o)
	}
	return s
}

// A builder puts a mapped text together.
type builder struct {
	text  strings.Builder
	spans []origin
}

func (b *builder) add(m mapped) {
	for _, o := range m.spans {
		o.out += b.text.Len()
		b.spans = append(b.spans, o)
	}
	b.text.WriteString(m.text)
}

func (b *builder) done(start origin) mapped {
	if len(b.spans) == 0 {
		start.out = 0
		b.spans = append(b.spans, start)
	}
	return mapped{b.text.String(), b.spans}
}

// An expander replaces $(…) by what is known of them. What isn't known stays as it is.
type expander struct {
	*session
	log    *log
	refs   []Reference // met while expanding; origins tell where
	nested int
}

// mark says that the references from an index on were met while expanding what stands at the start of m.
func (x *expander) mark(m mapped, from int, inside ...mapped) mapped {
	first := m.spans[0]
	first.met = slices.Clone(first.met)
	for i := from; i < len(x.refs); i++ {
		first.met = append(first.met, met{i, len(m.text)})
	}
	for _, in := range inside {
		for _, o := range in.spans {
			for _, r := range o.met {
				first.met = append(first.met, met{r.index, len(m.text)})
			}
		}
	}
	m.spans[0] = first
	return m
}

// expand replaces what can be replaced in a text; $(…) in comments stay.
func (x *expander) expand(m mapped) mapped {
	if !strings.Contains(m.text, "$(") {
		return m
	}
	var b builder
	done := 0
	for s := NewScanner(m.text, 0); ; {
		t := s.Next()
		if t.Kind == EOF {
			break
		}
		if t.Kind == Comment || !strings.Contains(t.Text, "$(") {
			continue
		}
		in := Scanner{text: t.Text}
		for i := 0; i < len(t.Text); i++ {
			n := in.expansionAt(i)
			if n == 0 {
				continue
			}
			b.add(m.slice(done, t.From+i))
			done = t.From + i + n
			b.add(x.dollar(m.slice(t.From+i, done)))
			i += n - 1
		}
	}
	if done < len(m.text) {
		b.add(m.slice(done, len(m.text)))
	}
	return b.done(m.spans[0])
}

// dollar is what stands for one $(…).
func (x *expander) dollar(m mapped) mapped {
	if x.nested >= maxNested {
		x.log.add(m.span(Span{0, len(m.text)}), "limit", "this is nested too deep to be expanded")
		return m
	}
	x.nested++
	defer func() { x.nested-- }()
	end := len(m.text) - 1
	start := 2 + len(m.text[2:end]) - len(strings.TrimLeft(m.text[2:end], " \t\r\n"))
	inner := m.text[start:end]
	switch lower := strings.ToLower(inner[:min(len(inner), 16)]); {
	case strings.HasPrefix(inner, "="):
		return x.computed(m, start+1, end)
	case strings.Contains(inner, "=") && (strings.HasPrefix(lower, "include") || strings.HasPrefix(lower, "must_include")):
		return m
	}
	nameEnd := end
	if at := parameters(inner); at >= 0 {
		nameEnd = start + at
	}
	name := x.expand(m.slice(start, nameEnd))
	args := x.expand(m.slice(nameEnd, end))
	if strings.Contains(name.text, "$(") {
		return wrap(m, name, args) // the name isn't known
	}
	return x.variable(m, name, args)
}

// wrap is the $(…) of m with parts of it expanded.
func wrap(m mapped, parts ...mapped) mapped {
	var b builder
	b.add(m.slice(0, 2))
	for _, p := range parts {
		b.add(p)
	}
	b.add(m.slice(len(m.text)-1, len(m.text)))
	return b.done(m.spans[0])
}

// computed is $(=…): its value where that needs no data.
func (x *expander) computed(m mapped, from, to int) mapped {
	body := x.expand(m.slice(from, to))
	p := &parser{toks: Tokens(body.text), end: len(body.text), log: &log{}}
	tree := p.top()
	v, known := Eval(tree, x.env())
	if !known || len(v.Text) > maxExpanded-x.expanded {
		return wrap(m, m.slice(2, from), body)
	}
	c := &collector{session: x.session, src: body, log: x.log}
	c.visit(tree, scope{role: AsValue})
	met := len(x.refs)
	x.refs = append(x.refs, c.finish(nil)...)
	return x.mark(x.constant(m, v.Text, m.spans[0].via), met, body)
}

// constant is a text that stands for the whole of m.
func (x *expander) constant(m mapped, text string, via []string) mapped {
	x.expanded += len(text)
	span := m.span(Span{0, len(m.text)})
	return mapped{text, []origin{{from: span.From, end: span.To, fixed: true, via: via}}}
}

// env knows the variables whose definitions are values. It tells of no field.
func (x *expander) env() Env {
	return Env{Variable: func(name string) (Value, bool) {
		definition, ok := x.known.Variables[name]
		if !ok || x.known.Fields[name] || strings.Contains(definition, "$(") || isComputed(definition) {
			return unknown()
		}
		return TextValue(definition), true
	}}
}

func isComputed(definition string) bool {
	return strings.HasPrefix(strings.TrimLeft(definition, " \t\r\n"), "=")
}

// variable is what stands for $(name) or $(name(args)).
func (x *expander) variable(m, rawName, args mapped) mapped {
	name := variableName(rawName.text)
	at := m.at(0)
	met := len(x.refs)
	if name != "" {
		x.refs = append(x.refs, Reference{Span: m.span(Span{0, len(m.text)}), Target: ToVariable, Name: name, Role: AsValue, Via: at.via})
	}
	defined, ok := x.definedAs(name, m, args)
	if !ok {
		defined = wrap(m, rawName, args)
	}
	return x.mark(defined, met)
}

// definedAs is a variable's text; ok is false where that isn't known, so that the $(…) has to stay.
func (x *expander) definedAs(name string, m, args mapped) (text mapped, ok bool) {
	definition, ok := x.known.Variables[name]
	if !ok {
		if x.known.Variables != nil && !x.known.VariableNames[name] && name != "" {
			x.log.add(m.span(Span{0, len(m.text)}), "variable", fmt.Sprintf("variable %s is not defined", name))
		}
		return mapped{}, false
	}
	if why := x.refuse(name, definition); why != "" {
		x.log.add(m.span(Span{0, len(m.text)}), "limit", why)
		return mapped{}, false
	}
	via := append(slices.Clone(m.spans[0].via), name)
	body := x.constant(m, definition, via)
	if args.text != "" {
		body = substitute(body, splitArguments(args))
		x.expanded += len(body.text)
	}
	if isComputed(definition) {
		return x.evaluated(m, body, name, args.text == "")
	}
	x.active = append(x.active, name)
	result := x.expand(body)
	x.active = x.active[:len(x.active)-1]
	return result, true
}

// refuse says why a variable can't be expanded here, "" if it can.
func (x *expander) refuse(name, definition string) string {
	x.expansions++
	switch {
	case slices.Contains(x.active, name):
		return fmt.Sprintf("variable %s expands to itself (%s)", name, strings.Join(append(slices.Clone(x.active), name), " → "))
	case len(x.active) >= maxVariables:
		return fmt.Sprintf("variable %s is the %dth in a row of variables in each other; it is not expanded", name, maxVariables+1)
	case x.expansions > maxExpansions || len(x.refs) > maxReferences || x.expanded+len(definition) > maxExpanded:
		return "the variables expand to too much text; from here on they are not expanded"
	}
	return ""
}

// evaluated is a variable whose definition starts with =: Qlik inserts its value. What the definition
// refers to counts all the same.
func (x *expander) evaluated(m, body mapped, name string, shared bool) (text mapped, ok bool) {
	at := m.at(0)
	for _, r := range x.definition(name, body.text, shared) {
		r.Span = m.span(Span{0, len(m.text)})
		r.Via = append(slices.Clone(at.via), r.Via...)
		x.refs = append(x.refs, r)
	}
	tree, _ := Parse(body.text)
	if v, known := Eval(tree, x.env()); known && len(v.Text) <= maxExpanded-x.expanded {
		return x.constant(m, v.Text, append(slices.Clone(at.via), name)), true
	}
	return mapped{}, false
}

// splitArguments cuts (a, b) at the commas that no parenthesis, quote or brace protects.
func splitArguments(args mapped) []mapped {
	var list []mapped
	depth, start, end := 0, 1, len(args.text)
	for s := NewScanner(args.text, 0); ; {
		t := s.Next()
		if t.Kind == EOF {
			break
		}
		if t.Kind != Operator {
			continue
		}
		switch t.Text {
		case "(", "{":
			depth++
		case ")", "}":
			depth--
			if depth == 0 {
				end = t.From
			}
		case ",":
			if depth == 1 {
				list = append(list, args.slice(start, t.From))
				start = t.End()
			}
		}
		if depth == 0 {
			break
		}
	}
	return append(list, args.slice(min(start, end), end))
}

// substitute puts arguments in place of $1, $2, …, and their number in place of $0. What has no argument
// stays, as Qlik leaves it.
func substitute(body mapped, args []mapped) mapped {
	var b builder
	done := 0
	for i := 0; i < len(body.text); i++ {
		if body.text[i] != '$' {
			continue
		}
		j, n := i+1, 0
		for j < len(body.text) && isDigit(body.text[j]) && j-i < 4 {
			n = n*10 + int(body.text[j]-'0')
			j++
		}
		if j == i+1 || n > len(args) {
			continue
		}
		b.add(body.slice(done, i))
		if n == 0 {
			number := body.slice(i, j)
			number.text = fmt.Sprint(len(args))
			b.add(number)
		} else {
			arg := args[n-1]
			b.add(trimmed(arg))
		}
		done = j
		i = j - 1
	}
	b.add(body.slice(done, len(body.text)))
	return b.done(body.spans[0])
}

func trimmed(m mapped) mapped {
	from := len(m.text) - len(strings.TrimLeft(m.text, " \t\r\n"))
	to := len(strings.TrimRight(m.text, " \t\r\n"))
	if from >= to {
		return mapped{}
	}
	return m.slice(from, to)
}
