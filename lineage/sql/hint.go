package sql

// indexHint skips MySQL's USE INDEX (…), FORCE INDEX (…).
func (p *parser) indexHint() {
	p.i += 2
	for p.cur().word == wFor || p.cur().word == wJoin && p.at(p.i-1).word == wFor {
		p.i++
	}
	if p.isOp(p.i, '(') {
		p.next()
	}
}

// temporal skips FOR SYSTEM_TIME AS OF …, AS OF TIMESTAMP …, AT(…), BEFORE(…).
func (p *parser) temporal() {
	switch {
	case p.cur().word == wFor && p.is(p.i+1, "SYSTEM_TIME", "SYSTEM_VERSION", "VERSION", "TIMESTAMP"):
		p.i += 2
	case p.cur().word == wAs && p.at(p.i+1).word == wOf:
	case (p.cur().word == wAt || p.is(p.i, "BEFORE", "CHANGES")) && p.isOp(p.i+1, '('):
		p.i = p.after(p.i + 1)
		return
	default:
		return
	}
	for p.cur().word == wAs || p.cur().word == wOf || p.cur().word == wBetween || p.cur().word == wAll || p.cur().word == wFrom ||
		p.is(p.i, "TIMESTAMP", "SCN", "CONTAINED") || p.cur().word == wIn {
		p.i++
	}
	p.operand()
	for p.cur().word == wAnd || p.is(p.i, "TO") {
		p.i++
		p.operand()
	}
}

// operand skips one simple operand.
func (p *parser) operand() {
	switch {
	case p.isName(p.i):
		p.i = p.chain(p.i)
		if p.isOp(p.i, '(') {
			p.next()
		}
	case p.cur().kind != tEnd && !p.isOp(p.i, ')'):
		p.next()
	}
	for (p.isOp(p.i, '-') || p.isOp(p.i, '+')) && p.at(p.i+1).kind != tEnd {
		p.i += 2
	}
}

// sample skips TABLESAMPLE (…), SAMPLE 10, PARTITION (…).
func (p *parser) sample() {
	if p.cur().word != wSample && (p.cur().word != wPartition || !p.isOp(p.i+1, '(')) {
		return
	}
	p.i++
	for p.is(p.i, "SYSTEM", "BERNOULLI", "BLOCK", "ROW", "RESERVOIR") || p.cur().kind == tNumber {
		p.i++
	}
	for p.isOp(p.i, '(') || p.is(p.i, "SEED", "REPEATABLE") {
		p.next()
	}
}
