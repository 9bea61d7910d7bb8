// Package drawing draws lineage: boxes with rows, and curves between them. Where boxes stand is computed
// by Graphviz; what they look like is ours.
package drawing

import (
	"context"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Box is a table, a file, a chart: whatever has rows, or stands for itself.
type Box struct {
	ID    string
	Group string // boxes of one group stand together, in a frame; "" for none
	Kind  string // a class for its looks: a catalog.NodeKind
	Title string
	Sub   string // a second, quieter line
	Key   string // of the thing that it stands for; "" if it is only a frame for its rows
	Focus bool   // it is what was asked for
	Rows  []Row
	Open  bool // its rows are shown

	// Beyond is the side on which more may be found than the graph has: catalog.Upstream, catalog.Downstream, or "".
	Beyond catalog.Direction
}

// A Row is a column of a table, a field of a chart.
type Row struct {
	ID    string
	Kind  string
	Name  string
	Focus bool
}

// A Link says that data flows from a box or row to another.
type Link struct {
	From, To string // IDs of boxes, or of rows
	Indirect bool   // it only decides which values flow
	Manual   bool   // a person said so
	Edges    []int  // the lineage edges that it stands for, by their place in the graph
}

// A Picture is drawn: all places and sizes are in pixels, from the left upper corner.
type Picture struct {
	Width, Height float64
	Boxes         []PlacedBox
	Curves        []Curve
	Frames        []Frame
	Note          string // what was said of the last box that was followed further; "" for nothing
}

// A PlacedBox has its place.
type PlacedBox struct {
	Box
	X, Y, W, H float64
	RowsAt     []PlacedRow
}

// A PlacedRow has its place.
type PlacedRow struct {
	Row
	X, Y float64 // its left upper corner
}

// A Curve is the way of a link.
type Curve struct {
	Link
	Path string // as SVG's d attribute writes it
}

// A Frame is around the boxes of one group.
type Frame struct {
	Name       string
	X, Y, W, H float64
}

// The sizes of things, in pixels. Names longer than a box are cut where the text is drawn.
const (
	boxWidth   = 216
	headHeight = 44
	rowHeight  = 22
	rowsFoot   = 4
	margin     = 24
	frameHead  = 22
	framePad   = 12
)

// MaxBoxes is how many boxes Draw takes: more is no picture any more, and takes too long.
const MaxBoxes = 3000

func (b Box) height() float64 {
	if !b.Open || len(b.Rows) == 0 {
		return headHeight
	}
	return headHeight + float64(len(b.Rows))*rowHeight + rowsFoot
}

// Draw finds a place for every box. It is safe to be called from several goroutines; they wait for each other.
func Draw(ctx context.Context, boxes []Box, links []Link) (Picture, error) {
	if len(boxes) == 0 {
		return Picture{}, nil
	}
	if len(boxes) > MaxBoxes {
		return Picture{}, fmt.Errorf("draw lineage: %d boxes are more than %d", len(boxes), MaxBoxes)
	}
	places, err := layOut(ctx, boxes, links)
	if err != nil {
		return Picture{}, fmt.Errorf("draw lineage: %w", err)
	}
	p := Picture{Boxes: places}
	p.frame()
	p.measure()
	p.connect(links)
	return p, nil
}

// frame puts a frame around each group of boxes.
func (p *Picture) frame() {
	at := map[string]int{}
	for _, b := range p.Boxes {
		if b.Group == "" {
			continue
		}
		i, ok := at[b.Group]
		if !ok {
			at[b.Group] = len(p.Frames)
			p.Frames = append(p.Frames, Frame{b.Group, b.X, b.Y, b.X + b.W, b.Y + b.H})
			continue
		}
		f := &p.Frames[i]
		f.X, f.Y, f.W, f.H = min(f.X, b.X), min(f.Y, b.Y), max(f.W, b.X+b.W), max(f.H, b.Y+b.H)
	}
	for i := range p.Frames { // so far W and H were the right lower corner
		f := &p.Frames[i]
		f.W, f.H = f.W-f.X+2*framePad, f.H-f.Y+2*framePad+frameHead
		f.X, f.Y = f.X-framePad, f.Y-framePad-frameHead
	}
}

// measure moves everything so that it begins at the margin, and sizes the picture.
func (p *Picture) measure() {
	left, top, right, bottom := p.Boxes[0].X, p.Boxes[0].Y, 0.0, 0.0
	for _, b := range p.Boxes {
		left, top, right, bottom = min(left, b.X), min(top, b.Y), max(right, b.X+b.W), max(bottom, b.Y+b.H)
	}
	for _, f := range p.Frames {
		left, top, right, bottom = min(left, f.X), min(top, f.Y), max(right, f.X+f.W), max(bottom, f.Y+f.H)
	}
	for i := range p.Boxes {
		b := &p.Boxes[i]
		b.X, b.Y = b.X-left+margin, b.Y-top+margin
		for n, row := range b.Rows {
			if b.Open {
				b.RowsAt = append(b.RowsAt, PlacedRow{row, b.X, b.Y + headHeight + float64(n)*rowHeight})
			}
		}
	}
	for i := range p.Frames {
		p.Frames[i].X, p.Frames[i].Y = p.Frames[i].X-left+margin, p.Frames[i].Y-top+margin
	}
	p.Width, p.Height = right-left+2*margin, bottom-top+2*margin
}

// A spot is where curves end at a box or row.
type spot struct{ left, right, y float64 }

// connect draws the curves.
func (p *Picture) connect(links []Link) {
	spots := map[string]spot{}
	for _, b := range p.Boxes {
		spots[b.ID] = spot{b.X, b.X + b.W, b.Y + headHeight/2}
		for _, r := range b.RowsAt {
			spots[r.ID] = spot{b.X, b.X + b.W, r.Y + rowHeight/2}
		}
	}
	for _, l := range links {
		from, known := spots[l.From]
		to, both := spots[l.To]
		if known && both {
			p.Curves = append(p.Curves, Curve{l, curve(from, to)})
		}
	}
}

// curve leaves to the right and arrives from the left, as data flows.
func curve(from, to spot) string {
	bend := max(40, (to.left-from.right)/2)
	if to.left < from.right { // against the flow, in a cycle: around
		bend = 90
	}
	return fmt.Sprintf("M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", from.right, from.y, from.right+bend, from.y, to.left-bend, to.y, to.left, to.y)
}
