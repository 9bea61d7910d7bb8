package qvs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A node is a statement of the tree that a script is read into, before anything of it is run.
type node struct {
	Kind     string
	Prefix   prefixes
	Body     any    // *load, a command, or the head of a control statement
	Text     string // of what is kept as it is written
	Branches []treeBranch
	Tail     whileHead // of DO
}

// A treeBranch is one branch of a control statement.
type treeBranch struct {
	Keyword string
	Head    any
	Body    []node
}

// readTree reads a script without running it. Each $( ) stays what it is, but for those of constants.
func readTree(script string) []node {
	tr := &treeReader{r: &interpreter{
		st: newState(), res: &Result{Variables: map[string]string{}}, gaps: true, told: map[string]bool{}, misses: map[string]bool{}, limitTold: map[string]bool{},
	}}
	return tr.block(script, newSource(script), blocks(script, func(int, string, string, string) {}))
}

type treeReader struct{ r *interpreter }

func (tr *treeReader) block(s string, from place, b block) (list []node) {
	for i := range b {
		list = append(list, tr.statement(s, from, &b[i]))
	}
	return list
}

func (tr *treeReader) text(s string, from place, r raw) text {
	t, _ := tr.r.expand(s, from, r)
	return t
}

func (tr *treeReader) statement(s string, from place, st *stmt) node {
	switch st.kind {
	case remark:
		return node{Kind: "REM", Text: trim(s[st.start:st.end])}
	case include:
		return node{Kind: "INCLUDE", Text: trim(s[st.start:st.end])}
	case control:
		return tr.control(s, from, st)
	}
	t := tr.text(s, from, st.raw)
	if st.kind != regular {
		return assignmentNode(t.s, st.kind)
	}
	return regularNode(t)
}

func assignmentNode(s string, kind stmtKind) node {
	name, value, ok := readAssignment(s)
	n := node{Kind: "LET", Body: [2]string{name, value}, Text: strconv.FormatBool(ok)}
	if kind == setText {
		n.Kind = "SET"
	}
	return n
}

func regularNode(t text) node {
	p := newParser(t)
	n := node{Prefix: p.prefix()}
	switch w := p.word(0); {
	case p.end():
		n.Kind = "NOTHING"
	case isLoad(w):
		l := &load{}
		p.loading(l, t, n.Prefix)
		if l.kind == fromSQL {
			l.source = trim(l.source)
		}
		n.Kind, n.Body, n.Prefix = "LOAD", l, prefixes{}
	default:
		at := p.tok().From
		c := p.command()
		n.Kind, n.Body = "COMMAND", c
		switch c.(type) {
		case *unknown, *dependent:
			n.Text = trim(t.s[at:])
		}
	}
	return n
}

func (tr *treeReader) control(s string, from place, st *stmt) node {
	n := node{Kind: st.keyword, Body: tr.head(s, from, st.raw)}
	for _, b := range st.branches {
		n.Branches = append(n.Branches, treeBranch{Keyword: b.head.keyword, Head: tr.head(s, from, b.head), Body: tr.block(s, from, b.body)})
	}
	if st.keyword == "DO" && st.tail.keyword == "LOOP" {
		n.Tail = tr.head(s, from, st.tail).(whileHead)
	}
	return n
}

func (tr *treeReader) head(s string, from place, h raw) any {
	p := newParser(tr.text(s, from, h))
	p.next()
	switch h.keyword {
	case "IF", "ELSEIF":
		return p.ifHead()
	case "FOR":
		return p.forHead()
	case "DO", "LOOP":
		return p.whileHead()
	case "SUB":
		return p.subHead()
	case "CALL":
		return p.callHead()
	case "EXIT":
		return p.exitHead()
	case "SWITCH", "CASE":
		return p.rest()
	}
	return nil
}

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

func pairTexts(pairs [][2]string, between string) string {
	list := make([]string, len(pairs))
	for i, pair := range pairs {
		list[i] = quoted(pair[0]) + " " + between + " " + quoted(pair[1])
	}
	return strings.Join(list, ", ")
}

func quotedList(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = quoted(n)
	}
	return strings.Join(list, ", ")
}

// quoted writes a name: bare if it can't be taken for anything else.
func quoted(name string) string {
	if q := expr.Quote(name); q == name && upperWord(name) == "" && !strings.Contains(name, "$") {
		return name
	}
	return bracketed(name)
}

// bracketed writes a text in brackets; brackets inside of a $( ) stay single.
func bracketed(s string) string {
	var b strings.Builder
	b.WriteByte('[')
	for sc := expr.NewScanner(s, 0); ; {
		tok := sc.Next()
		if tok.Kind == expr.EOF {
			break
		}
		if tok.Kind == expr.Expansion {
			b.WriteString(tok.Text)
			continue
		}
		b.WriteString(strings.ReplaceAll(tok.Text, "]", "]]"))
	}
	b.WriteByte(']')
	return b.String()
}

func tokenTexts(toks []expr.Token) string {
	list := make([]string, len(toks))
	for i, tok := range toks {
		list[i] = tok.Text
		if tok.Open && tok.Quote() == '\'' {
			list[i] = "'" + strings.ReplaceAll(tok.Value(), "'", "''") + "'"
		} else if tok.Open && tok.Quote() != 0 {
			list[i] = bracketed(tok.Value())
		}
	}
	return strings.Join(list, " ")
}

func argumentTexts(args [][]expr.Token) string {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = tokenTexts(a)
	}
	return strings.Join(list, ", ")
}
