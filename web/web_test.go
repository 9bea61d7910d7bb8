package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type reader struct {
	connections []catalog.Connection
	counts      catalog.Counts
	runs        []catalog.Run
	err         error
}

func (r reader) Connections(context.Context) ([]catalog.Connection, error) {
	return r.connections, r.err
}
func (r reader) Counts(context.Context, string) (catalog.Counts, error) { return r.counts, nil }
func (r reader) Runs(context.Context, string) ([]catalog.Run, error)    { return r.runs, nil }

func get(t *testing.T, r reader, path string) (int, http.Header, string) {
	t.Helper()
	h, err := web.New(web.Deps{Summary: r, Guard: auth.New(auth.Deps{Cheap: true}), Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { return r.err }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	res, err := srv.Client().Get(srv.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	if status, _, body := get(t, reader{err: errors.New("down")}, "/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("%d %q: alive means alive, whatever the database does", status, body)
	}
}

func TestSummaryPageShowsConnectionsCountsAndRuns(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 5, 1, 2, 0, 0, 0, time.UTC)
	status, header, body := get(t, reader{
		connections: []catalog.Connection{{Code: "qlik-prod", Name: "Sense <PROD>", URL: "https://sense.example.com", Health: catalog.Red, HealthReason: "token expired"}},
		counts:      catalog.Counts{Streams: 4, Apps: 12, Cells: 345},
		runs:        []catalog.Run{{ID: 17, Mode: catalog.Delta, State: catalog.Failed, StartedAt: began, FinishedAt: began.Add(1500 * time.Millisecond), Error: "login refused"}},
	}, "/")
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Fatalf("status %d, %s", status, header.Get("Content-Type"))
	}
	for _, want := range []string{"Sense &lt;PROD&gt;", "qlik-prod", "token expired", "<b>345</b>cells", "<td>17", "1.5s", "login refused", "last success never"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if header.Get("Content-Security-Policy") == "" {
		t.Error("no content security policy")
	}
}

func TestSummaryPageWithoutConnectionsSaysHowToStart(t *testing.T) {
	t.Parallel()
	if _, _, body := get(t, reader{}, "/"); !strings.Contains(body, "connection template") {
		t.Error("the empty page doesn't say how to start")
	}
}

func TestErrorsOfTheDatabaseAreNotShown(t *testing.T) {
	t.Parallel()
	status, _, body := get(t, reader{err: errors.New("dial unix /secret/path")}, "/")
	if status != http.StatusInternalServerError || strings.Contains(body, "secret") {
		t.Errorf("status %d, body %q", status, body)
	}
}

func TestUnknownPagesAreNotFound(t *testing.T) {
	t.Parallel()
	if status, _, _ := get(t, reader{}, "/nope"); status != http.StatusNotFound {
		t.Errorf("status %d, want 404", status)
	}
}
