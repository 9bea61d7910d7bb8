package postgres

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A marker shows where in a text the words of a question are.
type marker struct {
	words []string // folded
	exact []bool   // as a whole; else as a beginning
}

func newMarker(q question) marker {
	var m marker
	add := func(w string, exact bool) {
		m.words, m.exact = append(m.words, w), append(m.exact, exact || utf8.RuneCountInString(w) < shortestPrefix)
	}
	for _, w := range q.words {
		add(w.text, false)
		for _, p := range w.parts {
			add(p.text, false)
		}
		for _, other := range q.instead[w.text] {
			add(other, true)
		}
	}
	return m
}

// asked reports whether a word of a text was looked for.
func (m marker) asked(text string) bool {
	for i, w := range m.words {
		if text == w || !m.exact[i] && strings.HasPrefix(text, w) {
			return true
		}
	}
	return false
}

// spans are the places of the words that were looked for: of a whole word, or of its parts.
func (m marker) spans(text string) [][2]int {
	var spans [][2]int
	cut(text, func(w word) {
		if m.asked(w.text) {
			spans = append(spans, [2]int{w.start, w.end})
			return
		}
		for _, p := range w.parts {
			if m.asked(p.text) {
				spans = append(spans, [2]int{p.start, p.end})
			}
		}
	})
	return spans
}

// pieces cuts the part of a text from one place to another at its spans.
func pieces(text string, from, to int, spans [][2]int) []catalog.Piece {
	list := []catalog.Piece{}
	add := func(s string, found bool) {
		if s != "" {
			list = append(list, catalog.Piece{Text: s, Found: found})
		}
	}
	at := from
	for _, s := range spans {
		if s[0] < at || s[1] > to {
			continue
		}
		add(text[at:s[0]], false)
		add(text[s[0]:s[1]], true)
		at = s[1]
	}
	add(text[at:to], false)
	return list
}

// An excerpt shows some text before what was found, and no more than so many bytes in all.
const (
	excerptBefore = 60
	excerptLength = 240
)

// excerpt is the part of a text around the first word that was looked for; nil if there is none.
func (m marker) excerpt(text string) (parts []catalog.Piece, at int) {
	spans := m.spans(text)
	if len(spans) == 0 {
		return nil, 0
	}
	from := max(0, spans[0][0]-excerptBefore)
	to := min(len(text), max(from+excerptLength, spans[0][1]))
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	parts = pieces(text, from, to, spans)
	if from > 0 {
		parts = append([]catalog.Piece{{Text: "…"}}, parts...)
	}
	if to < len(text) {
		parts = append(parts, catalog.Piece{Text: "…"})
	}
	return parts, spans[0][0]
}

// hit tells how something was found.
func (m marker) hit(c *found, d detail) catalog.Hit {
	connection, _ := placeOf(c.key)
	h := catalog.Hit{
		Kind: c.place.kind, Key: catalog.Key(c.key), Connection: connection, Type: d.typ, Origin: catalog.Origin(d.origin),
		Name: c.name, Match: c.way, Title: pieces(c.name, 0, len(c.name), m.spans(c.name)),
		Report: catalog.Key(d.report), Owner: d.owner, RetiredAt: d.retired,
	}
	named := slices.ContainsFunc(h.Title, func(p catalog.Piece) bool { return p.Found })
	for i, text := range d.texts {
		parts, at := m.excerpt(text)
		if parts == nil {
			continue
		}
		h.Excerpt, h.Of = parts, detailColumns[c.table].texts[i]
		if h.Of == "code" {
			h.Line = 1 + strings.Count(text[:at], "\n")
		}
		return h
	}
	if c.table == fields && d.texts[0] != "" || !named && d.texts[0] != "" {
		end := min(len(d.texts[0]), excerptLength)
		for end < len(d.texts[0]) && !utf8.RuneStart(d.texts[0][end]) {
			end++
		}
		h.Excerpt, h.Of = pieces(d.texts[0], 0, end, nil), detailColumns[c.table].texts[0]
	}
	return h
}
