package api_test

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/crawler"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// crawled is a catalog of the demo site, read by a real crawl over real sockets.
func crawled(t *testing.T) *postgres.DB {
	t.Helper()
	ctx := t.Context()
	server := qliktest.New(t, demo.Site(), qliktest.Options{})
	info, err := server.Info()
	must(t, err)
	settings, err := json.Marshal(map[string]any{
		"authentication": "jwt", "jwt": map[string]any{"prefix": info.Prefix}, "tls": map[string]any{"ca_file": info.CAFile},
	})
	must(t, err)
	conn := catalog.Connection{
		Code: "demo", Name: "Demo site", Type: qliksense.Type, URL: info.URL, Settings: settings,
		AccessInstructions: "Ask Ada.", Governance: map[string]string{"owner": "cora"},
		Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret(info.Token)},
	}
	db := pgtest.Open(t)
	must(t, db.AddConnection(ctx, conn))
	run := catalog.Run{Connection: "demo", Mode: catalog.Full, Trigger: catalog.ByCLI}
	run.ID, err = db.StartRun(ctx, run)
	must(t, err)
	src, err := qliksense.Source().Open(ctx, connector.Env{Connection: conn, Secret: func(_ context.Context, path string) (string, error) {
		return conn.Secrets[path].Reveal(), nil
	}})
	must(t, err)
	tally, err := (&crawler.Crawler{Store: db, Workers: 4}).Crawl(ctx, run, src)
	must(t, err)
	must(t, src.Close())
	must(t, db.FinishRun(ctx, run.ID, catalog.Done, tally, ""))
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type rows struct {
	Items []struct {
		Key, Name, Kind, Type string
		Connection            string
	}
	Next string
}

func query(key string) string { return "?key=" + url.QueryEscape(key) }

func TestTheCatalogOfARealCrawlIsReadWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t, api.Deps{Catalog: crawled(t)})
	for _, path := range []string{"/report-groups", "/reports", "/report-fields", "/source-codes", "/model/tables", "/model/fields"} {
		t.Run(path, func(t *testing.T) {
			status, header, body := s.get(path + "?limit=7")
			if status != 200 {
				t.Fatalf("%d %s", status, body)
			}
			first := decode[rows](t, body)
			if len(first.Items) == 0 || first.Next != "" && !strings.Contains(header.Get("Link"), `rel="next"`) {
				t.Fatalf("%d rows, Link %q", len(first.Items), header.Get("Link"))
			}
			for _, row := range first.Items {
				status, _, body := s.get(path + query(row.Key))
				if status != 200 || decode[struct{ Key string }](t, body).Key != row.Key || !strings.Contains(body, `"path":[{"key":"demo","kind":"connection","name":"Demo site"}`) {
					t.Errorf("%s: %d %s", row.Key, status, body)
				}
				if !strings.Contains(body, `"owner":{"user":"cora","from":"demo"}`) || !strings.Contains(body, `"access_instructions":"Ask Ada."`) {
					t.Errorf("%s doesn't inherit the connection's: %s", row.Key, body)
				}
			}
			if status, _, body := s.by(someoneOn("x", auth.Viewer, "other")).get(path); status != 200 || len(decode[rows](t, body).Items) != 0 {
				t.Errorf("others see %d %s", status, body)
			}
			if status, _, _ := s.by(someoneOn("x", auth.Viewer, "other")).get(path + query(first.Items[0].Key)); status != 404 {
				t.Errorf("others get %d for a thing that they may not see", status)
			}
			if status, _, _ := s.get(path + query("demo/none")); status != 404 {
				t.Errorf("nothing is %d", status)
			}
			if status, _, body := s.get(path + query(first.Items[0].Key) + "&limit=3&sort=name"); status != 422 || len(decode[api.Problem](t, body).Errors) != 2 {
				t.Errorf("a key with a limit: %d %s", status, body)
			}
			_, _, body = s.get(path + query(first.Items[0].Key) + "&fields=key,path")
			if keys := decode[map[string]any](t, body); len(keys) != 2 {
				t.Errorf("sparse: %s", body)
			}
		})
	}
}

