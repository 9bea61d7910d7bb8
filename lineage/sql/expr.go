package sql

// A mode says where an expression ends.
type mode uint8

const (
	inItem   mode = iota // at the given token
	inClause             // at the next clause too
	inJoin               // at a comma or the next join too
)

// A scanner finds the columns in an expression. It doesn't parse: it only keeps track of whether an
// operand or an operator is to come, which tells columns from the words of every dialect.
type scanner struct {
	p     *parser
	sc    *scope
	sink  *[]Origin
	end   int
	mode  mode
	want  bool // an operand is to come
	depth int  // of parentheses within the expression
	over  int  // the end of a window's specification
	skip  int  // a token that is a type or part of a date, not a column
}

// scan adds to the sink what the columns of the expression at hand come from, and stands then behind it.
func (p *parser) scan(end int, sc *scope, sink *[]Origin, m mode) {
	s := scanner{p: p, sc: sc, sink: sink, end: end, mode: m, want: true, skip: -1}
	for p.i < s.end && !p.spent {
		t := p.at(p.i)
		switch t.kind {
		case tEnd:
			return
		case tOp:
			if s.operator(t) {
				return
			}
		case tName:
			if s.word(t) {
				return
			}
		case tQuoted:
			s.column()
		default:
			s.want = false
			p.i++
		}
	}
	p.i = max(p.i, min(s.end, len(p.toks)-1))
}

// operator reads an operator, and says whether the expression ends before it.
func (s *scanner) operator(t *token) (ends bool) {
	p := s.p
	switch t.op {
	case '(':
		s.depth++
		s.want = true
	case ')':
		if s.depth == 0 {
			return true
		}
		s.depth--
		s.want = false
	case ',':
		if s.depth == 0 && s.mode == inJoin {
			return true
		}
		s.want = true
	case ';':
		if s.depth == 0 {
			return true
		}
	case '{':
		if p.at(p.i+1).word == wFn {
			p.i++
		}
		s.want = true
	case '}', ']', '?':
		s.want = false
	case opCast:
		p.i = p.typeEnd(p.i + 1)
		s.want = false
		return false
	case ':':
		s.colon()
		return false
	case '.':
		if !s.want && p.isName(p.i+1) { // f(x).field, column.value('…')
			p.i++
		}
	case '*':
		s.want = !s.want
	default:
		s.want = true
	}
	p.i++
	return false
}

// colon reads a path within a column (Snowflake: raw:items[0].name) or a parameter (:name).
func (s *scanner) colon() {
	p := s.p
	p.i++
	if s.want {
		if p.cur().kind == tName && p.cur().off == p.at(p.i-1).end {
			p.i++
		}
		s.want = false
		return
	}
	before := p.at(p.i - 2)
	if !p.isName(p.i) || p.at(p.i-1).off != before.end || before.kind == tString {
		s.want = true
		return
	}
	p.i = p.chain(p.i)
}

// typeEnd returns the end of a type: varchar(10), double precision, timestamp with time zone, int[].
func (p *parser) typeEnd(i int) int {
	if !p.isName(i) {
		return i
	}
	i = p.chain(i)
	for p.is(i, "PRECISION", "VARYING", "WITHOUT") || p.at(i).word == wWith && p.is(i+1, "TIME", "LOCAL") ||
		p.is(i, "TIME", "LOCAL") && (p.at(i-1).word == wWith || p.is(i-1, "WITHOUT", "LOCAL")) || p.at(i).word == wZone {
		i++
	}
	if p.isOp(i, '(') {
		i = p.after(i)
	}
	for p.isOp(i, '[') && p.isOp(i+1, ']') {
		i += 2
	}
	return i
}

// word reads a bare name, and says whether the expression ends before it.
func (s *scanner) word(t *token) (ends bool) {
	if t.word == noWord {
		if s.want {
			s.column()
		} else {
			s.p.i++ // an alias, or a word of some dialect
		}
		return false
	}
	if s.depth == 0 && s.mode != inItem && s.stops(t) {
		return true
	}
	if s.want {
		s.prefix(t)
	} else {
		s.infix(t)
	}
	return false
}

// stops says whether a word ends an expression that isn't in parentheses.
func (s *scanner) stops(t *token) bool {
	p := s.p
	byNext := p.at(p.i+1).word == wBy
	switch t.word {
	case wFrom, wWhere, wHaving, wUnion, wIntersect, wSelect, wInsert:
		return true
	case wGroup, wOrder, wConnect, wCluster, wDistribute, wSort:
		return byNext || p.is(p.i+1, "SIBLINGS")
	case wStart:
		return p.at(p.i+1).word == wWith
	}
	if s.want {
		return false
	}
	switch t.word {
	case wExcept, wQualify, wLimit, wFetch, wOffset, wOption, wFor, wWindow, wClause, wInto, wExec, wSample, wBatch, wMerge:
		return true
	case wWith:
		return true
	case wJoin, wInner, wLeft, wRight, wFull, wCross, wNatural, wStraight, wOuter, wAnti, wSemi, wAsof, wPivot, wUnpivot, wLateral, wWhen, wOn, wSet:
		return s.mode == inJoin || t.word == wPivot || t.word == wUnpivot
	}
	return s.mode == inJoin && p.at(p.i+1).word == wJoin
}

// prefix reads a word where an operand is to come.
func (s *scanner) prefix(t *token) {
	p := s.p
	next := p.at(p.i + 1)
	call := next.kind == tOp && next.op == '('
	dot := next.kind == tOp && next.op == '.'
	if !s.passes(t, next, call, dot) && !s.takes(t, next, call, dot) {
		s.column()
	}
}

