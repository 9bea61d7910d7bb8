// Package preview draws a sheet as a picture: every object at its place, with the icon of its type, its
// title, its dimensions and measures. The picture is SVG without style sheets, scripts or links, so that
// it may be shown anywhere; all text in it is escaped.
package preview

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// The size of the picture: a grid of twice as many columns as rows is drawn in the proportions of a screen.
const (
	width      = 1200.0
	screen     = 600.0 // height of such a grid
	head       = 44.0  // height of the title line
	tallest    = 12000.0
	gap        = 3.0 // around an object
	lineHeight = 15.0
)

// A shade is what something is drawn with: a color and, as a class, its role, by which the
// style sheet of a page may give it another color, such as in a dark theme.
type shade string

const (
	ink, faint, line, paper, desk shade = "#1f2933", "#616e7c", "#cbd2d9", "#ffffff", "#f0f2f5"
	ofDimension, ofMeasure        shade = "#0b6e99", "#8a4b08"
	watermark                     shade = "#e4e9ee" // the large sign behind the words
)

// class is the shade's role.
func (s shade) class() string {
	switch s {
	case ink:
		return "p-ink"
	case faint:
		return "p-faint"
	case paper:
		return "p-paper"
	case desk:
		return "p-desk"
	case ofDimension:
		return "p-dimension"
	case ofMeasure:
		return "p-measure"
	default:
		return "p-mark"
	}
}

// SVG writes the picture of a sheet.
func SVG(w io.Writer, p *catalog.Preview) error { return Linked(w, p, nil) }

// Linked writes the picture for a page of ours: every object leads to the address that link gives for its key.
func Linked(w io.Writer, p *catalog.Preview, link func(catalog.Key) string) error {
	height := screen
	if p.Columns > 0 && p.Rows > 0 {
		height = min(screen*float64(p.Rows)/(float64(p.Columns)/2), tallest)
	}
	d := &drawing{height: height, link: link}
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" role="group" aria-label="What stands on the sheet">`,
		n(width), n(head+height), n(width), n(head+height))
	d.add("\n<title>%s</title>\n", escape(p.Name))
	d.add(`<rect class="%s" width="%s" height="%s" fill="%s"/>`+"\n", desk.class(), n(width), n(head+height), desk)
	d.text(12, 28, 18, ink, "600", clip(p.Name, 18, width*0.6))
	d.right(width-12, 27, 12, faint, clip(p.AppName, 12, width*0.35))
	if len(p.Cells) == 0 {
		d.text(width/2-90, head+height/2, 14, faint, "400", "There is nothing on this sheet.")
	}
	for i := range p.Cells {
		d.cell(&p.Cells[i], 0)
	}
	d.add("</svg>\n")
	_, err := w.Write(d.out.Bytes())
	return err
}

