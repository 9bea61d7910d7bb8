package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func crumbs(path []catalog.Crumb) string {
	var out []string
	for _, c := range path {
		out = append(out, c.Kind+" "+c.Name)
	}
	return strings.Join(out, " > ")
}

func TestDetailsTellTheWayDownAndWhatIsBelow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	ctx := t.Context()
	stream, err := b.ReportGroup(ctx, everything, "prod/stream/fin")
	b.must(err)
	group, err := b.ReportGroup(ctx, everything, "prod/app/margin")
	b.must(err)
	app, err := b.Report(ctx, everything, "prod/margin")
	b.must(err)
	cell, err := b.Report(ctx, everything, "prod/margin/sheet/chart")
	b.must(err)
	inline, err := b.ReportField(ctx, everything, "prod/margin/sheet/chart/measure/2")
	b.must(err)
	master, err := b.ReportField(ctx, everything, "prod/margin/m2")
	b.must(err)
	table, err := b.ModelTable(ctx, everything, "prod/margin/table/Orders")
	b.must(err)
	field, err := b.ModelField(ctx, everything, "prod/margin/field/SalesAmount")
	b.must(err)
	for _, c := range []struct{ name, got, want string }{
		{"stream", crumbs(stream.Path), "connection Prod"},
		{"group", crumbs(group.Path), "connection Prod > stream Finance"},
		{"app", crumbs(app.Path), "connection Prod > stream Finance"},
		{"cell", crumbs(cell.Path), "connection Prod > stream Finance > app Margin analysis > sheet Overview margin"},
		{"inline", crumbs(inline.Path), "connection Prod > stream Finance > app Margin analysis > sheet Overview margin > cell Revenue by region"},
		{"master", crumbs(master.Path), "connection Prod > stream Finance > app Margin analysis"},
		{"table", crumbs(table.Path), crumbs(master.Path)},
		{"field", crumbs(field.Path), crumbs(master.Path)},
	} {
		if c.got != c.want {
			t.Errorf("%s: the way is %q, want %q", c.name, c.got, c.want)
		}
	}
	if stream.Below.Apps != 1 {
		t.Errorf("the stream has %d apps", stream.Below.Apps)
	}
	want := catalog.Below{Sheets: 1, Cells: 2, Measures: 5, Variables: 1, Scripts: 1, Tables: 1, Fields: 1}
	if d := cmp.Diff(want, app.Below); d != "" {
		t.Errorf("below the app (-want +got)\n%s", d)
	}
	if d := cmp.Diff(want, group.Below); d != "" {
		t.Errorf("below the app's group (-want +got)\n%s", d)
	}
	if inline.MasterName != "Revenue margin" || master.Uses != 1 || master.Same != 1 {
		t.Errorf("master %q, uses %d, same %d", inline.MasterName, master.Uses, master.Same)
	}
	if app.LastSeenAt.IsZero() || !app.RetiredAt.IsZero() {
		t.Errorf("last seen %v, retired %v", app.LastSeenAt, app.RetiredAt)
	}
}

func TestDetailsAreHiddenFromOtherScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	other := catalog.Scope{Connections: []string{"test"}}
	for name, read := range map[string]func() error{
		"group":      func() error { _, err := b.ReportGroup(t.Context(), other, "prod/stream/fin"); return err },
		"report":     func() error { _, err := b.Report(t.Context(), other, "prod/margin"); return err },
		"field":      func() error { _, err := b.ReportField(t.Context(), other, "prod/margin/m1"); return err },
		"script":     func() error { _, err := b.SourceCode(t.Context(), other, "prod/margin/script"); return err },
		"version":    func() error { _, err := b.SourceVersion(t.Context(), other, "prod/margin/script", "x"); return err },
		"table":      func() error { _, err := b.ModelTable(t.Context(), other, "prod/margin/table/Orders"); return err },
		"column":     func() error { _, err := b.ModelField(t.Context(), other, "prod/margin/field/SalesAmount"); return err },
		"preview":    func() error { _, err := b.Preview(t.Context(), other, "prod/margin/sheet"); return err },
		"governance": func() error { _, err := b.Governance(t.Context(), other, "prod/margin"); return err },
		"none":       func() error { _, err := b.Report(t.Context(), everything, "prod/none"); return err },
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, read(), catalog.CodeNotFound) })
	}
	names, err := b.Names(t.Context(), other, []catalog.Key{"prod", "prod/margin"})
	b.must(err)
	if len(names) > 0 {
		t.Errorf("names are told: %v", names)
	}
}

func TestNamesOfKeysOfAllKinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	library(b)
	got, err := b.Names(t.Context(), everything, []catalog.Key{
		"prod", "prod/stream/fin", "prod/app/margin", "prod/margin", "prod/margin/sheet", "prod/margin/m1", "prod/margin/script",
		"prod/margin/table/Orders", "prod/margin/field/SalesAmount", "prod/none", "prod/margin",
	})
	b.must(err)
	want := map[catalog.Key]catalog.Name{
		"prod": {Kind: "connection", Name: "Prod"}, "prod/stream/fin": {Kind: "stream", Name: "Finance"},
		"prod/app/margin": {Kind: "app_group", Name: "Margin analysis"}, "prod/margin": {Kind: "app", Name: "Margin analysis"},
		"prod/margin/sheet": {Kind: "sheet", Name: "Overview margin"}, "prod/margin/m1": {Kind: "measure", Name: "Revenue"},
		"prod/margin/script": {Kind: "script", Name: "Margin analysis"}, "prod/margin/table/Orders": {Kind: "table", Name: "Orders"},
		"prod/margin/field/SalesAmount": {Kind: "field", Name: "SalesAmount"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestGovernanceIsInherited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), catalog.Connection{
		Code: "gov", Name: "Governed", Type: "qlik-sense", Governance: map[string]string{"owner": "cora", "steward": "stan"},
	}))
	library(b)
	ctx := t.Context()
	b.must(b.SetGovernance(ctx, "prod/stream/fin", catalog.GovernanceEdit{Owner: "fay", Custodian: "carl"}, nil, "root"))
	b.must(b.SetGovernance(ctx, "prod/margin/sheet", catalog.GovernanceEdit{Owner: "ada", Steward: "sue"}, nil, "root"))
	cell, err := b.Report(ctx, everything, "prod/margin/sheet/chart")
	b.must(err)
	want := catalog.Governance{
		Owner:     &catalog.Responsible{User: "ada", From: "prod/margin/sheet"},
		Steward:   &catalog.Responsible{User: "sue", From: "prod/margin/sheet"},
		Custodian: &catalog.Responsible{User: "carl", From: "prod/stream/fin"},
	}
	if d := cmp.Diff(want, cell.Governance); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	b.must(b.SetGovernance(ctx, "prod/margin/sheet", catalog.GovernanceEdit{Steward: "sue"}, nil, "root"))
	sheet, err := b.Governance(ctx, everything, "prod/margin/sheet")
	b.must(err)
	if sheet.Owner.User != "fay" || (sheet.Said != catalog.GovernanceEdit{Steward: "sue"}) {
		t.Errorf("the owner is %v, the sheet says %+v", sheet.Owner, sheet.Said)
	}
	connection, err := b.Governance(ctx, everything, "gov")
	b.must(err)
	if connection.Owner.User != "cora" || connection.Steward.From != "gov" || connection.Said.Steward != "stan" {
		t.Errorf("the connection's: %+v", connection)
	}
	wantCode(t, b.SetGovernance(ctx, "prod/margin/sheet", catalog.GovernanceEdit{}, &catalog.GovernanceEdit{Steward: "stan"}, "root"), catalog.CodeConflict)
	b.must(b.SetGovernance(ctx, "prod/margin/sheet", catalog.GovernanceEdit{}, &catalog.GovernanceEdit{Steward: "sue"}, "root"))
	b.must(b.SetGovernance(ctx, "prod/margin", catalog.GovernanceEdit{}, &catalog.GovernanceEdit{}, "root"))
	wantCode(t, b.SetGovernance(ctx, "prod/none", catalog.GovernanceEdit{Owner: "x"}, nil, "root"), catalog.CodeNotFound)
	wantCode(t, b.SetGovernance(ctx, "prod", catalog.GovernanceEdit{Owner: "x"}, nil, "root"), catalog.CodeInvalid)
}

func TestScriptsHaveTheirVersionsAndNoCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := book("margin", "Margin", "", "")
	key := s.Sources[0].Key
	var hashes []string
	for _, code := range []string{"LOAD 1; // pwd=Tiger1\n", "LOAD 2;\n", "LOAD 3;\nLOAD 4;\n"} {
		s.Sources[0].Code = code
		hashes = append(hashes, s.Sources[0].SHA256())
		b.crawl(s)
	}
	d, err := b.SourceCode(t.Context(), everything, key)
	b.must(err)
	if d.Code != "LOAD 3;\nLOAD 4;\n" || len(d.Versions) != 3 {
		t.Fatalf("the script is %q with %d versions", d.Code, len(d.Versions))
	}
	before := time.Time{}
	for i, want := range []string{"LOAD 1; // pwd=***\n", "LOAD 2;\n", "LOAD 3;\nLOAD 4;\n"} {
		v, err := b.SourceVersion(t.Context(), everything, key, hashes[i])
		b.must(err)
		if v.Code != want || v.SHA256 != hashes[i] || v.FirstSeenAt.Before(before) || v.LastSeenAt.Before(v.FirstSeenAt) {
			t.Errorf("version %d is %+v, want %q", i, v, want)
		}
		before = v.LastSeenAt
	}
	_, err = b.SourceVersion(t.Context(), everything, key, "0000")
	wantCode(t, err, catalog.CodeNotFound)
	changes, err := b.Changes(t.Context(), catalog.Query{Scope: everything, Filters: []catalog.Filter{where("column_name", catalog.Equals, "code")}})
	b.must(err)
	if len(changes.Items) != 2 || changes.Items[1].Old != "LOAD 1; // pwd=***\n" {
		t.Errorf("changes: %+v", changes.Items)
	}
	page, err := b.SourceCodes(t.Context(), catalog.Query{Scope: everything})
	b.must(err)
	if page.Items[0].Code != "" {
		t.Error("a list has texts that nobody asked for")
	}
	_, err = b.SourceCodes(t.Context(), catalog.Query{Scope: everything, Filters: []catalog.Filter{where("code", catalog.Contains, "Tiger")}})
	wantCode(t, err, catalog.CodeInvalid) // or what is masked could be guessed
}
