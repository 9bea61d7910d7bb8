package qvs

import (
	"strconv"
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
