package sql

import "strings"

// query reads a query expression: WITH, SELECTs, set operators. It ends at the parenthesis that closes it.
// A recursive table expression is given its columns as soon as its anchor is read.
func (p *parser) query(up *scope, publish func([]Column)) []Column {
	if p.depth++; p.depth > maxDepth {
		p.depth--
		if !p.spent {
			p.diagnose(p.i, p.snippet(p.i), "Sub-queries stand too deep within one another.")
		}
		p.spent = true
		p.skipToEnd()
		return nil
	}
	known := len(p.ctes)
	if p.cur().word == wWith {
		p.with(up)
	}
	cols := p.term(up)
	if publish != nil {
		publish(cols)
	}
	for p.setOperator() {
		cols = p.union(cols, p.term(up))
	}
	p.tail(up, cols)
	if up != nil || publish != nil {
		p.ctes = p.ctes[:known]
	}
	p.depth--
	return cols
}

// with reads WITH [RECURSIVE] name [(columns)] AS [NOT MATERIALIZED] (query), …
func (p *parser) with(up *scope) {
	p.i++
	if p.cur().word == wRecursive && p.at(p.i+1).word != wAs {
		p.i++
	}
	for p.isName(p.i) {
		name := p.name(p.i)
		p.i++
		var names []string
		if p.isOp(p.i, '(') && !p.opensQuery(p.i) {
			names = p.names(p.i)
			p.next()
		}
		for p.cur().kind == tName && !p.isOp(p.i, '(') {
			p.i++
		}
		k := len(p.ctes)
		p.ctes = append(p.ctes, cte{name: name})
		if p.isOp(p.i, '(') {
			end := p.after(p.i)
			p.i++
			cols := p.query(up, func(c []Column) { p.ctes[k].cols = rename(c, names) })
			p.ctes = p.ctes[:k+1]
			p.ctes[k].cols = rename(cols, names)
			p.i = end
		}
		for p.cur().kind == tName && p.cur().word != wSelect && !p.begins(p.i) && !p.isStatement() {
			p.i++ // SEARCH, CYCLE
		}
		if !p.isOp(p.i, ',') {
			return
		}
		p.i++
	}
}

func (p *parser) isStatement() bool {
	switch p.cur().word {
	case wSelect, wInsert, wUpdate, wDelete, wMerge, wValues, wTable, wFrom:
		return true
	}
	return false
}

// names returns the names in a list in parentheses: of each item the first, so that types don't matter.
func (p *parser) names(open int) []string {
	var out []string
	end := p.after(open) - 1
	for i := open + 1; i < end; {
		if k := p.at(i).kind; k == tName || k == tQuoted || k == tString {
			out = append(out, p.name(i))
		}
		for i < end && !p.isOp(i, ',') {
			i = p.after(i)
		}
		i++
	}
	return out
}

// rename gives columns the names of a list, by position.
func rename(cols []Column, names []string) []Column {
	if len(names) == 0 {
		return cols
	}
	out := make([]Column, 0, len(names))
	star := -1
	for k, name := range names {
		c := Column{Name: name}
		if star < 0 && k < len(cols) {
			if cols[k].Name == "*" {
				star = k
			} else {
				c.From, c.Expression = cols[k].From, cols[k].Expression
			}
		}
		if star >= 0 {
			c.From = cols[star].From // which of its columns, only the database knows
		}
		out = append(out, c)
	}
	return out
}

// opensQuery says whether a parenthesis holds a query.
func (p *parser) opensQuery(i int) bool {
	for p.isOp(i, '(') {
		i++
	}
	switch p.at(i).word {
	case wSelect, wValues:
		return true
	case wWith:
		return p.begins(i) || p.at(i+1).word == wRecursive
	}
	return false
}

// term reads one operand of a set operator.
func (p *parser) term(up *scope) []Column {
	switch t := p.cur(); {
	case t.kind == tOp && t.op == '(':
		end := p.after(p.i)
		p.i++
		cols := p.query(up, nil)
		p.i = end
		return cols
	case t.word == wSelect, t.word == wFrom:
		return p.selectCore(up)
	case t.word == wValues:
		return p.values(up)
	case t.word == wTable && p.isName(p.i+1):
		p.i++
		sc := &scope{up: up}
		p.relation(sc)
		return p.starOf(sc, "")
	}
	return nil
}

// setOperator reads UNION and the like.
func (p *parser) setOperator() bool {
	switch p.cur().word {
	case wUnion, wIntersect, wExcept:
	default:
		return false
	}
	p.i++
	for p.cur().word == wAll || p.cur().word == wDistinct || p.is(p.i, "CORRESPONDING", "OUTER") || p.is(p.i, "BY") || p.is(p.i, "NAME") && p.at(p.i-1).word == wBy {
		p.i++
	}
	return true
}

// union unites the columns of two queries by position, or by name where a star hides positions.
func (p *parser) union(a, b []Column) []Column {
	if len(a) == 0 {
		return b
	}
	out := append([]Column(nil), a...)
	if len(a) == len(b) && sameStars(a, b) {
		for k := range out {
			p.spend(1 + len(out[k].From))
			out[k].From = unite(out[k].From, b[k].From)
		}
		return out
	}
	if !hasStar(a) && !hasStar(b) {
		for k := range out {
			if k < len(b) {
				out[k].From = unite(out[k].From, b[k].From)
			}
		}
		return out
	}
	p.spend(len(a) * (1 + len(b)/16))
	return byName(out, a, b)
}

// byName unites columns by name; what a star may deliver is a candidate.
func byName(out, a, b []Column) []Column {
	for k := range out {
		if out[k].Name == "*" {
			for _, c := range b {
				if c.Name == "*" {
					out[k].From = unite(out[k].From, c.From)
				}
			}
			continue
		}
		from, found := gather(b, func(c Column) bool { return strings.EqualFold(c.Name, out[k].Name) })
		if !found {
			from, _ = starred(b, out[k].Name)
			from = candidates(from)
		}
		out[k].From = unite(out[k].From, from)
	}
	for _, c := range b {
		if c.Name == "*" || c.Name == "" {
			continue
		}
		if _, found := gather(a, func(x Column) bool { return strings.EqualFold(x.Name, c.Name) }); !found && hasStar(a) {
			from, _ := starred(a, c.Name)
			c.From = unite(candidates(from), c.From)
			out = append(out, c)
		}
	}
	return out
}

func hasStar(cols []Column) bool {
	for i := range cols {
		if cols[i].Name == "*" {
			return true
		}
	}
	return false
}

func sameStars(a, b []Column) bool {
	for i := range a {
		if (a[i].Name == "*") != (b[i].Name == "*") {
			return false
		}
	}
	return true
}

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

// tail reads what follows a whole query expression: ORDER BY and the like.
func (p *parser) tail(up *scope, cols []Column) {
	p.clauses(&scope{up: up}, cols)
}

// filter scans a clause's expressions for filters.
func (p *parser) filter(sc *scope, output []Column) {
	sc.output = output
	var found []Origin
	p.scan(len(p.toks)-1, sc, &found, inClause)
	p.include(&p.q.Filters, found)
	sc.output = nil
}

// skipToEnd goes to the parenthesis that closes the query.
func (p *parser) skipToEnd() {
	for p.cur().kind != tEnd && !p.isOp(p.i, ')') {
		p.next()
	}
}
