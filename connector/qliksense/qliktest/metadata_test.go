package qliktest

import (
	"testing"
	"time"
)

// facts B.9: metadata and lineage without an xrfkey and without opening the app; 404 for an app that
// was never reloaded here, or that may not be read.
func TestStoredMetadataB9(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	ann, bob := as(t, s, c.ann).login(), as(t, s, c.bob).login()
	ann.key, bob.key = "", ""
	metadata := "/api/v1/apps/" + c.sales.ID + "/data/metadata"
	if got := ann.must(200, metadata).body; got != `{"fields":[{"name":"x"}],"tables":[]}` {
		t.Errorf("metadata %s", got)
	}
	lineage := "/api/v1/apps/" + c.sales.ID + "/data/lineage"
	want := `[{"discriminator":"lib://data/a.qvd;","statement":"LOAD * FROM a"},{"discriminator":"INLINE;"}]`
	if got := ann.must(200, lineage).body; got != want {
		t.Errorf("lineage %s, want %s", got, want)
	}
	bob.must(200, metadata)
	bob.must(403, lineage) // no right to reload: facts C.6
	ann.must(404, "/api/v1/apps/"+c.draft.ID+"/data/metadata")
	ann.must(404, "/api/v1/apps/"+guidOf(999)+"/data/metadata")
	bob.must(404, "/api/v1/apps/"+c.margin.ID+"/data/metadata")
	ann.must(404, "/api/v1/apps")

	s.Fail(c.sales.ID, MetadataBroken)
	if got := ann.must(200, metadata).body; got != `{"fields":[{"name"` {
		t.Errorf("broken metadata %s", got)
	}
	s.Fail(c.sales.ID, MetadataMissing)
	ann.must(404, metadata)
	s.Heal(c.sales.ID)
	ann.must(200, metadata)
	if got := s.Counters(); got.OpensWithData+got.OpensWithoutData != 0 {
		t.Errorf("reading metadata opened the app: %+v", got)
	}
}

// facts B.4: which dates an event moves.
func TestDatesThatEventsMoveB4(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                       string
		edit                       func(*cast, *Server)
		app, reload, sheet, script bool
	}{
		{"reload", func(c *cast, s *Server) { s.ReloadApp(c.sales.ID, nil) }, true, true, false, false},
		{"publish", func(c *cast, s *Server) { s.PublishApp(c.sales.ID, c.finance) }, true, false, true, true},
		{"rename", func(c *cast, s *Server) { s.RenameApp(c.sales.ID, "Turnover") }, true, false, false, false},
		{"tag", func(c *cast, s *Server) { s.TagApp(c.sales.ID) }, true, false, false, false},
		{"owner", func(c *cast, s *Server) { s.SetOwner(c.sales.ID, c.bob) }, true, false, false, false},
		{"touch", func(c *cast, s *Server) { s.TouchApp(c.sales.ID) }, true, false, false, false},
		{"script", func(c *cast, s *Server) { s.EditScript(c.sales.ID, "EXIT SCRIPT;") }, true, false, false, true},
		{"sheet", func(c *cast, s *Server) {
			s.PutObject(c.sales.ID, object1(c.sheet, "sheet", "Other"), nil)
		}, true, false, true, false},
		{"sheet's publication", func(c *cast, s *Server) { s.PublishSheet(c.sales.ID, c.sheet, false) }, false, false, true, false},
		{"other app", func(c *cast, s *Server) { s.TouchApp(c.draft.ID) }, false, false, false, false},
		{"deletion of another", func(c *cast, s *Server) { s.DeleteApp(c.margin.ID) }, false, false, false, false},
		{"stream's name", func(c *cast, s *Server) { s.RenameStream(c.everyone.ID, "All") }, false, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, s := start(t, Options{})
			b := direct(t, s, "")
			before := datesOf(b, c)
			tt.edit(c, s)
			after := datesOf(b, c)
			moved := [4]bool{}
			for i := range after {
				moved[i] = before[i] != after[i]
			}
			if want := [4]bool{tt.app, tt.reload, tt.sheet, tt.script}; moved != want {
				t.Errorf("moved app, reload, sheet, script: %v, want %v", moved, want)
			}
		})
	}
}

