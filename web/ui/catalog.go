package ui

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// Catalog is what the pages of the catalog read. *postgres.DB is one.
type Catalog interface {
	ReportGroups(ctx context.Context, q catalog.Query) (catalog.Page[catalog.GroupRow], error)
	Reports(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ReportRow], error)
	ReportFields(ctx context.Context, q catalog.Query) (catalog.Page[catalog.FieldRow], error)
	SourceCodes(ctx context.Context, q catalog.Query) (catalog.Page[catalog.SourceRow], error)
	ModelTables(ctx context.Context, q catalog.Query) (catalog.Page[catalog.TableRow], error)
	ModelFields(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ColumnRow], error)
	Gaps(ctx context.Context, q catalog.Query) (catalog.Page[catalog.GapRow], error)
	Changes(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ChangeRow], error)

	ReportGroup(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.GroupDetail, error)
	Report(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.ReportDetail, error)
	ReportField(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.FieldDetail, error)
	SourceCode(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.SourceDetail, error)
	SourceVersion(ctx context.Context, scope catalog.Scope, key catalog.Key, sha string) (*catalog.SourceVersion, error)
	ModelTable(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.TableDetail, error)
	ModelField(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.ColumnDetail, error)
	Preview(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.Preview, error)

	Names(ctx context.Context, scope catalog.Scope, keys []catalog.Key) (map[catalog.Key]catalog.Name, error)
	Search(ctx context.Context, s catalog.Search) (*catalog.SearchResult, error)
	SetGovernance(ctx context.Context, key catalog.Key, e catalog.GovernanceEdit, was *catalog.GovernanceEdit, by string) error
	Governance(ctx context.Context, scope catalog.Scope, key catalog.Key) (*catalog.GovernanceDetail, error)

	CatalogFacets
	Twins(ctx context.Context, scope catalog.Scope, f catalog.FieldRow) ([]catalog.Twin, error)
	// Conflicts gives names of master items whose formulas differ; see *postgres.DB.
	Conflicts(ctx context.Context, scope catalog.Scope, typ catalog.FieldType, behind string, limit int) (list []catalog.Conflict, next string, done bool, err error)
	// LineageNode gives the first of some keys that lineage knows; "" for none.
	LineageNode(ctx context.Context, keys ...catalog.Key) (catalog.Key, error)
	AppRuns(ctx context.Context, scope catalog.Scope, app catalog.Key, limit int) ([]catalog.AppRun, error)
	ScriptLinks(ctx context.Context, scope catalog.Scope, app catalog.Key) ([]catalog.ScriptLink, error)
}

func (u *UI) catalogRoutes() []route {
	return []route{
		{"GET /catalog", auth.Viewer, u.catalogTree},
		{"GET /catalog/conflicts", auth.Viewer, u.conflicts},
		{"GET /catalog/branch", auth.Viewer, u.catalogBranch},
		{"GET /catalog/{list}", auth.Viewer, u.catalogList},
		{"GET /search", auth.Viewer, u.search},
		{"GET /search/suggest", auth.Viewer, u.suggest},
		{"GET /group", auth.Viewer, u.group},
		{"GET /report", auth.Viewer, u.report},
		{"GET /field", auth.Viewer, u.field},
		{"GET /source", auth.Viewer, u.source},
		{"GET /source/download", auth.Viewer, u.sourceDownload},
		{"GET /model/table", auth.Viewer, u.modelTable},
		{"GET /model/field", auth.Viewer, u.modelField},
		{"GET /open", auth.Viewer, u.open},
		{"GET /changes", auth.Viewer, u.changes},
		{"POST /governance", auth.SecurityAdmin, u.setGovernance},
	}
}

// pageFor is where a thing has its page, by what catalog.Name and catalog.Hit call its kind.
func pageFor(kind string, key catalog.Key) string {
	path := "/lineage"
	switch kind {
	case "connection":
		return "/connections/" + url.PathEscape(string(key))
	case "stream", "personal", "app_group":
		path = "/group"
	case "app", "sheet", "cell":
		path = "/report"
	case "measure", "dimension", "master_object", "variable":
		path = "/field"
	case "script":
		path = "/source"
	case "table":
		path = "/model/table"
	case "field":
		path = "/model/field"
	}
	return keyURL(path, string(key))
}

// open goes to the page of a key, whatever it is the key of.
func (u *UI) open(w http.ResponseWriter, r *http.Request) error {
	key := catalog.Key(r.URL.Query().Get("key"))
	names, err := u.Catalog.Names(r.Context(), scopeOf(r), []catalog.Key{key})
	if err != nil {
		return err
	}
	http.Redirect(w, r, pageFor(names[key].Kind, key), http.StatusSeeOther)
	return nil
}

func scopeOf(r *http.Request) catalog.Scope { return auth.From(r.Context()).Scope() }

func keyOf(r *http.Request) catalog.Key { return catalog.Key(r.URL.Query().Get("key")) }

// crumbsOf is the way to a thing.
func crumbsOf(a catalog.Around) []crumb {
	crumbs := []crumb{{"Catalog", "/catalog"}}
	for _, c := range a.Path {
		label := c.Name
		if label == "" {
			label = string(c.Key)
		}
		to := pageFor(c.Kind, c.Key)
		if c.Kind == "connection" {
			to = "/catalog?connection=" + url.QueryEscape(string(c.Key))
		}
		crumbs = append(crumbs, crumb{label, to})
	}
	return crumbs
}

// under asks for rows by one column.
func under(r *http.Request, column string, key catalog.Key, limit int, sort ...string) catalog.Query {
	q := catalog.Query{
		Scope: scopeOf(r), Limit: limit,
		Filters: []catalog.Filter{{Column: column, Op: catalog.Equals, Values: []string{string(key)}}},
	}
	for _, s := range sort {
		q.Sort = append(q.Sort, catalog.Order{Column: s})
	}
	return q
}

// A filtering is a query that filters are added to.
type filtering struct{ catalog.Query }

func (q filtering) with(column string, op catalog.Op, values ...string) filtering {
	q.Filters = append(slices.Clone(q.Filters), catalog.Filter{Column: column, Op: op, Values: values})
	return q
}
