package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

func (r *interpreter) defineSub(s string, from place, st *stmt) {
	p := r.headParser(s, from, st.raw)
	h := p.subHead()
	sb := &sub{name: h.name, params: h.params, body: st.branches[0].body, src: s, from: from, start: st.start}
	r.st.subs[strings.ToLower(sb.name)] = sb
}

// callSub runs a SUB: arguments go in as local variables, and those that are variables come out again.
func (r *interpreter) callSub(t text) signal {
	p := newParser(t)
	p.next()
	h := p.callHead()
	name := h.name
	sb, ok := r.st.subs[strings.ToLower(name)]
	if !ok {
		if !r.gaps || !r.told["call "+name] {
			r.told["call "+name] = true
			r.tell(0, t, t.s, "The script defines no SUB "+name+" before this; what it does is unknown.", "call")
		}
		r.gaps = true
		return goOn
	}
	if r.calls >= maxCalls {
		r.limit("calls", 0, t.s, t, "Includes and subs call each other too deep.")
		return goOn
	}
	return r.runSub(sb, p, h.args)
}

func (r *interpreter) runSub(sb *sub, p *parser, args [][]expr.Token) signal {
	outer := map[string]variable{}
	had := map[string]bool{}
	outs := map[string]string{} // parameter → variable that was given
	values := make([]variable, len(sb.params))
	for i, name := range sb.params {
		values[i] = variable{known: true, null: true}
		if i < len(args) && len(args[i]) > 0 {
			if a := args[i][0]; len(args[i]) == 1 && (a.Kind == expr.Ident || a.Kind == expr.Field) {
				outs[name] = a.Value()
			}
			values[i] = r.argument(p, args[i])
		}
		outer[name], had[name] = r.st.vars[name], false
		if _, ok := r.st.vars[name]; ok {
			had[name] = true
		}
	}
	for i, name := range sb.params {
		r.st.vars[name] = values[i]
	}
	r.calls++
	_, sig := r.loop(sb.src, sb.from, sb.start, sb.body, exitSub, false)
	r.calls--
	after := map[string]variable{}
	for _, name := range sb.params {
		after[name] = r.st.vars[name]
		if had[name] {
			r.st.vars[name] = outer[name]
		} else {
			delete(r.st.vars, name)
		}
	}
	for param, v := range outs {
		if _, ok := r.st.vars[v]; ok || after[param].text != "" {
			r.st.vars[v] = after[param]
		}
	}
	return sig
}

// argument is the value of one argument: a variable's, or that of an expression.
func (r *interpreter) argument(p *parser, toks []expr.Token) variable {
	if len(toks) == 1 {
		switch toks[0].Kind {
		case expr.Ident, expr.Field:
			if v, ok := r.st.vars[toks[0].Value()]; ok {
				return v
			}
			return variable{known: !r.gaps, null: !r.gaps}
		case expr.String:
			return variable{text: toks[0].Value(), known: true}
		}
	}
	return r.evalPartly(p.t.s[toks[0].From:toks[len(toks)-1].End()])
}
