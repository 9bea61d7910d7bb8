package qvs

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A place tells where an offset of some text stands in the script.
type place interface {
	at(offset int) Pos
}

// runeBlock is the distance between two counts of runes in a source.
const runeBlock = 64

// A source is a script's text with what is needed to tell places in it, in constant time but for a search.
type source struct {
	text  string
	lines []int   // offsets of line beginnings
	runes []int32 // runes before offset i*runeBlock
	tabs  []tabMark
}

type tabMark struct {
	offset int
	name   string
}

func newSource(text string) *source {
	s := &source{text: text, lines: make([]int, 1, len(text)/40+2), runes: make([]int32, 0, len(text)/runeBlock+1)}
	runes := int32(0)
	for i := 0; i < len(text); i++ {
		if i%runeBlock == 0 {
			s.runes = append(s.runes, runes)
		}
		c := text[i]
		if c < 0x80 || c >= 0xC0 {
			runes++
		}
		if c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			s.lines = append(s.lines, i+1)
		}
		if c == '/' && strings.HasPrefix(text[i:], "///$tab") && s.lines[len(s.lines)-1] == lineStart(text, i) {
			s.tabs = append(s.tabs, tabMark{i, tabName(text[i+len("///$tab"):])})
		}
	}
	return s
}

// lineStart goes back over blanks, so that a mark may be indented.
func lineStart(text string, i int) int {
	for i > 0 && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	if i == len("\uFEFF") && strings.HasPrefix(text, "\uFEFF") {
		return 0
	}
	return i
}

func tabName(rest string) string {
	if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
		rest = rest[:n]
	}
	return strings.TrimSpace(rest)
}

func (s *source) at(offset int) Pos {
	offset = max(0, min(offset, len(s.text)))
	line := sort.SearchInts(s.lines, offset+1) - 1
	p := Pos{Line: line + 1, Column: s.runesBefore(offset) - s.runesBefore(s.lines[line]) + 1}
	if line == 0 && strings.HasPrefix(s.text, "\uFEFF") && offset > 0 {
		p.Column-- // the mark is no character of the line
	}
	if t := sort.Search(len(s.tabs), func(i int) bool { return s.tabs[i].offset > offset }); t > 0 {
		p.Tab = s.tabs[t-1].name
	}
	return p
}

func (s *source) runesBefore(offset int) int {
	if len(s.runes) == 0 {
		return 0
	}
	block := min(offset/runeBlock, len(s.runes)-1)
	n := int(s.runes[block])
	for i := block * runeBlock; i < offset; i++ {
		if s.text[i] < 0x80 || s.text[i] >= 0xC0 {
			n++
		}
	}
	return n
}

// A spot is one place for a whole text: that of the statement which includes it, with the place inside.
type spot struct {
	outer Pos
	path  string
	inner *source
}

func (s spot) at(offset int) Pos {
	in := s.inner.at(offset)
	p := s.outer
	if p.Included == "" {
		p.Included = s.path + ":" + strconv.Itoa(in.Line) + ":" + strconv.Itoa(in.Column)
	}
	return p
}

// A text is a statement after expansion; it knows where each of its characters comes from.
type text struct {
	s     string
	from  place
	start int       // where it starts in from
	parts []segment // none: s is a piece of from as it stands
}

// A segment starts at out in the text and at in at the origin. What was inserted has one place.
type segment struct {
	out, in  int
	inserted bool
}

// place is at for what is kept with fields.
func (t text) place(offset int) *Pos {
	p := t.at(offset)
	return &p
}

func (t text) at(offset int) Pos { return t.from.at(t.origin(offset)) }

func (t text) origin(offset int) int {
	if len(t.parts) == 0 {
		return t.start + offset
	}
	i := max(0, sort.Search(len(t.parts), func(i int) bool { return t.parts[i].out > offset })-1)
	p := t.parts[i]
	if p.inserted || offset < p.out {
		return p.in
	}
	return p.in + offset - p.out
}

// blankAt is the length of the blank at i, else 0: spaces, line ends, no-break spaces, byte order marks.
func blankAt(s string, i int) int {
	c := s[i]
	if c == ' ' || c >= '\t' && c <= '\r' {
		return 1
	}
	if c < utf8.RuneSelf {
		return 0
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	switch r {
	case '\u00A0', '\uFEFF', '\u200B', '\u202F', '\u2007', '\u3000', '\u2028', '\u2029', '\u0085':
		return n
	}
	return 0
}

// trim cuts blanks of all kinds off both ends.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		switch r {
		case ' ', '\t', '\n', '\v', '\f', '\r', '\u00A0', '\uFEFF', '\u200B', '\u202F', '\u2007', '\u3000', '\u2028', '\u2029', '\u0085':
			return true
		}
		return false
	})
}
