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

// tail reads what follows a whole query expression: ORDER BY and the like.
func (p *parser) tail(up *scope, cols []Column) {
	if p.cur().kind == tName {
		p.clauses(&scope{up: up}, cols)
	}
}

// skipToEnd goes to the parenthesis that closes the query.
func (p *parser) skipToEnd() {
	for p.cur().kind != tEnd && !p.isOp(p.i, ')') {
		p.next()
	}
}
