package sql

import "strings"

// function reads a function behind FROM, whose parenthesis is next.
func (p *parser) function(name string, sc *scope) {
	end := p.after(p.i)
	switch {
	case strings.EqualFold(name, "TABLE"), strings.EqualFold(name, "THE"):
		p.tableOf(end, sc)
		return
	case p.remote(name, end, sc):
		return
	case strings.EqualFold(name, "IDENTIFIER") && p.at(p.i+1).kind == tString: // Snowflake
		name = p.name(p.i + 1)
		p.i = end
		alias := name[strings.LastIndexByte(name, '.')+1:]
		p.relationEnd(sc, relation{alias: alias, table: p.table(Table{Name: name, Kind: BaseTable})})
		return
	case strings.EqualFold(name, "JSON_TABLE"), strings.EqualFold(name, "XMLTABLE"):
		p.pathColumns(name, end, sc)
		return
	case makesRows(name):
		p.looseEnd(sc, relation{alias: name, loose: true, any: p.arguments(sc)})
		return
	}
	args := p.arguments(sc)
	p.include(&p.q.Filters, args)
	alias := name[strings.LastIndexByte(name, '.')+1:]
	p.relationEnd(sc, relation{alias: alias, table: p.table(Table{Name: name, Kind: Function})})
}

// looseEnd reads the alias and columns of a relation that an expression makes.
func (p *parser) looseEnd(sc *scope, r relation) {
	if alias := p.relationAlias(); alias != "" {
		r.alias = alias
	}
	if p.isOp(p.i, '(') {
		for _, n := range p.names(p.i) {
			r.cols = append(r.cols, Column{Name: n, From: r.any})
		}
		p.next()
	}
	sc.rels = append(sc.rels, r)
}

// tableOf reads TABLE(…) and THE(…): a sub-query, a function or a collection.
func (p *parser) tableOf(end int, sc *scope) {
	inner := p.i + 1
	switch {
	case p.opensQuery(p.i):
		p.fromParen(sc)
		return
	case p.isName(inner) && p.isOp(p.chain(inner), '('):
		p.i = p.chain(inner)
		n := len(sc.rels)
		p.function(p.join(inner, p.i), sc)
		p.i = end
		if alias := p.relationAlias(); alias != "" && n < len(sc.rels) {
			sc.rels[len(sc.rels)-1].alias = alias
		}
		if p.isOp(p.i, '(') {
			p.next()
		}
		return
	}
	p.looseEnd(sc, relation{loose: true, any: p.arguments(sc)})
}

// pathColumns reads JSON_TABLE(x, '…' COLUMNS (a … PATH '…', …)), and XMLTABLE.
func (p *parser) pathColumns(name string, end int, sc *scope) {
	s := scanner{p: p, sc: sc}
	r := relation{alias: name, loose: true}
	s.sink = &r.any
	p.i++
	begin := p.i
	s.pathTable(end - 1)
	for i := begin; i < end-1; i = p.after(i) {
		if p.at(i).word == wColumns {
			r.cols = p.pathNames(i+1, end-1, r.any)
			break
		}
	}
	p.i = end
	p.looseEnd(sc, r)
}

// pathNames returns the columns of a COLUMNS clause, with or without parentheses.
func (p *parser) pathNames(i, end int, from []Origin) []Column {
	var cols []Column
	if p.isOp(i, '(') {
		for _, n := range p.names(i) {
			cols = append(cols, Column{Name: n, From: from})
		}
		return cols
	}
	for i < end {
		if p.isName(i) {
			cols = append(cols, Column{Name: p.name(i), From: from})
		}
		for i < end && !p.isOp(i, ',') {
			i = p.after(i)
		}
		i++
	}
	return cols
}

// remote reads functions that run a query given as a string: OPENQUERY(server, '…'), OPENROWSET, dblink,
// EXTERNAL_QUERY. Tables of a linked server get its name, as in a four-part name.
func (p *parser) remote(name string, end int, sc *scope) bool {
	server := ""
	switch strings.ToUpper(name[strings.LastIndexByte(name, '.')+1:]) {
	case "OPENQUERY":
		server = p.name(p.i + 1)
	case "OPENROWSET", "DBLINK", "EXTERNAL_QUERY":
	default:
		return false
	}
	last := end - 2
	if p.at(last).kind != tString || p.depth >= maxRemote {
		return false
	}
	cols := p.inner(last, server)
	p.i = end
	r := relation{alias: name, cols: cols}
	if alias := p.relationAlias(); alias != "" {
		r.alias = alias
	}
	if p.isOp(p.i, '(') {
		r.cols = rename(r.cols, p.names(p.i))
		p.next()
	}
	sc.rels = append(sc.rels, r)
	return true
}

