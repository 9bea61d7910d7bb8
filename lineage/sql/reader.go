package sql

import (
	"strings"
	"unicode/utf8"
)

// Bounds of what one statement may cost. No statement that a person or tool wrote comes near them.
const (
	maxDepth       = 100 // sub-queries within one another
	maxDiagnostics = 20
	maxSnippet     = 60 // of Diagnostic.What, in bytes
)

// A parser reads the tokens of one text.
type parser struct {
	text   string
	toks   []token
	i      int // the token that is next
	q      *Query
	tables map[string]string // names in lower case → as first written; only when there are many
	ctes   []cte
	ranges []span // of the select lists being read, innermost last
	depth  int
	budget int
	spent  bool // the budget is used up, or something is too deep: nothing more is resolved
	hier   bool // CONNECT BY: LEVEL is no column
	batch  bool // a DECLARE stands in it: @name is a table variable, no stage
	result bool // Columns are set
}

// A span is a range of tokens.
type span struct{ a, b int }

// Read reads one statement, as the driver gets it: after dollar expansion, with or without the word SQL.
// It never fails, whatever the text; anyone may call it at any time.
func Read(text string) Query {
	return read(text, 0)
}

func read(text string, depth int) Query {
	q := Query{}
	p := &parser{text: text, q: &q, depth: depth, ranges: make([]span, 0, 16)}
	p.toks, q.Diagnostics, _ = lex(text)
	p.budget = 64*len(p.toks) + 100_000
	p.survey()
	if p.at(0).kind == tName && strings.EqualFold(p.textOf(0), "SQL") && p.at(1).kind != tEnd {
		p.i++
	}
	if !p.connector() && !p.mdx() {
		p.statements()
		p.settle()
	}
	return q
}

// survey looks for words that change what others mean.
func (p *parser) survey() {
	for i := range p.toks {
		switch p.toks[i].word {
		case wConnect:
			p.hier = p.hier || p.toks[i+1].word == wBy
		case wBatch:
			p.batch = p.batch || strings.EqualFold(p.textOf(i), "DECLARE")
		}
	}
}

// settle falls back to table level where columns weren't understood.
func (p *parser) settle() {
	q := p.q
	if q.Kind == "" {
		q.Kind = Other
	}
	if q.Kind == Select && !p.result && q.Target == "" {
		p.diagnose(0, p.snippet(0), "This is no SELECT that can be read.")
	} else if !p.spent && (q.Kind != Other || len(q.Tables) > 0) {
		return
	}
	p.fallBack()
}

// statements reads the statements of a batch. The first that returns rows gives the result.
func (p *parser) statements() {
	for p.cur().kind != tEnd && !p.spent {
		before := p.i
		p.statement()
		if p.i == before {
			p.i++
		}
	}
}

func (p *parser) statement() {
	t := p.cur()
	switch t.word {
	case wSelect, wWith, wValues, wFrom:
		p.rows()
	case wExec:
		p.exec()
	case wCall:
		p.call()
	case wInsert:
		p.insert()
	case wUpdate, wDelete, wMerge:
		p.change()
	case wCreate:
		p.create()
	default:
		if t.kind == tOp && t.op == '(' && p.opensQuery(p.i) {
			p.rows()
			return
		}
		if t.kind == tOp && t.op == '{' {
			p.i++
			return
		}
		p.skipStatement()
	}
}

// skipStatement goes to what may be the next statement.
func (p *parser) skipStatement() {
	p.kind(Other)
	for p.i++; p.cur().kind != tEnd; p.next() {
		if p.begins(p.i) {
			return
		}
	}
}

// begins says whether a statement that is read may begin at a token.
func (p *parser) begins(i int) bool {
	if p.toks[i].kind == tOp && p.toks[i].op == ';' {
		return true
	}
	switch p.toks[i].word {
	case wSelect, wInsert, wExec, wMerge, wCall:
		return true
	case wWith:
		return p.at(i+1).kind != tOp && (p.at(i+2).word == wAs || p.at(i+2).op == '(')
	}
	return false
}

// kind sets the statement's kind unless an earlier one did.
func (p *parser) kind(k Kind) {
	if p.q.Kind == "" || p.q.Kind == Other && k != Other {
		p.q.Kind = k
	}
}

// rows reads a statement that returns rows, or writes them: WITH … INSERT, SELECT … INTO.
func (p *parser) rows() {
	target := p.q.Target
	cols := p.query(nil, nil)
	switch p.cur().word {
	case wInsert, wUpdate, wDelete, wMerge:
		p.statement()
		return
	}
	if p.q.Target != target {
		p.kind(Select)
		p.ctes = append(p.ctes, cte{p.q.Target, cols})
		return
	}
	p.deliver(Select, cols)
}

// deliver sets the result unless an earlier statement did.
func (p *parser) deliver(k Kind, cols []Column) {
	if p.result || len(cols) == 0 {
		p.kind(k)
		return
	}
	p.q.Kind, p.q.Columns, p.result = k, cols, true
}

// at returns a token, or the end.
func (p *parser) at(i int) *token {
	if i < 0 || i >= len(p.toks) {
		return &p.toks[len(p.toks)-1]
	}
	return &p.toks[i]
}

func (p *parser) cur() *token { return p.at(p.i) }

// next goes on by one token, or over a pair of parentheses.
func (p *parser) next() { p.i = p.after(p.i) }

