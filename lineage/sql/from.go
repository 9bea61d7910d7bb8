package sql

import "strings"

// from reads the relations behind FROM, up to the next clause.
func (p *parser) from(sc *scope) {
	for before := -1; !p.spent; {
		if p.i == before {
			p.i++ // a word out of place
		}
		before = p.i
		t := p.cur()
		switch t.kind {
		case tEnd:
			return
		case tName:
			if p.isOp(p.i+1, '.') {
				p.relation(sc)
				continue
			}
			handled, ends := p.fromWord(sc, t)
			if ends {
				return
			}
			if !handled {
				p.relation(sc)
			}
		case tQuoted, tString:
			p.relation(sc)
		case tOp:
			switch t.op {
			case ')', ';':
				return
			case '(':
				p.fromParen(sc)
			default:
				p.i++
			}
		default:
			p.i++
		}
	}
}

// fromWord reads a word that stands between relations.
func (p *parser) fromWord(sc *scope, t *token) (handled, ends bool) {
	next := p.at(p.i + 1)
	switch t.word {
	case noWord:
		if p.joinHint(next) {
			p.i++
			return true, false
		}
		return false, false
	case wJoin, wInner, wLeft, wRight, wFull, wCross, wOuter, wNatural, wApply, wStraight, wAnti, wSemi, wAsof, wAny, wAll, wOnly:
		p.i++
	case wFn:
		if !p.isOp(p.i-1, '{') {
			return false, false
		}
		p.i++
	case wLateral:
		p.i++
		if p.cur().word == wView {
			p.lateralView(sc)
		}
	case wOn:
		p.i++
		p.scan(len(p.toks)-1, sc, &p.q.Filters, inJoin)
	case wUsing:
		p.using(sc)
	case wPivot:
		p.pivot(sc)
	case wUnpivot:
		p.unpivot(sc)
	case wWith:
		p.fromWith(sc)
	case wSample, wPartition:
		p.sample()
	default:
		return p.clauseWord(t, next)
	}
	return true, false
}

// joinHint says whether a bare word is one that stands before JOIN (SQL Server, ClickHouse).
func (p *parser) joinHint(next *token) bool {
	switch next.word {
	case wJoin:
		return p.is(p.i, "HASH", "LOOP", "REMOTE", "GLOBAL", "BROADCAST")
	case wAny, wAll, wAsof, wLeft, wInner, wRight, wFull, wSemi, wAnti:
		return p.is(p.i, "GLOBAL")
	}
	return false
}

// clauseWord says whether a word behind FROM begins a clause, or is the name of a table.
func (p *parser) clauseWord(t, next *token) (handled, ends bool) {
	switch t.word {
	case wGroup, wOrder, wConnect, wCluster, wDistribute, wSort:
		return false, next.word == wBy || p.is(p.i+1, "SIBLINGS")
	case wStart:
		return false, next.word == wWith
	case wMerge:
		if next.word == wJoin {
			p.i++
			return true, false
		}
		return false, true
	case wWindow:
		return false, p.at(p.i+2).word == wAs
	case wBatch:
		if p.is(p.i, "USE") && (next.word == wIndex || next.word == wKey) {
			p.indexHint()
			return true, false
		}
		return false, true
	case wFor:
		if p.is(p.i+1, "SYSTEM_TIME", "SYSTEM_VERSION", "VERSION", "TIMESTAMP", "PORTION") {
			p.temporal()
			return true, false
		}
		return false, true
	case wWhere, wHaving, wLimit, wFetch, wOffset, wUnion, wExcept, wIntersect, wQualify, wOption, wSelect, wInto, wSet,
		wClause, wInsert, wUpdate, wDelete, wExec, wWhen, wValues:
		return false, true
	}
	return false, false
}

// fromParen reads a parenthesis behind FROM: a sub-query, or joins within one another.
func (p *parser) fromParen(sc *scope) {
	end := p.after(p.i)
	if !p.opensQuery(p.i) {
		if p.depth++; p.depth > maxDepth {
			p.spent = true
			p.diagnose(p.i, "", "Joins stand too deep within one another.")
			p.depth--
			return
		}
		p.i++
		p.from(sc)
		p.depth--
		p.i = end
		return
	}
	p.i++
	cols := p.query(sc, nil)
	p.i = end
	alias := p.relationAlias()
	if p.isOp(p.i, '(') {
		cols = rename(cols, p.names(p.i))
		p.next()
	}
	sc.rels = append(sc.rels, relation{alias: alias, cols: cols})
}

// relation reads a table, a table expression's name or a table function.
func (p *parser) relation(sc *scope) {
	a := p.i
	if p.cur().kind == tName && p.text[p.cur().off] == '@' {
		p.stage(sc)
		return
	}
	end := p.chain(a)
	name := p.join(a, end)
	p.i = end
	name += p.dblink()
	if p.isOp(p.i, '(') && !isHint(p.textOf(p.i+1)) && !(p.at(p.i+1).word == wIndex) {
		if !p.parameters(a) {
			p.function(name, sc)
			return
		}
		p.next()
	}
	if c := p.findCTE(name); c != nil {
		cols := c.cols
		p.relationEnd(sc, relation{alias: name, cols: cols})
		return
	}
	p.relationEnd(sc, relation{alias: p.name(end - 1), table: p.table(Table{Name: name, Kind: BaseTable})})
}

