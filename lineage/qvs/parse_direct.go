package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

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
