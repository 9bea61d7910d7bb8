package openlineage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const (
	direct   = "DIRECT"
	indirect = "INDIRECT"
)

// stored is a file that the app writes, with where its columns come from.
func (t *teller) stored(k catalog.Key) Dataset {
	d := t.dataset(k)
	fields := map[string]catalog.Key{}
	for _, n := range t.columns[k] {
		fields[n] = catalog.ColumnKey(k, n)
	}
	if f := t.columnLineage(fields, t.isSource); f != nil {
		d.Facets["columnLineage"] = *f
	}
	return d
}

// modelFields are the fields of the app's data model, by name.
func (t *teller) modelFields() map[string]catalog.Key {
	fields := map[string]catalog.Key{}
	for k, n := range t.nodes {
		if n.Kind == catalog.NodeField && t.app.App.Contains(k) {
			fields[n.Name] = k
		}
	}
	return fields
}

// model is the app itself, as a dataset.
func (t *teller) model(fields map[string]catalog.Key) Dataset {
	namespace, name := t.nameOf(t.app.App)
	d := Dataset{Namespace: namespace, Name: name, Facets: map[string]any{
		"datasetType": DatasetType{t.facet(datasetTypeSchema), "MODEL", "QLIK_APP"},
		"schema":      t.schema(slices.Sorted(maps.Keys(fields))),
	}}
	if text := description(t.app.Name, t.app.Description); text != "" {
		d.Facets["documentation"] = Documentation{t.facet(datasetDocSchema), text}
	}
	if f := t.columnLineage(fields, t.isSource); f != nil {
		d.Facets["columnLineage"] = *f
	}
	return d
}

// isSource says whether a node is outside of the app.
func (t *teller) isSource(k catalog.Key) bool { return t.sourceOf(k) != "" }

// columnLineage tells where columns, by name, come from: back to nodes that stop says. nil: from nowhere.
func (t *teller) columnLineage(columns map[string]catalog.Key, stop func(catalog.Key) bool) *ColumnLineage {
	f := &ColumnLineage{Facet: t.facet(columnLineageSchema), Fields: map[string]Field{}}
	var starts []catalog.Key
	for name, k := range columns {
		starts = append(starts, k)
		if inputs := t.inputs(t.sources(k, stop), Transformation{Type: direct}); len(inputs) > 0 {
			f.Fields[name] = Field{inputs}
		}
	}
	f.Dataset = t.inputs(t.deciding(starts, stop), Transformation{Type: indirect})
	if len(f.Fields) == 0 && len(f.Dataset) == 0 {
		return nil
	}
	return f
}

