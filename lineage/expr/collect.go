package expr

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A collector walks a tree and gathers what it refers to.
type collector struct {
	*session
	src    mapped
	log    *log
	refs   []Reference
	ranges []roleRange // where the role isn't AsValue; none is in another
	nested int
}

// A roleRange is a piece of the expanded text whose references have a role other than AsValue.
type roleRange struct {
	Span
	role Role
}

// A scope is what surrounds a node.
type scope struct {
	role       Role
	aggregated bool // inside of an aggregation's argument, where no measure can be
}

// in is the scope of a part with a role of its own. The outermost role counts.
func (c *collector) in(s scope, role Role, part Node) scope {
	if s.role != AsValue || role == AsValue || part == nil {
		return s
	}
	s.role = role
	c.ranges = append(c.ranges, roleRange{part.Where(), role})
	return s
}

// finish adds what was met while expanding, with the role of the place, and puts all in the order of the
// text.
func (c *collector) finish(met []Reference) []Reference {
	slices.SortFunc(c.ranges, func(a, b roleRange) int { return a.From - b.From })
	placed := make([]bool, len(met))
	for _, o := range c.src.spans {
		for _, r := range o.met {
			if r.index < len(met) && !placed[r.index] {
				placed[r.index] = true
				if role := c.roleOf(Span{o.out, o.out + r.size}); role != AsValue {
					met[r.index].Role = role
				}
			}
		}
	}
	c.refs = append(c.refs, met...)
	slices.SortStableFunc(c.refs, func(a, b Reference) int { return a.From - b.From })
	if len(c.refs) > maxReferences {
		c.refs = c.refs[:maxReferences]
		c.log.add(Span{}, "limit", "the expression refers to too much; not everything is listed")
	}
	return c.refs
}

// roleOf is the role of a piece of the expanded text, if all of it has the same.
func (c *collector) roleOf(w Span) Role {
	i := sort.Search(len(c.ranges), func(i int) bool { return c.ranges[i].From > w.From }) - 1
	if i >= 0 && w.From < c.ranges[i].To && w.To <= c.ranges[i].To {
		return c.ranges[i].role
	}
	return AsValue
}

func (c *collector) add(at Span, target Target, name string, s scope) *Reference {
	c.refs = append(c.refs, Reference{
		Span: c.src.span(at), Target: target, Name: name, Role: s.role, Via: c.src.at(at.From).via,
	})
	return &c.refs[len(c.refs)-1]
}

func (c *collector) visit(n Node, s scope) {
	switch n := n.(type) {
	case *Name:
		c.name(n, s)
	case *Call:
		c.call(n, s)
	case *Dollar:
		c.dollar(n, s)
	case *Scoped:
		c.visit(n.Set, c.in(s, AsFilter, n.Set))
		c.visit(n.X, s)
	case *SetEntity:
		c.setEntity(n, s)
	case *Selection:
		c.state(n.State, s)
		c.field(n.Field, s)
		if n.Elements != nil {
			c.visit(n.Elements, s)
		}
	case *FieldElements:
		c.state(n.State, s)
		c.field(n.Field, s)
	case *PossibleElements:
		if n.Set != nil {
			c.visit(n.Set, s)
		}
		if n.Field != nil {
			c.field(n.Field, s)
		}
	case nil:
	default:
		s.aggregated = s.aggregated && !isSet(n)
		for _, child := range Children(n) {
			c.visit(child, s)
		}
	}
}

// isSet tells whether the expressions below a node are evaluated on their own: those of searches.
func isSet(n Node) bool {
	_, ok := n.(*Element)
	return ok
}

// dollar visits a $(…) that is left. Its variable was counted when it was to be expanded; an argument of a
// variable whose definition isn't known is most likely an expression.
func (c *collector) dollar(d *Dollar, s scope) {
	for _, a := range d.Args {
		c.visit(a, s)
	}
	for _, m := range d.More {
		c.dollar(m, s)
	}
	if d.Body != nil {
		s.aggregated = false
		c.visit(d.Body, s)
		c.visit(d.Format, s)
	}
}

func (c *collector) dollars(list []*Dollar, s scope) {
	for _, d := range list {
		c.dollar(d, s)
	}
}

// name resolves a name of an expression: field, variable, master item, label of the same object.
func (c *collector) name(n *Name, s scope) {
	k := c.known
	switch {
	case k.Fields[n.Value] || n.Value == "":
		c.field(n, s)
	case k.isVariable(n.Value):
		c.bareVariable(n, s)
	case k.Measures[n.Value] && (!s.aggregated || k.Fields != nil):
		c.add(n.Span, ToMeasure, n.Value, s)
	case k.Dimensions[n.Value]:
		c.add(n.Span, ToDimension, n.Value, s)
	case k.Labels[n.Value] && (!s.aggregated || k.Fields != nil):
		c.add(n.Span, ToLabel, n.Value, s)
	default:
		c.field(n, s)
	}
}

