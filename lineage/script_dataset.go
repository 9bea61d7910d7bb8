package lineage

import (
	"regexp"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// nameOf is how a statement names an object: the table of a database, a file without its folder and type.
func nameOf(o qvs.Object) string {
	name := strings.ToLower(strings.ReplaceAll(o.Name, `\`, "/"))
	if o.Kind == qvs.DB {
		return name[strings.LastIndexByte(name, '.')+1:]
	}
	name, _, _ = strings.Cut(name, "#")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	return name
}

// dataset adds what an object is outside of the script, and gives its key; "" for what isn't.
func (b *builder) dataset(o qvs.Object, at qvs.Pos) catalog.Key {
	if o.Kind == qvs.Resident {
		b.gap(catalog.LineageGap{
			Source: catalog.ScriptKey(b.app), Tab: at.Tab, Line: at.Line, Column: at.Column,
			What: o.Name, Why: "the script takes data from a table that it never makes",
		})
		return ""
	}
	if app := b.otherApp(o); app != "" {
		return app
	}
	p := b.atlas.place(o)
	key := p.key()
	if key == "" {
		return ""
	}
	if p.connection != "" {
		b.uses[p.connection] = true
	}
	if _, known := b.nodes[key]; known {
		return key
	}
	n := catalog.LineageNode{
		Key: key, Kind: catalog.NodeDataset, Name: baseName(p.name),
		Attributes: map[string]any{"namespace": p.namespace, "name": p.name, "type": string(o.Kind)},
	}
	if !p.shared {
		n.Connection = b.app.Connection()
	}
	if p.connection != "" {
		n.Attributes["data_connection"] = p.connection
	}
	if o.Kind != qvs.DB {
		n.Mask = maskOf(key)
	}
	b.node(n)
	if p.why != "" {
		b.gap(catalog.LineageGap{
			Source: catalog.ScriptKey(b.app), Tab: at.Tab, Line: at.Line, Column: at.Column, What: catalog.Mask(shorten(o.Name)), Why: p.why,
		})
	}
	return key
}

// appFile is the path of an app of the same site: its id is its name.
var appFile = regexp.MustCompile(`(?i)(?:^|[/\\\\])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.qvf)?$`)

// otherApp is the app that a BINARY statement takes its data from, if it names it by its id.
func (b *builder) otherApp(o qvs.Object) catalog.Key {
	if o.Kind != qvs.Binary {
		return ""
	}
	match := appFile.FindStringSubmatch(o.Name)
	if match == nil {
		return ""
	}
	return catalog.AppKey(b.app.Connection(), strings.ToLower(match[1]))
}

// baseName is what a person calls a dataset.
func baseName(name string) string {
	name = strings.TrimSuffix(name, "/")
	return name[strings.LastIndexByte(name, '/')+1:]
}

// column adds a dataset's column, and gives its key; "" for what is no dataset.
func (b *builder) column(c qvs.Column) catalog.Key {
	dataset := b.dataset(c.Object, qvs.Pos{})
	if dataset == "" || c.Name == "" {
		return ""
	}
	if !dataset.Outside() { // an app of the same site
		_, field, _ := strings.Cut(c.Name, ".")
		return catalog.ModelFieldKey(dataset, field)
	}
	key := catalog.ColumnKey(dataset, c.Name)
	b.node(catalog.LineageNode{
		Key: key, Kind: catalog.NodeDatasetColumn, Name: c.Name, Parent: dataset, Connection: b.nodes[dataset].Connection,
		Attributes: b.headerAttributes(c),
	})
	return key
}
