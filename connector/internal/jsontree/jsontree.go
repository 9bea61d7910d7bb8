// Package jsontree reads JSON as Qlik writes it, without losing the order of members.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Value is one JSON value as the Engine sent it: members keep their order, because the numbers
// of inline fields follow it (contract §3), and duplicate members are kept, because Qlik sends some
// (facts C.3). Its readers never fail: what isn't there, or has another type, reads as absent.
// Properties differ between twelve years of apps; one odd member must not cost the rest.
type Value struct {
	Kind    Kind
	Text    string // the text of a string, the digits of a number
	Members []Member
	Items   []Value
}

// A Member is a name of an object with its value.
type Member struct {
	Name  string
	Value Value
}

// Kind says what a value is.
type Kind uint8

// The kinds of values. Absent is what isn't there.
const (
	Absent Kind = iota
	Null
	Bool // text is "true" or "false"
	Number
	String
	Array
	Object
)

// maxDepth bounds recursion on garbage; real property trees are about 20 levels deep.
const maxDepth = 500

var errSyntax = errors.New("not JSON")

// Parse reads one value; what follows it is an error. Whoever reads many keeps a Parser.
func Parse(raw []byte) (Value, error) { return new(Parser).Parse(raw) }

// Parse reads one value; what follows it is an error.
func (p *Parser) Parse(raw []byte) (Value, error) {
	p.raw, p.at, p.members, p.items = raw, 0, p.members[:0], p.items[:0]
	if p.names == nil {
		p.names = map[string]string{}
	}
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.at != len(raw) {
		return Value{}, p.fail("text after the value")
	}
	return v, nil
}

// Get follows member names; among duplicates the last one counts, as in encoding/json.
func (v Value) Get(path ...string) Value {
	for _, name := range path {
		next := Value{}
		for i := len(v.Members) - 1; i >= 0; i-- {
			if v.Members[i].Name == name {
				next = v.Members[i].Value
				break
			}
		}
		v = next
	}
	return v
}

// Str is the text of a string; "" for anything else.
func (v Value) Str() string {
	if v.Kind == String {
		return v.Text
	}
	return ""
}

// Num is a number; nil for anything else, the strings "NaN" and "Infinity" too (facts C.3).
func (v Value) Num() *float64 {
	if v.Kind != Number {
		return nil
	}
	f, err := strconv.ParseFloat(v.Text, 64)
	if err != nil {
		return nil
	}
	return &f
}

// Count is a whole number of things, 0 when absent.
func (v Value) Count() int64 {
	if n := v.Num(); n != nil {
		return int64(*n)
	}
	return 0
}

// Truth is true for true, and false for all else.
func (v Value) Truth() bool { return v.Kind == Bool && v.Text == "true" }

