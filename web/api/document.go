package api

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// document serves the OpenAPI document, the page made from it, and problems for what isn't there.
// Anybody may read them: they say nothing about the catalog.
func (a *API) document() {
	spec := sync.OnceValues(func() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", "  ") })
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		body, err := spec()
		a.send(w, r, "application/openapi+json", body, err)
	})
	page := sync.OnceValues(func() ([]byte, error) {
		var b bytes.Buffer
		err := pageTemplate.Execute(&b, a.page())
		return b.Bytes(), err
	})
	a.mux.HandleFunc("GET "+Prefix+"/{$}", func(w http.ResponseWriter, r *http.Request) {
		body, err := page()
		a.send(w, r, "text/html; charset=utf-8", body, err)
	})
	a.mux.HandleFunc(Prefix+"/", a.nothing)
}

func (a *API) send(w http.ResponseWriter, r *http.Request, contentType string, body []byte, err error) {
	if err != nil {
		a.Log.ErrorContext(r.Context(), "the API can't be described", "error", err)
		WriteProblem(w, catalog.CodeInternal, RequestID(r.Context()))
		return
	}
	w.Header().Set("Content-Type", contentType)
	// A client that went away needs no answer.
	_, _ = w.Write(body)
}

// nothing answers what no operation is for: another path, or another method of one.
func (a *API) nothing(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := a.mux.mux.Handler(probe); strings.HasPrefix(pattern, method+" "+Prefix) {
			allowed = append(allowed, method)
		}
	}
	p := newProblem(http.StatusNotFound, catalog.CodeNotFound, "There is nothing at this address.", "See "+Prefix+"/ for what there is.")
	if len(allowed) > 0 {
		p = newProblem(http.StatusMethodNotAllowed, catalog.CodeInvalid, r.Method+" is no method of this address.", "Use "+strings.Join(allowed, ", ")+".")
		p.headers.Set("Allow", strings.Join(allowed, ", "))
	}
	writeProblem(w, p, RequestID(r.Context()))
}

//go:embed document.html
var pageHTML string

var pageTemplate = template.Must(template.New("api").Parse(pageHTML))

// A pageOf is what the readable page shows.
type pageOf struct {
	Version string
	Groups  []operationGroup
	Codes   []codeRow
	Schemas []schemaRow
}

type operationGroup struct {
	Tag        string
	Operations []operationRow
}

type operationRow struct {
	ID, Method, Path, Summary, Description, Role string
	Parameters                                   []fieldRow
	Body                                         *typeRef
	Answers                                      []answerRow
}

type answerRow struct {
	Status, Description string
	Type                *typeRef
}

type fieldRow struct {
	Name, In, Description string
	Required              bool
	Type                  *typeRef
}

// A typeRef is a type's name, and the schema that it leads to, if it is a named one.
type typeRef struct{ Name, Schema string }

type schemaRow struct {
	Name   string
	Fields []fieldRow
}

type codeRow struct {
	Code   catalog.Code
	Status int
}

func (a *API) page() pageOf {
	api := a.huma.OpenAPI()
	p := pageOf{Version: a.Version}
	byTag := map[string][]operationRow{}
	for path, item := range api.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if o != nil {
				byTag[o.Tags[0]] = append(byTag[o.Tags[0]], operationOf(path, o))
			}
		}
	}
	for tag, rows := range byTag {
		slices.SortFunc(rows, func(x, y operationRow) int {
			return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
		})
		p.Groups = append(p.Groups, operationGroup{tag, rows})
	}
	slices.SortFunc(p.Groups, func(x, y operationGroup) int { return cmp.Compare(x.Tag, y.Tag) })
	for _, c := range catalog.Codes {
		p.Codes = append(p.Codes, codeRow{c, statusOf(c)})
	}
	for name, s := range api.Components.Schemas.Map() {
		p.Schemas = append(p.Schemas, schemaRow{name, fieldsOf(s)})
	}
	slices.SortFunc(p.Schemas, func(x, y schemaRow) int { return cmp.Compare(x.Name, y.Name) })
	return p
}

func operationOf(path string, o *huma.Operation) operationRow {
	row := operationRow{
		ID: o.OperationID, Method: o.Method, Path: Prefix + path, Summary: o.Summary, Description: o.Description,
		Role: fmt.Sprint(o.Extensions["x-role"]),
	}
	for _, q := range o.Parameters {
		row.Parameters = append(row.Parameters, fieldRow{Name: q.Name, In: q.In, Description: q.Description, Required: q.Required, Type: typeOf(q.Schema)})
	}
	if o.RequestBody != nil {
		for _, content := range o.RequestBody.Content {
			row.Body = typeOf(content.Schema)
		}
	}
	for status, r := range o.Responses {
		answer := answerRow{Status: status, Description: r.Description}
		for contentType, content := range r.Content {
			answer.Type = typeOf(content.Schema)
			if content.Schema == nil {
				answer.Type = &typeRef{Name: contentType}
			}
		}
		row.Answers = append(row.Answers, answer)
	}
	slices.SortFunc(row.Answers, func(x, y answerRow) int { return cmp.Compare(x.Status, y.Status) })
	return row
}

func fieldsOf(s *huma.Schema) []fieldRow {
	var rows []fieldRow
	for name, field := range s.Properties {
		rows = append(rows, fieldRow{Name: name, Description: field.Description, Required: slices.Contains(s.Required, name), Type: typeOf(field)})
	}
	slices.SortFunc(rows, func(x, y fieldRow) int { return cmp.Compare(x.Name, y.Name) })
	return rows
}

// typeOf names a schema as a person would: "text", "list of user", "one of a, b".
func typeOf(s *huma.Schema) *typeRef {
	switch {
	case s == nil:
		return nil
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return &typeRef{Name: name, Schema: name}
	case s.Items != nil:
		of := typeOf(s.Items)
		return &typeRef{Name: "list of " + of.Name, Schema: of.Schema}
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = fmt.Sprint(e)
		}
		return &typeRef{Name: "one of " + strings.Join(words, ", ")}
	case s.Type == "string" && s.Format == "date-time":
		return &typeRef{Name: "time (RFC 3339)"}
	case s.Type == "string":
		return &typeRef{Name: "text"}
	default:
		return &typeRef{Name: s.Type}
	}
}
