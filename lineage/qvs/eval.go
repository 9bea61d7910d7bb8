package qvs

import (
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// evalText computes an expression outside of LOAD.
func (r *interpreter) evalText(s string) (string, bool) {
	v, known := r.eval(s)
	return v.Text, known
}

func (r *interpreter) eval(s string) (expr.Value, bool) {
	n, bad := expr.Parse(s)
	if len(bad) > 0 {
		return expr.Value{}, false
	}
	return expr.Eval(n, r.env())
}

// evalPartly is evalText, but it keeps what is known of a text joined by &: unknown variables stay in it
// as $(name).
func (r *interpreter) evalPartly(s string) variable {
	n, bad := expr.Parse(s)
	if len(bad) > 0 {
		return variable{}
	}
	env := r.env()
	if v, known := expr.Eval(n, env); known {
		return variable{text: v.Text, known: true, null: v.Null}
	}
	text, known := r.partly(n, env)
	return variable{text: text, known: known}
}

func (r *interpreter) partly(n expr.Node, env expr.Env) (string, bool) {
	switch n := n.(type) {
	case *expr.Str:
		return n.Value, true
	case *expr.Paren:
		if len(n.Items) == 1 {
			return r.partly(n.Items[0], env)
		}
	case *expr.Operation:
		var b strings.Builder
		whole := false // something of it is known
		for i, x := range n.Operands {
			if i > 0 && n.Operators[i-1] != "&" {
				return "", false
			}
			if v, known := expr.Eval(x, env); known {
				b.WriteString(v.Text)
				whole = true
			} else if name, ok := x.(*expr.Name); ok && len(n.Operands) > 1 {
				b.WriteString("$(" + name.Value + ")")
			} else if v, ok := r.partly(x, env); ok {
				b.WriteString(v)
				whole = true
			} else {
				return "", false
			}
		}
		return b.String(), whole
	}
	return "", false
}

// env is what expressions outside of LOAD know: variables, and what the table of symbols tells.
func (r *interpreter) env() expr.Env {
	return expr.Env{
		Variable: func(name string) (expr.Value, bool) {
			v, ok := r.st.vars[name]
			switch {
			case ok && v.known && v.null:
				return expr.NullValue(), true
			case ok && v.known && !strings.Contains(v.text, "$("):
				return expr.TextValue(v.text), true
			case ok, r.gaps, isSystemVariable(name):
				return expr.Value{}, false
			}
			return expr.NullValue(), true
		},
		Call: r.call,
	}
}

// call computes functions over the table of symbols.
func (r *interpreter) call(c *expr.Call) (v expr.Value, known, handled bool) {
	arg := func(i int) (string, bool) {
		if i >= len(c.Args) || c.Args[i] == nil {
			return "", false
		}
		if n, ok := c.Args[i].(*expr.Name); ok {
			if _, isVar := r.st.vars[n.Value]; !isVar {
				return n.Value, true
			}
		}
		v, known := expr.Eval(c.Args[i], r.env())
		return v.Text, known
	}
	switch strings.ToLower(c.Name) {
	case "nooftables":
		return expr.NumberValue(float64(len(r.st.tables))), !r.gaps && r.st.binary == nil, true
	case "tablenumber":
		name, ok := arg(0)
		v, known := r.tableNumber(name)
		return v, ok && known, true
	case "tablename":
		n, ok := arg(0)
		v, known := r.tableName(n)
		return v, ok && known, true
	case "nooffields", "fieldname", "fieldnumber":
		v, known := r.fieldFunction(c, arg)
		return v, known, true
	case "today", "now", "localtime", "utc", "reloadtime":
		return expr.Value{}, false, r.opts.Now.IsZero()
	}
	return v, false, false
}

func (r *interpreter) tableNumber(name string) (expr.Value, bool) {
	if _, ok := r.st.tables[name]; !ok {
		return expr.NullValue(), !r.gaps && r.st.binary == nil
	}
	for i, t := range r.st.inOrder() {
		if t.name == name {
			return expr.NumberValue(float64(i)), !r.gaps
		}
	}
	return expr.NullValue(), false
}

func (r *interpreter) tableName(number string) (expr.Value, bool) {
	n, err := strconv.Atoi(number)
	if err != nil || r.gaps || r.st.binary != nil {
		return expr.Value{}, false
	}
	list := r.st.inOrder()
	if n < 0 || n >= len(list) {
		return expr.NullValue(), true
	}
	return expr.TextValue(list[n].name), true
}

func (r *interpreter) fieldFunction(c *expr.Call, arg func(int) (string, bool)) (expr.Value, bool) {
	last := len(c.Args) - 1
	name, ok := arg(last)
	t := r.st.tables[name]
	if !ok || t == nil || t.star != nil {
		return expr.Value{}, false
	}
	first, _ := arg(0)
	switch strings.ToLower(c.Name) {
	case "nooffields":
		return expr.NumberValue(float64(len(t.fields))), true
	case "fieldname":
		n, err := strconv.Atoi(first)
		if err != nil {
			return expr.Value{}, false
		}
		if n < 1 || n > len(t.fields) {
			return expr.NullValue(), true
		}
		return expr.TextValue(t.fields[n-1].name), true
	}
	return expr.NumberValue(float64(t.position(first) + 1)), true
}

func itoa(n int) string { return strconv.Itoa(n) }