// relationEnd reads what follows a relation's name: hints, an alias, its columns' names.
func (p *parser) relationEnd(sc *scope, r relation) {
	if p.isOp(p.i, '(') {
		p.next()
	}
	p.temporal()
	p.sample()
	if alias := p.relationAlias(); alias != "" {
		r.alias = alias
	}
	if p.isOp(p.i, '(') {
		if r.table == "" || !isHint(p.textOf(p.i+1)) && p.at(p.i+1).word != wIndex {
			r.cols = rename(r.cols, p.names(p.i))
		}
		p.next()
	}
	if r.table != "" {
		r.cols = nil
	}
	sc.rels = append(sc.rels, r)
}

// dblink reads Oracle's database link: EMP@REMOTE.EXAMPLE.COM.
func (p *parser) dblink() string {
	t := p.cur()
	if t.kind != tName || t.off != p.at(p.i-1).end || p.text[t.off] != '@' {
		return ""
	}
	a := p.i
	p.i = p.chain(a)
	return p.join(a, p.i)
}

// parameters says whether the parenthesis behind a table's name holds parameters of a view of SAP HANA.
func (p *parser) parameters(a int) bool {
	i := p.i + 1
	return p.at(a).kind == tQuoted && (p.at(i).kind == tString && (p.isOp(i+1, '=') || p.isOp(i+1, opNamed)) ||
		strings.EqualFold(p.textOf(i), "PLACEHOLDER"))
}

// relationAlias reads an alias, or Oracle's AS OF.
func (p *parser) relationAlias() string {
	if p.cur().word == wAs && p.at(p.i+1).word == wOf {
		p.temporal()
	}
	if p.cur().word == wAs {
		p.i++
		if k := p.cur().kind; k == tName || k == tQuoted || k == tString {
			p.i++
			return p.name(p.i - 1)
		}
		return ""
	}
	if p.cur().kind == tQuoted || p.cur().kind == tName && p.mayAlias() {
		p.i++
		return p.name(p.i - 1)
	}
	for p.cur().kind == tName && isHint(p.textOf(p.i)) {
		p.i++
	}
	return ""
}

// mayAlias says whether a bare word behind a relation is its alias.
func (p *parser) mayAlias() bool {
	t, next := p.cur(), p.at(p.i+1)
	switch t.word {
	case noWord:
		if isHint(p.textOf(p.i)) {
			return false
		}
		if p.joinHint(next) {
			return false
		}
		if (next.word == wIndex || next.word == wKey) && p.is(p.i, "FORCE", "IGNORE") {
			p.indexHint()
			return p.cur().kind == tName && p.cur().word == noWord
		}
		return true
	case wFn, wLevel, wLiteral, wIndex, wColumns, wProperties, wConnection, wZone, wReplace, wFilter, wBinary, wAsc, wRows,
		wEscape, wRollup, wPercent, wView, wOf, wConstant, wBoth, wCurrent, wRecursive, wDesc, wEnd, wRownum, wKey, wBy, wTop:
		return true
	case wCall, wCreate:
		return false
	case wFirst:
		return next.kind != tNumber
	case wStart:
		return next.word != wWith
	case wWindow:
		return p.at(p.i+2).word != wAs
	case wSample:
		return false
	}
	return false
}

// fromWith skips hints and the like: WITH (NOLOCK), WITH UR, WITH OFFSET AS n, WITH ORDINALITY, WITH (a int '$.a').
func (p *parser) fromWith(sc *scope) {
	p.i++
	switch {
	case p.isOp(p.i, '('):
		if n := len(sc.rels); n > 0 && sc.rels[n-1].loose && len(sc.rels[n-1].cols) == 0 {
			for _, name := range p.names(p.i) {
				sc.rels[n-1].cols = append(sc.rels[n-1].cols, Column{Name: name, From: sc.rels[n-1].any})
			}
			p.next()
			if alias := p.relationAlias(); alias != "" {
				sc.rels[n-1].alias = alias
			}
			return
		}
		p.next()
	case p.cur().word == wOffset, p.is(p.i, "ORDINALITY"):
		p.i++
		if alias := p.relationAlias(); alias != "" {
			if p.isOp(p.i, '(') {
				p.next()
			}
			sc.rels = append(sc.rels, relation{alias: alias, loose: true, cols: []Column{{Name: alias}}})
		}
	case p.cur().kind == tName:
		p.i++
		if p.isOp(p.i, '(') {
			p.next()
		}
	}
}

// using reads USING (a, b): columns that both sides have.
func (p *parser) using(sc *scope) {
	p.i++
	if !p.isOp(p.i, '(') {
		return
	}
	names := p.names(p.i)
	p.next()
	sc.using = append(sc.using, names...)
	for _, n := range names {
		p.unqualified(n, sc, &p.q.Filters)
	}
}

// lateralView reads Hive's LATERAL VIEW [OUTER] explode(x) t AS a, b.
func (p *parser) lateralView(sc *scope) {
	p.i++
	if p.cur().word == wOuter {
		p.i++
	}
	if !p.isName(p.i) {
		return
	}
	p.i = p.chain(p.i)
	r := relation{loose: true}
	r.any = p.arguments(sc)
	if p.cur().kind == tQuoted || p.cur().kind == tName && p.mayAlias() {
		r.alias = p.name(p.i)
		p.i++
	}
	if p.cur().word == wAs {
		for p.i++; p.isName(p.i); p.i++ {
			r.cols = append(r.cols, Column{Name: p.name(p.i), From: r.any})
			if p.i++; !p.isOp(p.i, ',') {
				break
			}
		}
	}
	sc.rels = append(sc.rels, r)
}

// arguments scans what stands in parentheses, and goes behind them.
func (p *parser) arguments(sc *scope) []Origin {
	if !p.isOp(p.i, '(') {
		return nil
	}
	var found []Origin
	end := p.after(p.i)
	p.i++
	p.scan(end-1, sc, &found, inItem)
	p.i = end
	return found
}
