package export

import (
	"archive/zip"
	"encoding/json"
	"io"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Stream writes rows as they come: one view as it is, or several as the files of a ZIP archive.
type Stream struct {
	format  Format
	to      io.Writer // of the view that is being written
	archive *zip.Writer
	view    catalog.ExportView
}

// NewStream writes one view to w.
func NewStream(w io.Writer, format Format) *Stream { return &Stream{format: format, to: w} }

// NewArchive writes views to w as a ZIP archive, each as a file called as Views would call it.
func NewArchive(w io.Writer, format Format) *Stream {
	return &Stream{format: format, archive: zip.NewWriter(w)}
}

// Begin begins the next view.
func (s *Stream) Begin(view catalog.ExportView) (err error) {
	s.view = view
	if s.archive != nil {
		if s.to, err = s.archive.Create(view.Name + s.format.Extension()); err != nil {
			return err
		}
	}
	if s.format == CSV {
		return writeRecord(s.to, view.Columns)
	}
	return nil
}

// Row writes a row: its values as JSON, in the order of the view's columns.
func (s *Stream) Row(values []json.RawMessage) error { return writeRow(s.to, s.format, s.view, values) }

// Finish ends an archive: one that isn't finished can't be opened, so that nobody takes it for whole.
func (s *Stream) Finish() error {
	if s.archive == nil {
		return nil
	}
	return s.archive.Close()
}
