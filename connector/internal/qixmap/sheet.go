package qixmap

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

// A sheet is what its cells need of it.
type sheet struct {
	key   catalog.Key
	url   string
	cells map[string]jsontree.Value // where the grid places a cell, by the cell's id
}

// mapSheets makes the rows of the sheets that the Engine gave, and of what stands on them.
func (m *mapper) mapSheets() {
	for _, o := range m.read.Sheets {
		listed := meta{o.Meta}
		if m.leftOut(listed) {
			continue
		}
		key := catalog.SheetKey(m.app, o.ID)
		tree, err := m.entry(o, key)
		p := tree.Get("qProperty")
		if err == nil && p.Kind != jsontree.Object {
			err = m.unreadable("read properties of", key, errNoProperties)
		}
		if err != nil {
			m.gap(catalog.PartSheet, key, err)
		}
		row := m.sheetReport(key, o.ID, p, listed)
		row.Incomplete = err != nil
		m.out.Reports = append(m.out.Reports, row)
		m.mapChildren(sheet{key, row.URL, placed(p)}, key, tree)
	}
}

// leftOut reports whether the connection leaves private sheets out and this is one. Of a sheet whose
// listing says nothing we know it in unpublished apps only.
func (m *mapper) leftOut(listed meta) bool {
	state := m.sheetState(listed)
	return !m.opts.PrivateSheets && state == sheetPrivate
}

// The states of a sheet (facts B.2, C.7).
const (
	sheetBase      = "base"
	sheetCommunity = "community"
	sheetPrivate   = "private"
	sheetUnknown   = ""
)

// sheetState tells a sheet's state. All sheets of an unpublished app are private.
func (m *mapper) sheetState(listed meta) string {
	published := m.read.Row.Published
	switch {
	case published != nil && !*published:
		return sheetPrivate
	case listed.Get("published").Kind != jsontree.Bool:
		return sheetUnknown
	default:
		return stateOf(listed.Get("published").Truth(), listed.Get("approved").Truth())
	}
}

func stateOf(published, approved bool) string {
	switch {
	case published && approved:
		return sheetBase
	case published:
		return sheetCommunity
	default:
		return sheetPrivate
	}
}

func (m *mapper) sheetReport(key catalog.Key, id string, p jsontree.Value, listed meta) catalog.Report {
	def := p.Get("qMetaDef")
	tags := meta{def}.tags()
	if def.Get("tags").Kind == jsontree.Absent {
		tags = listed.tags()
	}
	r := catalog.Report{
		Key:               key,
		Group:             m.appGroup(),
		Parent:            m.app,
		Kind:              catalog.ReportSheet,
		Type:              catalog.TypeSheet,
		Name:              FirstText(textOf(def.Get("title")), listed.Get("title").Str()),
		SourceDescription: FirstText(textOf(def.Get("description")), listed.Get("description").Str()),
		Owner:             listed.owner(m.read.People).Account(),
		URL:               sheetURL(m.opts.LinkBase, m.read.Row.ID, id),
		Position:          rankOf(p),
		Tags:              tags,
		Attributes:        m.sheetAttributes(p, listed),
		CreatedAt:         listed.time("createdDate"),
		ModifiedAt:        listed.time("modifiedDate"),
		PublishedAt:       listed.time("publishTime"),
	}
	if state := m.sheetState(listed); state != sheetUnknown {
		published := state != sheetPrivate
		approved := state == sheetBase
		r.Published, r.Approved = &published, &approved
	}
	return r
}

func (m *mapper) sheetAttributes(p jsontree.Value, listed meta) catalog.Attributes {
	a := catalog.Attributes{}
	Put(a, "application", m.read.Row.Name)
	Put(a, "state", m.sheetState(listed))
	Put(a, "owner", listed.owner(m.read.People).Attributes())
	Put(a, "label_expression", textOf(p.Get("labelExpression")))
	Put(a, "description_expression", textOf(p.Get("descriptionExpression")))
	Put(a, "show_condition", textOf(p.Get("showCondition")))
	Put(a, "thumbnail", FirstText(textOf(p.Get("thumbnail", "qStaticContentUrlDef", "qUrl")),
		textOf(p.Get("thumbnail", "qStaticContentUrl", "qUrl"))))
	Put(a, "columns", p.Get("columns"))
	Put(a, "rows", p.Get("rows"))
	Put(a, "actions", actions(p))
	return a
}

func rankOf(p jsontree.Value) *catalog.Position {
	rank := p.Get("rank").Num()
	if rank == nil {
		return nil
	}
	return &catalog.Position{Rank: rank}
}

// placed is where a sheet's grid places its cells.
func placed(p jsontree.Value) map[string]jsontree.Value {
	cells := map[string]jsontree.Value{}
	for _, c := range p.Get("cells").Items {
		if id := c.Get("name").Str(); id != "" {
			cells[id] = c
		}
	}
	return cells
}

// mapSheetRows makes the rows of sheets that only the Repository gave: those of an app that the
// Engine refuses. A fuller row of an earlier crawl stays.
func (m *mapper) mapSheetRows() {
	for _, s := range m.read.SheetRows {
		published := s.Published && m.read.Row.Published != nil && *m.read.Row.Published
		approved := published && s.Approved
		if !published && !m.opts.PrivateSheets {
			continue
		}
		owner := Complete(s.Owner, m.read.People)
		a := catalog.Attributes{}
		Put(a, "application", m.read.Row.Name)
		Put(a, "state", stateOf(published, approved))
		Put(a, "owner", owner.Attributes())
		m.out.Reports = append(m.out.Reports, catalog.Report{
			Key:               catalog.SheetKey(m.app, s.ID),
			Group:             m.appGroup(),
			Parent:            m.app,
			Kind:              catalog.ReportSheet,
			Type:              catalog.TypeSheet,
			Name:              s.Name,
			SourceDescription: s.Description,
			Owner:             owner.Account(),
			URL:               sheetURL(m.opts.LinkBase, m.read.Row.ID, s.ID),
			Published:         &published,
			Approved:          &approved,
			Tags:              s.Tags,
			Attributes:        a,
			CreatedAt:         s.Created,
			ModifiedAt:        s.Modified,
			PublishedAt:       s.PublishTime,
			Incomplete:        true,
		})
	}
}