func datesOf(b *browser, c *cast) (dates [4]string) {
	b.t.Helper()
	var app struct{ ModifiedDate, LastReloadTime string }
	b.decode("/qrs/app/"+c.sales.ID, &app)
	dates[0], dates[1] = app.ModifiedDate, app.LastReloadTime
	var objects []struct{ EngineObjectID, ModifiedDate, ContentHash string }
	b.decode("/qrs/app/object/full?filter="+query1("app.id eq "+c.sales.ID), &objects)
	for _, o := range objects {
		switch o.EngineObjectID {
		case c.sheet:
			dates[2] = o.ModifiedDate
		case "qvapp_appscript":
			dates[3] = o.ModifiedDate
		}
	}
	return dates
}

// Editors change what is served, at once and for all ports; a site without the thing says so.
func TestEditors(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := direct(t, s, "")
	objects := func() int {
		return len(b.names("/qrs/app/object/full?filter=" + query1("app.id eq "+c.sales.ID)))
	}
	before := objects()
	s.PutObject(c.sales.ID, object1("new", "sheet", "New"), c.bob)
	s.PutMeasure(c.sales.ID, object1("m2", "measure", "Margin").Property)
	s.PutDimension(c.sales.ID, object1("d1", "dimension", "Country").Property)
	if got := objects(); got != before+3 {
		t.Errorf("%d objects, want three more than %d", got, before)
	}
	if !s.DeleteObject(c.sales.ID, "m2") || s.DeleteObject(c.sales.ID, "m2") {
		t.Error("an object can't be deleted just once")
	}
	s.AddApp(&App{ID: guidOf(44), Name: "Added", Owner: c.ann, Created: time.Now()})
	s.AddStream(&Stream{ID: guidOf(33), Name: "Third"})
	if !s.DeleteApp(c.margin.ID) || !s.DeleteStream(c.everyone.ID) {
		t.Error("nothing to delete")
	}
	if got := b.names("/qrs/app?orderby=name"); len(got) != 3 || got[0] != "Added" {
		t.Errorf("apps %q", got)
	}
	if got := b.names("/qrs/app?filter=" + query1("published eq true")); len(got) != 0 {
		t.Errorf("published apps %q, although their stream is gone", got)
	}
	if got := b.names("/qrs/stream"); len(got) != 2 {
		t.Errorf("streams %q", got)
	}
	for name, done := range map[string]bool{
		"touch": s.TouchApp("x"), "rename": s.RenameApp("x", "y"), "delete": s.DeleteApp("x"), "script": s.EditScript("x", "y"),
		"stream": s.DeleteStream("x"), "rename stream": s.RenameStream("x", "y"), "put": s.PutObject("x", Tree{}, nil),
		"sheet": s.PublishSheet(c.sales.ID, "x", true),
	} {
		if done {
			t.Errorf("%s says that it changed what doesn't exist", name)
		}
	}
}

// Readers and editors may work at the same time; the race detector watches.
func TestEditingWhileReading(t *testing.T) {
	t.Parallel()
	c, s := start(t, Options{})
	b := direct(t, s, "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 50 {
			s.RenameApp(c.sales.ID, string(rune('A'+i%26)))
			s.PutObject(c.sales.ID, object1(c.sheet, "sheet", "x"), nil)
			s.TagApp(c.sales.ID, c.gold)
		}
	}()
	for range 15 {
		b.must(200, "/qrs/app/full?privileges=true")
		b.must(200, "/qrs/app/object/full")
		b.page("app", "sortColumn=name", nameColumn)
	}
	<-done
}
