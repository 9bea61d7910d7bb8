package sql

import "strings"

// item reads one item of a select list into columns.
func (p *parser) item(r span, alone bool, sc *scope, cols *[]Column) {
	a, b := r.a, r.b
	if p.star(a, b, sc, cols) || p.assignment(a, b) {
		return
	}
	if alone && p.openSQL(a, b, sc, cols) {
		return
	}
	if b == a+1 && strings.HasPrefix(p.textOf(a), "$(") && p.at(a).kind == tName {
		p.diagnose(a, p.textOf(a), "The variable isn't known; it may stand for any columns.")
		*cols = append(*cols, p.starOf(sc, "")...)
		return
	}
	name, a, b := p.alias(a, b)
	c := Column{Name: name, Expression: p.text[p.at(a).off:p.at(b-1).end]}
	if c.Name == "" {
		c.Name = p.plainName(a, b)
	}
	p.i = a
	p.scan(b, sc, &c.From, inItem)
	p.spend(1)
	*cols = append(*cols, c)
}

// assignment says whether an item sets a variable: SELECT @n = COUNT(*).
func (p *parser) assignment(a, b int) bool {
	return b > a+2 && p.at(a).kind == tName && p.text[p.at(a).off] == '@' && (p.isOp(a+1, '=') || p.isOp(a+1, opNamed))
}

// alias splits the alias off an item: the name, and the range of the expression.
func (p *parser) alias(a, b int) (string, int, int) {
	last := p.at(b - 1)
	named := last.kind == tName || last.kind == tQuoted || last.kind == tString
	switch {
	case b > a+2 && p.isOp(a+1, '=') && p.at(a).kind != tNumber && p.at(a).kind != tOp:
		return p.name(a), a + 2, b
	case b > a+2 && named && p.at(b-2).word == wAs:
		return p.name(b - 1), a, b - 2
	case b > a+4 && named && p.at(b-2).kind == tOp && p.at(b-2).op == '.' && p.at(b-4).word == wAs: // AS a.b
		return p.join(b-3, b), a, b - 4
	case b > a+1 && named && p.endsOperand(a, b-2) && !p.postfix(b-1):
		return p.name(b - 1), a, b - 1
	}
	return "", a, b
}

// endsOperand says whether an operand ends with a token, so that a name behind it is an alias.
func (p *parser) endsOperand(a, i int) bool {
	t := p.at(i)
	switch t.kind {
	case tNumber, tString, tQuoted:
		return true
	case tOp:
		return t.op == ')' || t.op == '}' || t.op == ']' || t.op == '*' && p.isOp(i-1, '.')
	}
	if p.at(i+1).kind == tString && (t.word == wLiteral || t.word == wInterval || t.word == wBinary) {
		return false
	}
	if i > a && p.isOp(i-1, '.') {
		return true
	}
	switch t.word {
	case wAnd, wOr, wNot, wDiv, wIn, wIs, wBetween, wEscape, wCase, wWhen, wThen, wElse, wDistinct, wPrior, wConnectByRoot,
		wInterval, wCollate, wAt, wZone, wOver, wAs, wAll, wExists:
		return false
	}
	return true
}

// postfix says whether a bare word at the end of an item is no alias.
func (p *parser) postfix(i int) bool {
	t := p.at(i)
	if t.kind != tName {
		return false
	}
	switch t.word {
	case wEnd, wNull:
		return true
	}
	if !isDatePart(p.textOf(i)) {
		return false
	}
	before := p.at(i - 1)
	for j := i - 1; j >= i-6 && j >= 0; j-- { // INTERVAL 1 DAY, INTERVAL '1' DAY TO SECOND
		if p.at(j).word == wInterval {
			return true
		}
	}
	return before.kind == tNumber && p.at(i-2).kind == tOp && (p.at(i-2).op == '+' || p.at(i-2).op == '-') // DB2: CURRENT DATE - 3 DAYS
}

// plainName returns the name of an item without alias: a column's own, else "".
func (p *parser) plainName(a, b int) string {
	for p.isOp(a, '(') && int(p.at(a).pair) == b-1 {
		a, b = a+1, b-1
	}
	if p.at(a).word == wPrior || p.at(a).word == wConnectByRoot || p.at(a).word == wDistinct {
		a++
	}
	if a >= b || !p.isName(a) {
		return ""
	}
	end := p.chain(a)
	switch {
	case end == b:
		if p.at(a).word == wNull || p.at(a).kind == tName && p.text[p.at(a).off] == '@' {
			return ""
		}
	case p.isOp(end, '(') && p.is(end+1, "NAMED"):
		return p.name(end + 2)
	case p.isOp(end, '(') && p.is(end+1, "FORMAT", "TITLE"):
	case p.isOp(end, opCast) && p.typeEnd(end+1) == b:
	default:
		return ""
	}
	return p.name(end - 1)
}

