package qvs

import "strings"

// ends ends the statement before end; the next one is looked for from next on.
func (p *splitter) ends(r *raw, end, next int) { r.end, p.i = end, next }

// to ends the statement at the next stop, whatever stands before it.
func (p *splitter) to(r *raw, stop byte, i int) {
	if n := strings.IndexByte(p.s[i:], stop); n >= 0 {
		p.ends(r, i+n, i+n+1)
		return
	}
	p.ends(r, len(p.s), len(p.s))
}

// set ends a SET at the next ; that isn't in quotes. A lone quote is a character like any other: a quoted
// text counts if it is closed on its line.
func (p *splitter) set(r *raw, i int) {
	for i < len(p.s) {
		switch c := p.s[i]; c {
		case ';':
			p.ends(r, i, i+1)
			return
		case '\'', '"':
			line := lineEnd(p.s, i)
			if n := strings.IndexByte(p.s[i+1:line], c); n >= 0 {
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
	p.ends(r, len(p.s), len(p.s))
}

// regular ends the statement at the next ; outside of quotes and comments.
func (p *splitter) regular(r *raw, i int) {
	sql, loaded := false, false
	for i < len(p.s) {
		c := p.s[i]
		if isLetter(c) {
			end := nameEnd(p.s, i)
			if !loaded && (i == 0 || !isNameByte(p.s[i-1])) {
				word := upperWord(p.s[i:end])
				sql = word == "SQL" || word == "SELECT"
				loaded = sql || word == "LOAD"
			}
			i = end
			continue
		}
		switch end := p.hidden(i); {
		case end > 0:
			i = end
		case c == ';':
			p.ends(r, i, i+1)
			return
		case c == '-' && sql && strings.HasPrefix(p.s[i:], "--"):
			i = lineEnd(p.s, i)
		default:
			i++
		}
	}
	p.ends(r, len(p.s), len(p.s))
}

// line ends the statement at ; or at the line's end. An open parenthesis or a comma carries it on.
func (p *splitter) line(r *raw, i int) {
	depth, comma := 0, false
	for i < len(p.s) {
		c := p.s[i]
		switch end := p.hidden(i); {
		case end > 0:
			comma = comma && c == '/'
			i = end
			continue
		case c == ';':
			p.ends(r, i, i+1)
			return
		case c == '\n' || c == '\r':
			if depth <= 0 && !comma {
				p.ends(r, i, i)
				return
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
	p.ends(r, len(p.s), len(p.s))
}

// condition ends an IF behind its THEN.
func (p *splitter) condition(r *raw, i int) {
	for i < len(p.s) {
		c := p.s[i]
		switch end := p.hidden(i); {
		case end > 0:
			i = end
			continue
		case c == ';':
			p.ends(r, i, i+1)
			return
		case isNameByte(c) && blankAt(p.s, i) == 0:
			j := nameEnd(p.s, i)
			if j-i == 4 && strings.EqualFold(p.s[i:j], "then") {
				p.ends(r, j, j)
				return
			}
			i = max(j, i+1)
			continue
		}
		i++
	}
	p.ends(r, len(p.s), len(p.s))
}

// hidden is where the quoted text or the comment that starts at i ends, 0 if none does: what is in them ends
// no statement.
func (p *splitter) hidden(i int) int {
	switch p.s[i] {
	case '\'', '"', '`', '[':
		return p.quoteEnd(i)
	case '/':
		return p.comment(i)
	}
	return 0
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
