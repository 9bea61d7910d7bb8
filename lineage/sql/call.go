package sql

import "strings"

// column reads a chain of names: a column, or a function whose arguments follow.
func (s *scanner) column() {
	p := s.p
	a := p.i
	end := p.chain(a)
	t := p.at(a)
	p.i = end
	wanted := s.want
	s.want = false
	next := p.at(end)
	if end >= s.end {
		next = p.at(len(p.toks) - 1)
	}
	switch {
	case a == s.skip || !wanted:
		return
	case next.kind == tOp && next.op == '(':
		if s.call(a, end) {
			return
		}
	case next.kind == tOp && next.op == '.' && p.isOp(end+1, '*'): // COUNT(t.*)
		p.i += 2
		return
	case next.kind == tOp && next.op == opNamed && end == a+1:
		p.i++
		s.want = true
		return
	case next.kind == tString && end == a+1 && t.kind == tName: // DATE '…'
		p.i++
		return
	}
	if t.kind == tName && s.placeholder(a, end) {
		return
	}
	p.resolve(a, end, s.sc, s.sink)
}

// placeholder says whether a bare name is no column: a variable, a sequence, what is left of an expansion.
func (s *scanner) placeholder(a, end int) bool {
	p := s.p
	switch c := p.text[p.at(a).off]; {
	case c == '@':
		return true
	case c == '$' && end == a+1 && strings.HasPrefix(p.textOf(a), "$("):
		p.diagnose(a, p.textOf(a), "The variable isn't known, so that columns may be missing.")
		return true
	case c == '$' && end == a+1: // Snowflake: $1 is a column, $x is none
		return !isDigit(p.text[p.at(a).off:][min(1, len(p.textOf(a))-1)])
	case end > a+1:
		return p.is(end-1, "NEXTVAL", "CURRVAL")
	}
	return false
}

// call enters a function's arguments, and says whether it is one. It steers around arguments that look like
// columns: types, parts of dates.
func (s *scanner) call(a, end int) bool {
	p := s.p
	if p.isOp(end+1, '+') && p.isOp(end+2, ')') { // Oracle's outer join
		p.i = end + 3
		return false
	}
	if p.is(end+1, "FORMAT", "NAMED", "TITLE") && end+1 != int(p.at(end).pair) { // Teradata
		p.i = p.after(end)
		return false
	}
	if p.at(end-2).kind == tOp && p.is(end-1, "value", "query", "exist") { // SQL Server: column.value('…', 'int')
		p.resolve(a, p.before(end), s.sc, s.sink)
	}
	first, last := end+1, int(p.at(end).pair)-1
	p.i = first
	s.depth++
	s.want = true
	switch functionOf(p.name(end - 1)) {
	case extracting:
		for p.cur().kind == tName && p.at(p.i).word != wFrom && p.i < last && p.at(p.i+1).word == wFrom {
			p.i++
		}
	case converting:
		switch {
		case isType(p.textOf(first)) && p.cur().kind == tName:
			if e := p.typeEnd(first); p.isOp(e, ',') {
				p.i = e + 1
			}
		case p.isOp(last-1, ',') && p.at(last).kind == tName && isType(p.textOf(last)):
			s.skip = last
		}
	case partFirst:
		if p.cur().kind == tName && p.isOp(first+1, ',') {
			p.i = first + 2
		}
	case partLast:
		switch {
		case p.isOp(last-1, ',') && p.at(last).kind == tName && isDatePart(p.textOf(last)):
			s.skip = last
		case p.cur().kind == tName && p.isOp(first+1, ',') && isDatePart(p.textOf(first)):
			p.i = first + 2
		}
	case columnsLast:
		s.pathTable(last + 1)
	}
	return true
}

// pathTable reads the arguments of JSON_TABLE and XMLTABLE up to COLUMNS, whose names are no columns of a table.
func (s *scanner) pathTable(closing int) {
	p := s.p
	cut := p.i
	for cut < closing && p.at(cut).word != wColumns {
		cut = p.after(cut)
	}
	if p.is(p.i, "PASSING") {
		p.i++
	}
	for p.i < cut {
		before := p.i
		p.scan(cut, s.sc, s.sink, inItem)
		if p.i == before {
			p.i++
		}
	}
	p.i = closing
}
