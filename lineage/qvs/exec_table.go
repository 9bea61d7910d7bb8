package qvs

import (
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// store executes STORE [fields FROM] table [, table] INTO file [(format)].
func (r *interpreter) store(p *parser, t text) {
	start := p.next().From
	list, hasFrom := p.storeList()
	tables := p.names("INTO")
	if !p.accept("INTO") || len(tables) == 0 {
		r.tell(start, t, t.s[start:], "This STORE can't be read.", "syntax")
		return
	}
	target, _ := p.path()
	f := p.format()
	if f.kind == "" {
		f.kind = "qvd"
	}
	if !hasFrom {
		list = nil
	}
	for _, name := range tables {
		r.storeTable(name, list, target, f, t, start)
	}
}

// storeList reads the fields before FROM, if there is a FROM; else it stays where it is.
func (p *parser) storeList() ([]item, bool) {
	mark := p.i
	l := &load{}
	for !p.end() && !p.is("INTO") {
		if p.is("FROM") && !(p.peek(1).Text == "," || p.word(1) == "AS") && p.i > mark {
			p.i++
			return l.items, true
		}
		if p.acceptOp(",") {
			continue
		}
		before := p.i
		p.storeItem(l)
		if p.i == before {
			p.i++
		}
	}
	p.i = mark
	return nil, false
}

func (p *parser) storeItem(l *load) {
	tok := p.next()
	it := item{from: tok.From, to: tok.End(), star: tok.Text == "*", name: tok.Value()}
	it.toks = p.toks[p.i-1 : p.i : p.i]
	if p.accept("AS") {
		it.name, _ = p.name()
	}
	for !p.end() && !p.op(",") && !p.is("FROM") && !p.is("INTO") {
		p.next()
	}
	l.items = append(l.items, it)
}

func (r *interpreter) storeTable(name string, list []item, target string, f format, t text, start int) {
	at := t.place(start)
	tab := r.tableNamed(name)
	if tab == nil && r.st.binary != nil {
		tab = r.binaryTable(name)
	}
	out := Store{
		TableName: name, Target: r.target2(target), Connection: libConnection(target), Format: f.kind, At: *at,
		Statement: r.keepText(trim(t.s)),
	}
	if len(r.stores) >= maxStores {
		r.limit("stores", start, t.s, t, "There are too many STORE statements; the rest is left out.")
		return
	}
	s := &storing{out: out}
	r.stores = append(r.stores, s)
	if tab == nil {
		r.tell(start, t, name, "The script makes no table of this name before this.", "table")
		o := Object{Kind: Resident, Name: name}
		s.sources = r.source(o)
		s.fields = r.storedFields(r.open(o, at, name), list, t)
		r.st.stored[storeKey(target)] = s.fields
		return
	}
	s.table, s.sources = tab.id, tab.sources
	s.fields = r.storedFields(r.ofTable(tab), list, t)
	r.st.stored[storeKey(target)] = s.fields
}

const maxStores = 100_000

// target2 is a file's name as it is written, with slashes.
func (r *interpreter) target2(p string) string { return mask2(r.resolvePath(p)) }

func mask2(p string) string {
	if isURL(p) {
		return mask(p)
	}
	return p
}

// storedFields are the columns that a STORE writes.
func (r *interpreter) storedFields(in *rows, list []item, t text) []*field {
	all := func() []*field {
		fields := in.fields
		if in.resident != nil {
			fields = r.residentFields(in)
		}
		fields = slices.Clone(fields)
		if in.star != nil {
			fields = append(fields, in.star)
		}
		return fields
	}
	if list == nil {
		return all()
	}
	var out []*field
	for _, it := range list {
		if it.star {
			out = append(out, all()...)
			continue
		}
		f := r.resolveQuietly(in, it.toks[0].Value())
		if f == nil {
			r.tell(it.from, t, it.toks[0].Value(), "The table "+in.name+" has no field of this name here.", "field")
			continue
		}
		c := *f
		c.name, c.at = it.name, t.place(it.from)
		out = append(out, &c)
	}
	return out
}

// drop executes DROP TABLE[S] and DROP FIELD[S].
func (r *interpreter) drop(p *parser, t text) {
	start := p.next().From
	switch p.word(0) {
	case "TABLE", "TABLES":
		p.next()
		for _, name := range p.names() {
			r.dropTable(name, t, start)
		}
	case "FIELD", "FIELDS":
		p.next()
		names := p.names("FROM")
		var from []string
		if p.accept("FROM") {
			p.accept("TABLE")
			p.accept("TABLES")
			from = p.names()
		}
		for _, name := range names {
			r.dropField(name, from)
		}
	case "RELATIONSHIP", "RELATIONSHIPS", "MEASURE", "DIMENSION":
	default:
		r.tell(start, t, t.s[start:], "It can't be told what this DROP drops.", "syntax")
	}
}

func (r *interpreter) dropTable(name string, t text, at int) {
	tab := r.tableNamed(name)
	if tab == nil && r.st.binary != nil {
		tab = r.binaryTable(name)
	}
	if tab == nil {
		if !r.gaps {
			r.tell(at, t, name, "There is no table of this name to drop.", "table")
		} else {
			r.droppedName(name)
		}
		return
	}
	r.droppedName(tab.name)
	r.gone[tab.name] = tab
	tab.id.root().last = tab
	tab.id.step(Step{Statement: r.keepText(trim(t.s)), At: t.at(at), What: "drop"})
	delete(r.st.tables, tableKey(tab.section, tab.name))
	if r.st.latest == tab.name {
		r.st.latest = ""
	}
}

func (r *interpreter) droppedName(name string) {
	if !r.dropped[name] {
		r.dropped[name] = true
		r.res.Dropped = append(r.res.Dropped, name)
	}
}

// dropField takes a field out of the tables that are named, or of all; a table without fields is gone.
func (r *interpreter) dropField(name string, from []string) {
	var list []*table
	if from == nil {
		list = r.tablesWith(name)
	}
	for _, n := range from {
		if t := r.tableNamed(n); t != nil && t.find(name) != nil {
			list = append(list, t)
		}
	}
	for _, t := range list {
		t.id.root().last = t
		t = r.st.own(t)
		i := t.position(name)
		t.fields = slices.Delete(t.fields, i, i+1)
		t.index = nil
		if len(t.fields) == 0 && t.star == nil {
			delete(r.st.tables, tableKey(t.section, t.name))
			continue
		}
		t.id.root().last = t
		r.sign(t, tableKey(t.section, t.name))
	}
}

// rename executes RENAME TABLE[S] and RENAME FIELD[S], by pairs or by a map.
func (r *interpreter) rename(p *parser, t text) {
	start := p.next().From
	what := p.word(0)
	p.next()
	fields := strings.HasPrefix(what, "FIELD")
	if !fields && !strings.HasPrefix(what, "TABLE") {
		r.tell(start, t, t.s[start:], "It can't be told what this RENAME renames.", "syntax")
		return
	}
	pairs, ok := r.pairs(p, t)
	if !ok {
		return
	}
	step := Step{Statement: r.keepText(trim(t.s)), At: t.at(start), What: "rename"}
	for _, pair := range pairs {
		if fields {
			r.renameField(pair[0], pair[1], step)
		} else {
			r.renameTable(pair[0], pair[1], step)
		}
	}
}

// pairs reads a TO b, c TO d, or USING map.
func (r *interpreter) pairs(p *parser, t text) ([][2]string, bool) {
	if p.accept("USING") {
		name, _ := p.name()
		m := r.mapNamed(name)
		switch {
		case m == nil:
			r.tell(0, t, name, "There is no mapping table of this name before this.", "table")
			return nil, false
		case m.pairs == nil:
			r.tell(0, t, name, "The map's rows are known at reload only, so that the new names aren't.", "table")
			return nil, false
		}
		return m.pairs, true
	}
	var out [][2]string
	for !p.end() {
		from := p.names("TO")
		if !p.accept("TO") || len(from) == 0 || p.end() {
			break
		}
		to := p.longName([]string{","})
		out = append(out, [2]string{from[len(from)-1], to})
		p.acceptOp(",")
	}
	return out, true
}

func (r *interpreter) renameTable(from, to string, step Step) {
	t := r.tableNamed(from)
	if t == nil || from == to || to == "" || r.st.tables[tableKey(t.section, to)] != nil {
		return
	}
	t = r.st.own(t)
	delete(r.st.tables, tableKey(t.section, from))
	t.name = to
	r.changed(t, step)
}

// renameField renames a field everywhere. Two fields can't get one name: the later is left as it is.
func (r *interpreter) renameField(from, to string, step Step) {
	if from == to || to == "" || len(r.tablesWith(to)) > 0 {
		return
	}
	list := r.tablesWith(from)
	for _, t := range list {
		t = r.st.own(t)
		i := t.position(from)
		c := *t.fields[i]
		c.name, c.own = to, 0
		t.fields[i] = &c
		t.index = nil
		r.renamed(t, to, step)
	}
	if len(list) > 0 {
		return
	}
	var open []*table
	if len(r.st.tables) < 2000 {
		for _, t := range r.st.inOrder() {
			if t.star != nil && t.section == r.st.section {
				open = append(open, t)
			}
		}
	}
	if len(open) == 1 { // it must be one of the fields that aren't listed
		t := r.st.own(open[0])
		f := r.ofStar(t.star, from)
		f.name = to
		t.fields = append(t.fields, f)
		t.index = nil
		r.renamed(t, to, step)
	}
}

func (r *interpreter) renamed(t *table, to string, step Step) {
	latest := r.st.latest
	r.changed(t, step)
	r.st.latest = latest
}

// qualify adds an item of QUALIFY or UNQUALIFY; * makes the earlier ones void.
func (r *interpreter) qualify(p pattern) {
	if p.mask == "*" {
		r.st.qualify = nil
		if !p.on {
			return
		}
	} else {
		r.st.qualify = slices.DeleteFunc(r.st.qualify, func(q pattern) bool { return q.mask == p.mask })
	}
	if len(r.st.qualify) < 2000 {
		r.st.qualify = append(r.st.qualify, p)
	}
}

func (r *interpreter) alias(p *parser) {
	for !p.end() {
		from, ok := p.name()
		if !ok {
			p.i++
			continue
		}
		if p.accept("AS") {
			if to, ok := p.name(); ok {
				r.st.alias[from] = to
			}
		}
	}
}

func (r *interpreter) unmap(name string) {
	if name == "*" {
		clear(r.st.mapUsing)
		return
	}
	delete(r.st.mapUsing, name)
	if len(r.st.mapUsing) > 0 {
		r.st.mapUsing[name] = ""
	}
}

// binary reads BINARY app: its tables become known as the script refers to them.
func (r *interpreter) binary(p *parser, t text) {
	path, _ := p.path()
	o := Object{Kind: Binary, Connection: libConnection(path), Name: r.resolvePath(path)}
	r.st.binary = &o
	star := r.column(o, "*.*", t.place(0))
	star.name = "*"
	out := &rows{star: star, sources: r.source(o)}
	latest := r.st.latest
	r.create("*", nil, out, Step{Statement: r.keepText(trim(t.s)), At: t.at(0), What: "binary"})
	r.st.latest = latest
}

// binaryTable is a table that came with BINARY.
func (r *interpreter) binaryTable(name string) *table {
	if t := r.st.tables[name]; t != nil {
		return t
	}
	o := *r.st.binary
	here := r.here
	star := r.column(o, name+".*", &here)
	star.name = "*"
	latest := r.st.latest
	t := r.create(name, nil, &rows{star: star, sources: r.source(o)}, Step{At: r.here, What: "binary"})
	r.st.latest = latest
	return t
}

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

// directQuery writes DIRECT QUERY as a SELECT.
func (p *parser) directQuery() string {
	s := p.rest()
	q := newParser(text{s: s})
	var b strings.Builder
	b.WriteString("SELECT ")
	first, depth, from := true, 0, 0
	for !q.end() {
		w := q.word(0)
		tok := q.tok()
		if depth == 0 && (w == "DIMENSION" || w == "MEASURE" || w == "DETAIL" || w == "DETACH") {
			q.next()
			if !first {
				b.WriteString(", ")
			}
			first = false
			from = q.tok().From
			continue
		}
		if depth == 0 && w == "FROM" {
			break
		}
		switch tok.Text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if w == "NATIVE" && q.peek(1).Text == "(" && q.peek(2).Kind == expr.String {
			b.WriteString("(" + q.peek(2).Value() + ")")
			q.i += 4
			from = q.peek(0).From
			if q.end() {
				break
			}
			b.WriteString(" ")
			continue
		}
		q.next()
		b.WriteString(s[from:tok.End()])
		from = tok.End()
	}
	b.WriteString(" ")
	b.WriteString(q.rest())
	return b.String()
}
