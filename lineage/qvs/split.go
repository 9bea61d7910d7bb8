package qvs

import (
	"strings"
)

// A sort of statement, as far as the splitter has to know.
type stmtKind uint8

const (
	regular stmtKind = iota // ends at ;
	assign                  // LET v = …; v = … (which also ends at the line's end)
	setText                 // SET v = …
	remark                  // REM, TRACE: raw text
	include                 // $(Include=…) that stands alone
	control                 // ends at ; or the line's end
)

// A raw is a statement before expansion.
type raw struct {
	kind    stmtKind
	keyword string // of a control statement: IF, ELSEIF, ELSE, ENDIF, FOR, NEXT, …
	start   int
	end     int // behind its last character; the ; is not in it
}

// A splitter cuts a script into statements without expanding it: it knows quotes and comments only.
type splitter struct {
	s       string
	i       int
	noMore  [256]bool // closing quotes that don't occur any more
	noClose bool      // */ doesn't occur any more
}

// next is the next statement, or false at the end.
func (p *splitter) next() (raw, bool) {
	p.skip()
	if p.i >= len(p.s) {
		return raw{}, false
	}
	start := p.i
	r := raw{start: start}
	if end, ok := includeAt(p.s, start); ok {
		p.i = end
		r.kind, r.end = include, end
		return r, true
	}
	p.classify(&r)
	if r.end < r.start {
		r.end = r.start
	}
	return r, true
}

// skip goes over blanks, comments and empty statements.
func (p *splitter) skip() {
	for p.i < len(p.s) {
		if n := blankAt(p.s, p.i); n > 0 {
			p.i += n
		} else if p.s[p.i] == ';' {
			p.i++
		} else if end := p.comment(p.i); end > 0 {
			p.i = end
		} else {
			return
		}
	}
}

// comment is where the comment at i ends, 0 if none starts there.
func (p *splitter) comment(i int) int {
	if p.s[i] != '/' || p.noClose && i+1 < len(p.s) && p.s[i+1] == '*' {
		return 0
	}
	end := commentEnd(p.s, i)
	if end < 0 {
		p.noClose = true
		return len(p.s)
	}
	return end
}

// classify reads the head of the statement and finds its end.
func (p *splitter) classify(r *raw) {
	i := p.i
	for {
		end, word := p.head(i)
		after := p.overBlanks(end)
		switch {
		case end == i:
			p.regular(r, i)
			return
		case after > end && endsWithLine(word) && strings.ContainsAny(p.s[end:after], "\r\n"):
			// What follows in another line is no part of it.
		case after < len(p.s) && p.s[after] == ':' && !strings.HasPrefix(p.s[after:], "::"):
			i = p.overBlanks(after + 1)
			if i >= len(p.s) {
				p.i, r.end = i, i
				return
			}
			continue
		case after < len(p.s) && p.s[after] == '=' && !opensExpression(word):
			r.kind = assign
			p.line(r, after)
			return
		}
		p.keyword(r, i, end, after, word)
		return
	}
}

// endsWithLine: words that may be a statement by themselves, which the line's end ends.
func endsWithLine(word string) bool {
	switch word {
	case "NEXT", "LOOP", "DO", "ELSE", "DEFAULT", "ENDIF", "ENDSUB", "ENDSWITCH":
		return true
	}
	return false
}

// opensExpression: words that an = may follow without being an assignment to them.
func opensExpression(word string) bool { return word == "IF" || word == "CASE" || word == "SWITCH" }

// head reads a name, bare or quoted, with any $(…) in it. The word is in upper case, "" if it is no plain word.
func (p *splitter) head(i int) (end int, word string) {
	s := p.s
	if i >= len(s) {
		return i, ""
	}
	switch s[i] {
	case '[', '"', '`', '\'':
		if e := p.quoteEnd(i); e > 0 {
			return e, ""
		}
		return i, ""
	}
	plain := true
	j := i
	for j < len(s) {
		if strings.HasPrefix(s[j:], "$(") {
			e, ok := parenEnd(s, j+1)
			if !ok {
				break
			}
			j, plain = e, false
			continue
		}
		e := nameEnd(s, j)
		if e == j {
			break
		}
		j = e
	}
	if plain {
		word = upperWord(s[i:j])
	}
	return j, word
}

// overBlanks goes over blanks and comments.
func (p *splitter) overBlanks(i int) int {
	for i < len(p.s) {
		if n := blankAt(p.s, i); n > 0 {
			i += n
		} else if end := p.comment(i); end > 0 {
			i = end
		} else {
			break
		}
	}
	return i
}

// keyword decides by the first word where a statement ends.
func (p *splitter) keyword(r *raw, start, end, after int, word string) {
	head := r.start
	r.start = start
	switch word {
	case "REM", "TRACE":
		r.kind = remark
		p.to(r, ';', end)
	case "SET":
		r.kind = setText
		p.set(r, end)
	case "LET":
		r.kind = assign
		p.regular(r, end)
	case "IF", "ELSEIF":
		p.ctl(r, start, word)
		p.condition(r, end)
	case "ELSE":
		p.ctl(r, start, word)
		r.end, p.i = end, end
	case "END":
		e, second := p.head(after)
		switch second {
		case "IF", "SUB", "SWITCH":
			p.ctl(r, start, "END"+second)
			p.line(r, e)
		default:
			p.regular(r, start)
		}
	case "SUB", "ENDIF", "ENDSUB", "ENDSWITCH", "FOR", "NEXT", "DO", "LOOP", "SWITCH", "CASE", "EXIT", "CALL":
		p.ctl(r, start, word)
		p.line(r, end)
	case "DEFAULT":
		p.ctl(r, start, word)
		r.end, p.i = end, end
	default:
		r.start = head
		p.regular(r, start)
	}
}

// ctl makes a control statement of it; a label before one means nothing.
func (p *splitter) ctl(r *raw, start int, word string) {
	r.kind, r.keyword, r.start = control, word, start
}
