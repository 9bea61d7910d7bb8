package qvs

import (
	"slices"
	"strings"
)

// Limits of dollar expansion.
const (
	maxDepth         = 1000    // levels, as Qlik has it
	maxExpanded      = 4 << 20 // bytes that one statement may grow by
	maxExpandedTotal = 96 << 20
	maxExpansions    = 100_000 // in one statement
	maxOpenBodies    = 200     // $( within $(
)

// An expander rewrites one statement: comments go, $(…) is replaced.
type expander struct {
	r       *interpreter
	s       string
	kind    stmtKind
	out     []byte
	parts   []segment
	start   int     // offset of s in its place
	grown   int     // bytes inserted
	count   int     // expansions made
	full    bool    // a limit was hit
	changed bool    // something was inserted
	split   bool    // what was inserted holds a ;
	noMore  [4]bool // closing quotes that don't occur any more, by their kind
}

// quoteKind numbers the closing quotes.
func quoteKind(stop byte) int {
	switch stop {
	case '\'':
		return 0
	case '"':
		return 1
	case ']':
		return 2
	}
	return 3
}

// expand makes the text of a statement: comments are taken out, and $(…) is replaced with the variables of
// this moment, in quotes as well. ok is false if a limit forbids to go on with the statement.
func (r *interpreter) expand(src string, from place, s raw) (t text, e *expander) {
	piece := src[s.start:s.end]
	t = text{s: piece, from: from, start: s.start}
	e = &r.expander
	*e = expander{r: r, s: piece, kind: s.kind, start: s.start, out: e.out[:0]}
	if !strings.Contains(piece, "$(") && !strings.Contains(piece, "//") && !strings.Contains(piece, "/*") {
		return t, e
	}
	r.here = from.at(s.start)
	e.run()
	t.s, t.parts = string(e.out), e.parts
	return t, e
}

// run goes through the statement once.
func (e *expander) run() {
	s := e.s
	e.out = slices.Grow(e.out[:0], len(s)+64)
	e.parts = make([]segment, 0, 8)
	var quote byte
	copied, sql := 0, 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '$' && i+1 < len(s) && s[i+1] == '(':
			e.literal(copied, i)
			end := e.dollar(i, quote)
			i, copied = end, end
			continue
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '[' || c == '`':
			quote = e.opens(i)
		case c == '/':
			if end := commentEnd(s, i); end != 0 {
				if end < 0 {
					end = len(s)
				}
				e.literal(copied, i)
				e.insert(" ", i)
				i, copied = end, end
				continue
			}
		case c == '-' && strings.HasPrefix(s[i:], "--"):
			if sql == 0 {
				sql = isSQL(s[:i])
			}
			if sql > 0 {
				i = lineEnd(s, i)
				continue
			}
		}
		i++
	}
	e.literal(copied, len(s))
}

// isSQL tells whether what stands before leads SQL text: 1 if so, else -1.
func isSQL(before string) int {
	for i := 0; i < len(before); {
		if !isLetter(before[i]) {
			i++
			continue
		}
		end := nameEnd(before, i)
		switch upperWord(before[i:end]) {
		case "LOAD":
			return -1
		case "SQL", "SELECT":
			return 1
		}
		i = end
	}
	return -1
}

// opens is the byte that closes the quote at i, 0 if that is a character like any other.
func (e *expander) opens(i int) byte {
	stop := closing(e.s[i])
	if e.noMore[quoteKind(stop)] {
		return 0
	}
	rest := e.s[i+1:]
	if e.kind == setText {
		if e.s[i] == '[' || e.s[i] == '`' {
			return 0
		}
		rest = e.s[i+1 : lineEnd(e.s, i)]
	}
	if strings.IndexByte(rest, stop) < 0 {
		e.noMore[quoteKind(stop)] = e.kind != setText
		return 0
	}
	return stop
}

func (e *expander) literal(from, to int) {
	if to > from {
		e.parts = append(e.parts, segment{out: len(e.out), in: e.start + from})
		e.out = append(e.out, e.s[from:to]...)
	}
}

func (e *expander) insert(s string, at int) {
	e.parts = append(e.parts, segment{out: len(e.out), in: e.start + at, inserted: true})
	e.out = append(e.out, s...)
}

// dollar replaces the $( at i and returns where it ends.
func (e *expander) dollar(i int, quote byte) int {
	body, end, ok := e.body(e.s, i+2, 0)
	if !ok {
		e.insert("$(", i)
		e.insert(body, i)
		return end
	}
	value, known := e.value(body, 0)
	if !known && e.forgets(body, end, quote) {
		value = ""
	}
	if known && quote == 0 && strings.Contains(value, ";") {
		e.split = true
	}
	e.changed = true
	e.insert(value, i)
	return end
}

// body reads what stands in $( … ), with what is in it expanded; without an end it is all the rest.
func (e *expander) body(s string, i, open int) (body string, end int, ok bool) {
	var b strings.Builder
	depth := 0
	var quote byte
	for i < len(s) {
		c := s[i]
		if c == '$' && i+1 < len(s) && s[i+1] == '(' && open < maxOpenBodies {
			inner, next, closed := e.body(s, i+2, open+1)
			if !closed {
				b.WriteString("$(" + inner)
				return b.String(), next, false
			}
			value, known := e.value(inner, 0)
			if !known && !e.r.gaps && quote == 0 && !strings.HasPrefix(trim(inner), "=") && e.unassigned(inner) {
				value = ""
			}
			b.WriteString(value)
			i = next
			continue
		}
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			if n := strings.IndexByte(s[i+1:lineEnd(s, i)], c); n >= 0 {
				quote = c
			}
		case c == '(':
			depth++
		case c == ')':
			if depth == 0 {
				return b.String(), i + 1, true
			}
			depth--
		}
		b.WriteByte(c)
		i++
	}
	return b.String(), i, false
}

// value is what $(body) stands for, itself expanded; unknown, it is "$(body)" as it was written.
func (e *expander) value(body string, depth int) (string, bool) {
	name := trim(body)
	as := "$(" + body + ")"
	if e.full {
		return as, false
	}
	e.count++
	var v string
	var known bool
	switch {
	case strings.HasPrefix(name, "="):
		v, known = e.r.evalText(name[1:])
	default:
		if path, must, ok := includePath(name); ok {
			v, known = e.r.include(path, must, e.r.here)
			break
		}
		v, known = e.variable(strings.TrimPrefix(name, "#"))
	}
	if !known {
		return as, false
	}
	if e.grow(len(v)) {
		return as, false
	}
	if strings.Contains(v, "$(") {
		v = e.again(v, depth+1)
	}
	return v, true
}

// grow counts what is inserted, and tells whether a limit is hit.
func (e *expander) grow(n int) bool {
	e.grown += n
	e.r.expanded += n + 1
	if depthOK := e.count <= maxExpansions; depthOK && e.grown <= maxExpanded && e.r.expanded <= maxExpandedTotal {
		return false
	}
	e.full = true
	return true
}

// again expands the text of a variable.
func (e *expander) again(v string, depth int) string {
	if depth >= maxDepth {
		e.full = true
		return v
	}
	var b strings.Builder
	for {
		i := strings.Index(v, "$(")
		if i < 0 || e.full {
			b.WriteString(v)
			return b.String()
		}
		b.WriteString(v[:i])
		body, end, ok := e.body(v, i+2, 0)
		if !ok {
			b.WriteString("$(" + body)
			return b.String()
		}
		value, known := e.value(body, depth)
		if !known && e.unassigned(body) && !e.glued(v, i, end) {
			value = ""
		}
		b.WriteString(value)
		v = v[end:]
	}
}
