package sql

import "strings"

// A relation is what stands behind FROM: a table, or something with columns of its own.
type relation struct {
	alias string
	table string     // the Name of a table; "" for derived ones
	cols  []Column   // of a derived relation
	any   []Origin   // what an expression's unknown columns come from: UNNEST(t.items)
	loose bool       // made by an expression, so that any holds
	inner []relation // below a PIVOT: its other columns pass through
	used  []string   // of the inner ones: those that the PIVOT uses up
}

// A scope is what names mean within one SELECT.
type scope struct {
	rels   []relation
	up     *scope
	using  []string // columns that USING and NATURAL unite
	output []Column // set while ORDER BY and the like are read, which may name the result's columns
}

// A cte is a common table expression, or a temporary table of a batch.
type cte struct {
	name string
	cols []Column
}

func (p *parser) findCTE(name string) *cte {
	p.spend(len(p.ctes) / 8)
	for i := len(p.ctes) - 1; i >= 0; i-- {
		if strings.EqualFold(p.ctes[i].name, name) {
			return &p.ctes[i]
		}
	}
	return nil
}

// resolve adds to the sink what a chain of names, the tokens from a to end, comes from.
func (p *parser) resolve(a, end int, sc *scope, sink *[]Origin) {
	if end-a == 1 {
		p.unqualified(p.name(a), sc, sink)
		return
	}
	for last := end; last > a+1; {
		i := p.before(last)
		if i > a && p.qualified(p.join(a, i), p.name(last-1), sc, sink) {
			return
		}
		last = i
	}
	// payload.user: a field within a column.
	first := p.name(a)
	n := len(*sink)
	p.unqualified(first, sc, sink)
	for i := n; i < len(*sink); i++ {
		(*sink)[i].Candidate = true
	}
}

// before returns the end of a chain of names without its last part.
func (p *parser) before(end int) int {
	end--
	for p.at(end-1).kind == tOp {
		end--
	}
	return end
}

// qualified resolves a column of the relation that a qualifier names, and says whether there is one.
func (p *parser) qualified(qualifier, column string, sc *scope, sink *[]Origin) bool {
	for ; sc != nil; sc = sc.up {
		p.spend(len(sc.rels) / 8)
		if r := sc.find(qualifier); r != nil {
			if !p.within(r, column, sink) {
				p.diagnose(p.i, qualifier+"."+column, "The sub-query or table expression has no such column.")
			}
			return true
		}
	}
	return false
}

// find returns the relation that a qualifier names: by its alias, else by its table's name or the end of it.
func (sc *scope) find(qualifier string) *relation {
	for i := range sc.rels {
		if strings.EqualFold(sc.rels[i].alias, qualifier) {
			return &sc.rels[i]
		}
	}
	for i := range sc.rels {
		if t := sc.rels[i].table; t != "" && nameEnds(t, qualifier) {
			return &sc.rels[i]
		}
	}
	for i := range sc.rels {
		if in := (&scope{rels: sc.rels[i].inner}); len(in.rels) > 0 && in.find(qualifier) != nil {
			return &sc.rels[i]
		}
	}
	return nil
}

// nameEnds says whether a table's name is the given one, or ends with it behind a dot.
func nameEnds(table, name string) bool {
	n := len(table) - len(name)
	return n >= 0 && strings.EqualFold(table[n:], name) && (n == 0 || table[n-1] == '.')
}

// unqualified resolves a column without qualifier: in the innermost SELECT that may have it.
func (p *parser) unqualified(column string, sc *scope, sink *[]Origin) {
	for s := sc; s != nil; s = s.up {
		if p.isOutput(column, s, sink) || p.among(column, s, sink) {
			return
		}
	}
}

// isOutput resolves the alias of a result column in ORDER BY, GROUP BY, HAVING and QUALIFY.
func (p *parser) isOutput(column string, s *scope, sink *[]Origin) bool {
	for _, c := range s.output {
		if c.Name != "*" && c.Name != "" && strings.EqualFold(c.Name, column) {
			p.include(sink, c.From)
			return true
		}
	}
	return false
}

