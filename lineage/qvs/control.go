package qvs

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// headParser expands the head of a control statement and reads over its keyword.
func (r *interpreter) headParser(s string, from place, h raw) *parser {
	h.kind = control
	t, _ := r.expand(s, from, h)
	r.here = t.at(0)
	p := newParser(t)
	p.next()
	return p
}

func (r *interpreter) control(s string, from place, st *stmt) signal {
	switch st.keyword {
	case "IF":
		return r.ifs(s, from, st)
	case "SWITCH":
		return r.switches(s, from, st)
	case "FOR":
		return r.forLoop(s, from, st)
	case "DO":
		return r.doLoop(s, from, st)
	case "SUB":
		r.defineSub(s, from, st)
	case "CALL":
		h := st.raw
		h.kind = assign // arguments keep what is unknown
		t, _ := r.expand(s, from, h)
		r.here = t.at(0)
		return r.callSub(t)
	case "EXIT":
		return r.exit(s, from, st.raw)
	}
	return goOn
}

// condition computes a condition; known is false if only a reload can tell.
func (r *interpreter) condition(text string) (holds, known bool) {
	if trim(text) == "" {
		return false, true
	}
	v, known := r.eval(text)
	return v.True(), known
}

// ifs decides which branches run: one, or all those that may.
func (r *interpreter) ifs(s string, from place, st *stmt) signal {
	var may []block
	for i := range st.branches {
		b := &st.branches[i]
		if b.head.keyword == "ELSE" {
			return r.choose(s, from, append(may, b.body))
		}
		p := r.headParser(s, from, b.head)
		h := p.ifHead()
		if !h.then {
			r.tell(0, p.t, p.t.s, "This "+b.head.keyword+" has no THEN.", "syntax")
		}
		holds, known := r.condition(h.condition)
		switch {
		case known && holds:
			return r.choose(s, from, append(may, b.body))
		case !known:
			may = append(may, b.body)
		}
	}
	return r.choose(s, from, append(may, nil))
}

// choose runs the only branch there is, or each on a copy of the symbols, which are put together again.
func (r *interpreter) choose(s string, from place, may []block) signal {
	if len(may) == 1 {
		return r.block(s, from, may[0])
	}
	r.branch++
	r.exits++
	defer func() { r.branch--; r.exits-- }()
	if r.forked += r.st.size() * len(may); r.forked > maxForked {
		for _, b := range may { // one after the other
			r.block(s, from, b)
			r.flush()
		}
		return goOn
	}
	base := r.st
	ends := make([]*state, 0, len(may))
	for _, b := range may {
		r.st = base.fork()
		r.block(s, from, b)
		r.flush()
		ends = append(ends, r.st)
	}
	r.st = r.merge(ends)
	return goOn
}

func (r *interpreter) switches(s string, from place, st *stmt) signal {
	p := r.headParser(s, from, st.raw)
	subject, known := r.eval(p.rest())
	var may []block
	for i := range st.branches[1:] {
		b := &st.branches[i+1]
		if b.head.keyword == "DEFAULT" {
			return r.choose(s, from, append(may, b.body))
		}
		p := r.headParser(s, from, b.head)
		hit, sure := false, known
		for _, c := range splitArguments(p.rest()) {
			v, ok := r.eval(c)
			switch {
			case !ok || !known:
				sure = false
			case strings.EqualFold(v.Text, subject.Text) || v.IsNum && subject.IsNum && v.Number == subject.Number:
				hit = true
			}
		}
		switch {
		case hit:
			return r.choose(s, from, append(may, b.body))
		case !sure:
			may = append(may, b.body)
		}
	}
	return r.choose(s, from, append(may, nil))
}

// loop runs a body within the limits. head is where the statement that begins it stands; more: it has been run before. stop tells that the loop is over, and
// with which signal it goes on.
func (r *interpreter) loop(s string, from place, head int, body block, own signal, more bool) (stop bool, sig signal) {
	exits := r.exits
	r.exits, r.maybeExit = 0, false
	if r.loops == 0 && !more {
		r.looped = 0
	}
	r.loops++
	if r.tooMany(from, head, s) {
		r.loops--
		r.exits = exits
		return true, goOn
	}
	sig = r.block(s, from, body)
	r.flush()
	r.loops--
	r.exits = exits
	switch {
	case sig == own:
		return true, goOn
	case sig != goOn:
		return true, sig
	}
	return r.maybeExit && r.looped > r.opts.MaxStatements/2, goOn
}

