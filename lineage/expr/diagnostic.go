package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Diagnostic is something that couldn't be read, or that reads oddly.
type Diagnostic struct {
	Span           // in the text that was given
	Line    int    // from 1
	Column  int    // from 1, in characters
	Kind    string // "syntax", "variable", "name", "function" or "limit"
	Message string // a sentence without its full stop
}

// String is the message with its place.
func (d Diagnostic) String() string {
	return fmt.Sprintf("%d:%d: %s", d.Line, d.Column, d.Message)
}

// maxDiagnostics bounds what one text may complain about.
const maxDiagnostics = 50

// Place is the line and column, from 1 and in characters, of an offset in text.
func Place(text string, offset int) (line, column int) {
	offset = max(0, min(offset, len(text)))
	before := text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// Caret is the line of text that a diagnostic is about, with a caret below its first character.
func (d Diagnostic) Caret(text string) string {
	at := max(0, min(d.From, len(text)))
	start := strings.LastIndexByte(text[:at], '\n') + 1
	end := len(text)
	if n := strings.IndexAny(text[at:], "\r\n"); n >= 0 {
		end = at + n
	}
	var pad strings.Builder
	for _, r := range text[start:at] {
		if r != '\t' {
			r = ' '
		}
		pad.WriteRune(r)
	}
	return strings.TrimRight(text[start:end], "\r") + "\n" + pad.String() + "^"
}
