// Package qvd reads the headers of QVD files: what table a file holds, its columns, and which app wrote it.
// The data behind a header is never read.
package qvd

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxHeader is how long a header may be, in bytes.
const MaxHeader = 16 << 20

// Limits of what a header may say: a file is anybody's.
const (
	maxFields  = 20_000
	maxName    = 1000 // bytes
	maxComment = 4000 // bytes; longer ones are cut
	maxTags    = 100  // of a column; more are left out
)

// A Header is what a QVD file says of itself.
type Header struct {
	Table   string // the script table that was stored
	Creator string // what wrote it: the id of an app, or the path of a document
	Fields  []Field
}

// A Field is a column of the file.
type Field struct {
	Name    string
	Comment string
	Tags    []string
}

// Names are the names of the columns, in the file's order.
func (h *Header) Names() []string {
	names := make([]string, len(h.Fields))
	for i, f := range h.Fields {
		names[i] = f.Name
	}
	return names
}

// Field is a column by its name, whose case counts; nil if there is none.
func (h *Header) Field(name string) *Field {
	for i := range h.Fields {
		if h.Fields[i].Name == name {
			return &h.Fields[i]
		}
	}
	return nil
}

// document is the XML at the beginning of a file.
type document struct {
	XMLName xml.Name `xml:"QvdTableHeader"`
	Creator string   `xml:"CreatorDoc"`
	Table   string   `xml:"TableName"`
	Fields  []struct {
		Name    string   `xml:"FieldName"`
		Comment string   `xml:"Comment"`
		Tags    []string `xml:"Tags>String"`
	} `xml:"Fields>QvdFieldHeader"`
}

var errNoHeader = errors.New("the file has no header of a QVD file")

// bom may stand before the header.
var bom = []byte("\ufeff")

// Read reads the header at the beginning of a QVD file, and at most a buffer of what follows it.
func Read(r io.Reader) (*Header, error) {
	limited := &io.LimitedReader{R: r, N: MaxHeader}
	text := bufio.NewReader(limited)
	if start, err := text.Peek(len(bom) + 1); err == nil && !bytes.HasPrefix(bytes.TrimPrefix(start, bom), []byte("<")) {
		return nil, errNoHeader
	}
	var d document
	if err := xml.NewDecoder(text).Decode(&d); err != nil {
		return nil, explain(err, limited.N <= 0)
	}
	return headerOf(&d)
}

// explain says in words why a header can't be read. full: as much as may be was read.
func explain(err error, full bool) error {
	var syntax *xml.SyntaxError
	var other xml.UnmarshalError
	switch {
	case full:
		return fmt.Errorf("the header doesn't end within %d MB", MaxHeader>>20)
	case errors.Is(err, io.EOF), errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return errors.New("the file ends before its header does")
	case errors.As(err, &syntax):
		return fmt.Errorf("the header can't be read: line %d of it is no XML", syntax.Line)
	case errors.As(err, &other):
		return errNoHeader
	default:
		return errors.New("the header can't be read")
	}
}

func headerOf(d *document) (*Header, error) {
	h := &Header{Table: d.Table, Creator: strings.TrimSpace(d.Creator)}
	for _, f := range d.Fields {
		if len(f.Name) > maxName {
			return nil, fmt.Errorf("the header has a column whose name is longer than %d bytes", maxName)
		}
		if f.Name == "" || f.Name == "*" { // no column of Qlik's is called so
			continue
		}
		one := Field{Name: f.Name, Comment: f.Comment, Tags: f.Tags[:min(len(f.Tags), maxTags)]}
		if len(one.Comment) > maxComment {
			one.Comment = strings.ToValidUTF8(one.Comment[:maxComment], "") + "…"
		}
		h.Fields = append(h.Fields, one)
	}
	switch {
	case len(h.Fields) == 0:
		return nil, errors.New("the header names no column")
	case len(h.Fields) > maxFields:
		return nil, fmt.Errorf("the header names more than %d columns", maxFields)
	}
	return h, nil
}