// passes goes over words between operands, and over what no column is in; false: the word is none of them.
func (s *scanner) passes(t, next *token, call, dot bool) bool {
	p := s.p
	words := 0
	switch t.word {
	case wCase, wWhen, wThen, wElse, wDistinct, wNot, wPrior, wConnectByRoot, wNocycle, wExists, wAnd, wOr, wIn, wBetween, wIs:
		if !dot && (!call || t.word != wDistinct || next.off > t.end) {
			words = 1
		}
	case wAll, wAny, wSome:
		if call && p.opensQuery(p.i+1) || !call && !dot {
			words = 1
		}
	case wBinary:
		if p.isName(p.i+1) && !dot {
			words = 1
		}
	case wBoth, wFrom, wUsing:
		if !dot && s.depth > 0 {
			words = 1
		}
	case wWhere:
		if s.depth > 0 { // FILTER (WHERE …)
			words = 1
		}
	case wPartition, wOrder, wGroup, wSort, wCluster, wDistribute:
		if next.word == wBy {
			words = 2
		}
	case wRows:
		if p.i < s.over && (next.word == wBetween || next.word == wCurrent || next.kind == tNumber || p.is(p.i+1, "UNBOUNDED")) {
			words = s.over - p.i
		}
	}
	p.i += words
	return words > 0
}

// takes reads an operand that begins with a word of its own: a query, a constant, an interval.
func (s *scanner) takes(t, next *token, call, dot bool) bool {
	p := s.p
	switch t.word {
	case wSelect, wWith, wValues:
		if s.depth > 0 && p.opensQuery(p.i) {
			s.query()
			return true
		}
	case wNull, wConstant, wRownum, wEnd:
		if !dot && !call {
			s.constant(1)
			return true
		}
	case wLevel:
		if p.hier && !dot {
			s.constant(1)
			return true
		}
	case wCurrent:
		if p.is(p.i+1, "DATE", "TIME", "TIMESTAMP", "TIMEZONE", "USER", "SCHEMA", "SERVER", "SQLID", "PATH") {
			s.constant(2)
			return true
		}
	case wInterval:
		if next.kind == tString || next.kind == tNumber || call || p.isName(p.i+1) && !dot && next.word != wFrom && next.word != wAs {
			s.interval()
			return true
		}
	}
	return false
}

func (s *scanner) constant(tokens int) {
	s.p.i += tokens
	s.want = false
}

// interval reads INTERVAL '1' DAY, INTERVAL n DAY, INTERVAL (x) DAY TO SECOND.
func (s *scanner) interval() {
	p := s.p
	p.i++
	switch {
	case p.isOp(p.i, '('):
		end := p.after(p.i)
		p.i++
		p.scan(end-1, s.sc, s.sink, inItem)
		p.i = end
	case p.isName(p.i):
		s.column()
	default:
		p.i++
	}
	for p.cur().kind == tName && isDatePart(p.textOf(p.i)) || p.is(p.i, "TO") {
		p.i++
	}
	s.want = false
}

// infix reads a word where an operator is to come.
func (s *scanner) infix(t *token) {
	p := s.p
	next := p.at(p.i + 1)
	switch t.word {
	case wAnd, wOr, wNot, wDiv, wIn, wIs, wBetween, wEscape, wWhen, wThen, wElse, wFrom, wFor, wUsing, wPlacing, wSeparator, wWhere:
		s.want = true
	case wUnion, wIntersect, wExcept: // ((SELECT …) UNION (SELECT …))
		s.want = true
		for p.at(p.i+1).word == wAll || p.at(p.i+1).word == wDistinct {
			p.i++
		}
	case wSelect:
		if s.depth > 0 {
			s.query()
			return
		}
	case wAs:
		s.alias()
		return
	case wOver:
		if next.kind == tOp && next.op == '(' {
			s.window()
			return
		}
		p.i++
	case wKeep:
		if next.kind == tOp && next.op == '(' { // KEEP (DENSE_RANK FIRST ORDER BY …)
			p.i += 2
			s.depth++
			for p.cur().kind == tName && p.cur().word != wOrder {
				p.i++
			}
			s.want = true
			return
		}
	case wCollate:
		p.i++
	case wAt:
		if p.is(p.i+1, "TIME") {
			p.i += 2
			s.want = true
		} else {
			p.i++
		}
	case wOrder, wPartition, wGroup:
		if next.word == wBy {
			p.i++
			s.want = true
		}
	case wRows:
		if p.i < s.over {
			p.i = s.over
			return
		}
	}
	p.i++
}

// alias skips what stands behind AS: a type within CAST, a name.
func (s *scanner) alias() {
	p := s.p
	p.i++
	if s.depth == 0 {
		p.i = min(p.i+1, s.end)
		return
	}
	for p.i < s.end && !p.isOp(p.i, ',') && !p.isOp(p.i, ')') && p.cur().kind != tEnd {
		p.next()
	}
}

// window enters OVER (…). A column that a window is made by counts as part of the expression.
func (s *scanner) window() {
	p := s.p
	s.over = p.after(p.i+1) - 1
	p.i += 2
	s.depth++
	s.want = true
	if p.isName(p.i) && (p.i+1 == s.over || p.at(p.i+1).word == wOrder || p.at(p.i+1).word == wPartition || p.at(p.i+1).word == wRows) {
		p.i++ // the name of a window
		s.want = p.i < s.over
	}
}

// query reads a sub-query. Its columns are values, unless only their existence is asked for.
func (s *scanner) query() {
	p := s.p
	exists := p.at(p.i-2).word == wExists
	for _, c := range p.query(s.sc, nil) {
		if !exists {
			p.include(s.sink, c.From)
		}
	}
	s.want = false
}