// A drawing is a picture in the making.
type drawing struct {
	out    bytes.Buffer
	height float64                  // of the sheet, without the title line
	link   func(catalog.Key) string // nil: no links
	clips  int
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

// n writes a number short.
func n(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

// escape makes text that is safe in XML. What XML can't hold becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder never fails
	return b.String()
}

func (d *drawing) text(x, y, size float64, fill shade, weight, s string) {
	if s != "" {
		d.add(`<text class="%s" x="%s" y="%s" font-size="%s" fill="%s" font-weight="%s">%s</text>`+"\n", fill.class(), n(x), n(y), n(size), fill, weight, escape(s))
	}
}

func (d *drawing) right(x, y, size float64, fill shade, s string) {
	if s != "" {
		d.add(`<text class="%s" x="%s" y="%s" font-size="%s" fill="%s" text-anchor="end">%s</text>`+"\n", fill.class(), n(x), n(y), n(size), fill, escape(s))
	}
}

// clip cuts text to a width. Letters are taken for 0.55 of their size, which is a little much; what still
// stands out is cut off by the clip path of its object.
func clip(s string, size, width float64) string {
	s = strings.Join(strings.Fields(s), " ")
	most := int(width / (size * 0.55))
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	if most < 2 {
		return ""
	}
	return strings.TrimRight(string([]rune(s)[:most-1]), " ") + "…"
}

// deepest is how many containers in one another are drawn.
const deepest = 6

// cell draws an object and what stands in it.
func (d *drawing) cell(c *catalog.PreviewCell, level int) {
	x, y := c.Box.X/100*width+gap, head+c.Box.Y/100*d.height+gap
	w, h := c.Box.Width/100*width-2*gap, c.Box.Height/100*d.height-2*gap
	if level > deepest || w < 2 || h < 2 || x > width || y > head+d.height {
		return
	}
	d.clips++
	id := fmt.Sprintf("c%d", d.clips)
	d.add(`<g data-key="%s"><title>%s</title>`, escape(string(c.Key)), escape(about(c)))
	if d.link != nil {
		d.add(`<a href="%s">`, escape(d.link(c.Key)))
	}
	d.add(`<clipPath id="%s"><rect x="%s" y="%s" width="%s" height="%s" rx="4"/></clipPath>`, id, n(x), n(y), n(w), n(h))
	d.add(`<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="4" fill="%s" stroke="%s"/>`+"\n", paper.class(), n(x), n(y), n(w), n(h), paper, line)
	d.add(`<g clip-path="url(#%s)">`+"\n", id)
	d.inside(c, x, y, w, h)
	d.add("</g>\n")
	if d.link != nil {
		d.add("</a>")
	}
	for i := range c.Children {
		d.cell(&c.Children[i], level+1)
	}
	d.add("</g>\n")
}

// about is what a reader is told who points at an object.
func about(c *catalog.PreviewCell) string {
	lines := []string{c.Name + " (" + c.Type + ")"}
	for _, f := range c.Dimensions {
		lines = append(lines, "by "+f.Name)
	}
	for _, f := range c.Measures {
		lines = append(lines, f.Name+" = "+f.Formula)
	}
	return strings.Join(lines, "\n")
}

// inside writes what fits into an object: icon and title, its fields, and its icon once more, large and
// faint, where there is room.
func (d *drawing) inside(c *catalog.PreviewCell, x, y, w, h float64) {
	small := min(16, h-4, w-4)
	if small < 6 {
		return
	}
	if len(c.Children) == 0 && w > 60 && h > 90 {
		size := min(w, h-36) * 0.62
		d.icon(c.Type, x+(w-size)/2, y+30+(h-36-size)/2, size, watermark)
	}
	top := y + min(6, (h-small)/2)
	d.icon(c.Type, x+6, top, small, faint)
	d.text(x+12+small, top+small*0.8, min(13, small*0.85), ink, "600", clip(c.Name, 13, w-small-18))
	at := top + small + lineHeight
	if h > 52 && w > 70 && c.Name != c.Type {
		d.text(x+8, at-2, 10.5, faint, "400", clip(c.Type, 10.5, w-16))
		at += lineHeight
	}
	if len(c.Children) > 0 {
		return
	}
	d.fields(c, x+8, at, w-16, y+h-6)
}

// fields lists dimensions, then measures, down to the bottom; the last line says how many are left.
func (d *drawing) fields(c *catalog.PreviewCell, x, y, w, bottom float64) {
	type entry struct {
		sign, text string
		fill       shade
	}
	var list []entry
	for _, f := range c.Dimensions {
		list = append(list, entry{"▦ ", named(f), ofDimension})
	}
	for _, f := range c.Measures {
		text := named(f)
		if f.Formula != "" && f.Formula != f.Name {
			text += " = " + f.Formula
		}
		list = append(list, entry{"∑ ", text, ofMeasure})
	}
	room := int((bottom-y)/lineHeight) + 1
	for i, e := range list {
		if i >= room || w < 30 {
			return
		}
		if i == room-1 && i < len(list)-1 {
			d.text(x, y, 11, faint, "400", fmt.Sprintf("and %d more", len(list)-i))
			return
		}
		d.text(x, y, 11, e.fill, "400", e.sign+clip(e.text, 11, w-12))
		y += lineHeight
	}
}

func named(f catalog.PreviewField) string {
	switch {
	case f.Name != "":
		return f.Name
	case f.Formula != "":
		return f.Formula
	default:
		return "(a library item that is gone)"
	}
}

// icon draws the sign of a type of objects in a square.
func (d *drawing) icon(typ string, x, y, size float64, color shade) {
	d.add(`<g class="%s" transform="translate(%s %s) scale(%s)" fill="none" stroke="%s" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">%s</g>`+"\n",
		"p-icon "+color.class(), n(x), n(y), fmt.Sprintf("%.4f", size/24), color, strings.ReplaceAll(Icon(typ), `fill="currentColor"`, fmt.Sprintf(`class="p-solid" fill="%s"`, color)))
}
