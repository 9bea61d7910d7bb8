package qliksense

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A sheet is what its cells need of it.
type sheet struct {
	key   catalog.Key
	url   string
	cells map[string]jsonValue // where the grid places a cell, by the cell's id
}

// mapSheets makes the rows of the sheets that the Engine gave, and of what stands on them.
func (m *mapper) mapSheets() {
	for _, o := range m.read.Sheets {
		listed := meta{o.Meta}
		if m.leftOut(listed) {
			continue
		}
		key := catalog.SheetKey(m.app, o.ID)
		tree, err := o.entry(&m.json, key)
		p := tree.get("qProperty")
		if err == nil && p.kind != jsonObject {
			err = unreadable("read properties of", key, errNoProperties)
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
	switch {
	case !m.read.App.Published:
		return sheetPrivate
	case listed.get("published").kind != jsonBool:
		return sheetUnknown
	default:
		return stateOf(listed.get("published").truth(), listed.get("approved").truth())
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

func (m *mapper) sheetReport(key catalog.Key, id string, p jsonValue, listed meta) catalog.Report {
	def := p.get("qMetaDef")
	tags := meta{def}.tags()
	if def.get("tags").kind == jsonAbsent {
		tags = listed.tags()
	}
	r := catalog.Report{
		Key:               key,
		Group:             m.appGroup(),
		Parent:            m.app,
		Kind:              catalog.ReportSheet,
		Type:              catalog.TypeSheet,
		Name:              firstText(textOf(def.get("title")), listed.get("title").str()),
		SourceDescription: firstText(textOf(def.get("description")), listed.get("description").str()),
		Owner:             listed.owner(m.read.People).account(),
		URL:               sheetURL(m.opts.LinkBase, m.read.App.ID, id),
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

func (m *mapper) sheetAttributes(p jsonValue, listed meta) catalog.Attributes {
	a := catalog.Attributes{}
	put(a, "application", m.read.App.Name)
	put(a, "state", m.sheetState(listed))
	put(a, "owner", listed.owner(m.read.People).attributes())
	put(a, "label_expression", textOf(p.get("labelExpression")))
	put(a, "description_expression", textOf(p.get("descriptionExpression")))
	put(a, "show_condition", textOf(p.get("showCondition")))
	put(a, "thumbnail", firstText(textOf(p.get("thumbnail", "qStaticContentUrlDef", "qUrl")),
		textOf(p.get("thumbnail", "qStaticContentUrl", "qUrl"))))
	put(a, "columns", p.get("columns"))
	put(a, "rows", p.get("rows"))
	put(a, "actions", actions(p))
	return a
}

func rankOf(p jsonValue) *catalog.Position {
	rank := p.get("rank").num()
	if rank == nil {
		return nil
	}
	return &catalog.Position{Rank: rank}
}

// placed is where a sheet's grid places its cells.
func placed(p jsonValue) map[string]jsonValue {
	cells := map[string]jsonValue{}
	for _, c := range p.get("cells").items {
		if id := c.get("name").str(); id != "" {
			cells[id] = c
		}
	}
	return cells
}

// mapSheetRows makes the rows of sheets that only the Repository gave: those of an app that the
// Engine refuses. A fuller row of an earlier crawl stays.
func (m *mapper) mapSheetRows() {
	for _, s := range m.read.SheetRows {
		published := s.Published && m.read.App.Published
		approved := published && s.Approved
		if !published && !m.opts.PrivateSheets {
			continue
		}
		owner := complete(s.Owner, m.read.People)
		a := catalog.Attributes{}
		put(a, "application", m.read.App.Name)
		put(a, "state", stateOf(published, approved))
		put(a, "owner", owner.attributes())
		m.out.Reports = append(m.out.Reports, catalog.Report{
			Key:               catalog.SheetKey(m.app, s.ID),
			Group:             m.appGroup(),
			Parent:            m.app,
			Kind:              catalog.ReportSheet,
			Type:              catalog.TypeSheet,
			Name:              s.Name,
			SourceDescription: s.Description,
			Owner:             owner.account(),
			URL:               sheetURL(m.opts.LinkBase, m.read.App.ID, s.ID),
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