// among resolves a column among the relations of one SELECT. A derived relation that delivers it wins,
// since the database would call it ambiguous if a table had it too.
func (p *parser) among(column string, s *scope, sink *[]Origin) bool {
	if len(s.rels) == 1 && s.rels[0].table != "" {
		return p.within(&s.rels[0], column, sink)
	}
	united := false
	for _, u := range s.using {
		united = united || strings.EqualFold(u, column)
	}
	var hits []Origin
	owners := 0
	for i := range s.rels {
		if r := &s.rels[i]; r.delivers(column) {
			p.within(r, column, &hits)
			owners++
		}
	}
	if owners == 0 || united {
		owners += p.open(column, s, &hits)
	}
	if owners > 1 && !united && len(hits) > 1 {
		for i := range hits {
			hits[i].Candidate = true
		}
	}
	p.include(sink, hits)
	return owners > 0
}

// open resolves a column among the relations whose columns aren't all known, and returns how many may have
// it. Tables come before what expressions make.
func (p *parser) open(column string, s *scope, hits *[]Origin) int {
	owners := 0
	for _, loose := range [...]bool{false, true} {
		for i := range s.rels {
			if r := &s.rels[i]; r.loose == loose && r.isOpen() {
				p.spend(1)
				if p.within(r, column, hits) {
					owners++
				}
			}
		}
		if owners > 0 {
			return owners
		}
	}
	return owners
}

// delivers says whether a relation is known to have a column.
func (r *relation) delivers(column string) bool {
	for i := range r.cols {
		if strings.EqualFold(r.cols[i].Name, column) && column != "*" {
			return true
		}
	}
	if r.loose {
		return strings.EqualFold(r.alias, column) || len(r.cols) == 0 && flattened(column)
	}
	return false
}

// flattened says whether a column is one that FLATTEN, OPENJSON and the like make.
func flattened(column string) bool {
	switch strings.ToUpper(column) {
	case "VALUE", "KEY", "INDEX", "SEQ", "PATH", "THIS":
		return true
	}
	return false
}

// isOpen says whether a relation may have columns that the statement doesn't name.
func (r *relation) isOpen() bool {
	if r.table != "" || r.loose && len(r.cols) == 0 {
		return true
	}
	for i := range r.cols {
		if r.cols[i].Name == "*" {
			return true
		}
	}
	for i := range r.inner {
		if r.inner[i].isOpen() || len(r.inner[i].cols) > 0 {
			return true
		}
	}
	return false
}

// within resolves a column of one relation, and says whether it may have it.
func (p *parser) within(r *relation, column string, sink *[]Origin) bool {
	if r.table != "" {
		p.includeOne(sink, Origin{Table: r.table, Column: column})
		return true
	}
	p.spend(len(r.cols))
	if from, found := gather(r.cols, func(c Column) bool { return strings.EqualFold(c.Name, column) }); found {
		p.include(sink, from)
		return true
	}
	if len(r.inner) > 0 {
		if excepts(Column{Except: r.used}, column) {
			return false
		}
		return p.among(column, &scope{rels: r.inner}, sink)
	}
	if r.loose {
		p.include(sink, r.any)
		return true
	}
	from, found := starred(r.cols, column)
	p.include(sink, from)
	return found
}

// stars returns the columns that a star over the relation stands for.
func (r *relation) stars() []Column {
	switch {
	case r.table != "":
		return []Column{{Name: "*", Expression: "*", From: []Origin{{Table: r.table, Column: "*"}}}}
	case r.loose && len(r.cols) == 0:
		return []Column{{Name: "*", Expression: "*", From: r.any}}
	}
	var cols []Column
	for i := range r.inner {
		cols = append(cols, without(r.inner[i].stars(), r.used)...)
	}
	return append(cols, r.cols...)
}

// include adds origins to a sink, within the reader's bounds.
func (p *parser) include(sink *[]Origin, from []Origin) {
	for _, o := range from {
		p.includeOne(sink, o)
	}
}

func (p *parser) includeOne(sink *[]Origin, o Origin) {
	if p.spend(1 + len(*sink)/8); !p.spent {
		*sink = include(*sink, o)
	}
}
