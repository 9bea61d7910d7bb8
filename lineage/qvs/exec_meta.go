package qvs

import (
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// comment executes COMMENT FIELD[S] and COMMENT TABLE[S].
func (r *interpreter) comment(p *parser) {
	table := strings.HasPrefix(p.word(0), "TABLE")
	p.next()
	if p.accept("USING") {
		name, _ := p.name()
		if m := r.mapNamed(name); m != nil {
			for _, pair := range m.pairs {
				r.setComment(table, pair[0], pair[1])
			}
		}
		return
	}
	for !p.end() {
		names := p.names("WITH")
		if !p.accept("WITH") {
			return
		}
		text, _ := p.name()
		for _, n := range names {
			r.setComment(table, n, text)
		}
		p.acceptOp(",")
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

// tag executes TAG and UNTAG for fields.
func (r *interpreter) tag(p *parser, on bool) {
	if !p.accept("FIELD") && !p.accept("FIELDS") && (p.is("TABLE") || p.is("TABLES")) {
		return
	}
	names := p.names("WITH", "USING")
	var tags []string
	if p.accept("WITH") {
		tags = p.names()
	}
	for _, n := range names {
		r.changeField(n, func(f *meta) {
			for _, tag := range tags {
				if on && !slices.Contains(f.tags, tag) && len(f.tags) < 50 {
					f.tags = append(slices.Clone(f.tags), tag)
				}
			}
		})
		if on {
			for _, tag := range tags {
				r.tagged[tag] = append(r.tagged[tag], n)
			}
		}
	}
}

// declare notes the fields that DECLARE FIELD DEFINITION defines.
func (r *interpreter) declare(p *parser) {
	name := r.label
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
		case depth == 0 && tok.Kind == expr.Ident && strings.EqualFold(tok.Text, "as"):
			if n, ok := p.name(); ok {
				list = append(list, n)
			}
		}
	}
	if name != "" {
		r.declared[name] = list
	}
}

// derive executes DERIVE FIELDS FROM FIELDS a, b USING definition: virtual fields a.definition.x.
func (r *interpreter) derive(p *parser, t text) {
	at := t.place(p.tok().From)
	for !p.end() && !p.is("FROM") {
		p.next()
	}
	p.accept("FROM")
	byTag := p.accept("EXPLICIT") || p.accept("IMPLICIT")
	p.next() // FIELDS, TAGS, TAG
	names := p.names("USING")
	if byTag {
		var tagged []string
		for _, tag := range names {
			tagged = append(tagged, r.tagged[strings.Trim(tag, "()")]...)
		}
		names = tagged
	}
	p.accept("USING")
	definition, _ := p.name()
	for _, n := range names {
		for _, tab := range r.tablesWith(n) {
			tab = r.st.own(tab)
			base := r.residentField(tab, tab.find(n))
			for _, d := range r.declared[definition] {
				if len(tab.derived) >= 5000 {
					return
				}
				c := *base
				c.name, c.at = n+"."+definition+"."+d, at
				tab.derived = append(tab.derived, &c)
			}
		}
	}
}
