package qvs

import (
	"strings"
)

// regular reads and executes one statement that ends at a semicolon.
func (r *interpreter) regular(t text) {
	p := newParser(t)
	if n := len(r.spare); n > 0 {
		p.toks, r.spare = r.spare[n-1][:0], r.spare[:n-1]
	}
	r.execute(t, p)
	if cap(p.toks) < maxSpare {
		r.inUse = append(r.inUse, p.toks)
	}
	if len(r.pending) == 0 { // nobody holds tokens any more
		if len(r.spare) < 16 {
			r.spare = append(r.spare, r.inUse...)
		}
		r.inUse = r.inUse[:0]
	}
}

// maxSpare bounds the tokens that are kept for the next statement.
const maxSpare = 1 << 16

func (r *interpreter) execute(t text, p *parser) {
	x := p.prefix()
	r.here = t.at(p.tok().From)
	if p.end() {
		if x.labelled || len(p.toks) > 1 {
			r.tell(0, t, t.s, "There is no statement behind this.", "syntax")
		}
		return
	}
	if !r.applies(x.condition) {
		return
	}
	switch w := p.word(0); w {
	case "LOAD", "SELECT", "SQL", "DIRECT", "SQLTABLES", "SQLCOLUMNS", "SQLTYPES", "QSL", "IMPORT":
		r.loadStatement(t, p, x, w)
		return
	}
	r.flush()
	r.label = x.label
	if r.data(p, t) || r.fieldStatement(p, t) || r.connecting(p, t) || r.settings(p, t) {
		return
	}
	r.tell(p.tok().From, t, t.s[p.tok().From:], "This statement isn't known.", "syntax")
}

// applies tells whether WHEN and UNLESS let the statement run; what can't be decided lets it.
func (r *interpreter) applies(conditions []condition) bool {
	for _, c := range conditions {
		if holds, known := r.condition(c.text); known && holds == c.unless {
			return false
		}
	}
	return true
}

// loadStatement queues a LOAD that takes its input from below, else runs the chain that it completes.
func (r *interpreter) loadStatement(t text, p *parser, x prefixes, word string) {
	l := &load{prefixes: x, t: t, statement: t.s}
	start := p.tok().From
	p.next()
	switch word {
	case "LOAD":
		p.load(l)
		if l.odd > 0 {
			r.tell(l.odd-1, t, t.s[l.odd-1:], "This doesn't belong into the LOAD; perhaps a semicolon is missing before it.", "syntax")
		}
	case "SQL":
		l.kind, l.source, l.sourceAt = fromSQL, p.rest(), p.tok().From
	case "DIRECT":
		p.accept("QUERY")
		l.kind, l.source, l.sourceAt = fromSQL, p.directQuery(), start
	case "SELECT":
		l.kind, l.source, l.sourceAt = fromSQL, t.s[start:], start
	default:
		l.kind, l.source, l.sourceAt = fromSQL, word, start
	}
	if l.kind == fromBelow {
		if len(r.pending) > 200 {
			r.tell(start, t, t.s, "Too many preceding LOADs stand on each other.", "limit")
			return
		}
		r.pending = append(r.pending, l)
		return
	}
	chain := append(r.pending, l)
	r.pending = nil
	r.run(chain)
}

// flush tells of LOADs that wait for one below which doesn't come.
func (r *interpreter) flush() {
	for _, l := range r.pending {
		r.tell(0, l.t, l.t.s, "This LOAD has no source, and none follows.", "syntax")
	}
	r.pending = nil
}

// data: statements about tables as a whole.
func (r *interpreter) data(p *parser, t text) bool {
	switch p.word(0) {
	case "STORE":
		r.store(p, t)
	case "DROP":
		r.drop(p, t)
	case "RENAME":
		r.rename(p, t)
	case "BINARY":
		p.next()
		r.binary(p, t)
	case "SECTION":
		r.st.section = p.word(1) == "ACCESS"
	default:
		return false
	}
	return true
}

