package qvs

import (
	"fmt"
	"strings"
)

// A printer writes a tree as a script again.
type printer struct{ strings.Builder }

func printTree(list []node) string {
	var p printer
	p.block(list)
	return p.String()
}

func (p *printer) f(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *printer) block(list []node) {
	for i := range list {
		p.node(&list[i])
	}
}

func (p *printer) node(n *node) {
	switch n.Kind {
	case "REM", "INCLUDE":
		p.f("%s;\n", n.Text)
	case "SET", "LET":
		a := n.Body.([2]string)
		p.f("%s %s", n.Kind, quoted(a[0]))
		if n.Text == "true" {
			p.f(" = %s", a[1])
		}
		p.f(";\n")
	case "NOTHING":
		p.prefixes(&n.Prefix)
		p.f(";\n")
	case "LOAD":
		p.load(n.Body.(*load))
		p.f(";\n")
	case "COMMAND":
		p.prefixes(&n.Prefix)
		if n.Text != "" {
			p.WriteString(n.Text)
		} else {
			p.command(n.Body.(command))
		}
		p.f(";\n")
	default:
		p.control(n)
	}
}

func (p *printer) control(n *node) {
	switch h := n.Body.(type) {
	case callHead:
		p.f("CALL %s(%s);\n", quoted(h.name), argumentTexts(h.args))
		return
	case exitHead:
		p.f("EXIT %s", h.what)
		if h.word != "" {
			p.f(" %s %s", h.word, h.condition)
		}
		p.f(";\n")
		return
	}
	for _, b := range n.Branches {
		p.head(b.Keyword, b.Head)
		p.block(b.Body)
	}
	switch n.Kind {
	case "DO":
		p.f("LOOP")
		p.while(n.Tail)
	default:
		p.f("%s;\n", map[string]string{"IF": "END IF", "SWITCH": "END SWITCH", "SUB": "END SUB", "FOR": "NEXT"}[n.Kind])
	}
}

func (p *printer) head(keyword string, head any) {
	switch h := head.(type) {
	case ifHead:
		p.f("%s %s", keyword, h.condition)
		if h.then {
			p.f(" THEN\n")
		} else {
			p.f(";\n")
		}
	case forHead:
		switch {
		case h.each && h.name != "":
			p.f("FOR EACH %s IN %s;\n", quoted(h.name), strings.Join(h.list, ","))
		case h.each:
			p.f("FOR EACH;\n")
		case h.name != "":
			p.f("FOR %s = %s TO %s STEP %s;\n", quoted(h.name), h.from, h.to, h.step)
		default:
			p.f("FOR;\n")
		}
	case whileHead:
		p.f("DO")
		p.while(h)
	case subHead:
		p.f("SUB %s(%s);\n", quoted(h.name), quotedList(h.params))
	case string:
		p.f("%s %s;\n", keyword, h)
	default:
		p.f("%s\n", keyword)
	}
}

func (p *printer) while(h whileHead) {
	if h.word != "" {
		p.f(" %s %s", h.word, h.condition)
	}
	p.f(";\n")
}

func (p *printer) prefixes(x *prefixes) {
	if x.labelled {
		p.f("%s:\n", quoted(x.label))
	}
	on := func(is bool, word string) {
		if is {
			p.f("%s ", word)
		}
	}
	on(x.noConcatenate, "NoConcatenate")
	on(x.mapping, "Mapping")
	on(x.generic, "Generic")
	on(x.merge && x.partial, "Merge Only")
	on(x.merge && !x.partial, "Merge")
	on(!x.merge && x.partial, "Add Only")
	target := ""
	if x.target != "" {
		target = "(" + quoted(x.target) + ")"
	}
	for _, w := range []struct {
		is   bool
		word string
	}{{x.concatenate, "Concatenate"}, {x.join != "", x.join + " Join"}, {x.keep != "", x.keep + " Keep"}} {
		on(w.is, strings.TrimPrefix(w.word, "OUTER ")+target)
	}
	if c := x.crosstable; c != nil {
		p.f("CrossTable(%s, %s, %d) ", quoted(c.attribute), quoted(c.data), c.keys)
	}
	for _, l := range []struct {
		args []string
		word string
	}{{x.hierarchy, "Hierarchy"}, {x.belongsTo, "HierarchyBelongsTo"}, {x.interval, "IntervalMatch"}} {
		on(l.args != nil, l.word+"("+quotedList(l.args)+")")
	}
	for _, c := range x.condition {
		on(c.unless, "Unless")
		on(!c.unless, "When")
		p.f("%s ", c.text)
	}
}

func (p *printer) load(l *load) {
	p.prefixes(&l.prefixes)
	if l.kind == fromSQL {
		p.f("SQL %s\n", l.source)
		return
	}
	p.f("LOAD ")
	for i, it := range l.items {
		if i > 0 {
			p.f(",\n\t")
		}
		p.item(it, l)
	}
	p.source(l)
	for i, f := range l.filters {
		switch {
		case l.where:
			p.f("\nWHERE %s", tokenTexts(f))
		case i == 0:
			p.f("\nGROUP BY %s", tokenTexts(f))
		default:
			p.f(", %s", tokenTexts(f))
		}
	}
}

// item writes a field; an expression that has no other name is its own name, down to the last blank.
func (p *printer) item(it item, l *load) {
	if !it.aliased && len(it.toks) > 1 {
		p.WriteString(trim(l.t.s[it.from:it.to]))
		return
	}
	p.WriteString(tokenTexts(it.toks))
	if it.aliased {
		p.f(" AS %s", quoted(it.name))
	}
}

func (p *printer) source(l *load) {
	switch l.kind {
	case fromFile:
		p.f("\nFROM %s", bracketed(l.source))
	case fromField:
		p.f("\nFROM_FIELD (%s, %s)", quoted(l.source), quoted(l.field))
	case fromInline:
		p.f("\nINLINE %s", bracketed(l.source))
	case fromResident:
		p.f("\nRESIDENT %s", bracketed(l.source))
	case fromAutogenerate:
		p.f("\nAUTOGENERATE %s", tokenTexts(l.count))
	case fromExtension:
		p.f("\nEXTENSION %s(''", l.source)
		for i, t := range l.tables {
			fields := ""
			if i == len(l.tables)-1 {
				fields = quotedList(l.listed)
			}
			p.f(", %s{%s}", quoted(t), fields)
		}
		p.f(")")
	}
	p.format(l.format)
}

func (p *printer) format(f format) {
	var parts []string
	if f.kind != "" {
		parts = append(parts, f.kind)
	}
	for _, v := range [][2]string{{"table", f.table}, {"url", f.url}, {"delimiter", f.delimiter}} {
		if v[1] != "" {
			parts = append(parts, v[0]+" is "+bracketed(v[1]))
		}
	}
	if f.noLabels {
		parts = append(parts, "no labels")
	}
	if len(parts) > 0 {
		p.f(" (%s)", strings.Join(parts, ", "))
	}
}
