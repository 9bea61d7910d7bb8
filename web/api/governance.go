package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

type governanceInput struct {
	Key string `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"The key of a report group or a report; to read, also a connection's code."`
}

type governanceEditInput struct {
	Key string `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"The key of a report group or a report."`
	IfMatch
	Body struct {
		Owner     string `json:"owner,omitempty" maxLength:"200" doc:"Who answers for it. Left out or empty: inherited."`
		Steward   string `json:"steward,omitempty" maxLength:"200" doc:"Who looks after its contents. Left out or empty: inherited."`
		Custodian string `json:"custodian,omitempty" maxLength:"200" doc:"Who looks after it technically. Left out or empty: inherited."`
	}
}

// Resolve tells what is wrong with the key.
func (in *governanceEditInput) Resolve(huma.Context) []error {
	if in.Key == "" || strings.Contains(in.Key, "/") {
		return nil
	}
	return []error{catalog.FieldError{
		In: "query", Path: "key", Message: "is no key of a report group or a report",
		Cure: "What a connection says of it is edited with PATCH " + Prefix + "/connections/CODE/settings.",
	}}
}

type governanceOutput struct {
	ETag string `header:"ETag" doc:"Changes with what the thing itself says: for If-Match."`
	Body *catalog.GovernanceDetail
}

func (a *API) governance() {
	register(a, op{
		ID: "governance", Method: "GET", Path: "/governance", Tag: "catalog", Summary: "Who answers for a thing", Role: auth.Viewer, KeyParam: "key",
		Description: "Roles are inherited: of a cell from its sheet, of that from its app, of that from its stream, of that from the connection.",
	}, a.readGovernance)
	register(a, op{
		ID: "set-governance", Method: "PUT", Path: "/governance", Tag: "catalog", Summary: "Say who answers for a report group or a report",
		Role: auth.SecurityAdmin, KeyParam: "key",
	}, a.setGovernance)
}

func (a *API) readGovernance(ctx context.Context, in *governanceInput) (*governanceOutput, error) {
	d, err := a.Catalog.Governance(ctx, auth.From(ctx).Scope(), catalog.Key(in.Key))
	if err != nil {
		return nil, unfound(err, fmt.Sprintf("report group, report or connection with the key %q", in.Key),
			"List those that you may see with GET "+Prefix+"/report-groups, /reports and /connections. Who answers for a field, a table or a script is said at its report.")
	}
	return &governanceOutput{governanceTag(d.Said), d}, nil
}

func governanceTag(e catalog.GovernanceEdit) string { return etag(e.Owner, e.Steward, e.Custodian) }

func (a *API) setGovernance(ctx context.Context, in *governanceEditInput) (*governanceOutput, error) {
	now, err := a.readGovernance(ctx, &governanceInput{in.Key})
	if err != nil {
		return nil, err
	}
	if err := in.unless(now.ETag); err != nil {
		return nil, err
	}
	var was *catalog.GovernanceEdit
	if len(in.IfMatch.IfMatch) > 0 {
		was = &now.Body.Said
	}
	e := catalog.GovernanceEdit{Owner: in.Body.Owner, Steward: in.Body.Steward, Custodian: in.Body.Custodian}
	if err := a.Catalog.SetGovernance(ctx, catalog.Key(in.Key), e, was, auth.From(ctx).Name()); err != nil {
		return nil, err
	}
	annotate(ctx, "governance of "+in.Key)
	return a.readGovernance(ctx, &governanceInput{in.Key})
}
