package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// refer gathers what an expression refers to.
func (r *interpreter) refer(rd *reading, toks []expr.Token) {
	switch len(toks) {
	case 0:
		return
	case 1:
		if k := toks[0].Kind; k == expr.Ident || k == expr.Field {
			r.referName(rd, toks[0].Value(), toks[0].From)
			return
		}
		if k := toks[0].Kind; k == expr.String || k == expr.Number {
			return
		}
	}
	n, bad := expr.ParseTokens(toks)
	for i, d := range bad {
		if i == 0 {
			r.tell(d.From, rd.l.t, excerpt(rd.l.t.s, d.From, toks[len(toks)-1].End()), sentence(d.Message), d.Kind)
		}
	}
	r.walk(rd, n)
}

func excerpt(s string, from, to int) string {
	from = max(0, min(from, len(s)))
	to = max(from, min(to, len(s)))
	return s[from:to]
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// walk visits an expression; calls that name fields, tables or maps in text are read by what they do.
func (r *interpreter) walk(rd *reading, n expr.Node) {
	switch n := n.(type) {
	case nil, *expr.Num, *expr.Star, *expr.Param:
	case *expr.Name:
		r.referName(rd, n.Value, n.From)
	case *expr.Dollar:
		r.referUnknown(rd, n)
	case *expr.Operation:
		for _, x := range n.Operands {
			r.walk(rd, x)
		}
	case *expr.Unary:
		r.walk(rd, n.X)
	case *expr.Paren:
		for _, x := range n.Items {
			r.walk(rd, x)
		}
	case *expr.Call:
		if r.specialCall(rd, n) {
			return
		}
		if p := n.Prefix; n.Dynamic == nil && len(p.Sets)+len(p.TotalBy) == 0 {
			for _, a := range n.Args {
				r.walk(rd, a)
			}
			return
		}
		r.walkChildren(rd, n)
	default:
		r.walkChildren(rd, n)
	}
}

func (r *interpreter) walkChildren(rd *reading, n expr.Node) {
	for _, c := range expr.Children(n) {
		r.walk(rd, c)
	}
}

func (r *interpreter) referUnknown(rd *reading, d *expr.Dollar) {
	for _, n := range expr.Children(d) {
		r.walk(rd, n)
	}
	name := d.Name
	if name == "" {
		name = d.Text
	} else {
		name = "$(" + name + ")"
	}
	r.unresolved(name)
}

// referName gathers a field of the input.
func (r *interpreter) referName(rd *reading, name string, at int) {
	if f := r.resolve(rd, name, at); f != nil {
		rd.add(f)
	}
}

func (rd *reading) add(f *field) {
	if f == nil {
		return
	}
	rd.values = append(rd.values, f.value)
	rd.filters = append(rd.filters, f.filters)
	rd.inputs = append(rd.inputs, f.inputs)
}

// resolve finds a field of the input; one that isn't there is told.
func (r *interpreter) resolve(rd *reading, name string, at int) *field {
	if f := r.resolveQuietly(rd.in, name); f != nil {
		return f
	}
	if rd.in.closed != "" && !strings.Contains(name, "$(") {
		r.tell(at, rd.l.t, name, rd.in.closed, "field")
	}
	return nil
}

func (r *interpreter) resolveQuietly(in *rows, name string) *field {
	if in.lookup != nil {
		return in.lookup(name)
	}
	if in.resident != nil {
		if f := in.resident.find(name); f != nil {
			return r.residentField(in.resident, f)
		}
	} else if f := in.find(name); f != nil {
		return f
	}
	if in.star != nil {
		return r.ofStar(in.star, name)
	}
	// Drivers may write names in another case than the script does.
	if in.resident != nil {
		for _, f := range in.resident.fields {
			if strings.EqualFold(f.name, name) {
				return r.residentField(in.resident, f)
			}
		}
	}
	for _, f := range in.fields {
		if strings.EqualFold(f.name, name) {
			return f
		}
	}
	return nil
}

// ofStar is a field that the script names but whose table it doesn't list: the star's objects have it.
func (r *interpreter) ofStar(star *field, name string) *field {
	values, inputs := r.flat.of(star.value), r.flat.of(star.inputs)
	if len(values) == 1 && len(inputs) == 1 && inputs[0] == outside(values[0]) {
		if c := r.cols.at(values[0]); c.name == "*" {
			f := r.fieldOfColumn(column{c.object, name, c.oneOf}, star.at)
			f.filters = star.filters
			return f
		}
	}
	f := &field{name: name, at: star.at, filters: star.filters}
	if len(values) > 0 {
		cols := make([]int32, len(values))
		for i, id := range values {
			cols[i] = r.called(id, name)
		}
		f.value = of(cols)
	}
	if len(inputs) > 0 {
		from := make([]int32, len(inputs))
		for i, id := range inputs {
			if from[i] = id; id%2 == 0 {
				from[i] = outside(r.called(id/2, name))
			} else if o := r.origins.at(id / 2); o.field == "*" {
				from[i] = r.inside(r.all[o.table], name)
			}
		}
		f.inputs = of(from)
	}
	return f
}

// called is the column of this name, if the one given stands for all that have none.
func (r *interpreter) called(id int32, name string) int32 {
	c := r.cols.at(id)
	if c.name == "*" {
		return r.cols.id(column{c.object, name, c.oneOf})
	}
	if r.objects.list[c.object].Kind == Binary {
		if t, ok := strings.CutSuffix(c.name, ".*"); ok {
			return r.cols.id(column{c.object, t + "." + name, c.oneOf})
		}
	}
	return id
}
