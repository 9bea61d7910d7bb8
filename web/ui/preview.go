package ui

import (
	"bytes"
	"html/template"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/preview"
)

// previewPicture draws a sheet from its grid: each chart at its place, a way to its page.
func previewPicture(p *catalog.Preview) (template.HTML, error) {
	var b bytes.Buffer
	err := preview.Linked(&b, p, func(k catalog.Key) string { return keyURL("/report", string(k)) })
	// The picture's texts are escaped where it is drawn.
	return template.HTML(b.String()), err
}
