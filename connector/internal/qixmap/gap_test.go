package qixmap

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestBrokenMetadataIsAGapAndTheRestIsExact(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{`{"fields":[{"na`, `[]`, `null`, `<html>`} {
		read := sheetWith(t, cell("C", ""))
		read.Metadata = []byte(metadata)
		s := Map(testOptions(), read)
		if len(s.Gaps) != 1 || s.Gaps[0].Part != catalog.PartDataModel || s.Gaps[0].Key != "q/app-1" || catalog.CodeOf(s.Gaps[0].Err) != catalog.CodeUnreadable {
			t.Errorf("%s: gaps %+v", metadata, s.Gaps)
		}
		if len(s.Reports) != 3 {
			t.Errorf("%s: %d reports, want 3", metadata, len(s.Reports))
		}
	}
}

func TestANameThatNoKeyCanHoldIsAGapAndTheRestIsExact(t *testing.T) {
	t.Parallel()
	name := func(bytes int) string { return strings.Repeat("é", bytes/2) }
	fits := name(catalog.MaxKey - len("q/app-1/field/"))
	read := sheetWith(t, cell("C", ""))
	read.Metadata = []byte(`{"fields":[{"name":"` + fits + `"},{"name":"` + name(2*catalog.MaxKey) + `"},{"name":"F"}],
		"tables":[{"name":"` + name(2*catalog.MaxKey) + `"},{"name":"T"}]}`)
	s := Map(testOptions(), read)
	if len(s.Gaps) != 2 || s.Gaps[0].Part != catalog.PartDataModel || catalog.CodeOf(s.Gaps[0].Err) != catalog.CodeTooLarge {
		t.Errorf("gaps %+v", s.Gaps)
	}
	if len(s.Columns) != 2 || s.Columns[0].Name != fits || len(s.Tables) != 1 || len(s.Reports) != 3 {
		t.Errorf("%d fields, %d tables, %d reports; want 2, 1, 3", len(s.Columns), len(s.Tables), len(s.Reports))
	}
}

func TestARefusedAppHasTheSheetsThatTheRepositoryLists(t *testing.T) {
	t.Parallel()
	read := testApp()
	refused := &catalog.Error{Code: catalog.CodeSectionAccess, Op: "open app", Key: "q/app-1"}
	read.Gaps = []catalog.Gap{{Part: catalog.PartApp, Key: "q/app-1", Err: refused}}
	read.SheetRows = []SheetRow{{
		ID: "S", Name: "Overview", Description: "D", Owner: Person{ID: "o-1"}, Published: true, Approved: true, Created: day(1), Modified: day(2), PublishTime: day(3),
	}}
	s := Map(testOptions(), read)
	r := reportOf(t, s, "q/app-1/S")
	if !r.Incomplete || r.Name != "Overview" || r.Owner != `ACME\ann` || r.Type != "Sheet" || r.Parent != "q/app-1" || r.PublishedAt != day(3) || !*r.Approved {
		t.Errorf("sheet %+v", r)
	}
	if app := reportOf(t, s, "q/app-1"); app.Incomplete || app.Name != "Sales" {
		t.Errorf("app %+v", app)
	}
	if len(s.Gaps) != 1 || len(s.Groups) != 1 {
		t.Errorf("gaps %v, groups %v", s.Gaps, s.Groups)
	}
}

