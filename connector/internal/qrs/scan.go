package qrs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// A scanner splits JSON into its values without making anything of them. Listings are mostly decoding: a
// site's million rows go through here once, where encoding/json looks at every byte four times. It
// takes what encoding/json takes, and nothing else; FuzzScanner holds that.
type scanner struct {
	b    []byte
	i    int
	deep int // open lists and objects
}

// deepest is how many lists and objects may be inside each other: far more than any answer has.
const deepest = 1000

var errNotJSON = errors.New("it is not JSON")

// peek gives the next byte that isn't white space, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take goes over the next byte if it is c.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// value gives the next value as it stands there.
func (s *scanner) value() ([]byte, error) {
	c, from := s.peek(), s.i
	ok := false
	switch c {
	case '"':
		ok = s.text()
	case '[':
		ok = s.each('[', ']', func() error { _, err := s.value(); return err }) == nil
	case '{':
		ok = s.members(func([]byte) error { _, err := s.value(); return err }) == nil
	case 't':
		ok = s.word("true")
	case 'f':
		ok = s.word("false")
	case 'n':
		ok = s.word("null")
	default:
		ok = s.number()
	}
	if !ok {
		return nil, errNotJSON
	}
	return s.b[from:s.i], nil
}

// each goes through a list or object; one reads an element.
func (s *scanner) each(open, end byte, one func() error) error {
	if s.deep++; s.deep > deepest || !s.take(open) {
		return errNotJSON
	}
	defer func() { s.deep-- }()
	if s.take(end) {
		return nil
	}
	for {
		if err := one(); err != nil {
			return err
		}
		switch {
		case s.take(','):
		case s.take(end):
			return nil
		default:
			return errNotJSON
		}
	}
}

// members goes through an object; one is called before a member's value, with the name, and reads the value.
func (s *scanner) members(one func(name []byte) error) error {
	return s.each('{', '}', func() error {
		s.peek()
		from := s.i
		if !s.text() || !s.take(':') {
			return errNotJSON
		}
		return one(bytes.TrimRight(s.b[from:s.i-1], " \t\r\n"))
	})
}

func (s *scanner) word(w string) bool {
	if !bytes.HasPrefix(s.b[s.i:], []byte(w)) {
		return false
	}
	s.i += len(w)
	return true
}

// text goes over a text, its quotes included.
func (s *scanner) text() bool {
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return false
	}
	for s.i++; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape goes over all of an escape but its last byte.
func (s *scanner) escape() bool {
	s.i++
	if s.i >= len(s.b) {
		return false
	}
	switch s.b[s.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		if s.i+4 >= len(s.b) {
			return false
		}
		for _, c := range s.b[s.i+1 : s.i+5] {
			if low := c | 0x20; (c < '0' || c > '9') && (low < 'a' || low > 'f') {
				return false
			}
		}
		s.i += 4
		return true
	}
	return false
}

func (s *scanner) number() bool {
	s.sign("-")
	switch {
	case s.at('0'):
		s.i++
	case !s.digits():
		return false
	}
	if s.at('.') {
		s.i++
		if !s.digits() {
			return false
		}
	}
	if s.at('e') || s.at('E') {
		s.i++
		s.sign("+-")
		return s.digits()
	}
	return true
}

func (s *scanner) at(c byte) bool { return s.i < len(s.b) && s.b[s.i] == c }

func (s *scanner) sign(signs string) {
	if s.i < len(s.b) && bytes.IndexByte([]byte(signs), s.b[s.i]) >= 0 {
		s.i++
	}
}

func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > from
}

// fill decodes one value, which a scanner has gone over, as json.Unmarshal does. What listings consist
// of has a short way.
func fill(raw []byte, dest any) error {
	switch d := dest.(type) {
	case *string:
		if inner, ok := plain(raw); ok {
			*d = string(inner)
			return nil
		}
	case *bool:
		if c := raw[0]; c == 't' || c == 'f' {
			*d = c == 't'
			return nil
		}
	case *int64:
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			*d = n
			return nil
		}
	case json.Unmarshaler:
		return d.UnmarshalJSON(raw)
	}
	return json.Unmarshal(raw, dest)
}

// plain gives what is in a text that means what it says.
func plain(raw []byte) ([]byte, bool) {
	if raw[0] != '"' {
		return nil, false
	}
	inner := raw[1 : len(raw)-1]
	return inner, bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner)
}

// commonTexts are texts that many rows have: those of a page share one copy.
type commonTexts map[string]string

// fill decodes a text.
func (c commonTexts) fill(raw []byte, dest *string) error {
	inner, ok := plain(raw)
	if !ok {
		return json.Unmarshal(raw, dest)
	}
	text, ok := c[string(inner)]
	if !ok {
		text = string(inner)
		c[text] = text
	}
	*dest = text
	return nil
}
