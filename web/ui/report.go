package ui

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A Thing is what the head of every page of something shows.
type Thing struct {
	Kind, Icon  string
	Key         catalog.Key
	Name        string
	Description string
	URL         string // into Qlik
	Retired     bool
	Facts       []fact
	Tags        []string
	Properties  []fact // custom properties
	Attributes  []fact // whatever else Qlik says
	catalog.Around
	MayGovern bool
	Lineage   catalog.Key // that its lineage is found by; "" for none
}

// Brief are the facts that stand above every tab: whose it is, and how fresh.
func (t Thing) Brief() []fact {
	var brief []fact
	for _, f := range t.Facts {
		if slices.Contains([]string{"Owner", "State", "Data reloaded", "Modified"}, f.Label) {
			brief = append(brief, f)
		}
	}
	return brief
}

// trace finds out whether lineage knows a thing by one of some keys.
func (u *UI) trace(r *http.Request, t *Thing, keys ...catalog.Key) error {
	if u.Lineage == nil {
		return nil
	}
	var err error
	t.Lineage, err = u.Catalog.LineageNode(r.Context(), keys...)
	return err
}

// A fact is a label and a value: a text, or HTML of ours.
type fact struct {
	Label string
	Value any
}

// facts leaves out what has no value.
func facts(list ...fact) []fact {
	return slices.DeleteFunc(list, func(f fact) bool {
		text, isText := f.Value.(string)
		return f.Value == nil || isText && text == ""
	})
}

// known are the attributes that have a place of their own on the pages.
var knownAttributes = []string{"owner", "application", "custom_properties", "columns", "rows", "thumbnail"}

// spread splits the attributes of a row into custom properties and the rest.
func (t *Thing) spread(a catalog.Attributes) {
	if own, ok := a["custom_properties"].(map[string]any); ok {
		for name, v := range own {
			t.Properties = append(t.Properties, fact{name, plain(v)})
		}
	}
	for name, v := range a {
		if !slices.Contains(knownAttributes, name) {
			value := plain(v)
			if n, is := v.(float64); is && strings.HasSuffix(name, "_size") {
				value = byteSize(int64(n))
			}
			t.Attributes = append(t.Attributes, fact{strings.ReplaceAll(name, "_", " "), value})
		}
	}
	for _, list := range [][]fact{t.Properties, t.Attributes} {
		slices.SortFunc(list, func(x, y fact) int { return strings.Compare(x.Label, y.Label) })
	}
}

