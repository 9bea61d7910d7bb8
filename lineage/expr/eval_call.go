package expr

import "strings"

func (e *evaluator) call(c *Call) (Value, bool) {
	if c.Dynamic != nil {
		return unknown()
	}
	if e.env.Call != nil {
		if v, known, handled := e.env.Call(c); handled {
			return v, known
		}
	}
	name := strings.ToLower(c.Name)
	if v, known, handled := e.choice(name, c.Args); handled {
		return v, known
	}
	f, ok := evalFunctions[name]
	if !ok || len(c.Args) < f.min || len(c.Args) > f.max || len(c.Prefix.Sets) > 0 {
		return unknown()
	}
	args := make([]Value, len(c.Args))
	for i, a := range c.Args {
		v, known := e.eval(a)
		if !known {
			return unknown()
		}
		args[i] = v
	}
	return f.run(e, args)
}

// choice computes functions that need only some of their arguments.
func (e *evaluator) choice(name string, args []Node) (v Value, known, handled bool) {
	switch name {
	case "if":
		v, known = e.ifElse(args)
	case "pick":
		v, known = e.pick(args)
	case "alt", "coalesce":
		v, known = e.first(name == "alt", args)
	default:
		return Value{}, false, false
	}
	return v, known, true
}

func (e *evaluator) ifElse(args []Node) (Value, bool) {
	if len(args) < 2 || len(args) > 3 {
		return unknown()
	}
	condition, known := e.eval(args[0])
	switch {
	case !known:
		return unknown()
	case condition.True():
		return e.eval(args[1])
	case len(args) == 3:
		return e.eval(args[2])
	}
	return NullValue(), true
}

func (e *evaluator) pick(args []Node) (Value, bool) {
	if len(args) < 2 {
		return unknown()
	}
	n, known := e.eval(args[0])
	switch i := int(clamp(n.Number)); {
	case !known:
		return unknown()
	case !n.IsNum || i < 1 || i >= len(args):
		return NullValue(), true
	default:
		return e.eval(args[i])
	}
}

// first is the first argument that is a number (Alt; or else the last), or that is not NULL (Coalesce).
func (e *evaluator) first(numeric bool, args []Node) (Value, bool) {
	v := NullValue()
	for _, a := range args {
		var known bool
		if v, known = e.eval(a); !known {
			return unknown()
		}
		if numeric && v.IsNum || !numeric && !v.Null {
			return v, true
		}
	}
	return v, true
}

func clamp(f float64) float64 { return max(-1<<30, min(f, 1<<30)) }