func (r *interpreter) forLoop(s string, from place, st *stmt) signal {
	p := r.headParser(s, from, st.raw)
	body := st.branches[0].body
	h := p.forHead()
	if h.name == "" {
		what := "FOR"
		if h.each {
			what = "FOR EACH"
		}
		r.tell(0, p.t, p.t.s, "This "+what+" can't be read; its body is run once.", "syntax")
		_, sig := r.loop(s, from, st.start, body, exitFor, false)
		return sig
	}
	if h.each {
		return r.forEach(s, from, h, st)
	}
	name := h.name
	first, ok1 := r.number(h.from)
	last, ok2 := r.number(h.to)
	step, ok3 := r.number(h.step)
	if !ok1 || !ok2 || !ok3 || step == 0 {
		r.st.vars[name] = variable{}
		if ok1 {
			r.st.vars[name] = variable{text: "$(" + name + ")"}
		}
		_, sig := r.loop(s, from, st.start, body, exitFor, false)
		return sig
	}
	v := first
	for n := 0; step > 0 && v <= last || step < 0 && v >= last; n++ {
		r.st.vars[name] = variable{text: expr.NumberValue(v).Text, known: true}
		if stop, sig := r.loop(s, from, st.start, body, exitFor, n > 0); stop {
			return sig
		}
		v += step
	}
	r.st.vars[name] = variable{text: expr.NumberValue(v).Text, known: true}
	return goOn
}

func (r *interpreter) number(text string) (float64, bool) {
	if text == "" {
		return 0, false
	}
	v, known := r.eval(text)
	return v.Number, known && v.IsNum
}

func (r *interpreter) forEach(s string, from place, h forHead, st *stmt) signal {
	body := st.branches[0].body
	for n, e := range h.list {
		r.st.vars[h.name] = r.listItem(e)
		if stop, sig := r.loop(s, from, st.start, body, exitFor, n > 0); stop {
			return sig
		}
	}
	return goOn
}

// listItem is what one expression of a FOR EACH list gives; a list of files gives the mask.
func (r *interpreter) listItem(e string) variable {
	n, bad := expr.Parse(e)
	if len(bad) > 0 {
		return variable{}
	}
	switch n := n.(type) {
	case *expr.Call:
		switch strings.ToLower(n.Name) {
		case "filelist", "dirlist":
			if len(n.Args) > 0 && n.Args[0] != nil {
				return r.evalPartly(n.Args[0].String())
			}
		case "fieldvaluelist":
			return variable{}
		}
	case *expr.Name:
		if _, ok := r.st.vars[n.Value]; !ok && !r.gaps {
			return variable{text: n.Value, known: true}
		}
	}
	return r.evalPartly(e)
}

func (r *interpreter) doLoop(s string, from place, st *stmt) signal {
	body := st.branches[0].body
	for n := 0; ; n++ {
		before, certain := r.while(s, from, st.raw)
		if !before {
			return goOn
		}
		stop, sig := r.loop(s, from, st.start, body, exitDo, n > 0)
		if stop || r.maybeExit {
			return sig
		}
		again, sure := true, true
		if st.tail.keyword == "LOOP" {
			again, sure = r.while(s, from, st.tail)
		}
		if !again || !certain || !sure {
			return goOn
		}
	}
}

// while reads DO or LOOP with WHILE or UNTIL: whether the loop goes on, and whether that is certain.
func (r *interpreter) while(s string, from place, h raw) (goes, certain bool) {
	w := r.headParser(s, from, h).whileHead()
	if w.word == "" {
		return true, true
	}
	holds, known := r.condition(w.condition)
	if !known {
		return true, false
	}
	return holds == (w.word == "WHILE"), true
}

func (r *interpreter) exit(s string, from place, h raw) signal {
	p := r.headParser(s, from, h)
	e := p.exitHead()
	var sig signal
	switch e.what {
	case "SCRIPT":
		sig = exitScript
	case "FOR":
		sig = exitFor
	case "DO":
		sig = exitDo
	case "SUB":
		sig = exitSub
	default:
		r.tell(0, p.t, p.t.s, "It can't be told what this EXIT leaves.", "syntax")
		return goOn
	}
	if e.word != "" {
		holds, known := r.condition(e.condition)
		if known && holds == (e.word == "UNLESS") {
			return goOn
		}
		if !known {
			r.maybeExit = true
			return goOn
		}
	}
	if sig == exitScript && r.branch > 0 || sig != exitScript && r.exits > 0 {
		r.maybeExit = true
		return goOn
	}
	return sig
}