func TestWhatCannotBeReadIsAGapAndTheRestIsExact(t *testing.T) {
	t.Parallel()
	denied := &catalog.Error{Code: catalog.CodeForbidden, Op: "read"}
	good := cell("C", `,'qHyperCubeDef':{'qMeasures':[{'qDef':{'qDef':'1'}}]}`)
	type gap struct {
		Part catalog.Part
		Key  catalog.Key
		Code catalog.Code
	}
	for _, c := range []struct {
		name   string
		spoil  func(*App)
		gap    gap
		cells  []string
		absent string // a field that must not be there
	}{
		{"a sheet denied", func(r *App) { r.Sheets = append(r.Sheets, Object{ID: "X", Err: denied}) }, gap{catalog.PartSheet, "q/app-1/X", catalog.CodeForbidden}, nil, ""},
		{"a sheet without properties", func(r *App) { r.Sheets = append(r.Sheets, Object{ID: "X", Entry: []byte("null")}) }, gap{catalog.PartSheet, "q/app-1/X", catalog.CodeUnreadable}, nil, ""},
		{"a sheet cut off", func(r *App) { r.Sheets = append(r.Sheets, Object{ID: "X", Entry: []byte(`{"qProp`)}) }, gap{catalog.PartSheet, "q/app-1/X", catalog.CodeUnreadable}, nil, ""},
		{"a measure denied", func(r *App) { r.Measures = []Object{{ID: "X", Err: denied}} }, gap{catalog.PartMeasures, "q/app-1/X", catalog.CodeForbidden}, nil, "X"},
		{"a dimension denied", func(r *App) { r.Dimensions = []Object{{ID: "X", Err: denied}} }, gap{catalog.PartDimensions, "q/app-1/X", catalog.CodeForbidden}, nil, "X"},
		{"a master object denied", func(r *App) { r.Masters = []Object{{ID: "X", Err: denied}} }, gap{catalog.PartMasterObjects, "q/app-1/X", catalog.CodeForbidden}, nil, "X"},
		{"a master object without properties", func(r *App) { r.Masters = []Object{{ID: "X", Entry: []byte(`{}`)}} }, gap{catalog.PartMasterObjects, "q/app-1/X", catalog.CodeUnreadable}, nil, "X"},
		{"a variable without an id", func(r *App) { r.Variables = js(t, `[{'qName':'v'}]`).Items }, gap{catalog.PartVariables, "q/app-1", catalog.CodeUnreadable}, nil, ""},
		{"a cell without an id", nil, gap{catalog.PartSheet, "q/app-1/S", catalog.CodeUnreadable}, []string{`{'qProperty':{}}`}, ""},
		{"a cell that is null", nil, gap{catalog.PartSheet, "q/app-1/S", catalog.CodeUnreadable}, []string{`null`}, ""},
		{"children that are no list", nil, gap{catalog.PartSheet, "q/app-1/S", catalog.CodeUnreadable}, []string{`{'qProperty':{'qInfo':{'qId':'K'}},'qChildren':'x'}`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			read := sheetWith(t, append(c.cells, good)...)
			if c.spoil != nil {
				c.spoil(read)
			}
			s := Map(testOptions(), read)
			if len(s.Gaps) != 1 {
				t.Fatalf("gaps %+v, want one", s.Gaps)
			}
			if diff := cmp.Diff(c.gap, gap{s.Gaps[0].Part, s.Gaps[0].Key, catalog.CodeOf(s.Gaps[0].Err)}); diff != "" {
				t.Errorf("gap (-want +got):\n%s", diff)
			}
			reportOf(t, s, "q/app-1/S/C")
			if f := fieldOf(t, s, "q/app-1/S/C/measure/0"); f.Formula != "1" {
				t.Errorf("formula %q", f.Formula)
			}
			if _, there := formulas(s)[c.absent]; there {
				t.Errorf("%s has a row", c.absent)
			}
		})
	}
}

func TestUsesOfAnUnreadMasterKeepWhatTheCatalogHas(t *testing.T) {
	t.Parallel()
	denied := errors.New("denied")
	read := sheetWith(t, cell("C", `,'qHyperCubeDef':{'qMeasures':[{'qLibraryId':'X'}],'qDimensions':[{'qLibraryId':'Y'}]}`), cell("I", `,'qExtendsId':'M'`))
	read.Measures = []Object{{ID: "X", Err: denied}}
	read.Masters = []Object{{ID: "M", Err: denied}}
	read.Gaps = []catalog.Gap{{Part: catalog.PartDimensions, Key: "q/app-1", Err: denied}}
	s := Map(testOptions(), read)
	for key, master := range map[catalog.Key]catalog.Key{"q/app-1/S/C/measure/0": "q/app-1/X", "q/app-1/S/C/dimension/0": "q/app-1/Y"} {
		if f := fieldOf(t, s, key); !f.Incomplete || f.Master != master {
			t.Errorf("%+v isn't marked as incomplete", f)
		}
	}
	if !reportOf(t, s, "q/app-1/S/I").Incomplete {
		t.Error("an instance of an unread master isn't marked as incomplete")
	}
	if last := s.Gaps[len(s.Gaps)-1]; last.Part != catalog.PartSheet || last.Key != "q/app-1/S/I" {
		t.Errorf("the instance's fields aren't kept by a gap: %+v", s.Gaps)
	}
}

func TestKeysAreUniqueEvenIfIdsAreNot(t *testing.T) {
	t.Parallel()
	read := sheetWith(t, cell("C", `,'title':'first'`), cell("C", `,'title':'second'`))
	s := Map(testOptions(), read)
	if r := reportOf(t, s, "q/app-1/S/C"); r.Name != "first" || len(s.Reports) != 3 {
		t.Errorf("%d reports, C is %q", len(s.Reports), r.Name)
	}
}
