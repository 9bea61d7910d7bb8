package qliksense

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A jsonValue is one JSON value as the Engine sent it: members keep their order, because the numbers
// of inline fields follow it (contract §3), and duplicate members are kept, because Qlik sends some
// (facts C.3). Its readers never fail: what isn't there, or has another type, reads as absent.
// Properties differ between twelve years of apps; one odd member must not cost the rest.
type jsonValue struct {
	kind    jsonKind
	text    string // the text of a string, the digits of a number
	members []jsonMember
	items   []jsonValue
}

type jsonMember struct {
	name  string
	value jsonValue
}

type jsonKind uint8

const (
	jsonAbsent jsonKind = iota
	jsonNull
	jsonBool // text is "true" or "false"
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// maxJSONDepth bounds recursion on garbage; real property trees are about 20 levels deep.
const maxJSONDepth = 500

var errJSON = errors.New("not JSON")

// parseJSON reads one value; what follows it is an error. Whoever reads many keeps a jsonParser.
func parseJSON(raw []byte) (jsonValue, error) { return new(jsonParser).parse(raw) }

// parse reads one value; what follows it is an error.
func (p *jsonParser) parse(raw []byte) (jsonValue, error) {
	p.raw, p.at, p.members, p.items = raw, 0, p.members[:0], p.items[:0]
	if p.names == nil {
		p.names = map[string]string{}
	}
	v, err := p.value(0)
	if err != nil {
		return jsonValue{}, err
	}
	p.space()
	if p.at != len(raw) {
		return jsonValue{}, p.fail("text after the value")
	}
	return v, nil
}

// get follows member names; among duplicates the last one counts, as in encoding/json.
func (v jsonValue) get(path ...string) jsonValue {
	for _, name := range path {
		next := jsonValue{}
		for i := len(v.members) - 1; i >= 0; i-- {
			if v.members[i].name == name {
				next = v.members[i].value
				break
			}
		}
		v = next
	}
	return v
}

// str is the text of a string; "" for anything else.
func (v jsonValue) str() string {
	if v.kind == jsonString {
		return v.text
	}
	return ""
}

// num is a number; nil for anything else, the strings "NaN" and "Infinity" too (facts C.3).
func (v jsonValue) num() *float64 {
	if v.kind != jsonNumber {
		return nil
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		return nil
	}
	return &f
}

// count is a whole number of things, 0 when absent.
func (v jsonValue) count() int64 {
	if n := v.num(); n != nil {
		return int64(*n)
	}
	return 0
}

// truth is true for true, and false for all else.
func (v jsonValue) truth() bool { return v.kind == jsonBool && v.text == "true" }

// strs are the strings of an array, without those that are empty or something else.
func (v jsonValue) strs() []string {
	var all []string
	for _, item := range v.items {
		if s := item.str(); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// empty reports a value that says nothing: absent, null, "", [], {}, or an object of only such.
func (v jsonValue) empty() bool {
	switch v.kind {
	case jsonAbsent, jsonNull:
		return true
	case jsonString:
		return v.text == ""
	case jsonArray:
		return len(v.items) == 0
	case jsonObject:
		for _, m := range v.members {
			if !m.value.empty() {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// plain is the value as catalog.Attributes keep it, without members that say nothing.
func (v jsonValue) plain() any {
	switch v.kind {
	case jsonBool:
		return v.truth()
	case jsonNumber:
		return json.Number(v.text)
	case jsonString:
		return v.text
	case jsonArray:
		all := make([]any, len(v.items))
		for i, item := range v.items {
			all[i] = item.plain()
		}
		return all
	case jsonObject:
		all := make(map[string]any, len(v.members))
		for _, m := range v.members {
			if !m.value.empty() {
				all[m.name] = m.value.plain()
			}
		}
		return all
	default:
		return nil
	}
}

// A jsonParser reads in one pass; at is the next byte. Member names are kept once: a tree has a few
// dozen of them, thousands of times. What an object or an array holds is gathered at the end of a
// stack and copied when its number is known. The zero value is ready; it reads one text after another.
type jsonParser struct {
	raw     []byte
	at      int
	names   map[string]string
	members []jsonMember
	items   []jsonValue
}

func (p *jsonParser) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d of %d", errJSON, what, p.at, len(p.raw))
}

func (p *jsonParser) space() {
	for p.at < len(p.raw) {
		switch p.raw[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonParser) value(depth int) (jsonValue, error) {
	p.space()
	switch {
	case p.at == len(p.raw):
		return jsonValue{}, p.fail("the end")
	case depth > maxJSONDepth:
		return jsonValue{}, p.fail("too deep")
	}
	switch c := p.raw[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.string()
		return jsonValue{kind: jsonString, text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	default:
		return p.word()
	}
}

func (p *jsonParser) object(depth int) (jsonValue, error) {
	begin := len(p.members)
	p.at++
	for first := true; ; first = false {
		if done, err := p.next('}', first); done || err != nil {
			v := jsonValue{kind: jsonObject, members: exactly(p.members[begin:])}
			p.members = p.members[:begin]
			return v, err
		}
		if p.at == len(p.raw) || p.raw[p.at] != '"' {
			return jsonValue{}, p.fail("no member name")
		}
		name, err := p.name()
		if err != nil {
			return jsonValue{}, err
		}
		p.space()
		if p.at == len(p.raw) || p.raw[p.at] != ':' {
			return jsonValue{}, p.fail("no colon")
		}
		p.at++
		member, err := p.value(depth + 1)
		if err != nil {
			return jsonValue{}, err
		}
		p.members = append(p.members, jsonMember{name, member})
	}
}

func (p *jsonParser) array(depth int) (jsonValue, error) {
	begin := len(p.items)
	p.at++
	for first := true; ; first = false {
		if done, err := p.next(']', first); done || err != nil {
			v := jsonValue{kind: jsonArray, items: exactly(p.items[begin:])}
			p.items = p.items[:begin]
			return v, err
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return jsonValue{}, err
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
func (p *jsonParser) next(closing byte, first bool) (done bool, err error) {
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
func (p *jsonParser) name() (string, error) {
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
func (p *jsonParser) string() (string, error) {
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

func (p *jsonParser) number() (jsonValue, error) {
	begin := p.at
	for p.at < len(p.raw) && strings.IndexByte("+-.eE0123456789", p.raw[p.at]) >= 0 {
		p.at++
	}
	if digits := p.raw[begin:p.at]; json.Valid(digits) {
		return jsonValue{kind: jsonNumber, text: string(digits)}, nil
	}
	return jsonValue{}, p.fail("a broken number")
}

func (p *jsonParser) word() (jsonValue, error) {
	for _, w := range []struct {
		text string
		kind jsonKind
	}{{"true", jsonBool}, {"false", jsonBool}, {"null", jsonNull}} {
		if strings.HasPrefix(string(p.raw[p.at:min(p.at+len(w.text), len(p.raw))]), w.text) {
			p.at += len(w.text)
			return jsonValue{kind: w.kind, text: w.text}, nil
		}
	}
	return jsonValue{}, p.fail("no value")
}
