package lineage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvd"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// byHeader is how sure it is what the header of a QVD file tells: the file is found by the end of its path,
// and says what it held when it was written.
const byHeader = 0.9

// QVDs give what the headers of QVD files say.
type QVDs struct {
	// Header finds a file by the names that it may have, its path as the Qlik server sees it first, and reads
	// its header. nameIsEnough: the site has one folder, so that a file's name tells which it is. The errors are
	// qvd.ErrAbsent, qvd.ErrAmbiguous, and others that tell why it can't be read.
	Header func(nameIsEnough bool, names ...string) (*qvd.Header, error)
	// Hidden reports whether the catalog has an app whose script, as far as it can be read, doesn't tell that it
	// stores a dataset. nil: who wrote a file isn't asked.
	Hidden func(app, dataset catalog.Key) bool
}

// A headed object is a QVD file whose header was looked for.
type headed struct {
	object qvs.Object
	header *qvd.Header // nil: see err
	err    error

	at      qvs.Pos  // of the first statement that loads it
	star    bool     // the script takes columns that neither it nor the header names
	missing []string // columns that the script names and the header doesn't
}

// headerOf tells what columns a QVD file has; nil when its header doesn't.
func (b *builder) headerOf(o qvs.Object) []string {
	if b.in.QVDs == nil || strings.ContainsAny(o.Name, "*?") || strings.Contains(o.Name, "$(") {
		return nil
	}
	h, known := b.headed[o]
	if !known {
		p := b.atlas.place(o)
		if p.namespace == "" || strings.HasSuffix(p.namespace, "/attachedfiles") {
			return nil
		}
		b.includes = true // what the files say may change while the app doesn't
		h = &headed{object: o}
		h.header, h.err = b.in.QVDs.Header(b.atlas.oneFolder(), namesOf(o, p)...)
		b.headed[o] = h
	}
	if h.header == nil {
		return nil
	}
	return h.header.Names()
}

