package qvs

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
	if isLoad(p.word(0)) {
		r.loadStatement(t, p, x)
		return
	}
	r.flush()
	r.label = x.label
	p.command().run(r, t)
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

// isLoad: words that begin what fills a table.
func isLoad(word string) bool {
	switch word {
	case "LOAD", "SELECT", "SQL", "DIRECT", "SQLTABLES", "SQLCOLUMNS", "SQLTYPES", "QSL", "IMPORT":
		return true
	}
	return false
}

// loading reads a LOAD or SELECT into l, whose own word stands at start.
func (p *parser) loading(l *load, t text, x prefixes) (start int) {
	l.prefixes, l.t, l.statement = x, t, t.s
	start = p.tok().From
	word := p.word(0)
	p.next()
	switch word {
	case "LOAD":
		p.load(l)
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
	return start
}

// loadStatement queues a LOAD that takes its input from below, else runs the chain that it completes.
func (r *interpreter) loadStatement(t text, p *parser, x prefixes) {
	l := r.loads.next()
	start := p.loading(l, t, x)
	if l.odd > 0 {
		r.tell(l.odd-1, t, t.s[l.odd-1:], "This doesn't belong into the LOAD; perhaps a semicolon is missing before it.", "syntax")
	}
	if len(r.pending) > 0 && r.pending[0].labelled && l.labelled {
		r.flush() // two labels are two tables: the one above lacks its source
	}
	if l.kind == fromBelow && len(l.items) == 0 {
		r.flush()
		r.tell(start, t, t.s[start:], "This LOAD has no fields.", "syntax")
		return
	}
	if l.kind == fromBelow && p.open > 0 { // all clauses were taken for a part of the expression
		r.flush()
		r.tell(p.open-1, t, t.s[p.open-1:], "A parenthesis in this is never closed, so that the LOAD has no source.", "syntax")
		return
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
