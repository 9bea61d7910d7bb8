package sql

// values reads VALUES (…), (…): each column comes from what stands in its place in any row.
func (p *parser) values(up *scope) []Column {
	p.i++
	var cols []Column
	for {
		if p.is(p.i, "ROW") {
			p.i++
		}
		if !p.isOp(p.i, '(') {
			return cols
		}
		end := p.after(p.i)
		p.i++
		for k := 0; p.i < end-1; k++ {
			if k == len(cols) {
				cols = append(cols, Column{})
			}
			p.scan(end-1, up, &cols[k].From, inJoin)
			if p.i < end-1 {
				p.i++
			}
		}
		p.i = end
		if !p.isOp(p.i, ',') {
			return cols
		}
		p.i++
	}
}

// selectCore reads one SELECT: its list, then FROM, then the list's columns, then the other clauses.
func (p *parser) selectCore(up *scope) []Column {
	sc := &scope{up: up}
	if p.cur().word == wFrom { // Hive: FROM t SELECT …
		p.i++
		p.from(sc)
		if p.cur().word != wSelect {
			p.clauses(sc, nil)
			return p.starOf(sc, "")
		}
	}
	p.i++
	p.modifiers()
	base := len(p.ranges)
	p.list()
	p.into()
	if p.cur().word == wFrom {
		p.i++
		p.from(sc)
	}
	rest := p.i
	var cols []Column
	if n := len(p.ranges) - base; n > 0 {
		cols = make([]Column, 0, n)
	}
	for k := base; k < len(p.ranges) && !p.spent; k++ {
		p.item(p.ranges[k], len(p.ranges)-base == 1, sc, &cols)
	}
	p.ranges = p.ranges[:base]
	p.i = rest
	p.clauses(sc, cols)
	return cols
}

// modifiers skips what stands between SELECT and its list.
func (p *parser) modifiers() {
	for {
		t := p.cur()
		switch {
		case t.word == wDistinct || t.word == wAll || t.word == wStraight || p.is(p.i, "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS"):
			p.i++
			if t.word == wDistinct && p.cur().word == wOn && p.isOp(p.i+1, '(') {
				p.i = p.after(p.i + 1)
			}
		case (t.word == wTop || t.word == wFirst || t.word == wLimit) && p.counts(p.i+1):
			p.i++
			p.next()
			for p.cur().word == wPercent || p.is(p.i, "TIES") || p.cur().word == wWith && p.is(p.i+1, "TIES") {
				p.i++
			}
		case p.is(p.i, "AS") && p.is(p.i+1, "STRUCT", "VALUE"):
			p.i += 2
		default:
			return
		}
	}
}

// counts says whether a count stands at a token: of TOP 10, TOP (@n), TOP $(n).
func (p *parser) counts(i int) bool {
	t := p.at(i)
	return t.kind == tNumber || t.kind == tOp && (t.op == '(' || t.op == '?') ||
		t.kind == tName && (p.text[t.off] == '@' || p.text[t.off] == '$')
}

// list notes the ranges of the items of a select list, and stands then at what follows.
func (p *parser) list() {
	begin := p.i
	for {
		if p.isOp(p.i, ',') || p.endsList(begin) {
			if p.i > begin {
				p.ranges = append(p.ranges, span{begin, p.i})
			}
			if !p.isOp(p.i, ',') {
				return
			}
			p.i++
			begin = p.i
			continue
		}
		p.next()
	}
}

// endsList says whether the select list ends here; its current item begins at the given token.
func (p *parser) endsList(begin int) bool {
	t := p.cur()
	switch t.kind {
	case tEnd:
		return true
	case tOp:
		return t.op == ')' || t.op == '}' || t.op == ';'
	case tName:
	default:
		return false
	}
	if p.i > begin && (p.isOp(p.i-1, '.') || p.at(p.i-1).word == wAs) {
		return false
	}
	switch t.word {
	case wFrom, wUnion, wIntersect, wWhere, wInto, wSelect:
		return true
	case wExcept:
		next := p.at(p.i + 1)
		return !p.isOp(p.i-1, '*') && (next.word == wSelect || next.word == wAll || next.word == wDistinct || p.opensQuery(p.i+1))
	case wGroup, wOrder, wConnect:
		return p.at(p.i+1).word == wBy && p.i > begin
	case wHaving, wQualify:
		return p.i > begin
	case wLimit, wFetch, wOffset:
		return p.i > begin && (p.at(p.i+1).kind == tNumber || p.at(p.i+1).word == wFirst)
	}
	return false
}

// into reads the target of SELECT … INTO.
func (p *parser) into() {
	if p.cur().word != wInto {
		return
	}
	p.i++
	if p.isName(p.i) {
		end := p.chain(p.i)
		if p.depth == 1 && p.text[p.cur().off] != ':' {
			p.q.Target = p.join(p.i, end)
		}
		p.i = end
	}
	for p.cur().kind != tEnd && p.cur().word != wFrom && !p.isOp(p.i, ';') && !p.isOp(p.i, ')') && !p.begins(p.i) {
		p.next()
	}
}

// clauses reads what stands behind FROM. Their columns decide which rows there are.
func (p *parser) clauses(sc *scope, cols []Column) {
	for {
		t := p.cur()
		byNext := p.at(p.i+1).word == wBy
		switch {
		case t.kind != tName:
			return
		case t.word == wWhere:
			p.i++
			p.filter(sc, nil)
		case t.word == wHaving, t.word == wQualify:
			p.i++
			p.filter(sc, cols)
		case byNext && (t.word == wGroup || t.word == wOrder || t.word == wSort || t.word == wCluster || t.word == wDistribute):
			p.i += 2
			if p.is(p.i, "SIBLINGS") {
				p.i++
			}
			p.filter(sc, cols)
		case t.word == wOrder && p.is(p.i+1, "SIBLINGS"):
			p.i += 3
			p.filter(sc, cols)
		case t.word == wConnect && byNext, t.word == wStart && p.at(p.i+1).word == wWith:
			p.i += 2
			p.filter(sc, nil)
		case t.word == wWindow:
			p.i++
			for p.isName(p.i) && p.at(p.i+1).word == wAs && p.isOp(p.i+2, '(') {
				p.i += 2
				p.filter(sc, nil)
				if p.isOp(p.i, ',') {
					p.i++
				}
			}
		case p.skipClause(t):
		default:
			return
		}
	}
}

// skipClause skips a clause that names no columns: LIMIT, FETCH, OPTION, FOR XML, WITH UR.
func (p *parser) skipClause(t *token) bool {
	switch t.word {
	case wLimit, wOffset, wFetch, wOption, wFor, wSample, wClause, wUsing, wWith, wInto:
	default:
		return false
	}
	if p.begins(p.i) {
		return false
	}
	for p.i++; ; p.next() {
		u := p.cur()
		switch u.kind {
		case tEnd:
			return true
		case tOp:
			if u.op == ')' || u.op == ';' || u.op == '}' {
				return true
			}
		}
		switch u.word {
		case wUnion, wIntersect, wExcept, wWhere, wLimit, wOffset, wFetch, wOption, wFor, wOrder, wSelect, wInsert, wExec, wFrom:
			return true
		}
	}
}

// filter scans a clause's expressions for filters.
func (p *parser) filter(sc *scope, output []Column) {
	sc.output = output
	p.scan(len(p.toks)-1, sc, &p.q.Filters, inClause)
	sc.output = nil
}