func TestListsRefuseUnknownColumnsAndNameTheKnown(t *testing.T) {
	t.Parallel()
	s := newSite(t, api.Deps{Catalog: pgtest.Open(t)})
	status, _, body := s.get("/reports?sort=colour&filter=size:eq:1&filter=modified_at:ge:soon")
	p := decode[api.Problem](t, body)
	if status != 422 || len(p.Errors) != 3 || !strings.Contains(body, "source_description") {
		t.Errorf("%d %s", status, body)
	}
}

func TestSearchOverHTTP(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	s := newSite(t, api.Deps{Catalog: db})
	apps, err := db.Reports(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"app"}}}})
	must(t, err)
	for _, app := range apps.Items {
		for _, text := range []string{app.Name, strings.ToUpper(app.Name)} {
			_, _, body := s.get("/search?kind=app&q=" + url.QueryEscape(text))
			hits := decode[catalog.SearchResult](t, body).Hits
			if !slices.ContainsFunc(hits, func(h catalog.Hit) bool { return h.Key == app.Key && h.Match == catalog.MatchName }) {
				t.Errorf("%q doesn't find %s: %s", text, app.Key, body)
			}
		}
	}
	_, _, body := s.get("/search?q=sum&facets=true&limit=2")
	r := decode[catalog.SearchResult](t, body)
	if len(r.Hits) != 2 || r.Next == "" || r.Facets == nil || len(r.Facets.Kinds) == 0 {
		t.Errorf("facets: %s", body)
	}
	if status, _, body := s.get("/search"); status != 422 {
		t.Errorf("no words: %d %s", status, body)
	}
	if _, _, body := s.by(someoneOn("x", auth.Viewer, "other")).get("/search?q=sum"); len(decode[catalog.SearchResult](t, body).Hits) != 0 {
		t.Errorf("others find %s", body)
	}
}

func TestEverySheetOfARealCrawlHasItsPreview(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	s := newSite(t, api.Deps{Catalog: db})
	sheets, err := db.Reports(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Filters: []catalog.Filter{{Column: "kind", Op: catalog.Equals, Values: []string{"sheet"}}}})
	must(t, err)
	drawn := 0
	for _, sheet := range sheets.Items {
		_, _, body := s.get("/preview" + query(string(sheet.Key)))
		p := decode[catalog.Preview](t, body)
		cells, err := db.Reports(t.Context(), catalog.Query{Scope: catalog.Scope{All: true}, Filters: []catalog.Filter{
			{Column: "key", Op: catalog.Contains, Values: []string{string(sheet.Key)}}, {Column: "kind", Op: catalog.Equals, Values: []string{"cell"}},
		}})
		must(t, err)
		if n := count(p.Cells); n != len(cells.Items) || !strings.Contains(p.EmbedURL, "/single/?appid=") {
			t.Errorf("%s: %d of %d cells, embedded as %s", sheet.Key, n, len(cells.Items), p.EmbedURL)
		}
		status, header, svg := s.get("/preview.svg" + query(string(sheet.Key)))
		if status != 200 || header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(svg, "<svg ") {
			t.Errorf("%s: %d %s %.60s", sheet.Key, status, header.Get("Content-Type"), svg)
		}
		drawn += len(cells.Items)
		if len(cells.Items) > 0 {
			if _, _, body := s.get("/preview" + query(string(cells.Items[0].Key))); decode[catalog.Preview](t, body).Key != sheet.Key {
				t.Errorf("a cell's preview isn't its sheet's: %s", body)
			}
		}
	}
	if drawn == 0 {
		t.Error("no cell was drawn")
	}
	if status, _, _ := s.get("/preview" + query("demo/none")); status != 404 {
		t.Errorf("nothing: %d", status)
	}
}

func count(cells []catalog.PreviewCell) int {
	n := len(cells)
	for _, c := range cells {
		n += count(c.Children)
	}
	return n
}

