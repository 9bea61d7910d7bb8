package catalog

import (
	"fmt"
	"strings"
)

// A FieldError is one thing wrong with one key of a document that a person or a program wrote.
type FieldError struct {
	Path    string // "jwt.private_key", "options.workers", "" for the whole
	Message string // a sentence without the key, saying what to do
	Line    int    // in the file it came from; 0 if it came from none
}

func (e FieldError) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// FieldErrors are all the things wrong with a document, in the order of its keys.
type FieldErrors []FieldError

// Add notes one more.
func (e *FieldErrors) Add(path, format string, args ...any) {
	*e = append(*e, FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (e FieldErrors) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}
