package qvs

import (
	"slices"
)

// A dropping is DROP TABLE[S] or DROP FIELD[S].
type dropping struct {
	at    int
	what  string // "TABLE", "FIELD", "" if that can't be told; others mean nothing here
	names []string
	from  []string // tables that the fields are dropped from; nil: all
}

func (p *parser) dropping() command {
	c := &dropping{at: p.next().From}
	switch w := p.word(0); w {
	case "TABLE", "TABLES":
		p.next()
		c.what, c.names = "TABLE", p.names()
	case "FIELD", "FIELDS":
		p.next()
		c.what, c.names = "FIELD", p.names("FROM")
		if p.accept("FROM") {
			p.accept("TABLE")
			p.accept("TABLES")
			c.from = p.names()
		}
	case "RELATIONSHIP", "RELATIONSHIPS", "MEASURE", "DIMENSION":
		c.what = w
	}
	return c
}

func (c *dropping) run(r *interpreter, t text) {
	switch c.what {
	case "TABLE":
		for _, name := range c.names {
			r.dropTable(name, t, c.at)
		}
	case "FIELD":
		for _, name := range c.names {
			r.dropField(name, c.from)
		}
	case "":
		r.tell(c.at, t, t.s[c.at:], "It can't be told what this DROP drops.", "syntax")
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

// A renaming is RENAME TABLE[S] or RENAME FIELD[S], by pairs or by a map.
type renaming struct {
	at    int
	what  string // "TABLE", "FIELD", "" if that can't be told
	byMap bool
	using string
	pairs [][2]string
}

func (p *parser) renaming() command {
	c := &renaming{at: p.next().From}
	switch p.word(0) {
	case "TABLE", "TABLES":
		c.what = "TABLE"
	case "FIELD", "FIELDS":
		c.what = "FIELD"
	default:
		return c
	}
	p.next()
	if c.byMap = p.accept("USING"); c.byMap {
		c.using, _ = p.name()
		return c
	}
	c.pairs = p.pairs()
	return c
}

func (c *renaming) run(r *interpreter, t text) {
	if c.what == "" {
		r.tell(c.at, t, t.s[c.at:], "It can't be told what this RENAME renames.", "syntax")
		return
	}
	pairs := c.pairs
	if c.byMap {
		switch m := r.mapNamed(c.using); {
		case m == nil:
			r.tell(0, t, c.using, "There is no mapping table of this name before this.", "table")
			return
		case m.pairs == nil:
			r.tell(0, t, c.using, "The map's rows are known at reload only, so that the new names aren't.", "table")
			return
		default:
			pairs = m.pairs
		}
	}
	step := Step{Statement: r.keepText(trim(t.s)), At: t.at(c.at), What: "rename"}
	for _, pair := range pairs {
		if c.what == "FIELD" {
			r.renameField(pair[0], pair[1], step)
		} else {
			r.renameTable(pair[0], pair[1], step)
		}
	}
}

// pairs reads a TO b, c TO d.
func (p *parser) pairs() (out [][2]string) {
	for !p.end() {
		from := p.names("TO")
		if !p.accept("TO") || len(from) == 0 || p.end() {
			break
		}
		to := p.longName([]string{","})
		out = append(out, [2]string{from[len(from)-1], to})
		p.acceptOp(",")
	}
	return out
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

// A qualifying is QUALIFY or UNQUALIFY.
type qualifying struct {
	on    bool
	names []string
}

func (c *qualifying) run(r *interpreter, _ text) {
	for _, name := range c.names {
		r.qualify(pattern{mask: name, on: c.on})
	}
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

// An aliasing is ALIAS a AS b, …
type aliasing struct{ pairs [][2]string }

func (c *aliasing) run(r *interpreter, _ text) {
	for _, pair := range c.pairs {
		r.st.alias[pair[0]] = pair[1]
	}
}

// A mapUsing is MAP fields USING map.
type mapUsing struct {
	names []string
	using string
	ok    bool // a map is named
}

func (c *mapUsing) run(r *interpreter, _ text) {
	if !c.ok {
		return
	}
	for _, n := range c.names {
		r.st.mapUsing[n] = c.using
	}
}

// An unmapping is UNMAP fields.
type unmapping struct{ names []string }

func (c *unmapping) run(r *interpreter, _ text) {
	for _, n := range c.names {
		r.unmap(n)
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

// A binary is BINARY app: the app's tables become known as the script refers to them.
type binary struct{ path string }

func (c *binary) run(r *interpreter, t text) {
	o := Object{Kind: Binary, Connection: libConnection(c.path), Name: r.resolvePath(c.path)}
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