// maxRemote bounds how deep a query that runs a query given as a string is followed.
const maxRemote = 4

// inner reads a query that stands in a string, and takes over its tables and filters.
func (p *parser) inner(i int, server string) []Column {
	sub := read(p.name(i), p.depth+1)
	moved := map[string]string{}
	for _, t := range sub.Tables {
		was := t.Name
		if server != "" && t.Kind != Web {
			t.Name = server + strings.Repeat(".", max(3-strings.Count(was, "."), 1)) + was
		}
		moved[was] = p.table(t)
	}
	move := func(list []Origin) []Origin {
		out := make([]Origin, len(list))
		for k, o := range list {
			o.Table = moved[o.Table]
			out[k] = o
		}
		return out
	}
	for k := range sub.Columns {
		sub.Columns[k].From = move(sub.Columns[k].From)
	}
	p.include(&p.q.Filters, move(sub.Filters))
	for _, d := range sub.Diagnostics {
		p.diagnose(i, d.What, d.Why)
	}
	return sub.Columns
}

// stage reads Snowflake's files of a stage, @stage/path (options), or a table variable.
func (p *parser) stage(sc *scope) {
	start := int(p.cur().off)
	end := start
	for end < len(p.text) && !isSpace(p.text[end]) && strings.IndexByte("(),;", p.text[end]) < 0 {
		end++
	}
	name := p.text[start:end]
	for p.cur().kind != tEnd && int(p.cur().off) < end {
		p.i++
	}
	if p.batch && strings.IndexByte(name, '/') < 0 {
		p.relationEnd(sc, relation{alias: name, loose: true})
		return
	}
	p.relationEnd(sc, relation{alias: name, table: p.table(Table{Name: name, Kind: Stage})})
}

// pivot reads PIVOT (SUM(x) FOR y IN (a, b)): the listed columns come from x, the others pass through.
func (p *parser) pivot(sc *scope) {
	p.i++
	if p.is(p.i, "XML") {
		p.i++
	}
	if !p.isOp(p.i, '(') {
		return
	}
	end := p.after(p.i)
	below := &scope{rels: sc.rels, up: sc.up}
	p.i++
	var values, keys []Origin
	p.scan(p.find(wFor, p.i, end-1), below, &values, inItem)
	p.i++
	in := p.find(wIn, p.i, end-1)
	p.scan(in, below, &keys, inItem)
	p.include(&p.q.Filters, keys)
	r := relation{inner: sc.rels}
	for _, o := range unite(values, keys) {
		r.used = append(r.used, o.Column)
	}
	if p.isOp(in+1, '(') {
		for _, name := range p.pivoted(in + 1) {
			r.cols = append(r.cols, Column{Name: name, From: values})
		}
	}
	p.i = end
	sc.rels = nil
	p.relationEnd(sc, r)
}

// pivoted returns the names of the columns in a list: aliases where there are any.
func (p *parser) pivoted(open int) []string {
	var names []string
	end := p.after(open) - 1
	for i := open + 1; i < end; i++ {
		begin := i
		for i < end && !p.isOp(i, ',') {
			i = p.after(i)
		}
		if k := p.at(i - 1).kind; i > begin && (k == tName || k == tQuoted || k == tString || k == tNumber) && p.at(begin).word != wAny {
			names = append(names, p.name(i-1))
		}
	}
	return names
}

// unpivot reads UNPIVOT (x FOR y IN (a, b)): both new columns come from the listed ones.
func (p *parser) unpivot(sc *scope) {
	p.i++
	for p.is(p.i, "INCLUDE", "EXCLUDE", "NULLS") {
		p.i++
	}
	if !p.isOp(p.i, '(') {
		return
	}
	end := p.after(p.i)
	forAt := p.find(wFor, p.i+1, end-1)
	in := p.find(wIn, p.i+1, end-1)
	var made []string
	for i := p.i + 1; i < in; i++ {
		if p.isName(i) && i != forAt {
			made = append(made, p.name(i))
		}
	}
	var from []Origin
	below := &scope{rels: sc.rels, up: sc.up}
	if p.isOp(in+1, '(') {
		p.i = in + 2
		p.scan(p.after(in+1)-1, below, &from, inItem)
	}
	r := relation{inner: sc.rels}
	for _, o := range from {
		r.used = append(r.used, o.Column)
	}
	for _, name := range made {
		r.cols = append(r.cols, Column{Name: name, From: from})
	}
	p.i = end
	sc.rels = nil
	p.relationEnd(sc, r)
}

// find returns the first token of a word from i to end, outside of parentheses, or end.
func (p *parser) find(w word, i, end int) int {
	for i < end && p.at(i).word != w {
		i = p.after(i)
	}
	return min(i, end)
}
