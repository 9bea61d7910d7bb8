package sql

import "strings"

// exec reads EXEC procedure arguments, or EXEC of a statement in a string.
func (p *parser) exec() {
	p.i++
	if p.is(p.i, "PROCEDURE", "IMMEDIATE", "PROC") {
		p.i++
	}
	if p.cur().kind == tName && p.text[p.cur().off] == '@' && p.isOp(p.i+1, '=') {
		p.i += 2
	}
	text := p.i
	if p.isOp(text, '(') || p.is(text, "sp_executesql") {
		text++
	}
	if p.at(text).kind == tString && p.depth < maxRemote {
		p.deliver(Exec, p.inner(text, ""))
		p.toStatement()
		return
	}
	p.procedure(Exec)
}

// call reads CALL procedure(arguments), {call …}, {? = call …}.
func (p *parser) call() {
	p.i++
	p.procedure(Call)
}

// procedure reads the name of a procedure; its result has columns that only the database knows.
func (p *parser) procedure(k Kind) {
	if !p.isName(p.i) {
		p.kind(k)
		p.toStatement()
		return
	}
	end := p.chain(p.i)
	t := Table{Name: p.join(p.i, end), Kind: Procedure}
	p.i = end
	name := p.table(t)
	p.deliver(k, []Column{{Name: "*", Expression: "*", From: []Origin{{Table: name, Column: "*"}}}})
	p.toStatement()
}

// toStatement goes to what may be the next statement.
func (p *parser) toStatement() {
	for p.cur().kind != tEnd && !p.begins(p.i) {
		p.next()
	}
}

// insert reads INSERT INTO target [(columns)] query.
func (p *parser) insert() {
	p.kind(Insert)
	p.i++
	for p.cur().word == wInto || p.cur().word == wTable || p.is(p.i, "OVERWRITE", "IGNORE") {
		p.i++
	}
	var names []string
	if p.isName(p.i) {
		end := p.chain(p.i)
		p.q.Target = p.join(p.i, end)
		p.i = end
	}
	if p.isOp(p.i, '(') && !p.opensQuery(p.i) {
		names = p.names(p.i)
		p.next()
	}
	for p.cur().kind == tName && !p.isStatement() && p.cur().word != wWith && p.cur().word != wExec {
		p.next()
	}
	if p.cur().word == wExec {
		p.exec()
		return
	}
	cols := p.query(nil, nil)
	p.ctes = append(p.ctes, cte{p.q.Target, rename(cols, names)})
}

// change reads UPDATE, DELETE and MERGE: their target, and the tables that they read.
func (p *parser) change() {
	verb := p.cur().word
	p.kind(map[word]Kind{wUpdate: Update, wDelete: Delete, wMerge: Merge}[verb])
	p.i++
	p.modifiers()
	for p.cur().word == wInto || p.cur().word == wFrom || p.cur().word == wOnly {
		p.i++
	}
	if !p.isName(p.i) {
		return
	}
	end := p.chain(p.i)
	p.q.Target = p.join(p.i, end)
	p.i = end
	sc := &scope{}
	target := relation{alias: p.name(end - 1), loose: true}
	if alias := p.relationAlias(); alias != "" {
		target.alias = alias
	}
	for p.cur().kind != tEnd && !p.isOp(p.i, ';') {
		switch p.cur().word {
		case wFrom, wUsing:
			p.i++
			p.changed(sc, target)
			continue
		case wWhere:
			p.clauses(sc, nil)
			continue
		case wInsert, wSelect, wExec:
			if verb != wMerge {
				return
			}
		}
		p.next()
	}
}

// changed reads what a statement that changes a table reads. The target may be named by its alias there.
func (p *parser) changed(sc *scope, target relation) {
	sc.up = &scope{rels: []relation{target}}
	p.from(sc)
	for _, r := range sc.rels {
		if r.table != "" && strings.EqualFold(r.alias, p.q.Target) {
			p.q.Target = r.table
		}
	}
}

