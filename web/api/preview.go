package api

import (
	"bytes"
	"context"

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

func (a *API) preview() {
	register(a, op{
		ID: "preview", Method: "GET", Path: "/preview", Tag: "catalog", Summary: "The grid of a sheet: every object at its place", Role: auth.Viewer, KeyParam: "key",
		Description: "Made of the catalog alone: it has no data, and nothing is asked of the source. preview.svg is the same as a picture.",
	},
		func(ctx context.Context, in *previewInput) (*previewOutput, error) {
			p, err := a.Catalog.Preview(ctx, auth.From(ctx).Scope(), catalog.Key(in.Key))
			return &previewOutput{p}, err
		})
	register(a, op{
		ID: "preview-picture", Method: "GET", Path: "/preview.svg", Tag: "catalog", Summary: "A picture of a sheet", Role: auth.Viewer, KeyParam: "key",
	},
		func(ctx context.Context, in *previewInput) (*pictureOutput, error) {
			p, err := a.Catalog.Preview(ctx, auth.From(ctx).Scope(), catalog.Key(in.Key))
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