// fieldStatement: statements about fields.
func (r *interpreter) fieldStatement(p *parser, t text) bool {
	switch w := p.word(0); w {
	case "QUALIFY", "UNQUALIFY":
		p.next()
		for _, name := range p.names() {
			r.qualify(pattern{mask: name, on: w == "QUALIFY"})
		}
	case "ALIAS":
		p.next()
		r.alias(p)
	case "MAP":
		p.next()
		names := p.names("USING")
		p.accept("USING")
		if m, ok := p.name(); ok {
			for _, n := range names {
				r.st.mapUsing[n] = m
			}
		}
	case "UNMAP":
		p.next()
		for _, n := range p.names() {
			r.unmap(n)
		}
	case "COMMENT":
		p.next()
		r.comment(p)
	case "TAG", "UNTAG":
		p.next()
		r.tag(p, w == "TAG")
	case "DECLARE":
		p.next()
		r.declare(p)
	case "DERIVE":
		p.next()
		r.derive(p, t)
	default:
		return false
	}
	return true
}

// connecting: statements that say where to read from.
func (r *interpreter) connecting(p *parser, t text) bool {
	switch p.word(0) {
	case "LIB", "ODBC", "OLEDB", "CUSTOM", "CONNECT", "CONNECT32", "CONNECT64", "BDI":
		r.connect(p)
	case "DISCONNECT":
		r.st.connection = ""
	case "DIRECTORY":
		p.next()
		r.st.directory, _ = p.path()
		r.st.directory = strings.ReplaceAll(r.st.directory, `\`, "/")
	default:
		return false
	}
	return true
}

// settings: statements without any effect on lineage.
func (r *interpreter) settings(p *parser, t text) bool {
	switch w := p.word(0); w {
	case "NULLASVALUE", "NULLASNULL", "STAR", "FORCE", "LOOSEN", "SEARCH", "SLEEP", "EXECUTE", "FLUSHLOG", "AUTONUMBER", "TRACE", "REM",
		"CREATE", "DIMENSION", "MEASURE", "INPUTFIELD", "HIDEPREFIX", "SYNDICATE", "SEMANTIC", "CACHE":
	case "LET", "SET":
		kind := assign
		if w == "SET" {
			kind = setText
		}
		from := p.tok().From
		r.assignment(text{s: t.s[from:], from: t, start: from}, kind)
	case "CALL":
		from := p.tok().From
		r.callSub(text{s: t.s[from:], from: t, start: from})
	case "EXIT": // behind an undecided WHEN
		r.maybeExit = true
	default:
		return false
	}
	return true
}

// connect reads CONNECT TO 'name' and keeps no more of it than the name: nothing of a connect string but
// the data source.
func (r *interpreter) connect(p *parser) {
	kind := p.word(0)
	for !p.end() && !p.is("TO") {
		p.next()
	}
	p.accept("TO")
	r.st.connection = connectionName(kind, unquotePath(p.connectString()))
}

// connectString is the text after TO, up to the parenthesis with credentials.
func (p *parser) connectString() string {
	tok := p.tok()
	if isNameToken(tok) && tok.Quote() != 0 {
		return tok.Value()
	}
	s := p.rest()
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return trim(s)
}

func connectionName(kind, s string) string {
	provider, database := "", ""
	for _, part := range strings.Split(s, ";") {
		k, v, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		switch strings.ToLower(trim(k)) {
		case "data source", "server", "address", "addr", "network address":
			provider = trim(v)
		case "initial catalog", "database":
			database = trim(v)
		}
	}
	if kind == "OLEDB" && provider != "" || kind != "LIB" && provider != "" && strings.Contains(strings.SplitN(s, ";", 2)[0], "=") {
		if database != "" {
			return provider + "/" + database
		}
		return provider
	}
	if kind == "LIB" {
		return s
	}
	first, _, _ := strings.Cut(s, ";")
	if k, v, ok := strings.Cut(first, "="); ok && strings.EqualFold(trim(k), "dsn") {
		return trim(v)
	}
	return mask(trim(first))
}
