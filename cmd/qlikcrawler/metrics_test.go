package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/web"
)

func TestMetricsTellOfACrawlInPrometheusOwnWords(t *testing.T) {
	t.Parallel()
	site := smallSite(3)
	srv := qliktest.New(t, site, qliktest.Options{})
	p := migrated(t)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	s := p.service(2, quick())
	if run := s.crawl(full("qlik")); run.State != catalog.Done {
		t.Fatalf("%+v", run)
	}
	s.stop()
	p2 := p.service(1, quick()) // its own counters, the same database
	m := p2.runner.metrics
	m.answered(web.Answer{Method: "GET", Route: "GET /healthz", Status: 200, Took: time.Millisecond})
	text := scrape(t, m)
	for _, want := range []string{
		`qlikcrawler_crawl_runs{connection="qlik",state="done"} 1`,
		`qlikcrawler_connection_last_success_timestamp_seconds{connection="qlik"}`,
		`qlikcrawler_http_request_duration_seconds_count{method="GET",route="GET /healthz",status="200"} 1`,
		`qlikcrawler_database_connections{state="idle"}`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	first := scrape(t, s.runner.metrics)
	for _, want := range []string{
		`qlikcrawler_apps_total{change="added",connection="qlik"} 3`,
		`qlikcrawler_crawls_ended_total{connection="qlik",mode="full"} 1`,
		`qlikcrawler_qlik_operations_total{connection="qlik",kind="open"} 3`,
		`qlikcrawler_qlik_operations_total{connection="qlik",kind="session"} 1`,
		`qlikcrawler_qlik_requests_total{connection="qlik",kind="engine",status="ok"} `,
		`qlikcrawler_qlik_engine_seconds_total{connection="qlik"} `,
		`qlikcrawler_qlik_requests_total{connection="qlik",kind="rest",status="200"} `,
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the process that crawled has no %s", want)
		}
	}
	if strings.Contains(first, `qlikcrawler_qlik_engine_seconds_total{connection="qlik"} 0`+"\n") {
		t.Error("the Engine answered in no time")
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

func TestEachProcessCountsWhatItAskedInASharedCrawl(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(40), qliktest.Options{})
	p := migrated(t)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	one, two := p.service(2, quick()), p.service(2, quick())
	run := one.crawl(full("qlik"))
	one.stop()
	two.stop()
	opens := 0.0
	for _, s := range []*service{one, two} {
		opened := testutil.ToFloat64(s.runner.metrics.qlik.WithLabelValues("qlik", "open"))
		if ended := testutil.ToFloat64(s.runner.metrics.crawls.WithLabelValues("qlik", "full")); opened > 0 && ended != 1 {
			t.Errorf("a process that took part counts %g crawls", ended)
		}
		opens += opened
	}
	if opens != float64(run.Tally.Usage.Opens) {
		t.Errorf("the processes count %g opens together, the crawl %d", opens, run.Tally.Usage.Opens)
	}
	if left := len(one.runner.parts) + len(two.runner.parts); left > 0 {
		t.Errorf("%d runs that are over are remembered", left)
	}
}

func scrape(t *testing.T, m *metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// TestTracesGoWhereTheEnvironmentSays sets variables of the process: it doesn't run in parallel.
func TestTracesGoWhereTheEnvironmentSays(t *testing.T) {
	var mu sync.Mutex
	var got bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(body)
		}
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&got, body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	a := &app{env: environment{Getenv: func(k string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}[k]
	}}, log: slog.New(slog.DiscardHandler)}
	tracer, end, err := a.tracing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{key}", func(http.ResponseWriter, *http.Request) {})
	traced(tracer, mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/things/7?token=planted-secret", nil))
	_, ended := stage(t.Context(), tracer, "read apps", catalog.Run{ID: 7, Connection: "qlik", Mode: catalog.Delta})
	ended(&catalog.Error{Code: catalog.CodeUnauthorized, Op: "log in", Err: errors.New("password planted-secret is wrong")})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := end(ctx); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"GET /things/{key}", "read apps", "unauthorized", "qlikcrawler.connection", "qlikcrawler"} {
		if !bytes.Contains(got.Bytes(), []byte(want)) {
			t.Errorf("the traces don't hold %q", want)
		}
	}
	if bytes.Contains(got.Bytes(), []byte("planted-secret")) {
		t.Error("the traces hold a secret")
	}
}

func TestWithoutAnEndpointNothingIsTraced(t *testing.T) {
	t.Parallel()
	a := &app{env: environment{Getenv: func(string) string { return "" }}, log: slog.New(slog.DiscardHandler)}
	tracer, end, err := a.tracing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracer.Start(t.Context(), "x")
	if span.IsRecording() || slices.Contains([]error{end(t.Context())}, context.Canceled) {
		t.Error("something is traced")
	}
}