// openSQL reads the list of SAP's Open SQL, which has no commas: SELECT MATNR MAKTX SPRAS FROM MAKT.
func (p *parser) openSQL(a, b int, sc *scope, cols *[]Column) bool {
	items := 0
	for i := a; i < b; i = p.chain(i) {
		if p.at(i).kind != tName || p.at(i).word != noWord {
			return false
		}
		items++
	}
	if items < 3 {
		return false
	}
	for i := a; i < b; {
		end := p.chain(i)
		c := Column{Name: p.name(end - 1), Expression: p.join(i, end)}
		p.resolve(i, end, sc, &c.From)
		*cols = append(*cols, c)
		i = end
	}
	return true
}

// star reads *, t.* and what may follow: EXCEPT (…), REPLACE (…), RENAME (…).
func (p *parser) star(a, b int, sc *scope, cols *[]Column) bool {
	i := a
	if p.isName(i) {
		i = p.chain(i)
		if !p.isOp(i, '.') {
			return false
		}
		i++
	}
	if !p.isOp(i, '*') || i+1 < b && p.at(i+1).kind != tName {
		return false
	}
	var out []Column
	if i == a {
		out = p.starOf(sc, "")
	} else {
		out = p.starOf(sc, p.join(a, i-1))
		if len(out) == 0 { // STRUCT.*
			c := Column{Name: "*", Expression: "*"}
			p.resolve(a, i-1, sc, &c.From)
			out = []Column{c}
		}
	}
	for i++; i < b; {
		i = p.starOption(i, b, sc, &out)
	}
	p.spend(len(out))
	if !p.spent {
		*cols = append(*cols, out...)
	}
	return true
}

// starOption reads one option of a star, and returns what follows.
func (p *parser) starOption(i, b int, sc *scope, out *[]Column) int {
	word := i
	i++
	end := p.after(i)
	if !p.isOp(i, '(') {
		end = min(i+1, b)
	}
	switch {
	case p.at(word).word == wExcept:
		names := []string{p.name(i)}
		if p.isOp(i, '(') {
			names = p.names(i)
		}
		p.spend(len(*out) * len(names))
		*out = without(*out, names)
	case p.at(word).word == wReplace, p.is(word, "RENAME"):
		if !p.isOp(i, '(') {
			return end
		}
		p.replaceStar(i, end, p.is(word, "RENAME"), sc, out)
	}
	return end
}

// replaceStar reads the list of REPLACE (expression AS name, …) or RENAME (name AS name, …).
func (p *parser) replaceStar(i, end int, renames bool, sc *scope, out *[]Column) {
	var made []Column
	var gone []string
	for j := i + 1; j < end-1; j++ {
		begin := j
		for j < end-1 && !p.isOp(j, ',') {
			j = p.after(j)
		}
		if j == begin {
			continue
		}
		if renames {
			gone = append(gone, p.name(begin))
		}
		p.item(span{begin, j}, false, sc, &made)
		if !renames && len(made) > 0 {
			gone = append(gone, made[len(made)-1].Name)
		}
	}
	p.spend(len(*out) * len(gone))
	*out = append(without(*out, gone), made...)
}

// without leaves columns out of a list with stars.
func without(cols []Column, names []string) []Column {
	out := make([]Column, 0, len(cols))
	for _, c := range cols {
		if c.Name == "*" {
			c.Except = append(c.Except[:len(c.Except):len(c.Except)], names...)
		} else if excepts(Column{Except: names}, c.Name) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// starOf returns the columns of all relations of a SELECT, or of the one that a qualifier names.
func (p *parser) starOf(sc *scope, qualifier string) []Column {
	if qualifier != "" {
		for s := sc; s != nil; s = s.up {
			if r := s.find(qualifier); r != nil {
				return r.stars()
			}
		}
		return nil
	}
	var cols []Column
	for i := range sc.rels {
		next := sc.rels[i].stars()
		p.spend(len(next))
		if p.spent {
			return cols
		}
		cols = append(cols, next...)
	}
	return cols
}
