package ui

import (
	"net/http"
	"net/url"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// below are the branches under a thing, by what catalog.Name calls its kind.
func (u *UI) below(r *http.Request, kind string, key catalog.Key, part string) ([]branch, error) {
	switch {
	case kind == "stream" || kind == "personal":
		return u.appsIn(r, key)
	case kind == "app" && part == partItems:
		return u.fieldsIn(r, key)
	case kind == "app" && part == partModel:
		return u.tablesIn(r, key)
	case kind == "app":
		return u.partsOf(r, key)
	case kind == "sheet":
		return u.cellsIn(r, key)
	case kind == "cell":
		cells, err := u.cellsIn(r, key)
		if err != nil {
			return nil, err
		}
		fields, err := u.fieldsIn(r, key)
		return append(cells, fields...), err
	case kind == "table":
		return u.columnsIn(r, key)
	}
	return nil, nil
}

func (u *UI) appsIn(r *http.Request, group catalog.Key) ([]branch, error) {
	q := filtering{under(r, "stream", group, treeLimit, "name")}.with("kind", catalog.Equals, "app")
	p, err := u.Catalog.Reports(r.Context(), q.Query)
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, a := range p.Items {
		b := branch{URL: pageFor("app", a.Key), Name: a.Name, Icon: "app", Opens: treeURL(a.Key, ""), Sub: "never reloaded"}
		if !a.ReloadedAt.IsZero() {
			b.Sub, b.When = "reloaded", u.when(a.ReloadedAt)
		}
		all = append(all, b)
	}
	if p.Next != "" {
		all = append(all, rest("/catalog/apps?stream="+url.QueryEscape(string(group))))
	}
	return all, nil
}

// partsOf are an app's sheets, then its other parts.
func (u *UI) partsOf(r *http.Request, app catalog.Key) ([]branch, error) {
	d, err := u.Catalog.Report(r.Context(), scopeOf(r), app)
	if err != nil {
		return nil, err
	}
	p, err := u.Catalog.Reports(r.Context(), filtering{under(r, "parent_key", app, treeLimit, "name")}.with("kind", catalog.Equals, "sheet").Query)
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, s := range p.Items {
		b := branch{URL: pageFor("sheet", s.Key), Name: s.Name, Icon: "sheet", Opens: treeURL(s.Key, "")}
		if s.Published != nil && !*s.Published {
			b.Sub = "private"
		}
		all = append(all, b)
	}
	if p.Next != "" {
		all = append(all, rest("/catalog/sheets?parent_key="+url.QueryEscape(string(app))))
	}
	if n := d.Below.Measures + d.Below.Dimensions + d.Below.MasterObjects + d.Below.Variables; n > 0 {
		all = append(all, branch{URL: keyURL("/report", string(app)) + "&tab=fields", Name: "Measures and dimensions", Icon: "measure", Sub: "of the app's library", Opens: treeURL(app, partItems)})
	}
	if d.Below.Tables > 0 {
		all = append(all, branch{URL: keyURL("/report", string(app)) + "&tab=model", Name: "Data model", Icon: "table", Sub: plural(d.Below.Tables, "table"), Opens: treeURL(app, partModel)})
	}
	scripts, err := items(u.Catalog.SourceCodes(r.Context(), under(r, "report_key", app, 1)))
	for _, s := range scripts {
		all = append(all, branch{URL: pageFor("script", s.Key), Name: "Load script", Icon: "script", Sub: plural(s.Lines, "line")})
	}
	return all, err
}

func (u *UI) cellsIn(r *http.Request, parent catalog.Key) ([]branch, error) {
	p, err := u.Catalog.Reports(r.Context(), under(r, "parent_key", parent, treeLimit, "name"))
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, c := range p.Items {
		all = append(all, branch{URL: pageFor("cell", c.Key), Name: c.Name, Icon: "cell", Sub: c.Type, Opens: treeURL(c.Key, "")})
	}
	if p.Next != "" {
		all = append(all, rest("/catalog/charts?parent_key="+url.QueryEscape(string(parent))))
	}
	return all, nil
}

// fieldsIn are the measures and dimensions of a chart, or an app's library.
func (u *UI) fieldsIn(r *http.Request, of catalog.Key) ([]branch, error) {
	p, err := u.Catalog.ReportFields(r.Context(), under(r, "report_key", of, treeLimit, "type", "name"))
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, f := range p.Items {
		all = append(all, branch{URL: keyURL("/field", string(f.Key)), Name: f.Name, Icon: iconOf(f.Type), Sub: short(80, f.Formula)})
	}
	if p.Next != "" {
		all = append(all, rest(keyURL("/report", string(of))+"&tab=fields"))
	}
	return all, nil
}

// iconOf is the icon of a report field.
func iconOf(t catalog.FieldType) string {
	switch t {
	case catalog.Dimension:
		return "dimension"
	case catalog.MasterObject:
		return "cell"
	case catalog.Variable:
		return "variable"
	}
	return "measure"
}

func (u *UI) tablesIn(r *http.Request, app catalog.Key) ([]branch, error) {
	p, err := u.Catalog.ModelTables(r.Context(), under(r, "report_key", app, treeLimit, "name"))
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, t := range p.Items {
		all = append(all, branch{URL: pageFor("table", t.Key), Name: t.Name, Icon: "table", Sub: plural(t.Rows, "row") + ", " + plural(t.Fields, "field"), Opens: treeURL(t.Key, "")})
	}
	if p.Next != "" {
		all = append(all, rest("/catalog/tables?report_key="+url.QueryEscape(string(app))))
	}
	return all, nil
}

func (u *UI) columnsIn(r *http.Request, table catalog.Key) ([]branch, error) {
	t, err := u.Catalog.ModelTable(r.Context(), scopeOf(r), table)
	if err != nil {
		return nil, err
	}
	p, err := u.Catalog.ModelFields(r.Context(), filtering{under(r, "report_key", t.Report, treeLimit, "name")}.with("tables", catalog.Equals, t.Name).Query)
	if err != nil {
		return nil, err
	}
	var all []branch
	for _, f := range p.Items {
		b := branch{URL: pageFor("field", f.Key), Name: f.Name, Icon: "field"}
		if f.IsKey {
			b.Sub = "key"
		}
		all = append(all, b)
	}
	if p.Next != "" {
		all = append(all, rest(pageFor("table", table)))
	}
	return all, nil
}