// Strs are the strings of an array, without those that are empty or something else.
func (v Value) Strs() []string {
	var all []string
	for _, item := range v.Items {
		if s := item.Str(); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Empty reports a value that says nothing: absent, null, "", [], {}, or an object of only such.
func (v Value) Empty() bool {
	switch v.Kind {
	case Absent, Null:
		return true
	case String:
		return v.Text == ""
	case Array:
		return len(v.Items) == 0
	case Object:
		for _, m := range v.Members {
			if !m.Value.Empty() {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// Plain is the value as catalog.Attributes keep it, without members that say nothing.
func (v Value) Plain() any {
	switch v.Kind {
	case Bool:
		return v.Truth()
	case Number:
		return json.Number(v.Text)
	case String:
		return v.Text
	case Array:
		all := make([]any, len(v.Items))
		for i, item := range v.Items {
			all[i] = item.Plain()
		}
		return all
	case Object:
		all := make(map[string]any, len(v.Members))
		for _, m := range v.Members {
			if !m.Value.Empty() {
				all[m.Name] = m.Value.Plain()
			}
		}
		return all
	default:
		return nil
	}
}

// A Parser reads in one pass; at is the next byte. Member names are kept once: a tree has a few
// dozen of them, thousands of times. What an object or an array holds is gathered at the end of a
// stack and copied when its number is known. The zero value is ready; it reads one text after another.
type Parser struct {
	raw     []byte
	at      int
	names   map[string]string
	members []Member
	items   []Value
}

func (p *Parser) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d of %d", errSyntax, what, p.at, len(p.raw))
}

func (p *Parser) space() {
	for p.at < len(p.raw) {
		switch p.raw[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

func (p *Parser) value(depth int) (Value, error) {
	p.space()
	switch {
	case p.at == len(p.raw):
		return Value{}, p.fail("the end")
	case depth > maxDepth:
		return Value{}, p.fail("too deep")
	}
	switch c := p.raw[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.string()
		return Value{Kind: String, Text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	default:
		return p.word()
	}
}

func (p *Parser) object(depth int) (Value, error) {
	begin := len(p.members)
	p.at++
	for first := true; ; first = false {
		if done, err := p.next('}', first); done || err != nil {
			v := Value{Kind: Object, Members: exactly(p.members[begin:])}
			p.members = p.members[:begin]
			return v, err
		}
		if p.at == len(p.raw) || p.raw[p.at] != '"' {
			return Value{}, p.fail("no member name")
		}
		name, err := p.name()
		if err != nil {
			return Value{}, err
		}
		p.space()
		if p.at == len(p.raw) || p.raw[p.at] != ':' {
			return Value{}, p.fail("no colon")
		}
		p.at++
		member, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		p.members = append(p.members, Member{name, member})
	}
}

func (p *Parser) array(depth int) (Value, error) {
	begin := len(p.items)
	p.at++
	for first := true; ; first = false {
		if done, err := p.next(']', first); done || err != nil {
			v := Value{Kind: Array, Items: exactly(p.items[begin:])}
			p.items = p.items[:begin]
			return v, err
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		p.items = append(p.items, item)
	}
}

// exactly is a copy that shares nothing with the stack; nil for nothing.
func exactly[T any](all []T) []T {
	if len(all) == 0 {
		return nil
	}
	return append(make([]T, 0, len(all)), all...)
}

// next steps to the next member or item, over the comma before it, or past the closing bracket.
func (p *Parser) next(closing byte, first bool) (done bool, err error) {
	p.space()
	if p.at == len(p.raw) {
		return false, p.fail("the end")
	}
	switch c := p.raw[p.at]; {
	case c == closing:
		p.at++
		return true, nil
	case first:
		return false, nil
	case c != ',':
		return false, p.fail("no comma")
	}
	p.at++
	p.space()
	return false, nil
}

// name reads a member's name.
func (p *Parser) name() (string, error) {
	if end := bytes.IndexByte(p.raw[p.at+1:], '"'); end >= 0 {
		if known, ok := p.names[string(p.raw[p.at+1:p.at+1+end])]; ok {
			p.at += end + 2
			return known, nil
		}
	}
	begin := p.at
	name, err := p.string()
	if err == nil && string(p.raw[begin+1:p.at-1]) == name { // as written: no escapes in it
		p.names[name] = name
	}
	return name, err
}

// string reads a string. NUL becomes U+FFFD (contract §4: Postgres can't hold it), and so do bytes
// that aren't UTF-8.
func (p *Parser) string() (string, error) {
	begin := p.at
	escaped, ascii := false, true
	for p.at++; p.at < len(p.raw); p.at++ {
		switch c := p.raw[p.at]; {
		case c == '"':
			p.at++
			if body := p.raw[begin+1 : p.at-1]; !escaped && (ascii || utf8.Valid(body)) {
				return string(body), nil
			}
			var s string
			if err := json.Unmarshal(p.raw[begin:p.at], &s); err != nil {
				return "", p.fail("a broken string")
			}
			return strings.ReplaceAll(s, "\x00", "\uFFFD"), nil
		case c == '\\':
			escaped = true
			p.at++
		case c < ' ':
			return "", p.fail("a control character")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", p.fail("the end")
}

func (p *Parser) number() (Value, error) {
	begin := p.at
	for p.at < len(p.raw) && strings.IndexByte("+-.eE0123456789", p.raw[p.at]) >= 0 {
		p.at++
	}
	if digits := p.raw[begin:p.at]; json.Valid(digits) {
		return Value{Kind: Number, Text: string(digits)}, nil
	}
	return Value{}, p.fail("a broken number")
}

func (p *Parser) word() (Value, error) {
	for _, w := range []struct {
		text string
		kind Kind
	}{{"true", Bool}, {"false", Bool}, {"null", Null}} {
		if strings.HasPrefix(string(p.raw[p.at:min(p.at+len(w.text), len(p.raw))]), w.text) {
			p.at += len(w.text)
			return Value{Kind: w.kind, Text: w.text}, nil
		}
	}
	return Value{}, p.fail("no value")
}
