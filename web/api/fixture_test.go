package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A thing is a row of the fixture's list.
type thing struct {
	Name    string `json:"name" doc:"Its name."`
	Code    string `json:"code" doc:"The connection that it belongs to."`
	Version int64  `json:"version" doc:"Grows."`
}

type makeThing struct {
	Code string `path:"code"`
	Body struct {
		Name     string `json:"name" minLength:"2" doc:"Its name."`
		Password string `json:"password,omitempty" maxLength:"3"`
	}
}

type madeThing struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     thing
}

// thingQueries knows what things are asked by.
type thingQueries struct{}

func (thingQueries) QueryColumns(catalog.ListName) (sort, filter []string) {
	return []string{"name", "version"}, []string{"name", "version"}
}

func (q thingQueries) CheckQuery(list catalog.ListName, asked catalog.Query) error {
	columns, _ := q.QueryColumns(list)
	var faults catalog.QueryFaults
	for i, o := range asked.Sort {
		if !slices.Contains(columns, o.Column) {
			faults = append(faults, catalog.QueryFault{Parameter: "sort", Index: i, Why: "no column", Cure: catalog.OneOf(o.Column, columns)})
		}
	}
	for i, f := range asked.Filters {
		if !slices.Contains(columns, f.Column) {
			faults = append(faults, catalog.QueryFault{Parameter: f.Column, Filter: true, Index: i, Why: "no column", Cure: catalog.OneOf(f.Column, columns)})
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// Fixture is an API of a few operations that do what real ones do, for the tests of the platform.
// queries gets what lists are asked for.
func Fixture(mux *http.ServeMux, d Deps, queries func(catalog.Query)) *API {
	a := New(mux, d)
	list(a, op{ID: "list-things", Path: "/things", Summary: "List things", Tag: "things", Role: auth.Viewer, List: "things", Queries: thingQueries{}},
		func(_ context.Context, _ *ListParams, q catalog.Query) (catalog.Page[thing], error) {
			queries(q)
			return catalog.Page[thing]{Items: []thing{{"a", "prod", 1}, {"b", "prod", 2}}, Next: "more"}, nil
		})
	register(a, op{
		ID: "make-thing", Method: "POST", Path: "/connections/{code}/things", Summary: "Make a thing", Tag: "things",
		Role: auth.IntegrationAdmin, ConnectionParam: "code", Status: http.StatusCreated, MaxBody: 1000,
	},
		func(_ context.Context, in *makeThing) (*madeThing, error) {
			if in.Body.Name == "taken" {
				return nil, conflict("taken", "Choose another.", "thing 7")
			}
			return &madeThing{Location: "/x", ETag: etag(1), Body: thing{Name: in.Body.Name, Code: in.Code, Version: 1}}, nil
		})
	register(a, op{ID: "slow-thing", Method: "POST", Path: "/slow", Summary: "Take longer than the body may", Tag: "things", Role: auth.Viewer, Sending: 20 * time.Millisecond},
		func(ctx context.Context, _ *struct {
			Body *struct {
				Name string `json:"name"`
			}
		},
		) (*madeThing, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(200 * time.Millisecond): // ten times the deadline that mustn't count any more
				return &madeThing{}, nil
			}
		})
	register(a, op{ID: "read-thing", Method: "GET", Path: "/thing", Summary: "Read a thing", Tag: "things", Role: auth.Viewer, KeyParam: "key"},
		func(_ context.Context, in *struct {
			Key string `query:"key" required:"true"`
		},
		) (*madeThing, error) {
			return &madeThing{Body: thing{Name: in.Key}}, nil
		})
	register(a, op{ID: "numbered-thing", Method: "GET", Path: "/things/{number}", Summary: "A thing by number", Tag: "things", Role: auth.IntegrationAdmin, ConnectionLater: true},
		func(ctx context.Context, in *struct {
			Number string `path:"number"`
		},
		) (*madeThing, error) {
			switch in.Number {
			case "0": // a handler that forgets to ask
				return &madeThing{}, nil
			case "1":
				return &madeThing{}, allow(ctx, auth.IntegrationAdmin, "prod")
			case "2":
				return nil, catalog.FieldErrors{{Path: "a", Message: "is wrong", Cure: "Mend it."}, {In: "query", Path: "b", Message: "too"}}
			case "3":
				panic("the handler's fault")
			case "slow":
				<-ctx.Done()
				return nil, ctx.Err()
			default:
				return nil, &catalog.Error{Code: catalog.Code(in.Number), Op: "read thing", Err: errors.New("dial /secret/socket"), Cure: "Wait."}
			}
		})
	register(a, op{ID: "edit-thing", Method: "PUT", Path: "/thing", Summary: "Edit a thing", Tag: "things", Role: auth.SecurityAdmin, Timeout: time.Second},
		func(_ context.Context, in *struct {
			IfMatch
			Body struct {
				Name string `json:"name"`
			}
		},
		) (*madeThing, error) {
			if err := in.unless(etag(7)); err != nil {
				return nil, err
			}
			return &madeThing{ETag: etag(8), Body: thing{Name: strings.ToUpper(in.Body.Name)}}, nil
		})
	return a
}
