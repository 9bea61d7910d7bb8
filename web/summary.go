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

// A Reader is what the summary page reads of the catalog.
type Reader interface {
	Connections(ctx context.Context) ([]catalog.Connection, error)
	Counts(ctx context.Context, connection string) (catalog.Counts, error)
	Runs(ctx context.Context, connection string) ([]catalog.Run, error) // newest first
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
type summaryPage struct {
	catalog Reader
	log     *slog.Logger
}

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
		p.log.Error("summary page", "error", err)
		http.Error(w, "The catalog can't be read just now; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A client that went away needs no answer.
	_, _ = body.WriteTo(w)
}

func (p summaryPage) read(ctx context.Context) ([]connectionSummary, error) {
	all, err := p.catalog.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var page []connectionSummary
	for _, c := range all {
		counts, err := p.catalog.Counts(ctx, c.Code)
		if err != nil {
			return nil, err
		}
		runs, err := p.catalog.Runs(ctx, c.Code)
		if err != nil {
			return nil, err
		}
		page = append(page, connectionSummary{c, counts, runs[:min(len(runs), runsShown)]})
	}
	return page, nil
}
