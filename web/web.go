// Package web is what the program serves over HTTP. In this version: a health check and a summary page.
package web

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Reader is what the pages read of the catalog.
type Reader interface {
	Connections(ctx context.Context) ([]catalog.Connection, error)
	Counts(ctx context.Context, connection string) (catalog.Counts, error)
	Runs(ctx context.Context, connection string) ([]catalog.Run, error) // newest first
}

// Deps are what New needs.
type Deps struct {
	Catalog Reader
	Log     *slog.Logger
}

// New is the program's HTTP face.
func New(d Deps) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		// A client that went away needs no answer.
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.Handle("GET /{$}", summaryPage{d})
	return secure(mux)
}

// secure sets the headers that every answer has.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

//go:embed summary.html
var summaryHTML string

var summaryTemplate = template.Must(template.New("summary").Funcs(template.FuncMap{
	"when": func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.Local().Format("2006-01-02 15:04:05")
	},
	"took": func(r catalog.Run) string {
		if r.FinishedAt.IsZero() {
			return ""
		}
		return r.FinishedAt.Sub(r.StartedAt).Round(time.Millisecond).String()
	},
}).Parse(summaryHTML))

// A summaryPage shows the connections, what the catalog has of them, and their last crawls.
type summaryPage struct{ Deps }

type connectionSummary struct {
	catalog.Connection
	Counts catalog.Counts
	Runs   []catalog.Run
}

const runsShown = 5

func (p summaryPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, err := p.read(r.Context())
	var body bytes.Buffer
	if err == nil {
		err = summaryTemplate.Execute(&body, page)
	}
	if err != nil {
		p.Log.Error("summary page", "error", err)
		http.Error(w, "The catalog can't be read just now; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A client that went away needs no answer.
	_, _ = body.WriteTo(w)
}

func (p summaryPage) read(ctx context.Context) ([]connectionSummary, error) {
	all, err := p.Catalog.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var page []connectionSummary
	for _, c := range all {
		counts, err := p.Catalog.Counts(ctx, c.Code)
		if err != nil {
			return nil, err
		}
		runs, err := p.Catalog.Runs(ctx, c.Code)
		if err != nil {
			return nil, err
		}
		page = append(page, connectionSummary{c, counts, runs[:min(len(runs), runsShown)]})
	}
	return page, nil
}
