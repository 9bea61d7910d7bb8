package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

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
