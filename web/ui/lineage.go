package ui

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

// A Lineage answers what feeds what. *postgres.DB is one.
type Lineage interface {
	Lineage(ctx context.Context, q catalog.LineageQuery) (*catalog.LineageGraph, error)
	LineagePath(ctx context.Context, q catalog.LineageQuery, to catalog.Key) (*catalog.LineageGraph, error)
	LineageNear(ctx context.Context, scope catalog.Scope, key string) ([]catalog.Key, error)
	LineageGaps(ctx context.Context, scope catalog.Scope, of catalog.Key) ([]catalog.LineageGap, error)
	ManualEdges(ctx context.Context, scope catalog.Scope, prefix catalog.Key) ([]catalog.ManualEdge, error)
	PutManualEdges(ctx context.Context, edges []catalog.ManualEdge) (int, error)
	RemoveManualEdge(ctx context.Context, from, to catalog.Key) error
}

// A lineageView is what a lineage page shows, as its address says it.
type lineageView struct {
	Key       catalog.Key
	To        catalog.Key // the other end, when a path is asked for
	Direction catalog.Direction
	Depth     int // 0: all the way
	Columns   bool
	All       bool // with the tables of scripts
	ByApp     bool
	Open      []string // boxes that the reader opened; with Columns, those that he closed
	More      []string // boxes at the edge of the picture that he followed further, in this order
}

// defaultDepth is how far the first picture of something goes, in steps each way.
const defaultDepth = 4

// maxDrawn is how many nodes a picture has at most; the page says when there are more.
const maxDrawn = 2000

func viewOf(q url.Values) (lineageView, error) {
	v := lineageView{
		Key: catalog.Key(q.Get("key")), To: catalog.Key(q.Get("to")), Direction: catalog.Direction(cmp.Or(q.Get("direction"), string(catalog.Both))),
		Depth: defaultDepth, Columns: q.Get("columns") != "", All: q.Get("all") != "", ByApp: q.Get("by") == "app", Open: q["open"], More: q["more"],
	}
	if len(v.More) > mostFollowed {
		return v, invalid("more", fmt.Sprintf("names %d boxes at most", mostFollowed))
	}
	switch v.Direction {
	case catalog.Upstream, catalog.Downstream, catalog.Both:
	default:
		return v, invalid("direction", "is upstream, downstream or both")
	}
	if text := q.Get("depth"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 100 {
			return v, invalid("depth", "is a number of steps from 0 (all) to 100")
		}
		v.Depth = n
	}
	return v, nil
}

func invalid(name, why string) error {
	return &catalog.Error{Code: catalog.CodeInvalid, Op: "read the address", Err: fmt.Errorf("%s %s", name, why)}
}

// URL is the address of a view under a path.
func (v lineageView) URL(path string) string {
	q := url.Values{"key": {string(v.Key)}, "direction": {string(v.Direction)}, "depth": {strconv.Itoa(v.Depth)}}
	if v.To != "" {
		q.Set("to", string(v.To))
	}
	for name, on := range map[string]bool{"columns": v.Columns, "all": v.All} {
		if on {
			q.Set(name, "1")
		}
	}
	if v.ByApp {
		q.Set("by", "app")
	}
	if len(v.Open) > 0 {
		q["open"] = v.Open
	}
	if len(v.More) > 0 {
		q["more"] = v.More
	}
	return path + "?" + q.Encode()
}

// graph asks the catalog for what a view shows, and what is to be said of the box that was followed last.
func (u *UI) graph(r *http.Request, v lineageView) (*catalog.LineageGraph, string, error) {
	q := catalog.LineageQuery{
		Scope: auth.From(r.Context()).Scope(), Key: v.Key, Direction: v.Direction, Depth: v.Depth,
		Columns: true, All: v.All, Limit: maxDrawn,
	}
	if v.To != "" {
		g, err := u.Lineage.LineagePath(r.Context(), q, v.To)
		return g, "", err
	}
	g, err := u.Lineage.Lineage(r.Context(), q)
	if err != nil {
		return nil, "", err
	}
	note, err := u.follow(r.Context(), q, g, v.More)
	return g, note, err
}

// draw lays the graph out. Apps are called by their names, whether or not they are nodes of it.
func (u *UI) draw(r *http.Request, v lineageView, g *catalog.LineageGraph) (drawing.Picture, error) {
	names, err := u.appNames(r, g)
	if err != nil {
		return drawing.Picture{}, err
	}
	o := drawing.Options{Open: setOf(v.Open), All: v.Columns, ByApp: v.ByApp, Names: names}
	if v.To == "" { // a path ends where it was asked to end
		o.Depth, o.Followed = v.Depth, setOf(v.More)
	}
	boxes, links := drawing.Boxes(*g, o)
	return drawing.Draw(r.Context(), boxes, links)
}

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, x := range list {
		set[x] = true
	}
	return set
}

// appNames are the names of the apps that nodes of a graph belong to.
func (u *UI) appNames(r *http.Request, g *catalog.LineageGraph) (map[catalog.Key]string, error) {
	if u.Catalog == nil {
		return nil, nil
	}
	names := map[catalog.Key]string{}
	for _, n := range g.Nodes {
		if app := drawing.AppOf(n.Key); app != "" {
			names[app] = ""
		}
	}
	found, err := u.Catalog.Names(r.Context(), scopeOf(r), slices.Collect(maps.Keys(names)))
	if err != nil {
		return nil, err
	}
	for app := range names {
		names[app] = found[app].Name
	}
	return names, nil
}

