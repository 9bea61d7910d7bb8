package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A command is a statement other than LOAD and SELECT, as it was read. Reading and running are kept apart:
// what a command is doesn't depend on what ran before it.
type command interface {
	run(r *interpreter, t text)
}

// command reads the statement whose own word is next.
func (p *parser) command() command {
	at := p.tok().From
	for _, read := range [...]func(*parser) command{(*parser).tableCommand, (*parser).fieldCommand, (*parser).placeCommand, (*parser).otherCommand} {
		if c := read(p); c != nil {
			return c
		}
	}
	return &unknown{at: at}
}

// An unknown is a statement that begins with no word of the language.
type unknown struct{ at int }

func (c *unknown) run(r *interpreter, t text) {
	r.tell(c.at, t, t.s[c.at:], "This statement isn't known.", "syntax")
}

// tableCommand: statements about tables as a whole.
func (p *parser) tableCommand() command {
	switch p.word(0) {
	case "STORE":
		return p.storing()
	case "DROP":
		return p.dropping()
	case "RENAME":
		return p.renaming()
	case "BINARY":
		p.next()
		path, _ := p.path()
		return &binary{path: path}
	case "SECTION":
		return &section{access: p.word(1) == "ACCESS"}
	}
	return nil
}

// fieldCommand: statements about fields.
func (p *parser) fieldCommand() command {
	switch w := p.word(0); w {
	case "QUALIFY", "UNQUALIFY":
		p.next()
		return &qualifying{on: w == "QUALIFY", names: p.names()}
	case "ALIAS":
		p.next()
		return &aliasing{pairs: p.aliases()}
	case "MAP":
		p.next()
		c := &mapUsing{names: p.names("USING")}
		p.accept("USING")
		c.using, c.ok = p.name()
		return c
	case "UNMAP":
		p.next()
		return &unmapping{names: p.names()}
	case "COMMENT":
		p.next()
		return p.commenting()
	case "TAG", "UNTAG":
		p.next()
		return p.tagging(w == "TAG")
	case "DECLARE":
		p.next()
		return p.declaring()
	case "DERIVE":
		return p.deriving()
	}
	return nil
}

// placeCommand: statements that say where to read from.
func (p *parser) placeCommand() command {
	switch p.word(0) {
	case "LIB", "ODBC", "OLEDB", "CUSTOM", "CONNECT", "CONNECT32", "CONNECT64", "BDI":
		return p.connecting()
	case "DISCONNECT":
		return &disconnect{}
	case "DIRECTORY":
		p.next()
		path, _ := p.path()
		return &directory{path: strings.ReplaceAll(path, `\`, "/")}
	}
	return nil
}

// otherCommand: statements without any effect on lineage, and those that a WHEN may stand before.
func (p *parser) otherCommand() command {
	switch w := p.word(0); w {
	case "NULLASVALUE", "NULLASNULL", "STAR", "FORCE", "LOOSEN", "SEARCH", "SLEEP", "EXECUTE", "FLUSHLOG", "AUTONUMBER", "TRACE", "REM",
		"CREATE", "DIMENSION", "MEASURE", "INPUTFIELD", "HIDEPREFIX", "SYNDICATE", "SEMANTIC", "CACHE":
		return &ignored{text: p.rest()}
	case "LET":
		return &dependent{at: p.tok().From, kind: assign}
	case "SET":
		return &dependent{at: p.tok().From, kind: setText}
	case "CALL", "EXIT":
		return &dependent{at: p.tok().From, kind: control, keyword: w}
	}
	return nil
}

// A section is SECTION ACCESS or SECTION APPLICATION.
type section struct{ access bool }

func (c *section) run(r *interpreter, _ text) { r.st.section = c.access }

// A disconnect is DISCONNECT.
type disconnect struct{}

func (*disconnect) run(r *interpreter, _ text) { r.st.connection = "" }

// A directory is DIRECTORY path.
type directory struct{ path string }

func (c *directory) run(r *interpreter, _ text) { r.st.directory = c.path }

// An ignored statement has no effect on lineage.
type ignored struct{ text string }

func (*ignored) run(*interpreter, text) {}

// A dependent is a statement that ends with its line where it stands alone, behind a WHEN.
type dependent struct {
	at      int
	kind    stmtKind
	keyword string
}

func (c *dependent) run(r *interpreter, t text) {
	own := text{s: t.s[c.at:], from: t, start: c.at}
	switch {
	case c.kind != control:
		r.assignment(own, c.kind)
	case c.keyword == "CALL":
		r.callSub(own)
	default: // EXIT behind an undecided WHEN
		r.maybeExit = true
	}
}

// A connecting is CONNECT TO: of a connect string no more is kept than the name of the source.
type connecting struct{ kind, name string }

func (c *connecting) run(r *interpreter, _ text) { r.st.connection = c.name }

func (p *parser) connecting() command {
	kind := p.word(0)
	for !p.end() && !p.is("TO") {
		p.next()
	}
	p.accept("TO")
	return &connecting{kind: kind, name: connectionName(kind, unquotePath(p.connectString()))}
}

// connectString is the text after TO, up to the parenthesis with credentials.
func (p *parser) connectString() string {
	tok := p.tok()
	if isNameToken(tok) && tok.Quote() != 0 {
		return tok.Value()
	}
	s := p.rest()
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return trim(s)
}

func connectionName(kind, s string) string {
	provider, database := "", ""
	for _, part := range strings.Split(s, ";") {
		k, v, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		switch strings.ToLower(trim(k)) {
		case "data source", "server", "address", "addr", "network address":
			provider = trim(v)
		case "initial catalog", "database":
			database = trim(v)
		}
	}
	if kind == "OLEDB" && provider != "" || kind != "LIB" && provider != "" && strings.Contains(strings.SplitN(s, ";", 2)[0], "=") {
		if database != "" {
			return provider + "/" + database
		}
		return provider
	}
	if kind == "LIB" {
		return mask(s)
	}
	first, _, _ := strings.Cut(s, ";")
	if k, v, ok := strings.Cut(first, "="); ok && strings.EqualFold(trim(k), "dsn") {
		return trim(v)
	}
	return mask(trim(first))
}

// aliases reads a AS b, c AS d.
func (p *parser) aliases() (pairs [][2]string) {
	for !p.end() {
		from, ok := p.name()
		if !ok {
			p.i++
			continue
		}
		if p.accept("AS") {
			if to, ok := p.name(); ok {
				pairs = append(pairs, [2]string{from, to})
			}
		}
	}
	return pairs
}

// isWord tells whether a token is this bare word, in any case.
func isWord(tok expr.Token, word string) bool {
	return tok.Kind == expr.Ident && strings.EqualFold(tok.Text, word)
}
