package api

import (
	"context"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// mostModel is how many tables, and how many fields, of one app are told at once; the lists have all.
const mostModel = 1000

type modelInput struct {
	Key string `query:"key" required:"true" minLength:"1" maxLength:"2700" doc:"The key of an app."`
}

type modelOutput struct {
	Body dataModel
}

// A dataModel is what one app's data is like.
type dataModel struct {
	Key    catalog.Key         `json:"key" doc:"The app."`
	Tables []catalog.TableRow  `json:"tables" doc:"By name."`
	Fields []catalog.ColumnRow `json:"fields" doc:"By name."`
	More   bool                `json:"more,omitempty" doc:"There are more than a thousand tables or fields: model/tables and model/fields list all."`
}

func (a *API) model() {
	register(a, op{
		ID: "model", Method: "GET", Path: "/model", Tag: "catalog", Summary: "The data model of an app",
		Role: auth.Viewer, KeyParam: "key",
	}, a.readModel)
	keyedList(a, op{ID: "model-tables", Path: "/model/tables", List: catalog.ListTables, one: "table", Tag: "catalog", Summary: "Tables of data models"}, a.Catalog.ModelTables, a.Catalog.ModelTable)
	keyedList(a, op{ID: "model-fields", Path: "/model/fields", List: catalog.ListColumns, one: "field of a data model", Tag: "catalog", Summary: "Fields of data models", Description: "Besides its columns it is filtered by has_lineage and used: whether a formula names the field, or it links tables; null where lineage was never built."}, a.Catalog.ModelFields, a.Catalog.ModelField)
}

func (a *API) readModel(ctx context.Context, in *modelInput) (*modelOutput, error) {
	scope := auth.From(ctx).Scope()
	app, err := a.Catalog.Report(ctx, scope, catalog.Key(in.Key))
	switch {
	case err != nil:
		return nil, unfound(err, fmt.Sprintf("app with the key %q", in.Key), listed("apps", "/reports?filter=kind:eq:app"))
	case app.Kind != catalog.ReportApp:
		return nil, catalog.FieldErrors{{In: "query", Path: "key", Message: "is not the key of an app", Cure: "List apps with GET " + Prefix + "/reports?filter=kind:eq:app."}}
	}
	q := catalog.Query{
		Scope: scope, Limit: mostModel, Sort: []catalog.Order{{Column: "name"}},
		Filters: []catalog.Filter{{Column: "report_key", Op: catalog.Equals, Values: []string{in.Key}}},
	}
	tables, err := a.Catalog.ModelTables(ctx, q)
	if err != nil {
		return nil, err
	}
	fields, err := a.Catalog.ModelFields(ctx, q)
	if err != nil {
		return nil, err
	}
	return &modelOutput{dataModel{catalog.Key(in.Key), tables.Items, fields.Items, tables.Next != "" || fields.Next != ""}}, nil
}
