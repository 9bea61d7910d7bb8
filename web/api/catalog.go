package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A CatalogStore reads what crawls have stored. A scope limits what is seen; what is outside of it isn't
// found.
type CatalogStore interface {
	catalog.QueryChecker
	ReportGroups(ctx context.Context, q catalog.Query) (catalog.Page[catalog.GroupRow], error)
	ReportGroup(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.GroupDetail, error)
	Reports(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ReportRow], error)
	Report(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.ReportDetail, error)
	ReportFields(ctx context.Context, q catalog.Query) (catalog.Page[catalog.FieldRow], error)
	ReportField(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.FieldDetail, error)
	SourceCodes(ctx context.Context, q catalog.Query) (catalog.Page[catalog.SourceRow], error)
	SourceCode(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.SourceDetail, error)
	SourceVersion(ctx context.Context, scope catalog.Scope, key catalog.Key, sha string) (*catalog.SourceVersion, error)
	ModelTables(ctx context.Context, q catalog.Query) (catalog.Page[catalog.TableRow], error)
	ModelTable(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.TableDetail, error)
	ModelFields(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ColumnRow], error)
	ModelField(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.ColumnDetail, error)
	Changes(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ChangeRow], error)
	Gaps(ctx context.Context, q catalog.Query) (catalog.Page[catalog.GapRow], error)
	Search(ctx context.Context, s catalog.Search) (*catalog.SearchResult, error)
	CheckSearch(s catalog.Search) error
	Preview(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.Preview, error)
	Stats(ctx context.Context, scope catalog.Scope) (*catalog.Stats, error)
	Governance(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.GovernanceDetail, error)
	SetGovernance(ctx context.Context, key catalog.Key, e catalog.GovernanceEdit, was *catalog.GovernanceEdit, by string) error
}

// catalog registers the resources of what was crawled.
func (a *API) catalog() {
	a.reportGroups()
	a.reports()
	a.reportFields()
	a.sourceCodes()
	a.model()
	a.changes()
	a.gaps()
	a.search()
	a.preview()
	a.governance()
	a.stats()
}

// keyParams are the parameters of a list whose things are read by their key.
type keyParams struct {
	ListParams
	Key string `query:"key" maxLength:"2700" doc:"The key of one thing: the answer is that thing alone, with all about it, instead of a list. No other parameter but fields goes with it."`
}

// A keyedOutput is a page, or the one thing that has the key.
type keyedOutput[T, D any] struct {
	Link string `header:"Link" doc:"The next page, as rel=\"next\"; absent on the last."`
	Body oneOrPage[T, D]
}

type oneOrPage[T, D any] struct {
	page listBody[T]
	one  *D
}

// MarshalJSON writes the one, if there is one, with the keys that were asked for.
func (b oneOrPage[T, D]) MarshalJSON() ([]byte, error) {
	if b.one == nil {
		return b.page.MarshalJSON()
	}
	doc, err := json.Marshal(b.one)
	if err != nil || len(b.page.only) == 0 {
		return doc, err
	}
	var row map[string]json.RawMessage
	if err := json.Unmarshal(doc, &row); err != nil {
		return nil, err
	}
	for key := range row {
		if !slices.Contains(b.page.only, key) {
			delete(row, key)
		}
	}
	return json.Marshal(row)
}

// Schema tells the OpenAPI document of both.
func (b oneOrPage[T, D]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[listBody[T]](), true, "Page"), r.Schema(reflect.TypeFor[D](), true, ""),
	}}
}

// keyedList adds a list of things with keys to the API: without ?key= a page of them, with it the one.
func keyedList[T, D any](a *API, o op, page func(context.Context, catalog.Query) (catalog.Page[T], error),
	one func(context.Context, catalog.Scope, catalog.Key) (*D, error),
) {
	o.Method, o.Role, o.KeyParam, o.Queries = http.MethodGet, auth.Viewer, "key", a.Catalog
	o.listing = newListing(o, jsonKeys(reflect.TypeFor[T]()))
	o.listing.details = append(slices.Clone(o.listing.keys), jsonKeys(reflect.TypeFor[D]())...)
	register(a, o, func(ctx context.Context, in *keyParams) (*keyedOutput[T, D], error) {
		out := &keyedOutput[T, D]{}
		scope := auth.From(ctx).Scope()
		if in.Key != "" {
			found, err := one(ctx, scope, catalog.Key(in.Key))
			out.Body = oneOrPage[T, D]{one: found, page: listBody[T]{only: in.Fields}}
			return out, unfoundKey(err, o.one, in.Key, o.Path)
		}
		found, err := page(ctx, in.query(scope))
		if err != nil {
			return nil, err
		}
		out.Body.page = listBody[T]{Items: found.Items, Next: found.Next, only: in.Fields}
		if found.Next != "" {
			out.Link = in.linkTo(found.Next)
		}
		return out, nil
	})
	a.tellColumns(o)
}

// Resolve tells what is wrong with the parameters of a page, or of one thing.
func (k *keyParams) Resolve(hc huma.Context) []error {
	if k.Key == "" {
		return k.ListParams.Resolve(hc)
	}
	k.keep(hc)
	return faultsOf(k.alone().OrNil())
}

// alone checks that a key comes without what only lists have.
func (k *keyParams) alone() catalog.FieldErrors {
	var errs catalog.FieldErrors
	for _, x := range []struct {
		name  string
		given bool
	}{{"limit", k.Limit != 0}, {"cursor", k.Cursor != ""}, {"sort", len(k.Sort) > 0}, {"filter", len(k.Filter) > 0}} {
		if x.given {
			errs = append(errs, catalog.FieldError{In: "query", Path: x.name, Message: "it doesn't go with a key", Cure: "Leave out one of the two."})
		}
	}
	return append(errs, k.unknownKeys(k.of.details)...)
}

func (a *API) reportGroups() {
	keyedList(a, op{
		ID: "report-groups", Path: "/report-groups", List: catalog.ListGroups, one: "report group", Tag: "catalog", Summary: "Report groups: streams, apps as groups of their sheets, people's own apps",
		Description: "Retired ones are left out unless a filter speaks of retired or retired_at.",
	}, a.Catalog.ReportGroups, a.Catalog.ReportGroup)
}

func (a *API) reports() {
	keyedList(a, op{
		ID: "reports", Path: "/reports", List: catalog.ListReports, one: "report", Tag: "catalog", Summary: "Reports: apps, sheets and cells",
		Description: "Retired ones are left out unless a filter speaks of retired or retired_at. Besides its columns it is filtered by stream (the key of the stream or personal group that the app is in), freshness (how long ago an app's data was reloaded: day, week, month, year, older, never) and has_lineage.",
	}, a.Catalog.Reports, a.Catalog.Report)
}

func (a *API) reportFields() {
	keyedList(a, op{
		ID: "report-fields", Path: "/report-fields", List: catalog.ListFields, one: "report field", Tag: "catalog", Summary: "Report fields: measures, dimensions, master objects and variables",
		Description: "Retired ones are left out unless a filter speaks of retired or retired_at. All fields of an app: filter=key:contains:CODE/APP. Besides its columns it is filtered by has_lineage.",
	}, a.Catalog.ReportFields, a.Catalog.ReportField)
}
