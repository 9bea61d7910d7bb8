package qvs

import (
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A commenting is COMMENT FIELD[S] or COMMENT TABLE[S].
type commenting struct {
	tables bool
	byMap  bool
	using  string
	notes  []note
}

// A note is what COMMENT says of some fields or tables.
type note struct {
	names []string
	text  string
}

func (p *parser) commenting() command {
	c := &commenting{tables: strings.HasPrefix(p.word(0), "TABLE")}
	p.next()
	if c.byMap = p.accept("USING"); c.byMap {
		c.using, _ = p.name()
		return c
	}
	for !p.end() {
		n := note{names: p.names("WITH")}
		if !p.accept("WITH") {
			break
		}
		n.text, _ = p.name()
		c.notes = append(c.notes, n)
		p.acceptOp(",")
	}
	return c
}

func (c *commenting) run(r *interpreter, _ text) {
	if c.byMap {
		if m := r.mapNamed(c.using); m != nil {
			for _, pair := range m.pairs {
				r.setComment(c.tables, pair[0], pair[1])
			}
		}
	}
	for _, n := range c.notes {
		for _, name := range n.names {
			r.setComment(c.tables, name, n.text)
		}
	}
}

func (r *interpreter) setComment(isTable bool, name, text string) {
	text = mask(text)
	if isTable {
		if t := r.tableNamed(name); t != nil {
			r.st.own(t).comment = text
		}
		return
	}
	r.changeField(name, func(m *meta) { m.comment = text })
}

func (r *interpreter) changeField(name string, change func(*meta)) {
	for _, t := range r.tablesWith(name) {
		t = r.st.own(t)
		i := t.position(name)
		c := *t.fields[i]
		m := meta{}
		if c.meta != nil {
			m = *c.meta
		}
		change(&m)
		c.meta = &m
		t.fields[i] = &c
	}
}

// A tagging is TAG or UNTAG for fields; that of tables means nothing here.
type tagging struct {
	on, tables  bool
	names, tags []string
}

func (p *parser) tagging(on bool) command {
	c := &tagging{on: on}
	if !p.accept("FIELD") && !p.accept("FIELDS") && (p.is("TABLE") || p.is("TABLES")) {
		c.tables = true
		return c
	}
	c.names = p.names("WITH", "USING")
	if p.accept("WITH") {
		c.tags = p.names()
	}
	return c
}

func (c *tagging) run(r *interpreter, _ text) {
	if !c.on {
		return // the tags that are known are those that some statement gave
	}
	for _, n := range c.names {
		r.changeField(n, func(f *meta) {
			for _, tag := range c.tags {
				if !slices.Contains(f.tags, tag) && len(f.tags) < 50 {
					f.tags = append(slices.Clone(f.tags), tag)
				}
			}
		})
		for _, tag := range c.tags {
			r.tagged[tag] = append(r.tagged[tag], n)
		}
	}
}

// A declaring is DECLARE FIELD DEFINITION: the names of the fields that it defines.
type declaring struct{ fields []string }

func (c *declaring) run(r *interpreter, _ text) {
	if r.label != "" {
		r.declared[r.label] = c.fields
	}
}

func (p *parser) declaring() command {
	for !p.end() && !p.is("DEFINITION") {
		if p.is("AS") || isNameToken(p.tok()) && p.word(1) == "AS" {
			p.next()
			continue
		}
		p.next()
	}
	p.accept("DEFINITION")
	for !p.end() && !p.is("FIELDS") {
		p.next()
	}
	var list []string
	depth := 0
	for !p.end() && (depth > 0 || !p.is("GROUPS")) && len(list) < 500 {
		tok := p.next()
		switch {
		case tok.Kind == expr.Operator && tok.Text == "(":
			depth++
		case tok.Kind == expr.Operator && tok.Text == ")":
			depth--
		case depth == 0 && isWord(tok, "as"):
			if n, ok := p.name(); ok {
				list = append(list, n)
			}
		}
	}
	return &declaring{fields: list}
}

// A deriving is DERIVE FIELDS FROM FIELDS a, b USING definition: virtual fields a.definition.x.
type deriving struct {
	at         int
	byTag      bool
	names      []string
	definition string
}

func (p *parser) deriving() command {
	c := &deriving{at: p.next().From}
	for !p.end() && !p.is("FROM") {
		p.next()
	}
	p.accept("FROM")
	c.byTag = p.accept("EXPLICIT") || p.accept("IMPLICIT")
	p.next() // FIELDS, TAGS, TAG
	c.names = p.names("USING")
	p.accept("USING")
	c.definition, _ = p.name()
	return c
}

func (c *deriving) run(r *interpreter, t text) {
	at := t.place(c.at)
	names := c.names
	if c.byTag {
		names = nil
		for _, tag := range c.names {
			names = append(names, r.tagged[strings.Trim(tag, "()")]...)
		}
	}
	for _, n := range names {
		for _, tab := range r.tablesWith(n) {
			tab = r.st.own(tab)
			base := r.residentField(tab, tab.find(n))
			for _, d := range r.declared[c.definition] {
				if len(tab.derived) >= 5000 {
					return
				}
				f := *base
				f.name, f.at = n+"."+c.definition+"."+d, at
				tab.derived = append(tab.derived, &f)
			}
		}
	}
}
