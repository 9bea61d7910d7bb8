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
	In      string // of a call of the API: "query", "path" or "header"; "" is its body
	Cure    string // what to do about it, where the message doesn't say; may be empty
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

// Pointer is the path as a JSON pointer: "/jwt/private_key", "/admins/security/2"; "" for the whole.
func (e FieldError) Pointer() string {
	if e.Path == "" {
		return ""
	}
	path := pointerEscaper.Replace(e.Path)
	return "/" + strings.NewReplacer(`\.`, ".", `\[`, "[", `\]`, "]", ".", "/", "[", "/", "]", "").Replace(path)
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// PointerTo is the JSON pointer to a key of the whole, whatever signs it has.
func PointerTo(key string) string { return "/" + pointerEscaper.Replace(key) }

// Step is a key as a part of a path, where it may have any signs.
func Step(key string) string {
	return strings.NewReplacer(".", `\.`, "[", `\[`, "]", `\]`).Replace(key)
}

// FieldErrors are all the things wrong with a document, in the order of its keys. Their code is
// CodeInvalid.
type FieldErrors []FieldError

// Add notes one more.
func (e *FieldErrors) Add(path, format string, args ...any) {
	*e = append(*e, FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// OrNil gives the errors as an error, or nil if there are none.
func (e FieldErrors) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

func (e FieldErrors) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}
