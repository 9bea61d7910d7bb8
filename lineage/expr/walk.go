package expr

// Walk visits a node and, where visit says true, what is below it, in the order of the text. Arguments
// left out are not visited; the $(…) inside of quotes and names are.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	for _, c := range Children(n) {
		Walk(c, visit)
	}
}

// Children are the nodes right below a node, in the order of the text.
func Children(n Node) []Node {
	var c children
	switch n := n.(type) {
	case *Str:
		c.dollars(n.Inner)
	case *Name:
		c.dollars(n.Inner)
	case *Dollar:
		c.dollars(n.More)
		c.add(n.Args...)
		c.add(n.Body, n.Format)
	case *Operation:
		c.add(n.Operands...)
	case *Unary:
		c.add(n.X)
	case *Paren:
		c.add(n.Items...)
	case *Call:
		if n.Dynamic != nil {
			c.add(n.Dynamic)
		}
		for _, s := range n.Prefix.Sets {
			c.add(s)
		}
		c.add(n.Prefix.TotalBy...)
		c.add(n.Args...)
	case *Scoped:
		c.add(n.Set, n.X)
	case *Broken:
		c.add(n.Parts...)
	default:
		c.inSet(n)
	}
	return c
}

type children []Node

func (c *children) add(list ...Node) {
	for _, n := range list {
		if n != nil {
			*c = append(*c, n)
		}
	}
}

func (c *children) dollars(list []*Dollar) {
	for _, d := range list {
		*c = append(*c, d)
	}
}

func (c *children) name(n *Name) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *children) elements(e Elements) {
	if e != nil {
		*c = append(*c, e)
	}
}

func (c *children) inSet(n Node) {
	switch n := n.(type) {
	case *SetOperation:
		for _, s := range n.Operands {
			c.add(s)
		}
	case *SetParen:
		c.add(n.X)
	case *Braces:
		if n.X != nil {
			c.add(n.X)
		}
	case *SetEntity:
		c.name(n.Name)
		if n.Dollar != nil {
			c.add(n.Dollar)
		}
		for _, s := range n.Selections {
			c.add(s)
		}
	case *Selection:
		c.name(n.State)
		c.add(n.Field)
		c.elements(n.Elements)
	case *ElementOperation:
		for _, e := range n.Operands {
			c.elements(e)
		}
	case *ElementParen:
		c.elements(n.X)
	case *List:
		for _, e := range n.Items {
			c.add(e)
		}
	case *Element:
		c.elements(n.Func)
		c.dollars(n.Inner)
		c.add(n.Expr)
	case *FieldElements:
		c.name(n.State)
		c.add(n.Field)
	case *PossibleElements:
		if n.Set != nil {
			c.add(n.Set)
		}
		c.add(n.Field)
	}
}
