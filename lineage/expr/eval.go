package expr

import (
	"strings"
)

// An Env is what an expression may know without data.
type Env struct {
	// Variable is the value of a variable, given by a bare or quoted name: outside of LOAD such a name is
	// no field. known is false if the value can't be told. nil: no variable is known.
	Variable func(name string) (v Value, known bool)
	// Call computes functions that Eval doesn't; it is asked first. handled is false for those left to Eval.
	Call func(c *Call) (v Value, known, handled bool)
}

// Eval computes an expression as far as that is possible without data: what depends on data, on the clock
// or on what can't be read is not known. Conditions are short: If(1, 'a', Peek('x')) is known.
func Eval(n Node, env Env) (v Value, known bool) {
	e := evaluator{env: env, budget: evalBudget}
	return e.eval(n)
}

// evalBudget bounds the text that one evaluation may produce, in bytes.
const evalBudget = 4 << 20

type evaluator struct {
	env    Env
	budget int
}

func unknown() (Value, bool) { return Value{}, false }

// text is a text that was made, unless there has been too much of that.
func (e *evaluator) text(s string) (Value, bool) {
	if !e.spend(len(s)) {
		return unknown()
	}
	return TextValue(s), true
}

func (e *evaluator) spend(n int) bool {
	e.budget -= n
	return e.budget >= 0
}

func (e *evaluator) eval(n Node) (Value, bool) {
	switch n := n.(type) {
	case *Num:
		v := TextValue(n.Text)
		return v, v.IsNum
	case *Str:
		if len(n.Inner) > 0 {
			return unknown()
		}
		return e.text(n.Value)
	case *Name:
		if e.env.Variable == nil || len(n.Inner) > 0 {
			return unknown()
		}
		return e.env.Variable(n.Value)
	case *Paren:
		if len(n.Items) == 1 {
			return e.eval(n.Items[0])
		}
	case *Unary:
		return e.unary(n)
	case *Operation:
		return e.operation(n)
	case *Call:
		return e.call(n)
	}
	return unknown()
}

func (e *evaluator) unary(n *Unary) (Value, bool) {
	x, known := e.eval(n.X)
	if !known {
		return unknown()
	}
	if n.Operator == "not" {
		return BoolValue(!x.True()), true
	}
	f, ok, known := x.number()
	switch {
	case !known:
		return unknown()
	case !ok:
		return NullValue(), true
	case n.Operator == "-":
		return NumberValue(-f), true
	case n.Operator == "bitnot":
		return NumberValue(float64(^int64(f))), true
	}
	return x, true
}

func (e *evaluator) operation(n *Operation) (Value, bool) {
	x, known := e.eval(n.Operands[0])
	if op := n.Operators[0]; op == "&" {
		return e.concat(n, x, known)
	}
	for i, op := range n.Operators {
		// What is on the right may decide alone, so that it is looked at in any case.
		y, knownY := e.eval(n.Operands[i+1])
		x, known = binary(op, x, known, y, knownY)
	}
	return x, known
}

// concat joins all operands at once, so that a long chain takes linear time.
func (e *evaluator) concat(n *Operation, x Value, known bool) (Value, bool) {
	var b strings.Builder
	b.WriteString(x.Text)
	for _, operand := range n.Operands[1:] {
		y, ok := e.eval(operand)
		known = known && ok
		b.WriteString(y.Text)
	}
	if !known {
		return unknown()
	}
	return e.text(b.String())
}

func binary(op string, x Value, knownX bool, y Value, knownY bool) (Value, bool) {
	switch op {
	case "and":
		if knownX && !x.True() || knownY && !y.True() {
			return BoolValue(false), true
		}
	case "or":
		if knownX && x.True() || knownY && y.True() {
			return BoolValue(true), true
		}
	}
	if !knownX || !knownY {
		return unknown()
	}
	switch op {
	case "and", "or":
		return BoolValue(op == "and"), true // the other outcome was seen above
	case "xor":
		return BoolValue(x.True() != y.True()), true
	case "like":
		return BoolValue(!x.Null && !y.Null && like(x.Text, y.Text)), true
	case "precedes":
		return BoolValue(x.Text < y.Text), true
	case "follows":
		return BoolValue(x.Text > y.Text), true
	case "=", "<>", "<", ">", "<=", ">=":
		return compare(op, x, y)
	}
	return arithmetic(op, x, y)
}

func compare(op string, x, y Value) (Value, bool) {
	if x.Null || y.Null {
		return BoolValue(false), true
	}
	order := 0
	if x.IsNum && y.IsNum {
		if x.Number < y.Number {
			order = -1
		} else if x.Number > y.Number {
			order = 1
		}
	} else {
		order = strings.Compare(strings.ToLower(x.Text), strings.ToLower(y.Text))
		_, _, knownX := x.number()
		_, _, knownY := y.number()
		if order != 0 && op != "=" && op != "<>" && (!knownX || !knownY) {
			return unknown() // perhaps dates
		}
	}
	switch op {
	case "=":
		return BoolValue(order == 0), true
	case "<>":
		return BoolValue(order != 0), true
	case "<":
		return BoolValue(order < 0), true
	case ">":
		return BoolValue(order > 0), true
	case "<=":
		return BoolValue(order <= 0), true
	}
	return BoolValue(order >= 0), true
}

func arithmetic(op string, x, y Value) (Value, bool) {
	f, okX, knownX := x.number()
	g, okY, knownY := y.number()
	switch {
	case !knownX || !knownY:
		return unknown()
	case !okX || !okY:
		return NullValue(), true
	}
	switch op {
	case "+":
		return NumberValue(f + g), true
	case "-":
		return NumberValue(f - g), true
	case "*":
		return NumberValue(f * g), true
	case "/":
		return NumberValue(f / g), true
	}
	a, b := int64(f), int64(g)
	switch op {
	case "bitand":
		return NumberValue(float64(a & b)), true
	case "bitor":
		return NumberValue(float64(a | b)), true
	case "bitxor":
		return NumberValue(float64(a ^ b)), true
	case "<<", ">>":
		if b < 0 || b > 62 {
			return unknown()
		}
		if op == "<<" {
			return NumberValue(float64(a << b)), true
		}
		return NumberValue(float64(a >> b)), true
	}
	return unknown()
}
