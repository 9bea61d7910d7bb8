package api

import (
	"context"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type sourceVersionInput struct {
	Key    string `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"The key of a source code."`
	SHA256 string `query:"sha256" required:"true" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"Which of the versions that the source code lists."`
}

type sourceVersionOutput struct {
	Body *catalog.SourceVersion
}

func (a *API) sourceCodes() {
	keyedList(a, op{
		ID: "source-codes", Path: "/source-codes", List: catalog.ListSources, one: "source code", Tag: "catalog", Summary: "Source code: load scripts",
		Description: "Credentials in the texts are masked. A list has texts only if fields names code; one source code by its key has its text, and the versions that it had.",
	}, a.Catalog.SourceCodes, a.Catalog.SourceCode)
	register(a, op{
		ID: "source-code-version", Method: "GET", Path: "/source-codes/version", Tag: "catalog", Summary: "The text that a source code had",
		Description: "Credentials are masked; the hash is that of the text as the source sent it.", Role: auth.Viewer, KeyParam: "key",
	},
		func(ctx context.Context, in *sourceVersionInput) (*sourceVersionOutput, error) {
			v, err := a.Catalog.SourceVersion(ctx, auth.From(ctx).Scope(), catalog.Key(in.Key), in.SHA256)
			return &sourceVersionOutput{v}, unfound(err, fmt.Sprintf("version of the source code %q with this sha256", in.Key),
				"Read the source code with GET "+Prefix+"/source-codes?key=: its versions have the hashes that there are. The keys are in GET "+Prefix+"/source-codes.")
		})
}
