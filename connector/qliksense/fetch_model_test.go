package qliksense

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func modelSite(t *testing.T) *qliktest.Server {
	t.Helper()
	return qliktest.New(t, qliktest.Generate(qliktest.GenerateOptions{Apps: 6, Sheets: 1, ChartsPerSheet: 1}), qliktest.Options{})
}

// TestAModelReadFromAnOpenAppHasTheRowsOfAStoredOne: but for a table's size in bytes, which the Engine doesn't
// tell.
func TestAModelReadFromAnOpenAppHasTheRowsOfAStoredOne(t *testing.T) {
	t.Parallel()
	server := modelSite(t)
	stored := openOptions(t, server, nil)
	opened := openOptions(t, server, map[string]any{"data_model": "open"})
	for i, l := range listAll(t, stored) {
		want := fetchApp(t, stored, l)
		server.Fail(catalogID(l), []qliktest.Fault{qliktest.MetadataMissing, qliktest.MetadataBroken}[i%2])
		got := fetchApp(t, opened, listAll(t, opened)[i])
		wantNoGaps(t, got)
		for i := range want.Tables {
			delete(want.Tables[i].Attributes, "byte_size")
			if len(want.Tables[i].Attributes) == 0 {
				want.Tables[i].Attributes = nil
			}
		}
		if len(want.Tables) == 0 || len(want.Columns) == 0 {
			t.Fatal("the app has no data model to compare")
		}
		if diff := cmp.Diff(modelRows(want), modelRows(got)); diff != "" {
			t.Errorf("%s (-stored +opened):\n%s", l.Unit.Name, diff)
		}
	}
}

func catalogID(l connector.Listed) string { return l.Source.(*listedApp).row.ID }

// modelRows are the rows of the data model by key.
func modelRows(s *catalog.Snapshot) map[catalog.Key]any {
	rows := map[catalog.Key]any{}
	for _, r := range s.Tables {
		rows[r.Key] = r
	}
	for _, r := range s.Columns {
		slices.Sort(r.Tables)
		rows[r.Key] = r
	}
	return rows
}

func TestOnlyAppsWithoutAStoredModelAreOpenedWithTheirData(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		option string
		fault  qliktest.Fault
		opens  int
	}{
		"open, two apps without":     {"open", qliktest.MetadataMissing, 2},
		"open, two broken":           {"open", qliktest.MetadataBroken, 2},
		"open, the server is away":   {"open", qliktest.Unavailable, 0},
		"metadata":                   {"metadata", qliktest.MetadataMissing, 0},
		"none":                       {"none", qliktest.MetadataMissing, 0},
		"open, the app is refused":   {"open", qliktest.AccessDenied4000, 0},
		"open, none without a model": {"open", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := modelSite(t)
			c := openOptions(t, server, map[string]any{"data_model": x.option})
			all := listAll(t, c)
			for _, l := range all[:2] {
				if x.fault != "" {
					server.Fail(catalogID(l), x.fault)
				}
			}
			var together sync.WaitGroup
			for _, l := range all {
				together.Go(func() { _, _ = c.Fetch(within(t), l) })
			}
			together.Wait()
			counted := server.Counters()
			if counted.OpensWithData != x.opens || c.Usage().OpensWithData != int64(x.opens) {
				t.Errorf("%d opens with data, usage says %d; want %d", counted.OpensWithData, c.Usage().OpensWithData, x.opens)
			}
			if asked := slices.ContainsFunc(slices.Collect(maps.Keys(counted.Requests)), isMetadata); asked == (x.option == "none") {
				t.Errorf("stored models were asked for: %t", asked)
			}
		})
	}
}

func isMetadata(endpoint string) bool { return endpoint == "GET /api/v1/apps/{id}/data/metadata" }

// TestAppsAreOpenedWithTheirDataOneAtATime: six apps at once, each without a stored model; the turn is held from
// before an app is opened until the pause after it is due.
func TestAppsAreOpenedWithTheirDataOneAtATime(t *testing.T) {
	t.Parallel()
	server := modelSite(t)
	server.Fail("", qliktest.MetadataMissing)
	c := openOptions(t, server, map[string]any{"data_model": "open"})
	all := listAll(t, c)
	turn := c.(*site).turn
	turn <- struct{}{} // somebody has an app open
	var together sync.WaitGroup
	done := make(chan struct{})
	for _, l := range all {
		together.Go(func() { _, _ = c.Fetch(within(t), l) })
	}
	go func() {
		together.Wait()
		close(done)
	}()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for ctx := within(t); server.Counters().OpensWithoutData < len(all); {
		select {
		case <-ctx.Done():
			t.Fatal("the apps aren't opened without data")
		case <-look.C:
		}
	}
	if n := server.Counters().OpensWithData; n != 0 {
		t.Errorf("%d apps opened with data while another has the turn", n)
	}
	<-turn
	<-done
	if n := server.Counters().OpensWithData; n != len(all) {
		t.Errorf("%d opens with data, want %d", n, len(all))
	}
}
