package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// The heads of control statements, as they are read behind their keyword. Expressions stay text: they are
// evaluated where the statement runs.

// An ifHead is IF condition THEN, or ELSEIF.
type ifHead struct {
	condition string
	then      bool
}

func (p *parser) ifHead() ifHead {
	cond := p.rest()
	if n := len(cond) - len("then"); n >= 0 && strings.EqualFold(cond[n:], "then") {
		return ifHead{condition: trim(cond[:n]), then: true}
	}
	return ifHead{condition: cond}
}

// A forHead is FOR v = from TO to STEP step, or FOR EACH v IN list.
type forHead struct {
	each           bool
	name           string // "" if the head can't be read
	from, to, step string
	list           []string
}

func (p *parser) forHead() (h forHead) {
	if p.accept("EACH") {
		h.each = true
		name, ok := p.name()
		if ok && p.accept("IN") {
			h.name, h.list = name, splitArguments(p.rest())
		}
		return h
	}
	name, ok := p.name()
	if !ok || !p.acceptOp("=") {
		return h
	}
	h.name = name
	h.from = p.bound()
	p.accept("TO")
	h.to = p.bound()
	h.step = "1"
	if p.accept("STEP") {
		h.step = p.bound()
	}
	return h
}

// bound reads an expression up to TO or STEP.
func (p *parser) bound() string {
	toks := p.expression(false, func(p *parser) bool { w := p.word(0); return w == "TO" || w == "STEP" })
	if len(toks) == 0 {
		return ""
	}
	return p.t.s[toks[0].From:toks[len(toks)-1].End()]
}

// A whileHead is what stands behind DO or LOOP: WHILE or UNTIL with a condition, or nothing.
type whileHead struct {
	word      string
	condition string
}

func (p *parser) whileHead() (h whileHead) {
	if p.is("UNTIL") || p.is("WHILE") {
		h.word = p.word(0)
		p.i++
		h.condition = p.rest()
	}
	return h
}

// A subHead is SUB name(parameters).
type subHead struct {
	name   string
	params []string
}

func (p *parser) subHead() subHead {
	name := p.callee()
	params, _ := p.parens()
	return subHead{name: name, params: p.textsOf(params)}
}

// callee reads the name of a SUB, up to its parenthesis.
func (p *parser) callee() string {
	start, end := p.tok().From, p.tok().From
	for !p.end() && !p.op("(") {
		end = p.next().End()
	}
	return unquotePath(p.t.s[start:end])
}

// A callHead is CALL name(arguments).
type callHead struct {
	name string
	args [][]expr.Token
}

func (p *parser) callHead() callHead {
	name := p.callee()
	args, _ := p.parens()
	return callHead{name: name, args: args}
}

// An exitHead is EXIT SCRIPT, FOR, DO or SUB, with WHEN or UNLESS.
type exitHead struct {
	what      string // "" if it can't be told
	word      string // "WHEN", "UNLESS" or ""
	condition string
}

func (p *parser) exitHead() (h exitHead) {
	switch w := p.word(0); w {
	case "SCRIPT", "FOR", "DO", "SUB":
		h.what = w
	default:
		return h
	}
	p.i++
	if p.is("WHEN") || p.is("UNLESS") {
		h.word = p.word(0)
		p.i++
		h.condition = p.rest()
	}
	return h
}

// readAssignment reads SET v = text, LET v = expression and v = expression. ok is false without a =.
func readAssignment(s string) (name, value string, ok bool) {
	s = s[skipLabels(s):]
	if w := upperWord(s[:nameEnd(s, 0)]); w == "SET" || w == "LET" {
		s = s[len(w):]
	}
	name, value, ok = strings.Cut(s, "=")
	return unquotePath(name), trim(value), ok
}