func TestGovernanceIsSetByThoseWhoMay(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	s := newSite(t, api.Deps{Catalog: db})
	_, _, body := s.get("/reports?limit=1&filter=kind:eq:sheet")
	path := "/governance" + query(decode[rows](t, body).Items[0].Key)
	status, header, body := s.get(path)
	if status != 200 || decode[catalog.GovernanceDetail](t, body).Owner.User != "cora" {
		t.Fatalf("%d %s", status, body)
	}
	tag := header.Get("ETag")
	if status, _, body := s.by(someone("i", auth.IntegrationAdmin)).send("PUT", path, `{"owner":"eve"}`); status != 403 {
		t.Errorf("an integration admin: %d %s", status, body)
	}
	status, _, body = s.by(someone("sec", auth.SecurityAdmin)).send("PUT", path, `{"owner":"ada"}`, "If-Match", tag)
	if d := decode[catalog.GovernanceDetail](t, body); status != 200 || d.Owner.User != "ada" || d.Said.Owner != "ada" {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := s.send("PUT", path, `{"owner":"bob"}`, "If-Match", tag); status != 412 {
		t.Errorf("an edit of what has changed: %d %s", status, body)
	}
	if status, _, body := s.send("PUT", "/governance?key=demo", `{"owner":"bob"}`); status != 422 {
		t.Errorf("of a connection: %d %s", status, body)
	}
}

func TestModelChangesGapsAndStatsAreAnswered(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	s := newSite(t, api.Deps{Catalog: db})
	_, _, body := s.get("/model/tables?limit=1")
	table := decode[struct {
		Items []catalog.TableRow `json:"items"`
	}](t, body).Items[0]
	status, _, body := s.get("/model" + query(string(table.Report)))
	if status != 200 || !strings.Contains(body, `"name":"`+table.Name+`"`) || !strings.Contains(body, `"fields":[{`) {
		t.Errorf("model: %d %s", status, body)
	}
	if status, _, _ := s.get("/model" + query("demo/none")); status != 404 {
		t.Errorf("no app: %d", status)
	}
	status, _, body = s.get("/stats")
	st := decode[catalog.Stats](t, body)
	if status != 200 || st.Total.Apps == 0 || len(st.Connections) != 1 || len(st.Crawls) != 1 || st.Crawls[0].Tally.Listed != st.Total.Apps {
		t.Errorf("stats: %d %s", status, body)
	}
	for _, path := range []string{"/changes", "/changes" + query(string(table.Report)), "/gaps", "/gaps?filter=part:eq:script"} {
		if status, _, body := s.get(path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestExportsAreStreamedWhole(t *testing.T) {
	t.Parallel()
	db := crawled(t)
	s := newSite(t, api.Deps{Export: db})
	status, header, body := s.get("/export?connection=demo&format=csv&view=report")
	all, err := db.Counts(t.Context(), "demo")
	must(t, err)
	records, csvErr := csv.NewReader(strings.NewReader(body)).ReadAll()
	if status != 200 || csvErr != nil || len(records) != 1+all.Apps+all.Sheets+all.Cells || records[0][0] != "key" {
		t.Errorf("csv: %d, %d records of %+v, %v", status, len(records), all, csvErr)
	}
	if got := header.Get("Content-Disposition"); got != `attachment; filename="demo-report.csv"` {
		t.Errorf("the file is called %s", got)
	}
	_, _, body = s.get("/export?connection=demo&view=report_field")
	if n := strings.Count(body, "\n"); n != all.Measures+all.Dimensions+all.MasterObjects+all.Variables {
		t.Errorf("%d lines of fields, want those of %+v", n, all)
	}
	_, header, body = s.get("/export?connection=demo")
	archive, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	must(t, err)
	if len(archive.File) != 14 || header.Get("Content-Type") != "application/zip" || archive.File[2].Name != "report.jsonl" {
		t.Errorf("%d files, %s", len(archive.File), header.Get("Content-Type"))
	}
	if status, _, _ := s.get("/export?connection=none"); status != 404 {
		t.Errorf("no connection: %d", status)
	}
	if status, _, _ := s.by(someoneOn("x", auth.Viewer, "other")).get("/export?connection=demo"); status != 404 {
		t.Errorf("others: %d", status)
	}
	if status, _, body := s.get("/export?connection=demo&view=secret"); status != 422 {
		t.Errorf("another table: %d %s", status, body)
	}
}