// namesOf are the names of a file: its path, and its path through the data connection.
func namesOf(o qvs.Object, p place) []string {
	names := []string{p.name}
	if match := libPath.FindStringSubmatch(strings.ReplaceAll(o.Name, `\`, "/")); match != nil {
		names = append(names, match[1]+"/"+cleanPath(match[2]))
	}
	return names
}

// oneFolder reports whether all data connections to folders lead to the same one.
func (a *atlas) oneFolder() bool {
	folder := ""
	for _, t := range a.connections {
		switch this := strings.ToLower(t.folder); {
		case this == "" || this == folder:
		case folder != "":
			return false
		default:
			folder = this
		}
	}
	return true
}

// headers tells what the headers say besides the columns' names, and what they don't.
func (b *builder) headers() {
	b.taken()
	for _, h := range slices.SortedFunc(maps.Values(b.headed), func(x, y *headed) int {
		return cmp.Or(cmp.Compare(x.object.Name, y.object.Name), cmp.Compare(x.object.Connection, y.object.Connection))
	}) {
		if h.header == nil {
			b.noHeader(h)
			continue
		}
		b.stale(h)
		b.written(h)
	}
}

// taken notes which columns of each file the script takes, and where.
func (b *builder) taken() {
	for _, t := range b.result.Tables {
		for _, o := range t.Sources {
			if h := b.headed[o]; h != nil && h.at.Line == 0 {
				h.at = (&scriptTable{Table: t}).at()
			}
		}
		for _, f := range t.Fields {
			for _, list := range [][]qvs.Column{f.From, f.Filters} {
				for _, c := range list {
					if h := b.headed[c.Object]; h != nil {
						h.takes(c.Name)
					}
				}
			}
		}
	}
}

// takes notes a column, or "*" for those that the script doesn't name.
func (h *headed) takes(column string) {
	switch {
	case column == "*":
		h.star = true
	case h.header != nil && h.header.Field(column) == nil && !strings.Contains(column, "$(") && !slices.Contains(h.missing, column):
		h.missing = append(h.missing, column)
	}
}

// noHeader says why a header isn't known. Of a file that isn't there it does so only if the script doesn't
// name the columns.
func (b *builder) noHeader(h *headed) {
	switch {
	case !errors.Is(h.err, qvd.ErrAbsent):
		b.headerGap(h, "the header of the QVD file can't be used: "+h.err.Error())
	case h.star:
		b.headerGap(h, "the script loads columns that it doesn't name, and below options.qvds_path is no such file, whose header would")
	}
}

// mostMissing is how many columns a gap names.
const mostMissing = 5

// stale says that a script takes columns that the file hasn't: it is of another time, or another file.
func (b *builder) stale(h *headed) {
	n := len(h.missing)
	if n == 0 {
		return
	}
	slices.Sort(h.missing)
	list := strings.Join(h.missing[:min(n, mostMissing)], ", ")
	if n > mostMissing {
		list += fmt.Sprintf(" and %d more", n-mostMissing)
	}
	b.headerGap(h, "the header of the QVD file has no column "+list+": the file was written before the script took that, or is another one")
}

func (b *builder) headerGap(h *headed, why string) {
	b.gap(catalog.LineageGap{
		Source: catalog.ScriptKey(b.app), Tab: h.at.Tab, Line: h.at.Line, Column: h.at.Column,
		What: catalog.Mask(shorten(h.object.Name)), Why: why,
	})
}

// written says which app wrote a file, if no script does (facts: CreatorDoc is the app's id).
func (b *builder) written(h *headed) {
	match := appFile.FindStringSubmatch(h.header.Creator)
	if match == nil || b.in.QVDs.Hidden == nil {
		return
	}
	app := catalog.AppKey(b.app.Connection(), strings.ToLower(match[1]))
	if dataset := b.dataset(h.object, qvs.Pos{}); dataset != "" && b.in.QVDs.Hidden(app, dataset) {
		b.edge(catalog.LineageEdge{
			From: app, To: dataset, Level: catalog.TableLevel, How: catalog.Direct, Origin: catalog.FromEngine, Confidence: byHeader,
		})
	}
}

// asHeaded makes an edge from a column that no statement names, but the header of its file, the header's.
func (b *builder) asHeaded(e *catalog.LineageEdge, f *qvs.Field, c qvs.Column) {
	if c.Object.Kind != qvs.QVD || f.Expression != "" { // a star has no expression
		return
	}
	if h := b.headerOn(c.Object); h != nil && h.Field(c.Name) != nil {
		e.Origin, e.Confidence = catalog.FromEngine, e.Confidence*byHeader
	}
}

// headerOn is the header of an object, as far as the script's reader has asked for it; nil: it hasn't.
func (b *builder) headerOn(o qvs.Object) *qvd.Header {
	if h := b.headed[o]; h != nil {
		return h.header
	}
	return nil
}

// headerAttributes are what a header says of a column; nil for nothing.
func (b *builder) headerAttributes(c qvs.Column) map[string]any {
	h := b.headerOn(c.Object)
	if h == nil {
		return nil
	}
	f := h.Field(c.Name)
	if f == nil || f.Comment == "" && len(f.Tags) == 0 {
		return nil
	}
	says := map[string]any{}
	if f.Comment != "" {
		says["comment"] = f.Comment
	}
	if len(f.Tags) > 0 {
		says["tags"] = f.Tags
	}
	return says
}

// Stores are the datasets that the script of an app stores, as far as it can be read.
func Stores(in Input) map[catalog.Key]bool {
	b := newBuilder(in)
	b.runScript()
	stored := map[catalog.Key]bool{}
	if b.result != nil {
		for i := range b.result.Stores {
			stored[b.atlas.place(storeObject(&b.result.Stores[i])).key()] = true
		}
	}
	return stored
}
