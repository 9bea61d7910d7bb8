package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/export"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// An ExportStore hands out all rows of a connection, view by view; of all views if none are named.
type ExportStore interface {
	ExportOnly(ctx context.Context, code string, only []string, begin func(catalog.ExportView) error, row func([]json.RawMessage) error) error
	Names(ctx context.Context, scope catalog.Scope, keys []catalog.Key) (map[catalog.Key]catalog.Name, error)
}

type exportInput struct {
	Connection string        `query:"connection" required:"true" minLength:"1" maxLength:"100" doc:"The connection's code."`
	Format     export.Format `query:"format" enum:"json,csv" default:"json" doc:"JSON lines, or CSV with a header."`
	View       string        `query:"view" enum:"connection,report_group,report,report_field,source_code,model_table,model_field,gap,lineage_node,lineage_edge,lineage_gap,crawl_run,crawl_outcome,change" doc:"One view, as it is; left out: all, as the files of a ZIP archive."`
}

func (a *API) export() {
	register(a, op{
		ID: "export", Method: http.MethodGet, Path: "/export", Tag: "catalog", Summary: "All rows of a connection, as they come",
		Role: auth.Viewer, KeyParam: "connection", Stream: true,
		Description: "All of one moment. Credentials are masked. An answer that breaks off is not whole.",
	}, a.writeExport)
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	a.huma.OpenAPI().Paths["/export"].Get.Responses["200"] = &huma.Response{
		Description: "The rows.", Content: map[string]*huma.MediaType{"application/zip": text, "application/jsonl": text, "text/csv": text},
	}
}

func (a *API) writeExport(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	names, err := a.Export.Names(ctx, auth.From(ctx).Scope(), []catalog.Key{catalog.Key(in.Connection)})
	if err != nil {
		return nil, err
	}
	if names[catalog.Key(in.Connection)].Kind != "connection" {
		return nil, unknownConnection(in.Connection)
	}
	var only []string
	contentType, file := "application/zip", in.Connection+".zip"
	if in.View != "" {
		only, file = []string{in.View}, in.Connection+"-"+in.View+in.Format.Extension()
		contentType = map[export.Format]string{export.JSON: "application/jsonl", export.CSV: "text/csv; charset=utf-8; header=present"}[in.Format]
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentType)
		hc.SetHeader("Content-Disposition", `attachment; filename="`+file+`"`)
		hc.SetHeader("X-Content-Type-Options", "nosniff")
		w := bufio.NewWriterSize(hc.BodyWriter(), 1<<16)
		s := export.NewStream(w, in.Format)
		if in.View == "" {
			s = export.NewArchive(w, in.Format)
		}
		err := a.Export.ExportOnly(hc.Context(), in.Connection, only, s.Begin, s.Row)
		if err == nil {
			err = s.Finish()
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			a.Log.WarnContext(hc.Context(), "an export broke off", "connection", in.Connection, "error", err)
			panic(http.ErrAbortHandler) // the only way to tell whoever reads that this isn't all
		}
	}}, nil
}
