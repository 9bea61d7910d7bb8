package ui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A modelPage is what templates/model.html shows: a table or a field of a data model.
type modelPage struct {
	Thing
	Fields  []catalog.ColumnRow // of a table
	App     catalog.Key
	IsField bool
	Uses    []use // of a field
	Known   bool  // lineage was made, so that no uses means none
}

// A use is something that is made of a field.
type use struct {
	Kind, Name, URL string
	Indirect        bool // it decides only which values count
}

// modelTable shows a table of a data model.
func (u *UI) modelTable(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ModelTable(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	q := filtering{under(r, "report_key", d.Report, 1000, "name")}.with("tables", catalog.Contains, d.Name)
	fields, err := items(u.Catalog.ModelFields(r.Context(), q.Query))
	if err != nil {
		return err
	}
	t := Thing{
		Kind: "Table", Icon: "table", Key: d.Key, Name: d.Name, Description: d.Comment, Retired: !d.RetiredAt.IsZero(), Around: d.Around,
		Facts: facts(fact{"Rows", number(d.Rows)}, fact{"Fields", number(d.Fields)}, fact{"Key fields", number(d.KeyFields)}, u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	t.spread(d.Attributes)
	if err := u.trace(r, &t, catalog.ScriptTableKey(d.Report, d.Name)); err != nil {
		return err
	}
	return u.show(w, r, page{Template: "model", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: modelPage{Thing: t, Fields: fields, App: d.Report}})
}

// modelField shows a field of a data model, and what is made of it.
func (u *UI) modelField(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ModelField(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	t := Thing{
		Kind: "Field", Icon: "field", Key: d.Key, Name: d.Name, Description: d.Comment, Retired: !d.RetiredAt.IsZero(), Tags: d.Tags, Around: d.Around,
		Facts: facts(fact{"Distinct values", number(d.Cardinality)}, fact{"Links tables", yes(d.IsKey)}, fact{"Hidden", yes(d.IsHidden)},
			u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	for _, name := range d.Tables {
		t.Facts = append(t.Facts, fact{"Table", place{name, keyURL("/model/table", string(catalog.ModelTableKey(d.Report, name)))}})
	}
	t.spread(d.Attributes)
	if err := u.trace(r, &t, d.Key); err != nil {
		return err
	}
	p := modelPage{Thing: t, App: d.Report, IsField: true}
	if err := u.usesOf(r, &p); err != nil {
		return err
	}
	return u.show(w, r, page{Template: "model", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: p})
}

// mostUses is how many uses of a field its page lists; its lineage has all of them.
const mostUses = 300

// usesOf finds the measures, dimensions and charts whose formulas name a field.
func (u *UI) usesOf(r *http.Request, p *modelPage) error {
	if u.Lineage == nil {
		return nil
	}
	g, err := u.Lineage.Lineage(r.Context(), catalog.LineageQuery{Scope: scopeOf(r), Key: p.Key, Direction: catalog.Downstream, Depth: 1, Columns: true, Limit: mostUses})
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	p.Known = true
	nodes := map[catalog.Key]catalog.GraphNode{}
	for _, n := range g.Nodes {
		nodes[n.Key] = n
	}
	seen := map[catalog.Key]bool{}
	for _, e := range g.Edges {
		n := nodes[e.To]
		if e.From != p.Key || e.Origin == catalog.FromStructure || seen[e.To] || n.Key == "" {
			continue
		}
		seen[e.To] = true
		p.Uses = append(p.Uses, use{Kind: strings.ReplaceAll(string(n.Kind), "_", " "), Name: n.Name, URL: pageFor(string(n.Kind), n.Key), Indirect: e.How == catalog.Indirect})
	}
	slices.SortFunc(p.Uses, func(a, b use) int { return strings.Compare(a.Kind+a.Name+a.URL, b.Kind+b.Name+b.URL) })
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