// bareVariable is a variable used without $( ): its value counts, which comes from the definition only if
// that is an expression.
func (c *collector) bareVariable(n *Name, s scope) {
	at := c.add(n.Span, ToVariable, n.Value, s)
	place, via := at.Span, at.Via
	definition := c.known.Variables[n.Value]
	if !isComputed(definition) || slices.Contains(c.active, n.Value) || len(c.active) >= maxVariables {
		return
	}
	if c.expansions++; c.expansions > maxExpansions || len(c.refs) > maxReferences {
		c.limited = true
		return
	}
	for _, r := range c.definition(n.Value, definition, true) {
		r.Span = place
		r.Via = append(slices.Clone(via), r.Via...)
		if s.role != AsValue {
			r.Role = s.role
		}
		c.refs = append(c.refs, r)
	}
}

// field is a name where nothing but a field can be.
func (c *collector) field(n Node, s scope) {
	name, ok := n.(*Name)
	if !ok {
		c.visit(n, s)
		return
	}
	c.dollars(name.Inner, s)
	switch {
	case len(name.Inner) > 0 && isOnlyDollars(name):
		return // nothing of the name is known
	case strings.HasPrefix(name.Value, "=") && len(name.Inner) == 0:
		c.calculated(name, s)
		return
	case c.known.Dimensions[name.Value] && !c.known.Fields[name.Value] && c.known.Fields != nil:
		c.add(name.Span, ToDimension, name.Value, s)
		return
	}
	c.add(name.Span, ToField, name.Value, s)
	if c.known.Fields != nil && !c.known.Fields[name.Value] && len(name.Inner) == 0 {
		c.log.add(c.src.span(name.Span), "name", fmt.Sprintf("%s is no field of the app's data model", name.Value))
	}
}

func isOnlyDollars(n *Name) bool {
	length := 0
	for _, d := range n.Inner {
		length += len(d.Text)
	}
	return length >= len(strings.TrimSpace(n.Value))
}

// calculated is a field that is an expression: [=Year(Date)].
func (c *collector) calculated(n *Name, s scope) {
	if c.nested >= maxNested {
		return
	}
	c.nested++
	defer func() { c.nested-- }()
	text := n.Value[1:]
	p := &parser{toks: Tokens(text), base: n.From + 2, end: len(text), nested: 1, log: &log{}}
	c.visit(p.top(), s)
}

func (c *collector) state(n *Name, s scope) {
	if n == nil {
		return
	}
	c.dollars(n.Inner, s)
	if n.Quote == 0 && (isFixedSet(n.Value) || strings.Trim(n.Value, "0123456789") == "") || isOnlyDollars(n) {
		return
	}
	c.add(n.Span, ToState, n.Value, s)
}

func (c *collector) setEntity(n *SetEntity, s scope) {
	c.state(n.Name, s)
	if n.Dollar != nil {
		c.dollar(n.Dollar, s)
	}
	for _, sel := range n.Selections {
		c.visit(sel, s)
	}
}

func (c *collector) call(n *Call, s scope) {
	if n.Dynamic != nil {
		c.dollar(n.Dynamic, s)
	} else {
		c.function(n, s)
	}
	for _, set := range n.Prefix.Sets {
		c.visit(set, c.in(s, AsFilter, set))
	}
	for _, by := range n.Prefix.TotalBy {
		c.field(by, c.in(s, AsGrouping, by))
	}
	lower := strings.ToLower(n.Name)
	if IsAggregation(n.Name) {
		s.aggregated = true
	}
	for i, a := range n.Args {
		if a != nil {
			c.argument(lower, i, a, s)
		}
	}
}

func (c *collector) function(n *Call, s scope) {
	name, known := FunctionName(n.Name)
	target := ToFunction
	if IsAggregation(n.Name) {
		target = ToAggregation
	}
	c.add(n.NameSpan, target, name, s)
	if !known && !strings.Contains(name, ".") && !strings.Contains(name, "$(") {
		c.log.add(c.src.span(n.NameSpan), "function", name+" is not a function that is known here")
	}
}

// argument visits an argument in the role that it has for this function.
func (c *collector) argument(function string, i int, a Node, s scope) {
	switch {
	case function == "aggr" && i == 0:
		s.aggregated = false
	case function == "aggr":
		c.aggrDimension(a, c.in(s, AsGrouping, a))
		return
	case (function == "if" || function == "pick") && i == 0:
		s = c.in(s, AsCondition, a)
	case function == "firstsortedvalue" && i == 1, function == "concat" && i == 2:
		s = c.in(s, AsGrouping, a)
	}
	if text, ok := a.(*Str); ok && namesField(function, i) {
		ref := c.add(text.Span, ToField, text.Value, s)
		ref.Literal = true
	}
	c.visit(a, s)
}

// aggrDimension visits a dimension of Aggr: a field, an expression, or (field, (sort type, order)).
func (c *collector) aggrDimension(a Node, s scope) {
	s.aggregated = false
	if list, ok := a.(*Paren); ok && len(list.Items) > 1 {
		a = list.Items[0] // the others are words such as NUMERIC
	}
	if a != nil {
		c.visit(a, s)
	}
}

// namesField tells whether a text as this argument names a field.
func namesField(function string, i int) bool {
	switch function {
	case "fieldvalue", "fieldindex", "fieldvaluecount", "fieldelemno", "fieldelemcount", "peek", "exists":
		return i == 0
	}
	return false
}
