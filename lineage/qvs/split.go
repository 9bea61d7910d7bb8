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

// to ends the statement at the next stop, whatever stands before it.
func (p *splitter) to(r *raw, stop byte, i int) {
	if n := strings.IndexByte(p.s[i:], stop); n >= 0 {
		r.end, p.i = i+n, i+n+1
		return
	}
	r.end, p.i = len(p.s), len(p.s)
}

// set ends a SET at the next ; that isn't in quotes. A lone quote is a character like any other: a quoted
// text counts if it is closed on its line.
func (p *splitter) set(r *raw, i int) {
	for i < len(p.s) {
		switch c := p.s[i]; c {
		case ';':
			r.end, p.i = i, i+1
			return
		case '\'', '"':
			line := strings.IndexAny(p.s[i:], "\r\n")
			if line < 0 {
				line = len(p.s) - i
			}
			if n := strings.IndexByte(p.s[i+1:i+line], c); n >= 0 {
				i += n + 1
			}
		case '/':
			if end := p.comment(i); end > 0 {
				i = end
				continue
			}
		}
		i++
	}
	r.end, p.i = len(p.s), len(p.s)
}

// regular ends the statement at the next ; outside of quotes and comments.
func (p *splitter) regular(r *raw, i int) {
	sql := false
	loaded := false
	for i < len(p.s) {
		c := p.s[i]
		switch {
		case c == ';':
			r.end, p.i = i, i+1
			return
		case c == '\'' || c == '"' || c == '`' || c == '[':
			if end := p.quoteEnd(i); end > 0 {
				i = end
				continue
			}
		case c == '/':
			if end := p.comment(i); end > 0 {
				i = end
				continue
			}
		case c == '-' && sql && strings.HasPrefix(p.s[i:], "--"):
			i = lineEnd(p.s, i)
			continue
		case !loaded && isLetter(c) && (i == 0 || !isNameByte(p.s[i-1])):
			j := nameEnd(p.s, i)
			switch upperWord(p.s[i:j]) {
			case "LOAD":
				loaded = true
			case "SQL", "SELECT":
				loaded, sql = true, true
			}
			i = j
			continue
		}
		i++
	}
	r.end, p.i = len(p.s), len(p.s)
}

// line ends the statement at ; or at the line's end. An open parenthesis or a comma carries it on.
func (p *splitter) line(r *raw, i int) {
	depth, comma := 0, false
	for i < len(p.s) {
		c := p.s[i]
		switch {
		case c == ';':
			r.end, p.i = i, i+1
			return
		case c == '\n' || c == '\r':
			if depth <= 0 && !comma {
				r.end, p.i = i, i
				return
			}
		case c == '\'' || c == '"' || c == '`' || c == '[':
			comma = false
			if end := p.quoteEnd(i); end > 0 {
				i = end
				continue
			}
		case c == '/':
			if end := p.comment(i); end > 0 {
				i = end
				continue
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
			comma = false
		case c == ',':
			comma = true
		case blankAt(p.s, i) == 0:
			comma = false
		}
		i++
	}
	r.end, p.i = len(p.s), len(p.s)
}

// condition ends an IF behind its THEN.
func (p *splitter) condition(r *raw, i int) {
	for i < len(p.s) {
		c := p.s[i]
		switch {
		case c == ';':
			r.end, p.i = i, i+1
			return
		case c == '\'' || c == '"' || c == '`' || c == '[':
			if end := p.quoteEnd(i); end > 0 {
				i = end
				continue
			}
		case c == '/':
			if end := p.comment(i); end > 0 {
				i = end
				continue
			}
		case isNameByte(c) && blankAt(p.s, i) == 0:
			j := nameEnd(p.s, i)
			if j-i == 4 && strings.EqualFold(p.s[i:j], "then") {
				r.end, p.i = j, j
				return
			}
			i = max(j, i+1)
			continue
		}
		i++
	}
	r.end, p.i = len(p.s), len(p.s)
}

// quoteEnd is the end of the quoted text at i, 0 if it is never closed. What a $( holds is skipped only
// so far as quotes are balanced in it.
func (p *splitter) quoteEnd(i int) int {
	stop := closing(p.s[i])
	if p.noMore[stop] {
		return 0
	}
	for j := i + 1; ; {
		n := strings.IndexByte(p.s[j:], stop)
		if n < 0 {
			if j == i+1 {
				p.noMore[stop] = true
				return 0
			}
			return j
		}
		j += n + 1
		if j >= len(p.s) || p.s[j] != stop {
			return j
		}
		j++ // doubled
		if j >= len(p.s) {
			return j
		}
	}
}
