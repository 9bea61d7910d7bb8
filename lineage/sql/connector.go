package sql

import (
	"net/url"
	"strings"
)

// connector reads a statement of Qlik's REST connector or web connectors, which look like SQL but are none,
// and says whether it is one.
func (p *parser) connector() bool {
	if p.cur().word != wSelect {
		return false
	}
	rest := false
	for i := p.i; i < len(p.toks)-2; i++ {
		switch p.toks[i].word {
		case wWith:
			if p.toks[i+1].word == wProperties && p.isOp(i+2, '(') {
				p.web(i + 2)
				return true
			}
			rest = rest || p.toks[i+1].word == wConnection
		case wFrom:
			rest = rest || p.is(i+1, "JSON", "XML", "CSV") && (p.at(i+2).kind == tQuoted || p.isOp(i+2, '(') && p.at(p.after(i+2)).kind == tQuoted)
		case wKey:
			rest = rest || p.at(i-1).kind == tQuoted && p.at(i+1).kind == tQuoted && p.is(i, "PK", "FK")
		}
	}
	if rest {
		p.q.Kind = REST
		p.level("", p.connectionURL())
	}
	return rest
}

// level reads one SELECT of a REST statement, and its nested ones: all columns of all levels land in one
// flat result.
func (p *parser) level(path, address string) {
	if p.depth++; p.depth > maxDepth {
		p.diagnose(p.i, "", "Levels stand too deep within one another.")
		p.skipToEnd()
		p.depth--
		return
	}
	defer func() { p.depth-- }()
	p.i++
	base := len(p.ranges)
	p.list()
	items := append([]span(nil), p.ranges[base:]...)
	p.ranges = p.ranges[:base]
	if p.cur().word == wFrom {
		p.i++
	}
	if p.is(p.i, "JSON", "XML", "CSV") && !p.isOp(p.i+1, '.') {
		p.i++
		if p.isOp(p.i, '(') {
			p.next()
		}
	}
	if p.isName(p.i) {
		if path != "" {
			path += "/"
		}
		path += p.name(p.i)
		p.i++
	}
	rest := p.i
	t := Table{Name: address + "#" + path, Kind: Web, URL: address, Path: path}
	for _, it := range items {
		p.levelItem(it, t)
	}
	p.i = rest
}

// levelItem reads a column of a level, or the level below.
func (p *parser) levelItem(it span, t Table) {
	if p.isOp(it.a, '(') && p.at(it.a+1).word == wSelect {
		p.i = it.a + 1
		p.level(t.Path, t.URL)
		return
	}
	if p.isName(it.a) || p.isOp(it.a, '*') {
		p.plainItem(it, p.table(t))
	}
}

// plainItem reads a column of a table that is known.
func (p *parser) plainItem(it span, table string) {
	name, a, b := p.alias(it.a, it.b)
	column := p.join(a, b)
	if name == "" {
		name = column
	}
	p.q.Columns = append(p.q.Columns, Column{
		Name: name, Expression: p.text[p.at(a).off:p.at(b-1).end],
		From: []Origin{{Table: table, Column: column}},
	})
}

// connectionURL returns the address of WITH CONNECTION (URL "…"), without what follows it and without
// credentials, or "".
func (p *parser) connectionURL() string {
	for i := p.i; i < len(p.toks)-2; i++ {
		if p.toks[i].word != wConnection || p.at(i-1).word != wWith || !p.isOp(i+1, '(') {
			continue
		}
		end := p.after(i + 1)
		for j := i + 2; j < end-1; j++ {
			if k := p.at(j + 1).kind; p.is(j, "URL") && (k == tQuoted || k == tString || k == tName) {
				return plainURL(p.name(j + 1))
			}
		}
	}
	return ""
}

// plainURL returns an address without query string, fragment and user.
func plainURL(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return s
	}
	host, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if slash {
		host += "/"
	}
	return scheme + "://" + host + path
}

// web reads a statement of a web connector: SELECT columns FROM Function WITH PROPERTIES (…), whose
// parenthesis is given.
func (p *parser) web(open int) {
	p.q.Kind = WebConnector
	p.i++
	p.list()
	items := p.ranges
	if p.cur().word == wFrom {
		p.i++
	}
	if !p.isName(p.i) {
		p.fallBack()
		return
	}
	name := p.join(p.i, p.chain(p.i))
	table := p.table(Table{Name: name + "(" + p.keyProperties(open) + ")", Kind: Web})
	for _, it := range items {
		p.plainItem(it, table)
	}
	p.ranges = nil
}

// keyProperties returns the properties that say what is read, as key=value with commas between. Those that
// say how, and secrets, are left out.
func (p *parser) keyProperties(open int) string {
	var keep []string
	end := p.after(open) - 1
	for i := open + 1; i+2 < end+1; i++ {
		if !p.isName(i) || !p.isOp(i+1, '=') {
			continue
		}
		key, value := p.name(i), p.name(i+2)
		if k := p.at(i + 2).kind; k != tString && k != tName && k != tQuoted && k != tNumber || value == "" || !identifies(key) {
			continue
		}
		if decoded, err := url.QueryUnescape(value); err == nil && strings.Contains(decoded, "://") {
			value = plainURL(decoded)
		}
		keep = append(keep, key+"="+value)
	}
	return strings.Join(keep, ",")
}

// identifies says whether a property of a web connector says what is read.
func identifies(key string) bool {
	k := strings.ToLower(key)
	for _, secret := range [...]string{"token", "secret", "password", "apikey", "api_key", "accesskey", "access_key", "auth", "credential", "privatekey", "private_key"} {
		if strings.Contains(k, secret) {
			return false
		}
	}
	for _, end := range [...]string{
		"key", "id", "ids", "url", "uri", "path", "file", "filename", "name", "sheet", "table", "view", "range", "dataset", "object", "entity",
		"list", "folder", "bucket", "project", "account", "site", "report", "query", "database", "schema", "channel", "page", "group",
	} {
		if strings.HasSuffix(k, end) {
			return true
		}
	}
	return false
}
