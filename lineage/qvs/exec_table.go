package qvs

import (
	"slices"
	"strings"
)

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
