package qvs

import (
	"slices"
)

// A storing is STORE [fields FROM] table [, table] INTO file [(format)].
type storing struct {
	at     int
	bad    bool
	fields []item // nil: all
	tables []string
	target string
	format format
}

func (p *parser) storing() command {
	c := &storing{at: p.next().From}
	list, hasFrom := p.storeList()
	if hasFrom {
		c.fields = list
	}
	c.tables = p.names("INTO")
	if c.bad = !p.accept("INTO") || len(c.tables) == 0; c.bad {
		return c
	}
	c.target, _ = p.path()
	if c.format = p.format(); c.format.kind == "" {
		c.format.kind = "qvd"
	}
	return c
}

func (c *storing) run(r *interpreter, t text) {
	if c.bad {
		r.tell(c.at, t, t.s[c.at:], "This STORE can't be read.", "syntax")
		return
	}
	for _, name := range c.tables {
		r.storeTable(name, c, t)
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

func (r *interpreter) storeTable(name string, c *storing, t text) {
	at := t.place(c.at)
	tab := r.tableNamed(name)
	if tab == nil && r.st.binary != nil {
		tab = r.binaryTable(name)
	}
	out := Store{
		TableName: name, Target: r.target2(c.target), Connection: libConnection(c.target), Format: c.format.kind, At: *at,
		Statement: r.keepText(trim(t.s)),
	}
	if len(r.stores) >= maxStores {
		r.limit("stores", c.at, t.s, t, "There are too many STORE statements; the rest is left out.")
		return
	}
	s := &stored{out: out}
	r.stores = append(r.stores, s)
	if tab == nil {
		r.tell(c.at, t, name, "The script makes no table of this name before this.", "table")
		o := Object{Kind: Resident, Name: name}
		s.sources = r.source(o)
		s.fields = r.storedFields(r.open(o, at, name), c.fields, t)
		r.st.stored[storeKey(c.target)] = s.fields
		return
	}
	s.table, s.sources = tab.id, tab.sources
	s.fields = r.storedFields(r.ofTable(tab), c.fields, t)
	r.st.stored[storeKey(c.target)] = s.fields
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