// create reads CREATE … TABLE|VIEW name AS query.
func (p *parser) create() {
	p.kind(Create)
	for p.i++; p.cur().kind != tEnd && !p.isOp(p.i, ';'); p.next() {
		if (p.cur().word == wTable || p.cur().word == wView) && p.isName(p.i+1) {
			p.i++
			for p.is(p.i, "IF", "EXISTS") || p.cur().word == wNot {
				p.i++
			}
			end := p.chain(p.i)
			p.q.Target = p.join(p.i, end)
			p.i = end - 1
			continue
		}
		if p.cur().word == wAs && (p.opensQuery(p.i+1) || p.at(p.i+1).word == wWith) {
			p.i++
			cols := p.query(nil, nil)
			p.ctes = append(p.ctes, cte{p.q.Target, cols})
			return
		}
	}
}

// mdx reads a statement for a cube, SELECT {…} ON COLUMNS … FROM [cube], at the level of the cube, and says
// whether it is one.
func (p *parser) mdx() bool {
	axes := false
	for i := p.i; i < len(p.toks); i = p.after(i) {
		switch p.toks[i].word {
		case wOn:
			axes = axes || p.at(i+1).word == wColumns || p.at(i+1).word == wRows || p.is(i+1, "AXIS") || p.at(i+1).kind == tNumber && p.isOp(i-1, '}')
		case wFrom:
			if !axes || !p.isName(i+1) {
				return false
			}
			name := p.table(Table{Name: p.join(i+1, p.chain(i+1)), Kind: Cube})
			p.deliver(MDX, []Column{{Name: "*", Expression: "*", From: []Origin{{Table: name, Column: "*"}}}})
			return true
		}
		if p.toks[i].kind == tEnd {
			return false
		}
	}
	return false
}

// fallBack reads at table level: the names behind FROM and JOIN, at any depth.
func (p *parser) fallBack() {
	q := p.q
	q.TableLevel = true
	p.spent = false
	p.budget = 64 * len(p.toks)
	p.mention()
	q.Columns = nil
	for _, t := range q.Tables {
		q.Columns = append(q.Columns, Column{Name: "*", Expression: "*", From: []Origin{{Table: t.Name, Column: "*"}}})
	}
	if len(q.Tables) == 0 {
		p.diagnose(0, p.snippet(0), "No table could be found in this statement.")
	}
}

// mention notes all tables that stand behind FROM or JOIN, but for the FROM of EXTRACT(… FROM …) and the like.
func (p *parser) mention() {
	selects := []bool{true} // per parenthesis: whether a FROM in it is one of a SELECT
	names := p.cteNames()
	for i := 0; i < len(p.toks); i++ {
		t := &p.toks[i]
		switch {
		case t.kind == tOp && (t.op == '(' || t.op == '{'):
			call := p.isName(i-1) && p.at(i-1).word == noWord && !p.opensQuery(i)
			selects = append(selects, !call)
		case t.kind == tOp && (t.op == ')' || t.op == '}') && len(selects) > 1:
			selects = selects[:len(selects)-1]
		case (t.word == wFrom && selects[len(selects)-1] || t.word == wJoin) && p.isName(i+1) && p.at(i+1).word != wLateral:
			p.mentioned(i+1, names)
		}
	}
}

// mentioned notes the tables of a list with commas.
func (p *parser) mentioned(i int, ctes map[string]bool) {
	for p.isName(i) {
		end := p.chain(i)
		p.i = end
		name := p.join(i, end) + p.dblink()
		if !p.isOp(p.i, '(') || isHint(p.textOf(p.i+1)) {
			if !ctes[strings.ToLower(name)] && p.text[p.at(i).off] != '@' {
				p.table(Table{Name: name, Kind: BaseTable})
			}
		}
		for p.cur().kind == tName && (p.cur().word == wAs || p.mayAlias()) {
			p.i++
		}
		if !p.isOp(p.i, ',') {
			return
		}
		i = p.i + 1
	}
}

// cteNames returns the names of table expressions, in lower case: name AS (.
func (p *parser) cteNames() map[string]bool {
	names := map[string]bool{}
	for i := 0; i+2 < len(p.toks); i++ {
		if p.isName(i) && p.toks[i+1].word == wAs && p.isOp(i+2, '(') {
			names[strings.ToLower(p.name(i))] = true
		}
	}
	return names
}
