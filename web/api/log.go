package api

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A LogReader gives the log of a connection's last refresh.
type LogReader interface {
	// Log gives the log. Before any refresh its Name is "" and Write writes a sentence that says so.
	Log(ctx context.Context, code string) (catalog.LogFile, error)
}

// connectionLogs registers the log.
func (a *API) connectionLogs() {
	if a.Logs == nil {
		return
	}
	const path = "/connections/{code}/log"
	register(a, op{
		ID: "read-connection-log", Method: "GET", Path: path, Summary: "The log of the last refresh", Tag: "connections", Role: auth.Viewer, ConnectionParam: "code", Stream: true,
		Description: "A text file named qlikcrawler_CODE_YYYYMMDD_HHMMSS.log, by the start of the crawl in UTC; before any refresh a sentence.",
	}, a.readLog)
	a.huma.OpenAPI().Paths[path].Get.Responses["200"] = &huma.Response{
		Description: "The log.", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string"}}},
	}
}

func (a *API) readLog(ctx context.Context, in *codeParam) (*huma.StreamResponse, error) {
	log, err := a.Logs.Log(ctx, in.Code)
	if err != nil {
		return nil, unfoundConnection(err, in.Code)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/plain; charset=utf-8")
		hc.SetHeader("Cache-Control", "no-store")
		if log.Name != "" {
			hc.SetHeader("Content-Disposition", `attachment; filename="`+log.Name+`"`)
		}
		if err := log.Write(hc.Context(), hc.BodyWriter()); err != nil && hc.Context().Err() == nil {
			a.Log.ErrorContext(hc.Context(), "a log could not be sent whole", "connection", in.Code, "error", err)
			_, _ = io.WriteString(hc.BodyWriter(), "\nthe rest of this log can't be read just now\n") // who went away reads nothing
		}
	}}, nil
}
