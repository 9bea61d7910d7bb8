package preview_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/preview"
)

func ptr(f float64) *float64 { return &f }

func cell(typ, name string, col, row, colspan, rowspan float64) catalog.PreviewCell {
	return catalog.PreviewCell{
		Key: catalog.Key("prod/app/sheet/" + name), Type: typ, Name: name, Col: ptr(col), Row: ptr(row), Colspan: ptr(colspan), Rowspan: ptr(rowspan),
		Dimensions: []catalog.PreviewField{{Name: "Region"}, {Name: "Year"}},
		Measures:   []catalog.PreviewField{{Name: "Sales", Formula: "Sum({<Year={$(vYear)}>} Amount)"}},
	}
}

// sheet is a page as people make them.
func sheet() *catalog.Preview {
	pane := cell("filterpane", "Filters", 0, 0, 5, 12)
	pane.Dimensions, pane.Measures = nil, nil
	for _, name := range []string{"Year", "Region", "Customer"} {
		c := catalog.PreviewCell{Type: "listbox", Name: name, Dimensions: []catalog.PreviewField{{Name: name}}}
		pane.Children = append(pane.Children, c)
	}
	p := &catalog.Preview{Name: "Sales overview", AppName: "Executive dashboard", Columns: 24, Rows: 12, Cells: []catalog.PreviewCell{
		pane, cell("kpi", "Revenue", 5, 0, 6, 3), cell("kpi", "Margin", 11, 0, 6, 3), cell("action-button", "Reset", 17, 0, 7, 1),
		cell("barchart", "Sales by region", 5, 3, 10, 5), cell("linechart", "Trend of the last three years with a very long title that won't fit", 15, 3, 9, 5),
		cell("sn-pivot-table", "Details", 5, 8, 12, 4), cell("my-extension", "Something else", 17, 8, 7, 4), cell("text-image", "Note", 17, 1, 7, 2),
	}}
	p.Arrange()
	return p
}

func draw(t *testing.T, p *catalog.Preview) string {
	t.Helper()
	var b bytes.Buffer
	if err := preview.SVG(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wellFormed reads a picture as XML, and gives its elements' names.
func wellFormed(t *testing.T, svg string) map[string]int {
	t.Helper()
	names := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatalf("no well-formed XML: %v\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			names[e.Name.Local]++
		}
	}
}

func TestEveryObjectIsInThePicture(t *testing.T) {
	t.Parallel()
	svg := draw(t, sheet())
	wellFormed(t, svg)
	for _, text := range []string{"Sales overview", "Executive dashboard", "Filters", "Customer", "Revenue", "Sales by region", "barchart", "▦ Region", "∑ Sales = Sum(", "Trend of the last", "…"} {
		if !strings.Contains(svg, text) {
			t.Errorf("the picture doesn't have %q", text)
		}
	}
	if n := strings.Count(svg, "data-key="); n != 12 {
		t.Errorf("%d objects are drawn, want 12", n)
	}
	if file := os.Getenv("PREVIEW_SVG"); file != "" {
		if err := os.WriteFile(file, []byte(svg), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHostileTextsStayTexts(t *testing.T) {
	t.Parallel()
	evil := `</text><script>alert(1)</script>" onload="x" & ]]> ` + "\x00\x1b\xff"
	p := &catalog.Preview{Name: evil, AppName: evil, Columns: 24, Rows: 12, Cells: []catalog.PreviewCell{{
		Key: catalog.Key(evil), Name: evil, Type: evil, Col: ptr(0), Row: ptr(0), Colspan: ptr(24), Rowspan: ptr(12),
		Dimensions: []catalog.PreviewField{{Name: evil}}, Measures: []catalog.PreviewField{{Formula: evil}},
	}}}
	p.Arrange()
	names := wellFormed(t, draw(t, p))
	if names["script"] > 0 {
		t.Error("a text became an element")
	}
}

func TestAnyGridIsDrawn(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*catalog.Preview{
		"empty":       {Name: "Empty"},
		"no places":   {Cells: []catalog.PreviewCell{{Name: "a", Type: "kpi"}, {Name: "b", Type: "map"}, {Name: "c"}, {Name: "d"}}},
		"half a grid": {Columns: 36, Cells: []catalog.PreviewCell{cell("kpi", "a", 30, 17, 6, 1)}},
		"beyond":      {Columns: 24, Rows: 12, Cells: []catalog.PreviewCell{cell("kpi", "a", 20, 30, 10, 10)}},
		"mad":         {Columns: -3, Rows: 1 << 30, Cells: []catalog.PreviewCell{cell("kpi", "a", math.NaN(), 1e300, -1, 0), cell("kpi", "b", 1e9, 0, 1, 1)}},
		"bounds":      {Columns: 24, Rows: 12, Cells: []catalog.PreviewCell{{Name: "a", Bounds: &catalog.Box{X: 10, Y: 20, Width: 30, Height: 40}}}},
		"container":   {Cells: []catalog.PreviewCell{{Name: "a", Children: []catalog.PreviewCell{{Name: "b", Bounds: &catalog.Box{Width: 50, Height: 50}}, {Name: "c"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Arrange()
			svg := draw(t, p)
			wellFormed(t, svg)
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Error("a number isn't one")
			}
			var check func(cells []catalog.PreviewCell)
			check = func(cells []catalog.PreviewCell) {
				for _, c := range cells {
					b := c.Box
					if b.X < 0 || b.Y < 0 || b.Width <= 0 || b.Height <= 0 || b.X+b.Width > 100.001 || b.Y+b.Height > 100.001 {
						t.Errorf("%s is drawn at %+v", c.Name, b)
					}
					check(c.Children)
				}
			}
			check(p.Cells)
		})
	}
}

func TestCellsDoNotChangePlaces(t *testing.T) {
	t.Parallel()
	p := sheet()
	for _, c := range p.Cells {
		want := catalog.Box{X: *c.Col / 24 * 100, Y: *c.Row / 12 * 100, Width: *c.Colspan / 24 * 100, Height: *c.Rowspan / 12 * 100}
		if fmt.Sprintf("%.6f", c.Box) != fmt.Sprintf("%.6f", want) {
			t.Errorf("%s is at %+v, want %+v", c.Name, c.Box, want)
		}
	}
}