// A lineagePage is what templates/lineage.html shows.
type lineagePage struct {
	lineageView
	Node    catalog.GraphNode
	Graph   *catalog.LineageGraph
	Picture template.HTML
	Edges   []catalog.LineageEdge // the first of them, as rows of a table
	Gaps    int
	MayEdit bool
	Note    string // of the box that was followed last
}

// maxRows is how many edges the table under a picture has; all of them are in the data.
const maxRows = 200

// lineage shows the picture around one node; without a key, where to begin.
func (u *UI) lineage(w http.ResponseWriter, r *http.Request) error {
	v, err := viewOf(r.URL.Query())
	if err != nil {
		return err
	}
	if v.Key == "" {
		return u.show(w, r, page{Template: "lineage-start", Title: "Lineage", Nav: "lineage"})
	}
	g, note, err := u.graph(r, v)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return u.lineageUnknown(w, r, v.Key, err)
	}
	if err != nil {
		return err
	}
	picture, err := u.draw(r, v, g)
	if err != nil {
		return err
	}
	var svg bytes.Buffer
	if err := picture.Inline(&svg); err != nil {
		return err
	}
	gaps, err := u.Lineage.LineageGaps(r.Context(), auth.From(r.Context()).Scope(), v.Key)
	if err != nil {
		return err
	}
	d := lineagePage{lineageView: v, Graph: g, Picture: template.HTML(svg.String()), Gaps: len(gaps), Note: note, MayEdit: auth.From(r.Context()).MayTrace(v.Key)}
	d.Edges = g.Edges[:min(len(g.Edges), maxRows)]
	if len(g.Nodes) > 0 {
		d.Node = g.Nodes[0]
	}
	return u.show(w, r, page{Template: "lineage", Title: "Lineage of " + d.Node.Name, Nav: "lineage", Data: d, Crumbs: lineageCrumbs(d.Node)})
}

func lineageCrumbs(n catalog.GraphNode) []crumb {
	crumbs := []crumb{{"Lineage", "/lineage"}}
	if n.Connection != "" {
		crumbs = append(crumbs, crumb{n.Connection, "/catalog?connection=" + url.QueryEscape(n.Connection)})
	}
	return crumbs
}

// lineageUnknown helps who has a key that nothing has, or of which nothing is known.
func (u *UI) lineageUnknown(w http.ResponseWriter, r *http.Request, k catalog.Key, why error) error {
	near, err := u.Lineage.LineageNear(r.Context(), auth.From(r.Context()).Scope(), string(k))
	if err != nil {
		return err
	}
	return u.show(w, r, page{
		Template: "lineage-unknown", Title: "No lineage", Nav: "lineage", Status: http.StatusNotFound,
		Data: struct {
			Key  catalog.Key
			Why  error
			Near []catalog.Key
		}{k, why, near},
	})
}

// lineagePicture is the picture alone: for the page's module, and as a file.
func (u *UI) lineagePicture(w http.ResponseWriter, r *http.Request) error {
	v, err := viewOf(r.URL.Query())
	if err != nil {
		return err
	}
	g, note, err := u.graph(r, v)
	if err != nil {
		return err
	}
	picture, err := u.draw(r, v, g)
	if err != nil {
		return err
	}
	picture.Note = note
	var svg bytes.Buffer
	if r.URL.Query().Get("alone") == "" {
		err = picture.Inline(&svg)
	} else {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // its own style sheet stands in it
		w.Header().Set("Content-Disposition", `attachment; filename="lineage.svg"`)
		err = picture.Alone(&svg)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = svg.WriteTo(w) // a reader who went away needs no picture
	return nil
}

// lineageData is what the picture shows, as JSON: for the side panel, and as a file.
func (u *UI) lineageData(w http.ResponseWriter, r *http.Request) error {
	v, err := viewOf(r.URL.Query())
	if err != nil {
		return err
	}
	g, _, err := u.graph(r, v)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(g, "", " ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Query().Get("alone") != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="lineage.json"`)
	}
	_, _ = w.Write(b)
	return nil
}

// lineageGaps lists what wasn't understood.
func (u *UI) lineageGaps(w http.ResponseWriter, r *http.Request) error {
	k := catalog.Key(r.URL.Query().Get("key"))
	gaps, err := u.Lineage.LineageGaps(r.Context(), auth.From(r.Context()).Scope(), k)
	if err != nil {
		return err
	}
	return u.show(w, r, page{
		Template: "lineage-gaps", Title: "What lineage doesn't explain", Nav: "lineage", Crumbs: []crumb{{"Lineage", "/lineage"}},
		Data: struct {
			Key  catalog.Key
			Gaps []catalog.LineageGap
		}{k, gaps},
	})
}

// buildLineage asks for a connection's lineage to be made anew.
func (u *UI) buildLineage(w http.ResponseWriter, r *http.Request) error {
	code, err := codeFor(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	if err := u.LineageBuilder.BuildLineage(r.Context(), code); err != nil {
		return err
	}
	return done(w, r, "/connections/"+url.PathEscape(code), "Lineage is being built from what is stored. It takes from seconds to some minutes.")
}