// plain puts a value of JSON into words.
func plain(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case bool:
		return fmt.Sprint(x)
	case []any:
		var words []string
		for _, e := range x {
			words = append(words, plain(e))
		}
		return strings.Join(words, ", ")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// A reportPage is what templates/report.html shows.
type reportPage struct {
	Thing
	Row    catalog.ReportRow
	Below  catalog.Below
	Tab    string
	Tabs   []tab
	Sheets []catalog.ReportRow
	Cells  []catalog.ReportRow
	Fields []fieldGroup
	Tables []catalog.TableRow
	Model  []catalog.ColumnRow
	Drawn  *modelPicture
	Unused map[catalog.Key]bool // fields of the model that nothing is made of
	Runs   []catalog.AppRun
	Script *catalog.SourceRow

	Preview *catalog.Preview
	Picture template.HTML
	Changes []changeLine
	More    string // where the rest of a list is
}

type tab struct {
	Name, Label string
	Count       int
}

type fieldGroup struct {
	Title  string
	Icon   string
	Fields []fieldLine
}

// A fieldLine is a report field with its formula in colors.
type fieldLine struct {
	catalog.FieldRow
	HTML template.HTML
}

// someRows are as many rows as a page of a thing shows of a list.
const someRows = 500

// report shows an app, a sheet or a chart.
func (u *UI) report(w http.ResponseWriter, r *http.Request) error {
	key := keyOf(r)
	d, err := u.Catalog.Report(r.Context(), scopeOf(r), key)
	if err != nil {
		return err
	}
	p := &reportPage{Thing: u.reportThing(r, d), Row: d.ReportRow, Below: d.Below, Tab: r.URL.Query().Get("tab")}
	p.Tabs = tabsOf(d)
	if !slices.ContainsFunc(p.Tabs, func(t tab) bool { return t.Name == p.Tab }) {
		p.Tab = p.Tabs[0].Name
	}
	if err := u.trace(r, &p.Thing, p.Key); err != nil {
		return err
	}
	if err := u.fill(r, p); err != nil {
		return err
	}
	out := page{Template: "report", Title: p.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: p}
	if p.Tab == "live" && p.Preview != nil {
		out.Frames = originOf(p.Preview.EmbedURL)
	}
	return u.show(w, r, out)
}

func (u *UI) reportThing(r *http.Request, d *catalog.ReportDetail) Thing {
	t := Thing{
		Kind: string(d.Kind), Icon: string(d.Kind), Key: d.Key, Name: d.Name, Description: d.SourceDescription, URL: d.URL,
		Retired: !d.RetiredAt.IsZero(), Tags: d.Tags, Around: d.Around, MayGovern: mayGovern(r, d.Connection),
	}
	if t.Name == "" {
		t.Name = "(no name)"
	}
	if d.Kind == catalog.ReportCell {
		t.Kind = d.Type
	}
	published := ""
	if d.Published != nil {
		published = map[bool]string{true: "published", false: "not published"}[*d.Published]
		if d.Approved != nil && *d.Approved {
			published += ", approved (base sheet)"
		}
	}
	t.Facts = facts(
		owner(d.ReportRow), fact{"Owner is called", ownerName(d.Attributes)}, fact{"State", published}, u.date("Published", d.PublishedAt), u.date("Data reloaded", d.ReloadedAt),
		u.date("Modified", d.ModifiedAt), u.date("Created", d.CreatedAt), u.date("First seen here", d.FirstSeenAt), u.date("Last seen here", d.LastSeenAt), u.date("Retired", d.RetiredAt),
	)
	t.spread(d.Attributes)
	if to := thumbnailOf(d.ReportRow); to != "" {
		t.Facts = append(t.Facts, fact{"Thumbnail", place{"in Qlik", to}})
	}
	return t
}

// owner leads to what else somebody owns.
func owner(r catalog.ReportRow) fact {
	if r.Owner == "" {
		return fact{"Owner", nil}
	}
	return fact{"Owner", ofOwner(r.Owner)}
}

// ownerName is what Qlik calls the owner, and the address of their mail.
func ownerName(a catalog.Attributes) string {
	who, _ := a["owner"].(map[string]any)
	name, _ := who["name"].(string)
	mail, _ := who["email"].(string)
	return strings.Trim(name+", "+mail, ", ")
}

// thumbnailOf is where Qlik has the thumbnail of a report: the catalog has its path from the site's root. Only
// whoever is signed in there sees it, so that it is a link, and no picture in a page of ours.
func thumbnailOf(r catalog.ReportRow) string {
	path, _ := r.Attributes["thumbnail"].(string)
	base, _, ok := strings.Cut(r.URL, "/sense/app/")
	if !ok || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || originOf(base) == "" {
		return ""
	}
	return base + path
}

func mayGovern(r *http.Request, connection string) bool {
	return auth.From(r.Context()).MayOn(auth.SecurityAdmin, connection)
}

func tabsOf(d *catalog.ReportDetail) []tab {
	all := []tab{{"about", "About", 0}}
	switch d.Kind {
	case catalog.ReportApp:
		all = append([]tab{{"sheets", "Sheets", d.Below.Sheets}}, all...)
		all = append(all, tab{"fields", "Measures and dimensions", d.Below.Measures + d.Below.Dimensions + d.Below.MasterObjects + d.Below.Variables},
			tab{"model", "Data model", d.Below.Tables}, tab{"crawls", "Crawls", 0})
		if d.Below.Scripts > 0 {
			all = append(all, tab{"script", "Script", 0})
		}
	case catalog.ReportSheet:
		all = append([]tab{{"preview", "Preview", 0}, {"live", "Live", 0}, {"cells", "Charts", d.Below.Cells}, {"fields", "Measures and dimensions", d.Below.Measures + d.Below.Dimensions}}, all...)
	default:
		all = append([]tab{{"fields", "Measures and dimensions", d.Below.Measures + d.Below.Dimensions}, {"cells", "Inside", d.Below.Cells}, {"preview", "On its sheet", 0}}, all...)
	}
	return append(all, tab{"changes", "Changes", 0})
}

// fill reads what the chosen tab shows.
func (u *UI) fill(r *http.Request, p *reportPage) error {
	var err error
	ctx, row := r.Context(), p.Row
	switch p.Tab {
	case "sheets":
		p.Sheets, p.More, err = u.partly(r, filtering{under(r, "parent_key", row.Key, someRows, "name")}.with("kind", catalog.Equals, "sheet").Query, "/catalog/sheets")
	case "cells":
		p.Cells, p.More, err = u.partly(r, under(r, "parent_key", row.Key, someRows, "name"), "/catalog/charts")
	case "fields":
		p.Fields, err = u.fieldsUnder(r, row)
	case "model":
		err = u.fillModel(r, p)
	case "crawls":
		p.Runs, err = u.Catalog.AppRuns(ctx, scopeOf(r), row.Key, runsOfApp)
	case "script":
		var all []catalog.SourceRow
		if all, err = items(u.Catalog.SourceCodes(ctx, under(r, "report_key", row.Key, 1))); err == nil && len(all) > 0 {
			p.Script = &all[0]
		}
	case "preview", "live":
		if p.Preview, err = u.Catalog.Preview(ctx, scopeOf(r), row.Key); err == nil {
			p.Picture, err = previewPicture(p.Preview)
		}
	case "changes":
		p.Changes, err = u.changesOf(r, row.Key)
	}
	return err
}

// partly reads the first reports in something, and tells which list has the rest, if there is one.
func (u *UI) partly(r *http.Request, q catalog.Query, list string) ([]catalog.ReportRow, string, error) {
	p, err := u.Catalog.Reports(r.Context(), q)
	return p.Items, moreIf(p.Next, list+"?parent_key="+url.QueryEscape(r.URL.Query().Get("key"))), err
}

// runsOfApp is how many crawls the page of an app lists.
const runsOfApp = 50

// fillModel reads the data model, draws it, and marks the fields that nothing is made of.
func (u *UI) fillModel(r *http.Request, p *reportPage) error {
	var err error
	if p.Tables, err = items(u.Catalog.ModelTables(r.Context(), under(r, "report_key", p.Row.Key, someRows, "name"))); err != nil {
		return err
	}
	if p.Model, err = items(u.Catalog.ModelFields(r.Context(), under(r, "report_key", p.Row.Key, 1000, "name"))); err != nil {
		return err
	}
	q := filtering{under(r, "report_key", p.Row.Key, 1000)}.with("used", catalog.Equals, "false").Query
	q.Fields = []string{"key"}
	idle, err := items(u.Catalog.ModelFields(r.Context(), q))
	if err != nil {
		return err
	}
	p.Unused = map[catalog.Key]bool{}
	for _, f := range idle {
		p.Unused[f.Key] = true
	}
	p.Drawn, err = pictureOf(r.Context(), p.Tables, p.Model)
	return err
}

// fieldsUnder are the fields of an app's library, of a chart, or of all charts of a sheet.
func (u *UI) fieldsUnder(r *http.Request, row catalog.ReportRow) ([]fieldGroup, error) {
	q := under(r, "report_key", row.Key, 1000, "name")
	if row.Kind == catalog.ReportSheet {
		q.Filters = []catalog.Filter{{Column: "key", Op: catalog.Contains, Values: []string{string(row.Key)}}}
	}
	all, err := items(u.Catalog.ReportFields(r.Context(), q))
	if err != nil {
		return nil, err
	}
	known, err := u.fieldsOfApp(r, appKeyOf(row.Key))
	if err != nil {
		return nil, err
	}
	groups := []fieldGroup{{Title: "Dimensions", Icon: "dimension"}, {Title: "Measures", Icon: "measure"}, {Title: "Master objects", Icon: "cell"}, {Title: "Variables", Icon: "variable"}}
	at := map[catalog.FieldType]int{catalog.Dimension: 0, catalog.Measure: 1, catalog.MasterObject: 2, catalog.Variable: 3}
	for _, f := range all {
		g := &groups[at[f.Type]]
		g.Fields = append(g.Fields, fieldLine{f, highlighted(short(400, f.Formula), known)})
	}
	return slices.DeleteFunc(groups, func(g fieldGroup) bool { return len(g.Fields) == 0 }), nil
}

// items gives the rows of a page.
func items[T any](p catalog.Page[T], err error) ([]T, error) { return p.Items, err }

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
