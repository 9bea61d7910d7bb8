package ui

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A fieldPage is what templates/field.html shows.
type fieldPage struct {
	Thing
	Detail  *catalog.FieldDetail
	Formula template.HTML
	Uses    []catalog.FieldRow
	Names   map[catalog.Key]catalog.Name
	Changes []changeLine

	Twins []twinGroup // what goes by its name elsewhere
	Many  bool        // there are more
}

// A twinGroup is the things of one name that have one formula, too.
type twinGroup struct {
	Formula template.HTML
	Alike   bool // it is the formula of the thing itself
	Twins   []catalog.Twin
}

// field shows a measure, a dimension, a master object or a variable.
func (u *UI) field(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ReportField(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	p := fieldPage{Thing: u.fieldThing(d), Detail: d}
	if err := u.trace(r, &p.Thing, d.Key); err != nil {
		return err
	}
	if p.Uses, err = items(u.Catalog.ReportFields(r.Context(), under(r, "master_key", d.Key, someRows, "report_key"))); err != nil {
		return err
	}
	if p.Changes, err = u.changesOf(r, d.Key); err != nil {
		return err
	}
	var holders []catalog.Key
	for _, f := range p.Uses {
		holders = append(holders, f.Report)
	}
	if p.Names, err = u.Catalog.Names(r.Context(), scopeOf(r), holders); err != nil {
		return err
	}
	fields, err := u.fieldsOfApp(r, appKeyOf(d.Key))
	if err != nil {
		return err
	}
	p.Formula = highlighted(d.Formula, fields)
	twins, err := u.Catalog.Twins(r.Context(), scopeOf(r), d.FieldRow)
	if err != nil {
		return err
	}
	p.Twins, p.Many = grouped(twins), len(twins) == catalog.MostTwins
	return u.show(w, r, page{Template: "field", Title: p.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: p})
}

func (u *UI) fieldThing(d *catalog.FieldDetail) Thing {
	defined := map[catalog.Origin]string{catalog.OriginMaster: "as a master item", catalog.OriginInline: "in this chart", catalog.OriginScript: "by the load script"}
	t := Thing{
		Kind: string(d.Type), Icon: iconOf(d.Type), Key: d.Key, Name: d.Name, Description: d.Description, Retired: !d.RetiredAt.IsZero(), Tags: d.Tags, Around: d.Around,
		Facts: facts(fact{"Defined", defined[d.Origin]}, fact{"Label", d.Label}, u.date("Modified", d.ModifiedAt), u.date("Created", d.CreatedAt),
			u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	if strings.TrimSpace(t.Name) == "" {
		t.Name = "(no name)"
	}
	t.spread(d.Attributes)
	return t
}

// grouped puts things with one formula together; those that are alike come first.
func grouped(twins []catalog.Twin) []twinGroup {
	var groups []twinGroup
	at := map[string]int{}
	for _, alike := range []bool{true, false} {
		for _, t := range twins {
			if t.Alike != alike {
				continue
			}
			i, known := at[t.Formula]
			if !known {
				i = len(groups)
				at[t.Formula] = i
				groups = append(groups, twinGroup{Formula: highlighted(short(400, t.Formula), nil), Alike: alike})
			}
			groups[i].Twins = append(groups[i].Twins, t)
		}
	}
	return groups
}

// fieldsOfApp are the fields of the data model of an app, by name.
func (u *UI) fieldsOfApp(r *http.Request, app catalog.Key) (map[string]catalog.Key, error) {
	fields := map[string]catalog.Key{}
	q := under(r, "report_key", app, 1000)
	q.Fields = []string{"key", "name"}
	all, err := items(u.Catalog.ModelFields(r.Context(), q))
	for _, f := range all {
		fields[f.Name] = f.Key
	}
	return fields, err
}
