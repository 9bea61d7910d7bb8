package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A sourceKind says where a LOAD reads from.
type sourceKind uint8

const (
	fromBelow sourceKind = iota // the LOAD or SELECT that follows
	fromFile
	fromField
	fromInline
	fromResident
	fromAutogenerate
	fromExtension
	fromSQL
)

// A load is a LOAD or SELECT statement.
type load struct {
	prefixes
	t         text
	items     []item
	kind      sourceKind
	source    string         // path, table, inline data
	sourceAt  int            // where it stands in t
	field     string         // of FROM_FIELD
	format    format         // of a file, of inline data
	tables    []string       // of EXTENSION: the tables it reads
	listed    []string       // of EXTENSION: their fields
	count     []expr.Token   // of AUTOGENERATE
	filters   [][]expr.Token // WHERE, WHILE, GROUP BY
	where     bool           // rows are left out
	odd       int            // where something stands that doesn't belong there, from 1; 0: nowhere
	statement string
}

// An item is one field of a LOAD's list.
type item struct {
	star    bool
	name    string // after AS, or the field's own, or the expression's text
	aliased bool
	toks    []expr.Token
	from    int
	to      int
}

// A format is what stands in parentheses behind a file.
type format struct {
	kind      string // "qvd", "txt", "ooxml", …; "" if it isn't said
	table     string
	url       string
	delimiter string
	noLabels  bool
}

func isClause(p *parser) bool {
	switch p.word(0) {
	case "FROM", "FROM_FIELD", "INLINE", "RESIDENT", "AUTOGENERATE", "EXTENSION", "WHERE", "WHILE":
		return true
	case "GROUP", "ORDER":
		return p.word(1) == "BY"
	}
	return false
}

func isItemEnd(p *parser) bool { return p.word(0) == "AS" || isClause(p) }

// load reads what follows LOAD.
func (p *parser) load(l *load) {
	if p.is("DISTINCT") && p.peek(1).Text != "," && p.word(1) != "AS" && !(p.word(1) == "FROM" && isNameToken(p.peek(2))) {
		p.i++
	}
	for !p.end() {
		if isClause(p) && p.clauseHere() {
			break
		}
		if p.acceptOp(",") {
			continue
		}
		before := p.i
		p.item(l)
		if p.i == before {
			p.i++ // whatever it is, go on
		}
		if !p.op(",") && isClause(p) {
			break
		}
	}
	for !p.end() {
		p.clause(l)
	}
}

// clauseHere tells whether a keyword where a field may stand is one: LOAD a, FROM x; but not LOAD From, To.
func (p *parser) clauseHere() bool {
	tok := p.peek(1)
	switch {
	case p.word(0) == "GROUP" || p.word(0) == "ORDER":
		return true
	case tok.Kind == expr.EOF, tok.Kind == expr.Operator && tok.Text != "(" && tok.Text != "\\" && tok.Text != "/":
		return false
	case isOperator(tok):
		return tok.Kind == expr.Ident && p.word(0) != "FROM" && strings.EqualFold(tok.Text, "not")
	}
	switch p.word(1) {
	case "AS":
		return false
	case "FROM", "RESIDENT", "INLINE", "AUTOGENERATE", "WHERE", "WHILE", "FROM_FIELD", "EXTENSION":
		next := p.peek(2)
		return !(isNameToken(next) || next.Kind == expr.Operator && (next.Text == "(" || next.Text == "/" || next.Text == "\\"))
	}
	return true
}

func (p *parser) item(l *load) {
	it := item{from: p.tok().From}
	it.toks = p.expression(true, isItemEnd)
	if n := len(it.toks); n > 0 {
		it.to = it.toks[n-1].End()
	} else {
		it.to = it.from
	}
	if p.accept("AS") {
		it.aliased = true
		it.name = p.alias()
	}
	switch {
	case len(it.toks) == 0:
		return
	case len(it.toks) == 1 && it.toks[0].Text == "*":
		it.star = true
	case !it.aliased && len(it.toks) == 1 && it.toks[0].Kind != expr.Number && it.toks[0].Kind != expr.String:
		it.name = it.toks[0].Value()
	case !it.aliased:
		it.name = trim(p.t.s[it.from:it.to])
	}
	l.items = append(l.items, it)
}

// alias reads the name after AS; what follows it up to the comma is part of it by mistake.
func (p *parser) alias() string {
	if p.end() || p.op(",") {
		return ""
	}
	first := p.next()
	last := first
	for !p.end() && !p.op(",") && !isClause(p) {
		last = p.next()
	}
	if first.From == last.From {
		return first.Value()
	}
	if first.Kind == expr.Field || first.Kind == expr.String {
		return first.Value()
	}
	return trim(p.t.s[first.From:last.End()])
}

