package catalog

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A Preview is what a sheet looks like, drawn from the catalog alone: no data, nothing asked of the source.
type Preview struct {
	Key        Key       `json:"key"`
	Name       string    `json:"name,omitempty"`
	App        Key       `json:"app_key,omitempty"`
	AppName    string    `json:"app_name,omitempty"`
	URL        string    `json:"url,omitempty"`       // where people open it
	EmbedURL   string    `json:"embed_url,omitempty"` // the live sheet, for a frame; needs a login to the source
	Thumbnail  string    `json:"thumbnail,omitempty"` // the source's own picture, a path of its server
	ReloadedAt time.Time `json:"reloaded_at,omitzero"`
	RetiredAt  time.Time `json:"retired_at,omitzero"`

	Columns int           `json:"columns"` // of the grid
	Rows    int           `json:"rows"`
	Cells   []PreviewCell `json:"cells"`
	Gaps    []GapRow      `json:"gaps,omitempty"` // what could not be read of it
}

// A PreviewCell is one object on the sheet.
type PreviewCell struct {
	Key  Key    `json:"key"`
	Type string `json:"type"`
	Name string `json:"name,omitempty"`

	// Where it stands on the grid, as the source says; nil: it isn't placed.
	Col     *float64 `json:"col,omitempty"`
	Row     *float64 `json:"row,omitempty"`
	Colspan *float64 `json:"colspan,omitempty"`
	Rowspan *float64 `json:"rowspan,omitempty"`
	Bounds  *Box     `json:"bounds,omitempty"` // in percent of the sheet or container, as the source says
	Box     Box      `json:"box"`              // where it is drawn, in percent of the whole sheet

	Dimensions []PreviewField `json:"dimensions,omitempty"`
	Measures   []PreviewField `json:"measures,omitempty"`
	Children   []PreviewCell  `json:"children,omitempty"` // of containers and filter panes
}

// A PreviewField is a measure or dimension of a cell.
type PreviewField struct {
	Key     Key    `json:"key"`
	Name    string `json:"name,omitempty"`
	Formula string `json:"formula,omitempty"`
}

// A Box is a place in percent.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// The grid of sheets that don't tell theirs (docs/explanation/mapping.md: old sheets).
const (
	usualColumns = 24
	usualRows    = 12
)

// mostGrid is how many columns or rows a grid may have: more is no grid that a person made.
const mostGrid = 1000

// Arrange gives every cell its box, and the grid the size that it needs. Cells without a place come below
// the others, three in a line.
func (p *Preview) Arrange() {
	if p.Columns <= 0 || p.Columns > mostGrid {
		p.Columns = usualColumns
	}
	if p.Rows <= 0 || p.Rows > mostGrid {
		p.Rows = usualRows
		if p.Columns != usualColumns {
			p.Rows = max(1, p.Columns/2)
		}
	}
	var lost []*PreviewCell
	for i := range p.Cells {
		c := &p.Cells[i]
		if !c.placed() {
			if c.Bounds == nil || !c.Bounds.sane() {
				lost = append(lost, c)
			}
			continue
		}
		p.Columns = max(p.Columns, int(math.Ceil(min(*c.Col+*c.Colspan, mostGrid))))
		p.Rows = max(p.Rows, int(math.Ceil(min(*c.Row+*c.Rowspan, mostGrid))))
	}
	own := p.Rows
	if len(lost) == len(p.Cells) {
		own = 0
	}
	const each, across = 4, 3 // rows of one that has no place, and how many stand side by side
	p.Rows = own + (len(lost)+across-1)/across*each
	if p.Rows == 0 {
		p.Rows = usualRows
	}
	for i := range p.Cells {
		c := &p.Cells[i]
		if n := slices.Index(lost, c); n >= 0 {
			width := float64(100) / across
			c.Box = Box{float64(n%across) * width, percent(float64(own+n/across*each), p.Rows), width, percent(each, p.Rows)}
		} else if c.placed() {
			c.Box = Box{percent(*c.Col, p.Columns), percent(*c.Row, p.Rows), percent(*c.Colspan, p.Columns), percent(*c.Rowspan, p.Rows)}
		} else { // in percent of what is placed
			share := float64(own) / float64(p.Rows)
			c.Box = Box{c.Bounds.X, c.Bounds.Y * share, c.Bounds.Width, c.Bounds.Height * share}
		}
		c.arrangeChildren()
	}
	slices.SortStableFunc(p.Cells, func(a, b PreviewCell) int {
		return cmp.Or(cmp.Compare(a.Box.Y, b.Box.Y), cmp.Compare(a.Box.X, b.Box.X))
	})
}

func percent(n float64, of int) float64 { return 100 * n / float64(of) }

func (c *PreviewCell) placed() bool {
	for _, v := range []*float64{c.Col, c.Row, c.Colspan, c.Rowspan} {
		if v == nil || math.IsNaN(*v) || *v < 0 || *v > mostGrid {
			return false
		}
	}
	return *c.Colspan > 0 && *c.Rowspan > 0
}

func (b Box) sane() bool {
	for _, v := range []float64{b.X, b.Y, b.Width, b.Height} {
		if math.IsNaN(v) || v < 0 || v > 1000 {
			return false
		}
	}
	return b.Width > 0 && b.Height > 0
}

// arrangeChildren puts children into the box: where the container says, else one below the other, under
// the container's own title.
func (c *PreviewCell) arrangeChildren() {
	const title = 0.16 // of the height
	for i := range c.Children {
		child := &c.Children[i]
		if child.Bounds != nil && child.Bounds.sane() {
			child.Box = Box{
				c.Box.X + c.Box.Width*child.Bounds.X/100, c.Box.Y + c.Box.Height*child.Bounds.Y/100,
				c.Box.Width * min(child.Bounds.Width, 100) / 100, c.Box.Height * min(child.Bounds.Height, 100) / 100,
			}
		} else {
			each := c.Box.Height * (1 - title) / float64(len(c.Children))
			child.Box = Box{c.Box.X, c.Box.Y + c.Box.Height*title + float64(i)*each, c.Box.Width, each}
		}
		child.arrangeChildren()
	}
}
