package api

import (
	"bytes"
	"context"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
	"github.com/qlikcrawler/qlikcrawler/web/preview"
)

type previewInput struct {
	Key string `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"The key of a sheet, or of a cell on it."`
}

type previewOutput struct {
	Body *catalog.Preview
}

type pictureOutput struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

// previewOf is the preview of a sheet, or why there is none.
func (a *API) previewOf(ctx context.Context, key string) (*catalog.Preview, error) {
	p, err := a.Catalog.Preview(ctx, auth.From(ctx).Scope(), catalog.Key(key))
	if catalog.CodeOf(err) == catalog.CodeInvalid {
		return nil, catalog.FieldErrors{{
			In: "query", Path: "key", Message: "is not the key of a sheet, nor of a cell on one: only those have a preview",
			Cure: "List sheets with GET " + Prefix + "/reports?filter=kind:eq:sheet.",
		}}
	}
	return p, unfound(err, fmt.Sprintf("sheet or cell with the key %q", key), listed("sheets", "/reports?filter=kind:eq:sheet"))
}

func (a *API) preview() {
	register(a, op{
		ID: "preview", Method: "GET", Path: "/preview", Tag: "catalog", Summary: "The grid of a sheet: every object at its place", Role: auth.Viewer, KeyParam: "key",
		Description: "Made of the catalog alone: it has no data, and nothing is asked of the source. preview.svg is the same as a picture.",
	},
		func(ctx context.Context, in *previewInput) (*previewOutput, error) {
			p, err := a.previewOf(ctx, in.Key)
			return &previewOutput{p}, err
		})
	register(a, op{
		ID: "preview-picture", Method: "GET", Path: "/preview.svg", Tag: "catalog", Summary: "A picture of a sheet", Role: auth.Viewer, KeyParam: "key",
	},
		func(ctx context.Context, in *previewInput) (*pictureOutput, error) {
			p, err := a.previewOf(ctx, in.Key)
			if err != nil {
				return nil, err
			}
			var b bytes.Buffer
			if err := preview.SVG(&b, p); err != nil {
				return nil, err
			}
			return &pictureOutput{"image/svg+xml", "default-src 'none'; sandbox", b.Bytes()}, nil
		})
	picture := a.huma.OpenAPI().Paths["/preview.svg"].Get.Responses["200"]
	if content := picture.Content["application/octet-stream"]; content != nil {
		picture.Content["image/svg+xml"] = content
		delete(picture.Content, "application/octet-stream")
	}
}
