package ui

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// date is a fact that is a time; none for the zero time.
func (u *UI) date(label string, t time.Time) fact {
	if t.IsZero() {
		return fact{label, nil}
	}
	return fact{label, u.when(t)}
}

// group shows a stream, or a person's own apps.
func (u *UI) group(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ReportGroup(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	t := Thing{
		Kind: string(d.Kind), Icon: string(d.Kind), Key: d.Key, Name: d.Name, Description: d.Description, Retired: !d.RetiredAt.IsZero(),
		Tags: d.Tags, Around: d.Around, MayGovern: mayGovern(r, d.Connection),
		Facts: facts(fact{"Owner", d.Owner}, u.date("Modified", d.ModifiedAt), u.date("Created", d.CreatedAt), u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	t.spread(d.Attributes)
	homes, err := items(u.Catalog.ReportGroups(r.Context(), under(r, "parent_key", d.Key, someRows, "name")))
	if err != nil {
		return err
	}
	var apps []catalog.ReportRow
	if len(homes) > 0 {
		var keys []string
		for _, h := range homes {
			keys = append(keys, string(h.Key))
		}
		q := catalog.Query{Scope: scopeOf(r), Limit: someRows, Sort: []catalog.Order{{Column: "name"}}, Filters: []catalog.Filter{
			{Column: "group_key", Op: catalog.Equals, Values: keys}, {Column: "kind", Op: catalog.Equals, Values: []string{"app"}},
		}}
		if apps, err = items(u.Catalog.Reports(r.Context(), q)); err != nil {
			return err
		}
	}
	return u.show(w, r, page{Template: "group", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: struct {
		Thing
		Apps []catalog.ReportRow
	}{t, apps}})
}

// field shows a measure, a dimension, a master object or a variable.
func (u *UI) field(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ReportField(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	t := Thing{
		Kind: string(d.Type), Icon: strings.ReplaceAll(strings.ToLower(string(d.Type)), "master object", "cell"), Key: d.Key, Name: d.Name,
		Description: d.Description, Retired: !d.RetiredAt.IsZero(), Tags: d.Tags, Around: d.Around,
		Facts: facts(fact{"Defined", map[catalog.Origin]string{catalog.OriginMaster: "as a master item", catalog.OriginInline: "in this chart", catalog.OriginScript: "by the load script"}[d.Origin]},
			fact{"Label", d.Label}, u.date("Modified", d.ModifiedAt), u.date("Created", d.CreatedAt), u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	if t.Name == "" {
		t.Name = "(no name)"
	}
	t.spread(d.Attributes)
	uses, err := items(u.Catalog.ReportFields(r.Context(), under(r, "master_key", d.Key, someRows, "report_key")))
	if err != nil {
		return err
	}
	changes, err := u.changesOf(r, d.Key)
	if err != nil {
		return err
	}
	var holders []catalog.Key
	for _, f := range uses {
		holders = append(holders, f.Report)
	}
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), holders)
	if err != nil {
		return err
	}
	fields, err := u.fieldsOfApp(r, d.Around)
	if err != nil {
		return err
	}
	return u.show(w, r, page{Template: "field", Title: t.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: struct {
		Thing
		Detail  *catalog.FieldDetail
		Formula template.HTML
		Uses    []catalog.FieldRow
		Names   map[catalog.Key]catalog.Name
		Changes []catalog.ChangeRow
	}{t, d, highlighted(d.Formula, fields), uses, names, changes}})
}

// fieldsOfApp are the fields of the data model of the app that something is in, by name.
func (u *UI) fieldsOfApp(r *http.Request, a catalog.Around) (map[string]catalog.Key, error) {
	fields := map[string]catalog.Key{}
	for _, c := range a.Path {
		if c.Kind != string(catalog.ReportApp) {
			continue
		}
		all, err := items(u.Catalog.ModelFields(r.Context(), under(r, "report_key", c.Key, 1000)))
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			fields[f.Name] = f.Key
		}
	}
	return fields, nil
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
	return u.show(w, r, page{Template: "model", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: struct {
		Thing
		Fields []catalog.ColumnRow
		App    catalog.Key
	}{t, fields, d.Report}})
}

// modelField shows a field of a data model.
func (u *UI) modelField(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.ModelField(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	t := Thing{
		Kind: "Field", Icon: "field", Key: d.Key, Name: d.Name, Description: d.Comment, Retired: !d.RetiredAt.IsZero(), Tags: d.Tags, Around: d.Around,
		Facts: facts(fact{"Tables", strings.Join(d.Tables, ", ")}, fact{"Distinct values", number(d.Cardinality)}, fact{"Key", yes(d.IsKey)}, fact{"Hidden", yes(d.IsHidden)},
			u.date("First seen here", d.FirstSeenAt), u.date("Retired", d.RetiredAt)),
	}
	t.spread(d.Attributes)
	return u.show(w, r, page{Template: "model", Title: d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: struct {
		Thing
		Fields []catalog.ColumnRow
		App    catalog.Key
	}{t, nil, d.Report}})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// changesOf are the last changes of a thing itself.
func (u *UI) changesOf(r *http.Request, key catalog.Key) ([]catalog.ChangeRow, error) {
	q := under(r, "key", key, 200)
	q.Sort = []catalog.Order{{Column: "id", Descending: true}}
	return items(u.Catalog.Changes(r.Context(), q))
}

// changes lists what crawls found changed, the newest first.
func (u *UI) changes(w http.ResponseWriter, r *http.Request) error {
	chosen := r.URL.Query()
	q := catalog.Query{Scope: scopeOf(r), Limit: listLimit, Cursor: chosen.Get("cursor"), Sort: []catalog.Order{{Column: "id", Descending: true}}}
	for _, name := range []string{"connection", "what", "run", "column_name"} {
		if v := strings.TrimSpace(chosen.Get(name)); v != "" {
			q.Filters = append(q.Filters, catalog.Filter{Column: name, Op: catalog.Equals, Values: []string{v}})
		}
	}
	p, err := u.Catalog.Changes(r.Context(), q)
	if err != nil {
		return err
	}
	var keys []catalog.Key
	for _, c := range p.Items {
		keys = append(keys, c.Key)
	}
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), keys)
	if err != nil {
		return err
	}
	d := struct {
		Changes     []catalog.ChangeRow
		Names       map[catalog.Key]catalog.Name
		Chosen      url.Values
		Next, First string
	}{Changes: p.Items, Names: names, Chosen: chosen}
	if p.Next != "" {
		d.Next = changed(r.URL, "cursor", p.Next)
	}
	if chosen.Get("cursor") != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	return u.show(w, r, page{Template: "changes", Title: "Changes", Nav: "changes", Data: d})
}

// setGovernance says who answers for a thing.
func (u *UI) setGovernance(w http.ResponseWriter, r *http.Request) error {
	key := catalog.Key(r.FormValue("key"))
	code, _, _ := strings.Cut(string(key), "/")
	if !mayGovern(r, code) {
		return forbidden(auth.SecurityAdmin)
	}
	e := catalog.GovernanceEdit{Owner: strings.TrimSpace(r.FormValue("owner")), Steward: strings.TrimSpace(r.FormValue("steward")), Custodian: strings.TrimSpace(r.FormValue("custodian"))}
	if err := u.Catalog.SetGovernance(r.Context(), key, e, nil, auth.From(r.Context()).Name()); err != nil {
		return err
	}
	return done(w, r, localPath(r.FormValue("to")), "Who answers for it is kept.")
}
