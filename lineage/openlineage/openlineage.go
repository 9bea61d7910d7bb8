package openlineage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Namespace is that of the jobs and datasets of a Qlik site: its apps, sheets and charts.
func Namespace(connection string) string { return "qlik://" + connection }

// integration is what jobs say that they are of.
const integration = "QLIK_SENSE"

// Events tells the lineage of an app: its reload, then its sheets by key, each as it started and as it was
// complete. producer is the URI of the program and its version. The same lineage gives the same events.
func Events(a *catalog.AppLineage, producer string) []Event {
	t := newTeller(a, producer)
	events := t.reload()
	for _, sheet := range slices.Sorted(maps.Keys(t.charts)) {
		events = append(events, t.sheet(sheet)...)
	}
	return events
}

// A teller knows an app's lineage by its nodes.
type teller struct {
	app      *catalog.AppLineage
	producer string
	code, id string
	nodes    map[catalog.Key]*catalog.LineageNode
	up       map[catalog.Key][]*catalog.LineageEdge // edges of columns, by where they lead
	columns  map[catalog.Key][]string               // of datasets, sorted
	linked   map[catalog.Key][]catalog.Key          // what stands behind a dataset or a column, of other datasets
	written  map[catalog.Key]bool                   // datasets that the app stores
	charts   map[catalog.Key][]catalog.Key          // of a sheet: cells with measures or dimensions, sorted
}

