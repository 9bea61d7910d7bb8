package expr

import "strings"

// A printer writes trees as text.
type printer struct{ strings.Builder }

func text(n Node) string {
	var p printer
	n.print(&p)
	return p.String()
}

// quoted writes a value in quotes, with closing quotes doubled, but for those inside of a $(…).
func quoted(value string, quote byte) string {
	end := closing(quote)
	var b strings.Builder
	b.WriteByte(quote)
	s := Scanner{text: value}
	for i := 0; i < len(value); i++ {
		if n := s.expansionAt(i); n > 0 {
			b.WriteString(value[i : i+n])
			i += n - 1
			continue
		}
		b.WriteByte(value[i])
		if value[i] == end {
			b.WriteByte(end)
		}
	}
	b.WriteByte(end)
	return b.String()
}

func (p *printer) nodes(list []Node, separator string) {
	for i, n := range list {
		if i > 0 {
			p.WriteString(separator)
		}
		if n != nil {
			n.print(p)
		}
	}
}

func (n *Num) String() string              { return text(n) }
func (n *Str) String() string              { return text(n) }
func (n *Name) String() string             { return text(n) }
func (n *Param) String() string            { return text(n) }
func (n *Star) String() string             { return text(n) }
func (n *Dollar) String() string           { return text(n) }
func (n *Operation) String() string        { return text(n) }
func (n *Unary) String() string            { return text(n) }
func (n *Paren) String() string            { return text(n) }
func (n *Call) String() string             { return text(n) }
func (n *Scoped) String() string           { return text(n) }
func (n *Broken) String() string           { return text(n) }
func (n *SetOperation) String() string     { return text(n) }
func (n *SetParen) String() string         { return text(n) }
func (n *Braces) String() string           { return text(n) }
func (n *SetEntity) String() string        { return text(n) }
func (n *Selection) String() string        { return text(n) }
func (n *ElementOperation) String() string { return text(n) }
func (n *ElementParen) String() string     { return text(n) }
func (n *List) String() string             { return text(n) }
func (n *Element) String() string          { return text(n) }
func (n *FieldElements) String() string    { return text(n) }
func (n *PossibleElements) String() string { return text(n) }

func (n *Num) print(p *printer)    { p.WriteString(n.Text) }
func (n *Str) print(p *printer)    { p.WriteString(quoted(n.Value, '\'')) }
func (n *Param) print(p *printer)  { p.WriteString(n.Text) }
func (n *Star) print(p *printer)   { p.WriteString("*") }
func (n *Dollar) print(p *printer) { p.WriteString(n.Text) }

func (n *Name) print(p *printer) {
	if n.Quote == 0 {
		p.WriteString(n.Value)
		return
	}
	p.WriteString(quoted(n.Value, n.Quote))
}

func (n *Operation) print(p *printer) {
	for i, x := range n.Operands {
		if i > 0 {
			p.WriteByte(' ')
			if op := n.Operators[i-1]; op != "" {
				p.WriteString(op)
				p.WriteByte(' ')
			}
		}
		x.print(p)
	}
}

func (n *Unary) print(p *printer) {
	p.WriteString(n.Operator)
	if n.Operator == "not" || n.Operator == "bitnot" {
		p.WriteByte(' ')
	}
	n.X.print(p)
}

func (n *Paren) print(p *printer) {
	p.WriteByte('(')
	p.nodes(n.Items, ", ")
	p.WriteByte(')')
}

func (n *Call) print(p *printer) {
	p.WriteString(n.Name)
	if strings.HasSuffix(n.Name, "$") {
		p.WriteByte(' ') // a$( would be an expansion
	}
	p.WriteByte('(')
	n.Prefix.print(p)
	p.nodes(n.Args, ", ")
	p.WriteByte(')')
}

func (x *Prefix) print(p *printer) {
	sets, by := x.Sets, x.TotalBy
	for _, word := range x.order {
		if word == "{" {
			sets[0].print(p)
			sets = sets[1:]
		} else {
			p.WriteString(word)
		}
		p.WriteByte(' ')
		if word == "TOTAL" && len(by) > 0 {
			p.WriteByte('<')
			p.nodes(by, ", ")
			p.WriteString("> ")
			by = nil
		}
	}
}

func (n *Scoped) print(p *printer) {
	n.Set.print(p)
	p.WriteByte(' ')
	n.X.print(p)
}

func (n *Broken) print(p *printer) { p.nodes(n.Parts, " ") }

func (n *SetOperation) print(p *printer) {
	for i, x := range n.Operands {
		if i > 0 {
			p.WriteString(" " + n.Operators[i-1] + " ")
		}
		x.print(p)
	}
}

func (n *SetParen) print(p *printer) {
	p.WriteByte('(')
	n.X.print(p)
	p.WriteByte(')')
}

func (n *Braces) print(p *printer) {
	p.WriteByte('{')
	if n.X != nil {
		n.X.print(p)
	}
	p.WriteByte('}')
}

func (n *SetEntity) print(p *printer) {
	switch n.Kind {
	case Fixed:
		p.WriteString(n.Text)
	case Named:
		n.Name.print(p)
	case Unknown:
		n.Dollar.print(p)
	}
	if !n.Modified {
		return
	}
	p.WriteByte('<')
	for i, s := range n.Selections {
		if i > 0 {
			p.WriteString(", ")
		}
		s.print(p)
	}
	p.WriteByte('>')
}

func (n *Selection) print(p *printer) {
	if n.State != nil {
		n.State.print(p)
		p.WriteString("::")
	}
	n.Field.print(p)
	p.WriteString(n.Operator)
	if n.Elements != nil {
		n.Elements.print(p)
	}
}

func (n *ElementOperation) print(p *printer) {
	p.WriteString(n.Sign)
	for i, x := range n.Operands {
		if i > 0 {
			p.WriteString(" " + n.Operators[i-1] + " ")
		}
		x.print(p)
	}
}

func (n *ElementParen) print(p *printer) {
	p.WriteByte('(')
	n.X.print(p)
	p.WriteByte(')')
}

func (n *List) print(p *printer) {
	p.WriteByte('{')
	for i, x := range n.Items {
		if i > 0 {
			p.WriteString(", ")
		}
		x.print(p)
	}
	p.WriteByte('}')
}

func (n *Element) print(p *printer) {
	if n.Func != nil {
		n.Func.print(p)
		return
	}
	p.WriteString(n.Text)
}

func (n *FieldElements) print(p *printer) {
	if n.State != nil {
		n.State.print(p)
		p.WriteString("::")
	}
	n.Field.print(p)
}

func (n *PossibleElements) print(p *printer) {
	p.WriteByte('P' - map[bool]byte{true: 'P' - 'E'}[n.Excluded])
	p.WriteByte('(')
	if n.Set != nil {
		n.Set.print(p)
		if n.Field != nil {
			p.WriteByte(' ')
		}
	}
	if n.Field != nil {
		n.Field.print(p)
	}
	p.WriteByte(')')
}
