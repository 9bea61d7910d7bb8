package qvs

import (
	"fmt"
	"strings"
)

func (p *printer) command(c command) {
	switch c := c.(type) {
	case *storing:
		p.store(c)
	case *dropping:
		p.f("DROP %s %s", c.what, quotedList(c.names))
		if c.from != nil {
			p.f(" FROM %s", quotedList(c.from))
		}
	case *renaming:
		p.f("RENAME %s ", c.what)
		p.mapOr(c.byMap, c.using, pairTexts(c.pairs, "TO"))
	case *commenting:
		p.commenting(c)
	case *section:
		p.f("SECTION %s", map[bool]string{true: "ACCESS", false: "APPLICATION"}[c.access])
	case *binary:
		p.f("BINARY %s", bracketed(c.path))
	case *directory:
		p.f("DIRECTORY %s", bracketed(c.path))
	case *disconnect:
		p.f("DISCONNECT")
	case *connecting:
		p.f("%s CONNECT TO %s", strings.TrimSuffix(c.kind, "CONNECT"), bracketed(c.name))
	case *ignored:
		p.f("%s", c.text)
	default:
		p.fields(c)
	}
}

func (p *printer) fields(c command) {
	word := func(on bool, w string) string {
		if on {
			return w
		}
		return "UN" + w
	}
	switch c := c.(type) {
	case *qualifying:
		p.f("%s %s", word(c.on, "QUALIFY"), quotedList(c.names))
	case *aliasing:
		p.f("ALIAS %s", pairTexts(c.pairs, "AS"))
	case *mapUsing:
		p.f("MAP %s USING", quotedList(c.names))
		if c.ok {
			p.f(" %s", quoted(c.using))
		}
	case *unmapping:
		p.f("UNMAP %s", quotedList(c.names))
	case *tagging:
		if c.tables {
			p.f("%s TABLE", word(c.on, "TAG"))
			return
		}
		p.f("%s FIELD %s WITH %s", word(c.on, "TAG"), quotedList(c.names), quotedList(c.tags))
	case *declaring:
		p.f("DECLARE FIELD DEFINITION FIELDS ")
		for _, f := range c.fields {
			p.f("1 AS %s, ", quoted(f))
		}
	case *deriving:
		from := "FIELDS"
		if c.byTag {
			from = "EXPLICIT TAGS"
		}
		p.f("DERIVE FIELDS FROM %s %s USING %s", from, quotedList(c.names), quoted(c.definition))
	default:
		panic(fmt.Sprintf("nothing prints a %T", c))
	}
}

func (p *printer) store(c *storing) {
	p.f("STORE ")
	for i, it := range c.fields {
		if i > 0 {
			p.f(", ")
		}
		p.f("%s", tokenTexts(it.toks))
		if v := it.toks[0].Value(); v != it.name {
			p.f(" AS %s", quoted(it.name))
		}
	}
	if c.fields != nil {
		p.f(" FROM ")
	}
	p.f("%s", quotedList(c.tables))
	if !c.bad {
		p.f(" INTO %s", bracketed(c.target))
		p.format(c.format)
	}
}

func (p *printer) commenting(c *commenting) {
	p.f("COMMENT %s ", map[bool]string{true: "TABLE", false: "FIELD"}[c.tables])
	list := make([]string, len(c.notes))
	for i, n := range c.notes {
		list[i] = quotedList(n.names) + " WITH " + bracketed(n.text)
	}
	p.mapOr(c.byMap, c.using, strings.Join(list, ", "))
}

func (p *printer) mapOr(byMap bool, using, list string) {
	if byMap {
		p.f("USING %s", quoted(using))
		return
	}
	p.f("%s", list)
}
