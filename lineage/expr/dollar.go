package expr

import "strings"

// maxUnclosed bounds how often one text is searched for the end of a $( that has none.
const maxUnclosed = 8

// expansionAt is the length of the $(…) at i, else 0.
func (s *Scanner) expansionAt(i int) int {
	if s.text[i] != '$' || !strings.HasPrefix(s.text[i:], "$(") || s.failed > maxUnclosed {
		return 0
	}
	end := closeExpansion(s.text, i)
	if end == 0 {
		end = closeParenthesis(s.text, i+1) // a stray quote, as in $(v's)
	}
	if end == 0 {
		s.failed++
		return 0
	}
	return end - i
}

// closeExpansion finds the end of the $( at i, heeding quotes and comments in it; 0 if there is none.
// An expansion inside of quotes has quotes of its own: "$(=Only({<A={"x"}>} B))".
func closeExpansion(t string, i int) int {
	open := append(make([]byte, 0, 32), ')') // what has to be closed, innermost last
	for j := i + 2; j < len(t); j++ {
		c, inner := t[j], open[len(open)-1]
		switch {
		case c == '$' && j+1 < len(t) && t[j+1] == '(':
			open = append(open, ')')
			j++
		case c == inner:
			if inner != ')' && j+1 < len(t) && t[j+1] == inner {
				j++ // doubled
				continue
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return j + 1
			}
		case inner != ')': // inside quotes
		case c == '(':
			open = append(open, ')')
		case c == '\'' || c == '"' || c == '`' || c == '[':
			open = append(open, closing(c))
		case commentAt(t, j):
			end, _ := commentEnd(t, j)
			j = end - 1
		}
	}
	return 0
}

// closeParenthesis finds the end of the parenthesis at i, whatever is quoted; 0 if there is none.
func closeParenthesis(t string, i int) int {
	depth := 0
	for ; i < len(t); i++ {
		switch t[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
