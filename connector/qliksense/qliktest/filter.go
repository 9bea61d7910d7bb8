package qliktest

import "strings"

// The filter language (facts B.3):
//
//	expression = term { "or" term }
//	term       = factor { "and" factor }
//	factor     = "(" expression ")" | path op literal
//	path       = name { "." name }
//	op         = "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "sw" | "ew" | "so"
//	literal    = "'" text "'", quotes inside doubled | a bare word: number, true, false, GUID, enum name

// A condition is a parsed and checked filter.
type condition interface {
	matches(o *record) bool
	// pinned gives the ids that a path must equal for the condition to hold; nil: any.
	pinned(path string) []string
}

type both struct{ left, right condition }

func (c both) matches(o *record) bool { return c.left.matches(o) && c.right.matches(o) }

func (c both) pinned(path string) []string {
	if ids := c.left.pinned(path); ids != nil {
		return ids
	}
	return c.right.pinned(path)
}

type either struct{ left, right condition }

func (c either) matches(o *record) bool { return c.left.matches(o) || c.right.matches(o) }

func (c either) pinned(path string) []string {
	left, right := c.left.pinned(path), c.right.pinned(path)
	if left == nil || right == nil {
		return nil
	}
	return append(append([]string{}, left...), right...)
}

// parseFilter reads a filter for entities that look like sample; an empty one matches everything and
// is nil. Errors are what the Repository says, for a 400.
func parseFilter(text string, sample *record) (condition, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	words, ok := lexFilter(text)
	p := &filterParser{words: words, sample: sample}
	if ok {
		if c, good := p.expression(); good && len(p.words) == 0 {
			return c, nil
		}
	}
	return nil, badFilter(text)
}

// badFilter is a filter that is none.
type badFilter string

// Error is the server's own words (facts B.1).
func (f badFilter) Error() string { return "Cannot parse the expression: " + string(f) }

// A word is a piece of a filter: a quoted text, a parenthesis or anything else up to a blank.
type word struct {
	text   string
	quoted bool
}

func lexFilter(s string) (words []word, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		switch {
		case s == "":
			return words, true
		case s[0] == '(' || s[0] == ')':
			words, s = append(words, word{text: s[:1]}), s[1:]
		case s[0] == '\'':
			text, rest, closed := cutQuoted(s[1:])
			if !closed {
				return nil, false
			}
			words, s = append(words, word{text, true}), rest
		default:
			end := strings.IndexAny(s, " \t\r\n()'")
			if end < 0 {
				end = len(s)
			}
			words, s = append(words, word{text: s[:end]}), s[end:]
		}
	}
}

// cutQuoted reads up to the closing quote; a doubled quote stands for one.
func cutQuoted(s string) (text, rest string, closed bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\'')
		if i < 0 {
			return "", "", false
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if !strings.HasPrefix(s, "'") {
			return b.String(), s, true
		}
		b.WriteByte('\'')
		s = s[1:]
	}
}

type filterParser struct {
	words  []word
	sample *record
	depth  int
}

// is takes the next word if it is the given unquoted one.
func (p *filterParser) is(text string) bool {
	if len(p.words) == 0 || p.words[0].quoted || p.words[0].text != text {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *filterParser) expression() (condition, bool) {
	left, ok := p.term()
	for ok && p.is("or") {
		var right condition
		if right, ok = p.term(); ok {
			left = either{left, right}
		}
	}
	return left, ok
}

func (p *filterParser) term() (condition, bool) {
	left, ok := p.factor()
	for ok && p.is("and") {
		var right condition
		if right, ok = p.factor(); ok {
			left = both{left, right}
		}
	}
	return left, ok
}

func (p *filterParser) factor() (condition, bool) {
	const deepest = 1000 // parentheses, so that no client ends the server
	if p.is("(") {
		if p.depth++; p.depth > deepest {
			return nil, false
		}
		c, ok := p.expression()
		p.depth--
		return c, ok && p.is(")")
	}
	if len(p.words) < 3 || p.words[0].quoted || p.words[1].quoted {
		return nil, false
	}
	path, op, literal := p.words[0].text, p.words[1].text, p.words[2]
	p.words = p.words[3:]
	return newComparison(p.sample, path, op, literal)
}
