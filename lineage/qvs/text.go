package qvs

import "strings"

// commentEnd is the end of the comment that starts at i; 0: there is none, -1: it is never closed.
// The slashes of a URL start none, nor do those of a mask: lib://QVD/*.qvd.
func commentEnd(s string, i int) int {
	if s[i] != '/' || i+1 >= len(s) {
		return 0
	}
	switch s[i+1] {
	case '/':
		if i > 0 && s[i-1] == ':' {
			return 0
		}
		if n := strings.IndexAny(s[i:], "\r\n"); n >= 0 {
			return i + n
		}
		return len(s)
	case '*':
		if inPath(s, i) && !closesSoon(s[i:]) {
			return 0
		}
		n := strings.Index(s[i+2:], "*/")
		if n < 0 {
			return -1
		}
		return i + 2 + n + 2
	}
	return 0
}

// closesSoon tells whether a comment ends before its line or statement does.
func closesSoon(s string) bool {
	if n := strings.IndexAny(s, "\r\n;"); n >= 0 {
		s = s[:n]
	}
	return strings.Contains(s, "*/")
}

// inPath tells whether the word that ends before i is a path.
func inPath(s string, i int) bool {
	for j := i - 1; j >= 0 && i-j < 300; j-- {
		switch s[j] {
		case ' ', '\t', '\r', '\n', '\'', '"', '[', '(', ';', ',':
			return false
		case ':', '\\', '/':
			return j != i-1 || s[j] != '/'
		}
	}
	return false
}

// includeAt tells whether $(Include=…) stands at i, and where it ends.
func includeAt(s string, i int) (end int, ok bool) {
	if !strings.HasPrefix(s[i:], "$(") {
		return 0, false
	}
	j := i + 2
	for j < len(s) && blankAt(s, j) > 0 {
		j += blankAt(s, j)
	}
	word := s[j:min(len(s), j+len("must_include"))]
	if !hasPrefixFold(word, "include") && !hasPrefixFold(word, "must_include") {
		return 0, false
	}
	k := j
	for k < len(s) && isNameByte(s[k]) {
		k++
	}
	for k < len(s) && blankAt(s, k) > 0 {
		k += blankAt(s, k)
	}
	if k >= len(s) || s[k] != '=' {
		return 0, false
	}
	return parenEnd(s, i+1)
}

// parenEnd finds the parenthesis that closes the one at i, on the same line.
func parenEnd(s string, i int) (int, bool) {
	depth := 0
	for ; i < len(s) && s[i] != '\n'; i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
	}
	return 0, false
}

func closing(quote byte) byte {
	if quote == '[' {
		return ']'
	}
	return quote
}

func lineEnd(s string, i int) int {
	if n := strings.IndexAny(s[i:], "\r\n"); n >= 0 {
		return i + n
	}
	return len(s)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isNameByte: bytes that may stand in a bare name. All of UTF-8 counts; blanks are told apart by blankAt.
func isNameByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '#' || c == '%' || c == '@' || c == '$' || c >= 0x80
}

// nameEnd is the end of the bare name at i; a $( ends it.
func nameEnd(s string, i int) int {
	for i < len(s) && isNameByte(s[i]) {
		if s[i] >= 0x80 && blankAt(s, i) > 0 || s[i] == '$' && i+1 < len(s) && s[i+1] == '(' {
			break
		}
		i++
	}
	return i
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
