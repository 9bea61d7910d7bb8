package qvs

import (
	"strings"
)

// include gives the text of an included file.
func (r *interpreter) include(path string, must bool, at Pos) (string, bool) {
	if r.opts.Include == nil {
		r.lacks(path, must, at, "")
		return "", false
	}
	text, err := r.opts.Include(path)
	if err != nil {
		r.lacks(path, must, at, "")
		return "", false
	}
	if r.included += len(text); r.included > maxIncluded {
		r.lacks(path, must, at, "Included files are too long together; this one is left out.")
		return "", false
	}
	return strings.TrimPrefix(text, "\uFEFF"), true
}

func (r *interpreter) lacks(path string, must bool, at Pos, why string) {
	r.gaps = true
	word := "Include"
	if must {
		word = "Must_Include"
	}
	if why == "" {
		why = "The included file can't be read here, so that what it does is unknown."
	}
	r.unresolved(path)
	r.tellAt(at, short(word+"="+path), why, "include")
}

func (r *interpreter) unresolved(name string) {
	if !r.misses[name] {
		r.misses[name] = true
		r.res.Unresolved = append(r.res.Unresolved, mask(name))
	}
}

// missing notes a variable that is used without ever having been assigned.
func (r *interpreter) missing(name string) {
	if name == "" || len(r.told) > maxMessages || r.told["$"+name] {
		return
	}
	r.told["$"+name] = true
	r.unresolved("$(" + name + ")")
	r.tell(0, text{}, "$("+name+")", "The variable is never assigned before this.", "variable")
}

// includeStatement runs $(Include=…).
func (r *interpreter) includeStatement(s string, from place, st raw) signal {
	r.here = from.at(st.start)
	piece := s[st.start:st.end]
	e := &expander{r: r, s: piece, kind: setText, start: st.start}
	body, _, ok := e.body(piece, 2, 0)
	path, must, isInclude := includePath(trim(body))
	if !ok || !isInclude {
		return goOn
	}
	if r.calls >= maxCalls {
		r.limit("calls", st.start, s, from, "Includes and subs call each other too deep.")
		return goOn
	}
	at := r.here
	inner, known := r.include(path, must, at)
	if !known {
		return goOn
	}
	r.calls++
	sig := r.program(inner, spot{outer: at, path: path, inner: newSource(inner)})
	r.calls--
	return sig
}
