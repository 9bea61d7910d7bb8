package qvs

import (
	"strings"
)

// variable is the value of v or v(a,b).
func (e *expander) variable(call string) (string, bool) {
	vars := e.r.st.vars
	if v, ok := vars[call]; ok {
		return v.text, v.known
	}
	open := strings.IndexByte(call, '(')
	if open <= 0 || !strings.HasSuffix(call, ")") {
		return "", false
	}
	v, ok := vars[trim(call[:open])]
	if !ok || !v.known {
		return "", false
	}
	return parameters(v.text, splitArguments(call[open+1:len(call)-1])), true
}

// parameters puts arguments in the place of $1, $2, …; $0 is their number. Those that miss stay as text.
func parameters(v string, args []string) string {
	if !strings.Contains(v, "$") {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		j := i + 1
		for j < len(v) && j < i+4 && v[j] >= '0' && v[j] <= '9' {
			j++
		}
		if v[i] != '$' || j == i+1 {
			b.WriteByte(v[i])
			continue
		}
		n := 0
		for _, d := range v[i+1 : j] {
			n = n*10 + int(d-'0')
		}
		switch {
		case n == 0:
			b.WriteString(itoa(len(args)))
		case n <= len(args):
			b.WriteString(trim(args[n-1]))
		default:
			b.WriteString(v[i:j])
		}
		i = j - 1
	}
	return b.String()
}

// splitArguments cuts at commas outside of quotes, brackets and parentheses.
func splitArguments(s string) []string {
	if trim(s) == "" {
		return nil
	}
	var list []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		case '\'', '"', '[', '`':
			if n := strings.IndexByte(s[i+1:], closing(c)); n >= 0 {
				i += n + 1
			}
		case ',':
			if depth <= 0 {
				list = append(list, s[start:i])
				start = i + 1
			}
		}
	}
	return append(list, s[start:])
}

// forgets tells whether an unknown variable is taken for nothing, as Qlik does with one that was never
// assigned: unless it may come from what can't be read, or it is a part of a name or path, which is told
// apart better with it.
func (e *expander) forgets(body string, end int, quote byte) bool {
	if !e.unassigned(body) {
		return false
	}
	if e.kind == control {
		return true
	}
	if quote == 0 || e.kind == assign || e.kind == setText {
		return !e.gluedAt(end) && !e.isPath()
	}
	return false
}

// isPath tells whether what is inserted next is a file: FROM and INTO stand before it.
func (e *expander) isPath() bool {
	s := string(e.out[max(0, len(e.out)-12):])
	s = trim(s)
	i := len(s)
	for i > 0 && isLetter(s[i-1]) {
		i--
	}
	switch upperWord(s[i:]) {
	case "FROM", "INTO":
		return true
	}
	return false
}

// unassigned tells whether the script has certainly not given a value so far.
func (e *expander) unassigned(body string) bool {
	if e.r.gaps || e.full {
		return false
	}
	name := strings.TrimPrefix(trim(body), "#")
	if strings.HasPrefix(name, "=") || isSystemVariable(name) {
		return false
	}
	if _, _, ok := includePath(name); ok {
		return false
	}
	if open := strings.IndexByte(name, '('); open > 0 {
		name = trim(name[:open])
	}
	_, ok := e.r.st.vars[name]
	if !ok {
		e.r.missing(name)
	}
	return !ok
}

// gluedAt tells whether a part of a name or path stands right before or behind the expansion.
func (e *expander) gluedAt(end int) bool {
	if n := len(e.out); n > 0 && isPathByte(e.out[n-1]) {
		return true
	}
	return end < len(e.s) && isPathByte(e.s[end])
}

func (e *expander) glued(v string, from, to int) bool {
	return from > 0 && isPathByte(v[from-1]) || to < len(v) && isPathByte(v[to])
}

func isPathByte(c byte) bool {
	return isNameByte(c) || c == '/' || c == '\\' || c == '*' || c == '?' || c == '-'
}

// isSystemVariable: variables that Qlik itself sets while a script runs.
func isSystemVariable(name string) bool {
	switch strings.ToLower(name) {
	case "scripterror", "scripterrorcount", "scripterrorlist", "scripterrordetails", "qvpath", "qvroot", "qvworkpath", "qvworkroot",
		"winpath", "winroot", "cd", "floppy":
		return true
	}
	return false
}

// includePath reads Include=path and Must_Include=path.
func includePath(body string) (path string, must, ok bool) {
	rest, must := body, false
	if hasPrefixFold(rest, "must_") {
		rest, must = rest[len("must_"):], true
	}
	if !hasPrefixFold(rest, "include") {
		return "", false, false
	}
	rest = trim(rest[len("include"):])
	if !strings.HasPrefix(rest, "=") {
		return "", false, false
	}
	return unquotePath(strings.TrimSuffix(trim(rest[1:]), ";")), must, true
}

// unquotePath takes the quotes off a path.
func unquotePath(s string) string {
	s = trim(s)
	if len(s) >= 2 {
		switch q := s[0]; q {
		case '[', '\'', '"', '`':
			if stop := closing(q); s[len(s)-1] == stop {
				return trim(strings.ReplaceAll(s[1:len(s)-1], string([]byte{stop, stop}), string(stop)))
			}
		}
	}
	return s
}