// clause reads one clause behind the list of fields.
func (p *parser) clause(l *load) {
	switch p.word(0) {
	case "FROM":
		l.kind = fromFile
		p.i++
		l.source, l.sourceAt = p.path()
		l.format = p.format()
	case "FROM_FIELD":
		l.kind = fromField
		l.sourceAt = p.next().From
		args, _ := p.parens()
		if names := p.textsOf(args); len(names) >= 2 {
			l.source, l.field = names[0], names[1]
		}
		l.format = p.format()
	case "INLINE":
		l.kind = fromInline
		l.sourceAt = p.next().From
		if tok := p.tok(); tok.Kind != expr.Operator {
			l.source = p.next().Value()
		}
		l.format = p.format()
	case "RESIDENT":
		l.kind = fromResident
		p.i++
		l.sourceAt = p.tok().From
		l.source = p.residentName()
	case "AUTOGENERATE":
		l.kind = fromAutogenerate
		l.sourceAt = p.next().From
		l.count = p.expression(false, isClause)
	case "EXTENSION":
		l.kind = fromExtension
		l.sourceAt = p.next().From
		p.extension(l)
	case "WHERE", "WHILE":
		l.where = true
		p.i++
		l.filters = append(l.filters, p.expression(false, isClause))
	case "GROUP":
		p.i += 2
		for {
			l.filters = append(l.filters, p.expression(true, isClause))
			if !p.acceptOp(",") {
				break
			}
		}
	case "ORDER":
		p.i += 2
		p.expression(false, isClause)
	default:
		if l.odd == 0 {
			l.odd = p.tok().From + 1
		}
		p.i++
	}
}

func (p *parser) residentName() string {
	tok := p.tok()
	if tok.Kind == expr.Field || tok.Kind == expr.String {
		p.i++
		return tok.Value()
	}
	first, last := tok, tok
	for !p.end() && !isClause(p) && !p.op("(") {
		last = p.next()
	}
	if first.Kind == expr.EOF {
		return ""
	}
	return trim(p.t.s[first.From:last.End()])
}

// extension reads conn.func('script', Table{f1, String(f2)}).
func (p *parser) extension(l *load) {
	l.source = p.tok().Text
	p.next()
	depth := 0
	for !p.end() {
		tok := p.next()
		switch {
		case tok.Text == "(":
			depth++
		case tok.Text == ")":
			if depth--; depth <= 0 {
				return
			}
		case isNameToken(tok) && p.op("{"):
			l.tables = append(l.tables, tok.Value())
			p.i++
			p.listed(l)
		}
	}
}

func (p *parser) listed(l *load) {
	for !p.end() && !p.acceptOp("}") {
		tok := p.next()
		if (tok.Kind == expr.Ident || tok.Kind == expr.Field) && !p.op("(") {
			l.listed = append(l.listed, tok.Value())
		}
	}
}

// path reads a file's name: a quoted one, or all up to ( or WHERE.
func (p *parser) path() (string, int) {
	tok := p.tok()
	if tok.Kind == expr.Field || tok.Kind == expr.String {
		p.i++
		return trim(tok.Value()), tok.From
	}
	if tok.Kind == expr.EOF {
		return "", tok.From
	}
	s := p.t.s
	end := pathEnd(s, tok.From)
	p.seek(end)
	return unquotePath(s[tok.From:end]), tok.From
}

// pathEnd finds where an unquoted path ends. A parenthesis belongs to it if the path goes on right behind it.
func pathEnd(s string, i int) int {
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "$("):
			e, ok := parenEnd(s, i+1)
			if !ok {
				return len(s)
			}
			i = e
			continue
		case s[i] == '(':
			e, ok := parenEnd(s, i)
			if !ok || e >= len(s) || s[e] != '/' && s[e] != '\\' {
				return i
			}
			i = e
			continue
		case blankAt(s, i) > 0:
			j := i
			for j < len(s) && blankAt(s, j) > 0 {
				j += blankAt(s, j)
			}
			if j == len(s) || pathStops(s[j:]) {
				return i
			}
			i = j
			continue
		}
		i++
	}
	return i
}

func pathStops(rest string) bool {
	switch upperWord(rest[:nameEnd(rest, 0)]) {
	case "WHERE", "WHILE", "GROUP", "ORDER", "INTO", "FROM":
		return true
	}
	return false
}

// format reads (qvd), (ooxml, embedded labels, table is Sheet1), …
func (p *parser) format() (f format) {
	args, ok := p.parens()
	if !ok {
		return f
	}
	for _, a := range args {
		p.formatItem(&f, a)
	}
	return f
}

func (p *parser) formatItem(f *format, a []expr.Token) {
	if len(a) == 0 {
		return
	}
	first := strings.ToLower(a[0].Value())
	second := ""
	if len(a) > 1 {
		second = strings.ToLower(a[1].Text)
	}
	switch {
	case second == "is" && first == "table":
		f.table = p.textOf(a[2:])
	case second == "is" && first == "url":
		f.url = p.textOf(a[2:])
	case second == "is" && first == "delimiter":
		f.delimiter = p.textOf(a[2:])
	case first == "no" && second == "labels":
		f.noLabels = true
	case len(a) == 1 && isFormat(first):
		f.kind = first
	}
}

func isFormat(w string) bool {
	switch w {
	case "biff", "dif", "fix", "html", "json", "kml", "ooxml", "parquet", "qvd", "qvx", "txt", "xml", "xmlgeneric", "xmlsax", "xmlsimple":
		return true
	}
	return false
}
