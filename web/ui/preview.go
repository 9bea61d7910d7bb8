package ui

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"sync"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A drawnCell is a cell of a preview with its place in pixels.
type drawnCell struct {
	catalog.PreviewCell
	X, Y, W, H float64
	Lines      []previewLine
	Chosen     bool
}

type previewLine struct {
	Y       float64
	Text    string
	Measure bool
}

// The size of a preview's picture, in pixels.
const (
	previewWidth  = 1200
	previewHeight = 640
	lineHeight    = 15
)

//go:embed templates/preview.svg
var previewSVG string

var previewTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("preview").Funcs(template.FuncMap{
		"link": keyURL, "short": short, "add": func(a, b float64) float64 { return a + b },
		"fit": func(width float64) int { return max(4, int(width/7)) },
	}).Parse(previewSVG))
})

// previewPicture draws a sheet from its grid: each cell at its place, a way to its page.
func previewPicture(p *catalog.Preview, chosen catalog.Key) (template.HTML, error) {
	var cells []drawnCell
	var add func(list []catalog.PreviewCell)
	add = func(list []catalog.PreviewCell) {
		for _, c := range list {
			cells = append(cells, drawn(c, chosen))
			add(c.Children)
		}
	}
	add(p.Cells)
	var b bytes.Buffer
	err := previewTemplate().Execute(&b, struct {
		*catalog.Preview
		Width, Height int
		Drawn         []drawnCell
	}{p, previewWidth, previewHeight, cells})
	if err != nil {
		return "", fmt.Errorf("draw the sheet: %w", err)
	}
	return template.HTML(b.String()), nil
}

func drawn(c catalog.PreviewCell, chosen catalog.Key) drawnCell {
	d := drawnCell{PreviewCell: c, Chosen: c.Key == chosen}
	d.X, d.Y = c.Box.X*previewWidth/100+2, c.Box.Y*previewHeight/100+2
	d.W, d.H = max(8, c.Box.Width*previewWidth/100-4), max(8, c.Box.Height*previewHeight/100-4)
	y := d.Y + 36
	add := func(list []catalog.PreviewField, measure bool) {
		for _, f := range list {
			if y < d.Y+d.H-4 {
				d.Lines = append(d.Lines, previewLine{y, f.Name, measure})
				y += lineHeight
			}
		}
	}
	if len(c.Children) == 0 {
		add(c.Dimensions, false)
		add(c.Measures, true)
	}
	return d
}