// after returns the token behind one, or behind the parentheses that it opens.
func (p *parser) after(i int) int {
	t := p.at(i)
	if t.kind == tEnd {
		return len(p.toks) - 1
	}
	if t.pair > 0 {
		return min(int(t.pair)+1, len(p.toks)-1)
	}
	return i + 1
}

// isOp says whether a token is an operator.
func (p *parser) isOp(i int, op byte) bool {
	t := p.at(i)
	return t.kind == tOp && t.op == op
}

// isName says whether a token is a name, bare or quoted.
func (p *parser) isName(i int) bool {
	k := p.at(i).kind
	return k == tName || k == tQuoted
}

// is says whether a token is one of some bare words that wordOf doesn't know.
func (p *parser) is(i int, words ...string) bool {
	if p.at(i).kind != tName {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(p.textOf(i), w) {
			return true
		}
	}
	return false
}

func (p *parser) textOf(i int) string {
	t := p.at(i)
	return p.text[t.off:t.end]
}

// name returns a token's text without its quotes.
func (p *parser) name(i int) string {
	s := p.textOf(i)
	switch p.at(i).kind {
	case tQuoted, tString:
	default:
		return s
	}
	begin := strings.IndexAny(s, "'\"`[$")
	if begin < 0 || len(s) < begin+2 {
		return s
	}
	if begin > 0 && lower(s[begin-1]) == 'q' || s[begin] == '$' {
		return strings.TrimSuffix(s[min(begin+2, len(s)):], s[len(s)-min(2, len(s)-begin-2):])
	}
	closing := s[begin]
	if closing == '[' {
		closing = ']'
	}
	s = s[begin+1:]
	if s[len(s)-1] == closing {
		s = s[:len(s)-1]
	}
	if strings.IndexByte(s, closing) >= 0 {
		s = strings.ReplaceAll(s, string([]byte{closing, closing}), string([]byte{closing}))
	}
	return s
}

// join returns the name whose parts and dots are the tokens from a to end, without quotes; empty parts stay.
func (p *parser) join(a, end int) string {
	plain := true
	for i := a; i < end && plain; i++ {
		t := p.at(i)
		plain = t.kind != tQuoted && t.kind != tString && (i == a || t.off == p.at(i-1).end) && t.op != '~'
	}
	if plain {
		return p.text[p.at(a).off:p.at(end-1).end]
	}
	if end-a == 1 {
		return p.name(a)
	}
	var b strings.Builder
	for i := a; i < end; i++ {
		if p.at(i).kind == tOp && p.at(i).op != '*' {
			b.WriteByte('.')
		} else {
			b.WriteString(p.name(i))
		}
	}
	return b.String()
}

// chain returns the end of the names and dots that begin at a token: a.b.c, ERP..Customer.
func (p *parser) chain(i int) int {
	i++
	for {
		j := i
		for p.isOp(j, '.') {
			j++
		}
		if j == i && p.isOp(j, '~') && p.at(j).off == p.at(j-1).end && p.at(j).end == p.at(j+1).off && p.isName(j+1) {
			j++
		}
		k := p.at(j).kind
		if j == i || k != tName && k != tQuoted && (k != tNumber || p.at(j).off != p.at(j-1).end) {
			return i
		}
		i = j + 1
	}
}

// table notes a table that the statement reads, and returns its name as first written.
func (p *parser) table(t Table) string {
	if len(p.q.Tables) < fewTables {
		for i := range p.q.Tables {
			if strings.EqualFold(p.q.Tables[i].Name, t.Name) {
				return p.q.Tables[i].Name
			}
		}
		p.q.Tables = append(p.q.Tables, t)
		return t.Name
	}
	if p.tables == nil {
		p.tables = make(map[string]string, 2*fewTables)
		for i := range p.q.Tables {
			p.tables[strings.ToLower(p.q.Tables[i].Name)] = p.q.Tables[i].Name
		}
	}
	key := strings.ToLower(t.Name)
	if name, known := p.tables[key]; known {
		return name
	}
	p.tables[key] = t.Name
	p.q.Tables = append(p.q.Tables, t)
	return t.Name
}

// fewTables is how many tables are found faster one after the other than through a map.
const fewTables = 16

// spend takes from the budget that keeps hostile statements from growing without bounds.
func (p *parser) spend(n int) {
	if p.budget -= n; p.budget < 0 && !p.spent {
		p.spent = true
		p.diagnose(p.i, p.snippet(p.i), "The statement is too large to follow its columns.")
	}
}

// diagnose notes what couldn't be understood.
func (p *parser) diagnose(i int, what, why string) {
	if len(p.q.Diagnostics) >= maxDiagnostics {
		return
	}
	if len(what) > maxSnippet {
		cut := maxSnippet
		for cut > 0 && !utf8.RuneStart(what[cut]) {
			cut--
		}
		what = what[:cut] + "…"
	}
	p.q.Diagnostics = append(p.q.Diagnostics, Diagnostic{int(p.at(i).off), what, why})
}

// snippet returns the names at a token: never a string, which may hold data or a secret.
func (p *parser) snippet(i int) string {
	j := i
	for j < i+3 && (p.isName(j) || p.at(j).kind == tOp) {
		j++
	}
	if j == i {
		return ""
	}
	return p.text[p.at(i).off:p.at(j-1).end]
}