func newTeller(a *catalog.AppLineage, producer string) *teller {
	t := &teller{
		app: a, producer: producer, nodes: map[catalog.Key]*catalog.LineageNode{}, up: map[catalog.Key][]*catalog.LineageEdge{},
		columns: map[catalog.Key][]string{}, linked: map[catalog.Key][]catalog.Key{}, written: map[catalog.Key]bool{},
		charts: map[catalog.Key][]catalog.Key{},
	}
	t.code, t.id, _ = strings.Cut(string(a.App), "/")
	for i := range a.Nodes {
		n := &a.Nodes[i]
		t.nodes[n.Key] = n
		if n.Kind == catalog.NodeDatasetColumn && n.Name != "*" {
			t.columns[datasetOf(n.Key)] = append(t.columns[datasetOf(n.Key)], n.Name)
		}
	}
	for _, list := range t.columns {
		slices.Sort(list)
	}
	for i := range a.Edges {
		e := &a.Edges[i]
		if e.Level == catalog.ColumnLevel {
			t.up[e.To] = append(t.up[e.To], e)
		}
		if e.To.Outside() {
			t.written[datasetOf(e.To)] = true
		}
	}
	for _, l := range a.Links {
		if datasetOf(l.From) != datasetOf(l.To) {
			t.linked[l.To] = append(t.linked[l.To], l.From)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(t.nodes)) {
		if t.nodes[k].Kind == catalog.NodeCell && len(t.parts(k)) > 0 {
			sheet := k[:strings.LastIndexByte(string(k), '/')]
			t.charts[sheet] = append(t.charts[sheet], k)
		}
	}
	return t
}

// datasetOf is the dataset that a column's key begins with.
func datasetOf(k catalog.Key) catalog.Key {
	head, _, _ := strings.Cut(string(k), "#")
	return catalog.Key(head)
}

// facet is what a facet begins with.
func (t *teller) facet(schema string) Facet { return Facet{Producer: t.producer, SchemaURL: schema} }

// at is when the app was reloaded, as far as it is known.
func (t *teller) at() time.Time {
	if t.app.At.IsZero() {
		return t.app.BuiltAt.UTC()
	}
	return t.app.At.UTC()
}

// told makes the two events of a job's run.
func (t *teller) told(job Job, inputs, outputs []Dataset) []Event {
	e := Event{
		EventType: Start, EventTime: t.at(), Run: Run{RunID: runID(job, t.at())}, Job: Job{Namespace: job.Namespace, Name: job.Name},
		Inputs: []Dataset{}, Outputs: []Dataset{}, Producer: t.producer, SchemaURL: runEvent,
	}
	done := e
	done.EventType, done.Job, done.Inputs, done.Outputs = Complete, job, inputs, outputs
	return []Event{e, done}
}

// reload tells what the app's load script reads and writes.
func (t *teller) reload() []Event {
	job := Job{Namespace: Namespace(t.code), Name: t.id, Facets: map[string]any{
		"jobType": JobType{t.facet(jobTypeSchema), "BATCH", integration, "RELOAD"},
	}}
	if text := description(t.app.Name, t.app.Description); text != "" {
		job.Facets["documentation"] = Documentation{t.facet(jobDocSchema), text}
	}
	if t.app.Owner != "" {
		job.Facets["ownership"] = Ownership{t.facet(ownershipSchema), []Owner{{t.app.Owner}}}
	}
	if t.app.Script != "" {
		job.Facets["sourceCode"] = SourceCode{t.facet(sourceCodeSchema), "qlik-load-script", t.app.Script}
	}
	read, written := t.ends()
	var inputs, outputs []Dataset
	for _, k := range read {
		inputs = append(inputs, t.dataset(k))
	}
	for _, k := range written {
		outputs = append(outputs, t.stored(k))
	}
	if fields := t.modelFields(); len(fields) > 0 || len(written) == 0 {
		outputs = append(outputs, t.model(fields))
	}
	return t.told(job, orEmpty(inputs), orEmpty(outputs))
}

func orEmpty(list []Dataset) []Dataset {
	if list == nil {
		return []Dataset{}
	}
	return list
}

func description(name, text string) string {
	if name == "" || text == "" {
		return cmp.Or(name, text)
	}
	return name + "\n\n" + text
}

// ends are the datasets that the app reads, and those that it writes, by key. A mask stands for the files
// that match it.
func (t *teller) ends() (read, written []catalog.Key) {
	in := map[catalog.Key]bool{}
	for i := range t.app.Edges {
		e := &t.app.Edges[i]
		if from := t.sourceOf(e.From); from != "" {
			for _, k := range t.behind(from) {
				in[k] = true
			}
		}
	}
	for _, k := range t.columnSources() {
		in[k] = true
	}
	return slices.Sorted(maps.Keys(in)), slices.Sorted(maps.Keys(t.written))
}

// columnSources are the datasets whose columns the stored files have behind a star.
func (t *teller) columnSources() []catalog.Key {
	var keys []catalog.Key
	for to, list := range t.linked {
		if t.written[datasetOf(to)] && strings.Contains(string(to), "#") {
			for _, from := range list {
				keys = append(keys, datasetOf(from))
			}
		}
	}
	return keys
}

// sourceOf is the dataset that a node belongs to if it isn't the app's own: "" otherwise. Another app is one
// (BINARY).
func (t *teller) sourceOf(k catalog.Key) catalog.Key {
	switch {
	case k.Outside():
		return datasetOf(k)
	case t.app.App.Contains(k):
		return ""
	}
	parts := strings.SplitN(string(k), "/", 3)
	if len(parts) < 2 {
		return ""
	}
	return catalog.Key(parts[0] + "/" + parts[1])
}

// behind are the files that a mask stands for; a dataset that is none stands for itself.
func (t *teller) behind(dataset catalog.Key) []catalog.Key {
	if files := t.linked[dataset]; len(files) > 0 {
		return files
	}
	return []catalog.Key{dataset}
}

// dataset names a dataset, with the columns that are known.
func (t *teller) dataset(k catalog.Key) Dataset {
	namespace, name := t.nameOf(k)
	d := Dataset{Namespace: namespace, Name: name}
	if list := t.columns[k]; len(list) > 0 {
		d.Facets = map[string]any{"schema": t.schema(list)}
	}
	return d
}

func (t *teller) schema(names []string) Schema {
	s := Schema{Facet: t.facet(schemaSchema), Fields: []SchemaField{}}
	for _, n := range slices.Compact(names) {
		s.Fields = append(s.Fields, SchemaField{n})
	}
	return s
}

// nameOf is the name of a dataset as OpenLineage has it.
func (t *teller) nameOf(k catalog.Key) (namespace, name string) {
	if !k.Outside() {
		code, id, _ := strings.Cut(string(k), "/")
		return Namespace(code), id
	}
	if n := t.nodes[k]; n != nil {
		namespace, _ = n.Attributes["namespace"].(string)
		name, _ = n.Attributes["name"].(string)
		if namespace != "" && name != "" {
			return namespace, name
		}
	}
	return splitKey(k)
}

var unescaper = strings.NewReplacer("%23", "#", "%2F", "/", "%25", "%")

// splitKey takes the key of a dataset apart that only a person has named.
func splitKey(k catalog.Key) (namespace, name string) {
	text := strings.TrimPrefix(string(k), catalog.DatasetPrefix)
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		namespace, name, _ = strings.Cut(text, "/")
		return namespace, unescaper.Replace(cmp.Or(name, namespace))
	}
	authority, path, _ := strings.Cut(rest, "/")
	if scheme == "lib" {
		connection, file, _ := strings.Cut(path, "/")
		authority, path = authority+"/"+connection, file
	}
	if scheme == "file" {
		path = "/" + path
	}
	return scheme + "://" + authority, unescaper.Replace(cmp.Or(path, authority))
}
