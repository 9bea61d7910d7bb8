package lineage

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// storeObject is what a STORE writes.
func storeObject(s *qvs.Store) qvs.Object {
	kind := qvs.File
	if strings.EqualFold(s.Format, "qvd") || s.Format == "" {
		kind = qvs.QVD
	}
	return qvs.Object{Kind: kind, Connection: s.Connection, Name: s.Target}
}

// store adds a STORE: the dataset, its columns, and the stars that are stored whole.
func (b *builder) store(s *qvs.Store, tables map[*qvs.Table]*scriptTable) {
	o := storeObject(s)
	dataset := b.dataset(o, s.At)
	t := tables[s.Table]
	if dataset == "" || s.Table != nil && t == nil { // section access
		return
	}
	e := catalog.LineageEdge{
		How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Source: catalog.ScriptKey(b.app),
		Statement: b.statement(s.Statement), Tab: s.At.Tab, Line: s.At.Line, Column: s.At.Column,
	}
	b.doubt(&e)
	e.To, e.Level = dataset, catalog.TableLevel
	if t != nil {
		e.From = t.key
		b.edge(e)
	} else {
		for _, source := range s.Sources {
			e.From = b.dataset(source, s.At)
			b.edge(e)
		}
	}
	e.Level = catalog.ColumnLevel
	for i := range s.Fields {
		f := &s.Fields[i]
		e.To = b.column(qvs.Column{Object: o, Name: f.Name})
		b.stored(e, f, t)
		if f.Name == "*" {
			b.starred(f, dataset)
		}
	}
}

// stored links a stored field with the table's.
func (b *builder) stored(e catalog.LineageEdge, f *qvs.Field, t *scriptTable) {
	if t != nil && len(t.fieldsNamed(f.Name)) > 0 {
		e.From = t.field(f.Name)
		b.edge(e)
		return
	}
	for _, c := range f.From { // the field was renamed or dropped after it was stored
		sure := e
		unsure(&sure, c)
		sure.From = b.column(c)
		b.edge(sure)
	}
}

// starred notes that a dataset has all columns of others.
func (b *builder) starred(f *qvs.Field, to catalog.Key) {
	for _, c := range f.From {
		if from := b.dataset(c.Object, qvs.Pos{}); c.Name == "*" && from != "" {
			b.stars = append(b.stars, catalog.LineageStar{From: from, To: to})
		}
	}
}
