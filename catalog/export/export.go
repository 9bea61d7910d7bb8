// Package export writes the catalog out for other programs: the views of contract §4 as JSON lines or CSV,
// one file each, and lineage as events of OpenLineage, to a file or to an HTTP endpoint. Rows are written as
// they come, so that memory stays flat.
package export

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Format is how rows are written.
type Format string

// The formats.
const (
	JSON Format = "json" // JSON lines: one object for each row
	CSV  Format = "csv"  // RFC 4180, with a header
)

// Extension is what the names of a format's files end with.
func (f Format) Extension() string {
	if f == CSV {
		return ".csv"
	}
	return ".jsonl"
}

// A Written is a file that was written.
type Written struct {
	View string `json:"view"`
	File string `json:"file"`
	Rows int    `json:"rows"`
}

// Views writes views into a folder, each into a file of its own. A file is there under its name only once it
// is whole: Finish renames the last one, Abort removes it.
type Views struct {
	dir     string
	format  Format
	view    catalog.ExportView
	file    *File
	written []Written
}

// NewViews makes the folder if it isn't there.
func NewViews(dir string, format Format) (*Views, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	return &Views{dir: dir, format: format}, nil
}

// Begin finishes the view before, and begins the next one.
func (v *Views) Begin(view catalog.ExportView) error {
	if err := v.end(); err != nil {
		return err
	}
	name := filepath.Join(v.dir, view.Name+v.format.Extension())
	f, err := Create(name)
	if err != nil {
		return err
	}
	v.view, v.file = view, f
	v.written = append(v.written, Written{View: view.Name, File: name})
	if v.format != CSV {
		return nil
	}
	header := make([]string, len(view.Columns))
	copy(header, view.Columns)
	return writeRecord(f, header)
}

// Row writes a row: its values as JSON, in the order of the view's columns.
func (v *Views) Row(values []json.RawMessage) error {
	if len(values) != len(v.view.Columns) {
		return fmt.Errorf("a row of %s has %d values for %d columns", v.view.Name, len(values), len(v.view.Columns))
	}
	v.written[len(v.written)-1].Rows++
	return writeRow(v.file, v.format, v.view, values)
}

// writeRow writes a row of a view.
func writeRow(w io.Writer, format Format, view catalog.ExportView, values []json.RawMessage) error {
	if format == CSV {
		record := make([]string, len(values))
		for i, value := range values {
			text, err := plain(value)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", view.Name, view.Columns[i], err)
			}
			record[i] = text
		}
		return writeRecord(w, record)
	}
	return writeObject(w, view.Columns, values)
}

// Finish finishes the last file and tells what was written.
func (v *Views) Finish() ([]Written, error) {
	if err := v.end(); err != nil {
		return nil, err
	}
	return v.written, nil
}

// Abort removes the file that isn't whole; those that are stay. It does nothing after Finish.
func (v *Views) Abort() {
	if v.file != nil {
		v.file.Abort()
		v.file = nil
	}
}

func (v *Views) end() error {
	if v.file == nil {
		return nil
	}
	f := v.file
	v.file = nil
	return f.Finish()
}

// writeObject writes a row as an object on a line. Columns without a value are null.
func writeObject(w io.Writer, columns []string, values []json.RawMessage) error {
	line := []byte{'{'}
	for i, c := range columns {
		if i > 0 {
			line = append(line, ',')
		}
		name, err := json.Marshal(c)
		if err != nil {
			return err
		}
		line = append(append(line, name...), ':')
		line = append(line, values[i]...)
	}
	_, err := w.Write(append(line, '}', '\n'))
	return err
}

// A File is written under another name until it is whole.
type File struct {
	*bufio.Writer
	name string
	file *os.File
}

// Create begins a file. It replaces one of the same name when it is finished.
func Create(name string) (*File, error) {
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, err
	}
	return &File{Writer: bufio.NewWriterSize(f, 1<<16), name: name, file: f}, nil
}

// Finish gives the file its name.
func (f *File) Finish() error {
	err := errors.Join(f.Flush(), f.file.Close())
	if err == nil {
		err = os.Rename(f.file.Name(), f.name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", f.name, err), os.Remove(f.file.Name()))
	}
	return nil
}

// Abort removes what was written.
func (f *File) Abort() {
	_ = f.file.Close()
	_ = os.Remove(f.file.Name())
}