// sources are the nodes that a column's values come from.
func (t *teller) sources(start catalog.Key, stop func(catalog.Key) bool) []catalog.Key {
	found := map[catalog.Key]bool{}
	seen := map[catalog.Key]bool{start: true}
	for todo := []catalog.Key{start}; len(todo) > 0; {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range t.up[k] {
			if e.How != catalog.Direct || seen[e.From] {
				continue
			}
			seen[e.From] = true
			if stop(e.From) {
				found[e.From] = true
			} else {
				todo = append(todo, e.From)
			}
		}
		if k == start && t.written[datasetOf(k)] {
			for _, from := range t.linked[k] { // behind a star
				found[from] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// deciding are the nodes that decide about the rows of columns without being values.
func (t *teller) deciding(starts []catalog.Key, stop func(catalog.Key) bool) []catalog.Key {
	type state struct {
		key      catalog.Key
		indirect bool
	}
	found := map[catalog.Key]bool{}
	seen := map[state]bool{}
	var todo []state
	for _, k := range starts {
		todo = append(todo, state{k, false})
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range t.up[s.key] {
			next := state{e.From, s.indirect || e.How == catalog.Indirect}
			switch {
			case seen[next]:
				continue
			case !stop(e.From):
				todo = append(todo, next)
			case next.indirect:
				found[e.From] = true
			}
			seen[next] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// inputs names columns. Stars have no name that OpenLineage knows: there the dataset alone is the input.
func (t *teller) inputs(keys []catalog.Key, how Transformation) []InputField {
	var list []InputField
	for _, k := range keys {
		for _, c := range t.columnsBehind(k) {
			if c.Field != "*" {
				c.Transformations = []Transformation{how}
				list = append(list, c)
			}
		}
	}
	slices.SortFunc(list, func(x, y InputField) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Field, y.Field))
	})
	return slices.CompactFunc(list, func(x, y InputField) bool {
		return x.Namespace == y.Namespace && x.Name == y.Name && x.Field == y.Field
	})
}

// columnsBehind names a column of a dataset or of an app; one of a mask is that of each file.
func (t *teller) columnsBehind(k catalog.Key) []InputField {
	name := t.columnName(k)
	if name == "" {
		return nil
	}
	if !k.Outside() {
		namespace, app := t.nameOf(t.appOf(k))
		return []InputField{{Namespace: namespace, Name: app, Field: name}}
	}
	var list []InputField
	for _, d := range t.behind(datasetOf(k)) {
		namespace, dataset := t.nameOf(d)
		list = append(list, InputField{Namespace: namespace, Name: dataset, Field: name})
	}
	return list
}

// appOf is the app that a key stands under.
func (t *teller) appOf(k catalog.Key) catalog.Key {
	parts := strings.SplitN(string(k), "/", 3)
	return catalog.Key(strings.Join(parts[:min(2, len(parts))], "/"))
}

// columnName is what a column or field is called; "" for a whole table.
func (t *teller) columnName(k catalog.Key) string {
	if n := t.nodes[k]; n != nil && (n.Kind == catalog.NodeDatasetColumn || n.Kind == catalog.NodeField) {
		return n.Name
	}
	if _, column, found := strings.Cut(string(k), "#"); found {
		return unescaper.Replace(column)
	}
	if parts := strings.SplitN(string(k), "/", 4); len(parts) == 4 && parts[2] == "field" {
		return unescaper.Replace(parts[3])
	}
	return ""
}

// parts are the measures and dimensions of a chart, by name.
func (t *teller) parts(cell catalog.Key) map[string]catalog.Key {
	fields := map[string]catalog.Key{}
	var keys []catalog.Key
	for _, e := range t.up[cell] {
		if n := t.nodes[e.From]; n != nil && e.Origin == catalog.FromStructure && (n.Kind == catalog.NodeMeasure || n.Kind == catalog.NodeDimension) {
			keys = append(keys, e.From)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		name := t.nodes[k].Name
		for n := 2; fields[name] != "" || name == ""; n++ {
			name = strings.TrimSpace(fmt.Sprintf("%s (%d)", t.nodes[k].Name, n))
		}
		fields[name] = k
	}
	return fields
}

// sheet tells what the charts of a sheet show.
func (t *teller) sheet(sheet catalog.Key) []Event {
	_, name := t.nameOf(sheet)
	job := Job{Namespace: Namespace(t.code), Name: name, Facets: map[string]any{
		"jobType": JobType{t.facet(jobTypeSchema), "BATCH", integration, "SHEET"},
	}}
	if n := t.nodes[sheet]; n != nil && n.Name != "" {
		job.Facets["documentation"] = Documentation{t.facet(jobDocSchema), n.Name}
	}
	namespace, app := t.nameOf(t.app.App)
	var charts []Dataset
	for _, cell := range t.charts[sheet] {
		charts = append(charts, t.chart(cell, t.parts(cell)))
	}
	return t.told(job, []Dataset{{Namespace: namespace, Name: app}}, orEmpty(charts))
}

// chart is a chart as a dataset of its measures and dimensions.
func (t *teller) chart(cell catalog.Key, parts map[string]catalog.Key) Dataset {
	namespace, name := t.nameOf(cell)
	d := Dataset{Namespace: namespace, Name: name, Facets: map[string]any{
		"datasetType": DatasetType{t.facet(datasetTypeSchema), "CHART", chartType(t.nodes[cell])},
		"schema":      t.schema(slices.Sorted(maps.Keys(parts))),
	}}
	if text := t.nodes[cell].Name; text != "" {
		d.Facets["documentation"] = Documentation{t.facet(datasetDocSchema), text}
	}
	isField := func(k catalog.Key) bool { return t.nodes[k] != nil && t.nodes[k].Kind == catalog.NodeField }
	f := t.columnLineage(parts, isField)
	if f == nil {
		return d
	}
	for field, k := range parts {
		for i := range f.Fields[field].InputFields {
			f.Fields[field].InputFields[i].Transformations = []Transformation{t.expression(k)}
		}
	}
	d.Facets["columnLineage"] = *f
	return d
}

func chartType(n *catalog.LineageNode) string {
	typ, _ := n.Attributes["type"].(string)
	return strings.ToUpper(typ)
}

// expression says what a measure or dimension does with its fields.
func (t *teller) expression(k catalog.Key) Transformation {
	how := Transformation{Type: direct, Description: t.formula(k, 0)}
	if n := t.nodes[k]; n.Kind == catalog.NodeMeasure {
		how.Subtype = "AGGREGATION"
	}
	return how
}

// formula is the text of a measure or dimension, or of the master item that it uses.
func (t *teller) formula(k catalog.Key, depth int) string {
	for _, e := range t.up[k] {
		if e.Statement != "" {
			return e.Statement
		}
	}
	for _, e := range t.up[k] {
		if n := t.nodes[e.From]; n != nil && n.Kind != catalog.NodeField && depth < 3 {
			return t.formula(e.From, depth+1)
		}
	}
	return ""
}
