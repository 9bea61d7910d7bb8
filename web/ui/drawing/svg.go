package drawing

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"sync"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

//go:embed picture.svg
var pictureSVG string

//go:embed picture.css
var pictureCSS string

// Style is the style sheet of pictures: a page that shows one links to it.
func Style() string { return pictureCSS }

// pictureTemplate is parsed when it is needed first. Its escaping is that of HTML, which SVG shares.
var pictureTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"add":  func(a float64, b float64) float64 { return a + b },
		"clip": clip,
		"at":   handleAt,
	}).Parse(pictureSVG))
})

// Inline writes the picture as an element of a page that links to Style.
func (p Picture) Inline(w io.Writer) error { return p.write(w, false) }

// Alone writes the picture as a file that needs nothing else.
func (p Picture) Alone(w io.Writer) error { return p.write(w, true) }

func (p Picture) write(w io.Writer, alone bool) error {
	if alone {
		w = legalXML{w}
	}
	err := pictureTemplate().ExecuteTemplate(w, "picture", struct {
		Picture
		Alone bool
		Style template.CSS
	}{p, alone, template.CSS(pictureCSS)})
	if err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

// legalXML drops what no XML file may hold: names may have control characters in them. HTML is not so strict.
type legalXML struct{ io.Writer }

func (w legalXML) Write(b []byte) (int, error) {
	kept := bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, b)
	if _, err := w.Writer.Write(kept); err != nil {
		return 0, err
	}
	return len(b), nil
}

// handleAt is where the handle of a box stands that may be followed further: at the side to which it leads.
func handleAt(b PlacedBox) float64 {
	if b.Beyond == catalog.Upstream {
		return b.X
	}
	return b.X + b.W
}

// clip cuts a text to what fits; the whole is in the title of the box.
func clip(most int, s string) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}
