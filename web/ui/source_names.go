package ui

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A nameLinker tells which names in a script are tables or files that lineage knows. It goes through the
// script's tokens once, in their order.
type nameLinker struct {
	links  map[int][]catalog.ScriptLink // by the line that a statement begins in
	active []catalog.ScriptLink         // of the statement that the linker is in, or the last one that has any
	line   int                          // from 1
	fresh  bool                         // a statement begins
	after  string                       // the word of the language that was met last in the statement
}

func newNameLinker(links []catalog.ScriptLink) *nameLinker {
	n := &nameLinker{links: map[int][]catalog.ScriptLink{}, line: 1, fresh: true}
	for _, l := range links {
		n.links[l.Line] = append(n.links[l.Line], l)
	}
	return n
}

// Words that names follow: of tables of the script, and of files and tables outside.
var (
	beforeTables = wordSet("resident join keep concatenate store table tables using")
	beforeData   = wordSet("from into join include")
)

// at is where a token leads, which is followed by another; "": nowhere.
func (n *nameLinker) at(t expr.Token, next string) catalog.Key {
	line := n.line
	n.line += strings.Count(t.Text, "\n")
	switch {
	case t.Kind == expr.Space, t.Kind == expr.Comment:
		return ""
	case t.Kind == expr.Operator:
		if t.Text == ";" {
			n.fresh, n.after = true, ""
		}
		return ""
	}
	first := n.fresh
	if first {
		n.fresh = false
		if found := n.links[line]; found != nil {
			n.active = found
		}
	}
	if word := strings.ToLower(t.Text); t.Kind == expr.Ident && statementWords[word] {
		n.after = word
		return ""
	}
	if strings.Contains(t.Text, "\n") {
		return ""
	}
	return n.named(t.Value(), first && next == ":" || beforeTables[n.after], beforeData[n.after])
}

// named finds what a name in the present statement stands for, where a table of the script may stand, or
// something outside.
func (n *nameLinker) named(name string, table, outside bool) catalog.Key {
	for _, l := range n.active {
		if table && l.Kind == catalog.NodeScriptTable && l.Name == name || outside && l.Kind == catalog.NodeDataset && endsWith(l.Name, name) {
			return l.Node
		}
	}
	return ""
}

// endsWith tells whether what a script writes, such as [lib://QVD/raw/orders.qvd] or dbo.Orders, stands for
// a file or table of this name. A part of a file, such as a sheet, isn't written beside its path.
func endsWith(dataset, written string) bool {
	dataset, _, _ = strings.Cut(strings.ToLower(dataset), "#")
	written = strings.ToLower(strings.ReplaceAll(written, `\`, "/"))
	return written == dataset || strings.HasSuffix(written, "/"+dataset) || written != "" && strings.HasSuffix(dataset, "."+written) && !strings.HasSuffix(dataset, ".qvd")
}
