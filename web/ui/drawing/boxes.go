package drawing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Options say how a lineage graph becomes boxes.
type Options struct {
	Open  map[string]bool        // boxes, by ID, whose rows are shown; with All, those whose rows are not
	All   bool                   // rows are shown unless Open names the box
	ByApp bool                   // boxes of one app stand in a frame
	Names map[catalog.Key]string // of apps that are no nodes of the graph

	Depth    int             // the steps after which the graph ends; 0: it doesn't end before its time
	Followed map[string]bool // boxes, by ID, that were followed further
}

// Boxes makes boxes and links of a lineage graph: columns become rows of their tables, fields rows of their app's
// data model, measures and dimensions rows of their chart or of their app's master items.
func Boxes(g catalog.LineageGraph, o Options) ([]Box, []Link) {
	m := maker{Options: o, at: map[string]int{}, box: map[catalog.Key]string{}, names: map[catalog.Key]string{}}
	for _, n := range g.Nodes {
		if n.Kind == catalog.NodeApp {
			m.names[n.Key] = n.Name
		}
	}
	for _, n := range g.Nodes {
		m.add(n, g.Key)
	}
	for i := range m.boxes {
		b := &m.boxes[i]
		b.Open = len(b.Rows) > 0 && o.Open[b.ID] != o.All
		slices.SortStableFunc(b.Rows, func(x, y Row) int { return cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) })
	}
	return m.boxes, m.links(g.Edges)
}

type maker struct {
	Options
	boxes []Box
	at    map[string]int         // box ID → place in boxes
	box   map[catalog.Key]string // node → ID of its box
	names map[catalog.Key]string // of apps
}

// add gives a node its box, or a row in one.
func (m *maker) add(n catalog.GraphNode, asked catalog.Key) {
	home := homeOf(n)
	if m.Depth > 0 && n.Depth >= m.Depth && !m.Followed[home.id] {
		m.get(home, n).Beyond = n.Side
	}
	if home.id == string(n.Key) {
		b := m.get(home, n)
		b.Kind, b.Title, b.Key, b.Focus = string(n.Kind), n.Name, string(n.Key), n.Key == asked
		b.Sub = m.sub(n)
		m.box[n.Key] = home.id
		return
	}
	b := m.get(home, n)
	if b.Title == "" {
		b.Kind, b.Title = home.kind, home.title
		b.Sub = m.appName(n)
		if home.key != "" {
			b.Key = home.key
		}
	}
	b.Rows = append(b.Rows, Row{ID: string(n.Key), Kind: string(n.Kind), Name: n.Name, Focus: n.Key == asked})
	m.box[n.Key] = home.id
}

func (m *maker) get(h home, n catalog.GraphNode) *Box {
	i, ok := m.at[h.id]
	if !ok {
		i = len(m.boxes)
		m.at[h.id] = i
		b := Box{ID: h.id}
		if m.ByApp && h.ofApp {
			b.Group = m.appName(n)
		}
		m.boxes = append(m.boxes, b)
	}
	return &m.boxes[i]
}

// sub is the second line of a box that stands for a node: what it is, or which app it belongs to.
func (m *maker) sub(n catalog.GraphNode) string {
	if n.Kind == catalog.NodeDataset {
		return placeOf(n)
	}
	if n.Kind == catalog.NodeApp {
		return n.Connection
	}
	return m.appName(n)
}

// placeOf is where a dataset is: the host or folder, without what its name says already.
func placeOf(n catalog.GraphNode) string {
	namespace, _ := n.Attributes["namespace"].(string)
	name, _ := n.Attributes["name"].(string)
	if _, host, ok := strings.Cut(namespace, "://"); ok && host != "" {
		namespace = host
	}
	return namespace + strings.TrimSuffix(strings.TrimSuffix(name, n.Name), "/")
}

// appName is what the app that a node belongs to is called.
func (m *maker) appName(n catalog.GraphNode) string {
	app := AppOf(n.Key)
	if app == "" {
		return ""
	}
	_, id, _ := strings.Cut(string(app), "/")
	return cmp.Or(m.names[app], m.Names[app], id)
}

// AppOf is the app that a node belongs to: the first two parts of its key; "" for datasets.
func AppOf(k catalog.Key) catalog.Key {
	parts := strings.SplitN(string(k), "/", 3)
	if strings.HasPrefix(string(k), "dataset:") || len(parts) < 2 {
		return ""
	}
	return catalog.Key(parts[0] + "/" + parts[1])
}

// BoxOf is the ID of the box that a node goes to.
func BoxOf(n catalog.GraphNode) string { return homeOf(n).id }

// A home is the box that a node goes to.
type home struct {
	id, kind, title, key string
	ofApp                bool
}

// inlineParts are the parts of the key of a chart's own measure: CODE/APP/SHEET/CELL/measure/N.
const inlineParts = 6

func homeOf(n catalog.GraphNode) home {
	key := string(n.Key)
	switch n.Kind {
	case catalog.NodeDatasetColumn, catalog.NodeScriptField:
		table, _, _ := cutLast(key, "#")
		kind := string(catalog.NodeDataset)
		if n.Kind == catalog.NodeScriptField {
			kind = string(catalog.NodeScriptTable)
		}
		_, name, _ := cutLast(table, "/")
		return home{table, kind, name, table, n.Kind == catalog.NodeScriptField}
	case catalog.NodeField:
		return appBox(key, "model", "Data model")
	case catalog.NodeMeasure, catalog.NodeDimension:
		if parts := strings.Split(key, "/"); len(parts) == inlineParts {
			cell := strings.Join(parts[:inlineParts-2], "/")
			return home{cell, string(catalog.NodeCell), "Chart", cell, true}
		}
		return appBox(key, "items", "Master items")
	case catalog.NodeVariable:
		return appBox(key, "items", "Master items")
	}
	return home{id: key, ofApp: n.Kind != catalog.NodeDataset}
}

func appBox(key, what, title string) home {
	parts := strings.SplitN(key, "/", 3)
	if len(parts) < 3 {
		return home{id: key}
	}
	app := parts[0] + "/" + parts[1]
	return home{app + "|" + what, what, title, app, true}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// links joins the edges that have the same ends in the picture.
func (m *maker) links(edges []catalog.LineageEdge) []Link {
	var all []Link
	at := map[[2]string]int{}
	for i, e := range edges {
		from, to := m.end(e.From), m.end(e.To)
		if from == "" || to == "" || from == to || m.box[e.From] == m.box[e.To] {
			continue
		}
		ends := [2]string{from, to}
		n, ok := at[ends]
		if !ok {
			n = len(all)
			at[ends] = n
			all = append(all, Link{From: from, To: to, Indirect: true})
		}
		l := &all[n]
		l.Indirect = l.Indirect && e.How == catalog.Indirect
		l.Manual = l.Manual || e.Origin == catalog.FromPerson
		l.Edges = append(l.Edges, i)
	}
	return all
}

// end is where an edge ends in the picture: the row if its box is open, else the box.
func (m *maker) end(k catalog.Key) string {
	id, ok := m.box[k]
	if !ok {
		return ""
	}
	if m.boxes[m.at[id]].Open && id != string(k) {
		return string(k)
	}
	return id
}
