package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/api"
)

// A faultSpec is what is read of the OpenAPI document to make requests with as many faults as there can be.
type faultSpec struct {
	Paths      map[string]map[string]faultyOperation
	Components struct{ Schemas map[string]faultSchema }
}

type faultyOperation struct {
	ID          string `json:"operationId"`
	Role        string `json:"x-role"`
	Parameters  []faultyParameter
	RequestBody *struct {
		Content map[string]struct{ Schema faultSchema }
	} `json:"requestBody"`
}

type faultyParameter struct {
	Name, In, Description string
	Schema                faultSchema
}

type faultSchema struct {
	Type                 any
	Ref                  string `json:"$ref"`
	Enum                 []any
	Pattern              string
	MaxLength            *int
	Minimum              *float64
	Items                *faultSchema
	Properties           map[string]faultSchema
	AdditionalProperties any
}

func (s faultSchema) is(typ string) bool {
	switch t := s.Type.(type) {
	case string:
		return t == typ
	case []any:
		return slices.Contains(t, any(typ))
	default:
		return false
	}
}

// faultyText is a text that a parameter of a schema can't be; "": it may be any.
func (s faultSchema) faultyText() string {
	switch {
	case s.is("integer"), s.is("number"), s.is("boolean"):
		return "perhaps"
	case len(s.Enum) > 0, s.Pattern != "":
		return "!none of these!"
	case s.MaxLength != nil:
		return strings.Repeat("x", *s.MaxLength+1)
	default:
		return ""
	}
}

// listFaults are wrong in every list, which the schema doesn't know.
var listFaults = map[string]string{"sort": "nothing", "fields": "nothing", "filter": "nothing:eq:1", "cursor": "nothing"}

// A faultyRequest has a fault in each place where one can be, and the places.
type faultyRequest struct {
	path, body string
	headers    http.Header
	places     []string
}

func (s faultSpec) request(path, method string, o faultyOperation) faultyRequest {
	r := faultyRequest{headers: http.Header{}}
	values := url.Values{"unkown": {"1"}}
	r.places = append(r.places, "query/unkown")
	isList := slices.ContainsFunc(o.Parameters, func(p faultyParameter) bool { return p.Name == "filter" })
	for _, p := range o.Parameters {
		text := p.Schema.faultyText()
		switch {
		case p.In == "path" && text != "":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", text)
			r.places = append(r.places, "path/"+p.Name)
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", "granted")
		case p.In == "query" && isList && p.Name == "key":
			// The other parameters of a list don't go with it: that is a fault of theirs, and not the one that is looked for.
		case p.In == "query" && isList && listFaults[p.Name] != "":
			values.Set(p.Name, listFaults[p.Name])
			at := "query/" + p.Name
			if p.Name != "cursor" {
				at += "/0"
			}
			r.places = append(r.places, at)
		case p.In == "query" && text != "":
			values.Set(p.Name, text)
			r.places = append(r.places, "query/"+p.Name)
		case p.In == "header" && text != "":
			r.headers.Set(p.Name, text)
			r.places = append(r.places, "header/"+p.Name)
		}
	}
	r.path = path + "?" + values.Encode()
	if o.RequestBody != nil && method != "get" {
		s.faultyBody(&r, o)
	}
	return r
}

// faultyBody gives each key of a body the wrong type, or a value that it can't have, and adds one that there isn't.
func (s faultSpec) faultyBody(r *faultyRequest, o faultyOperation) {
	schema := s.resolved(o.RequestBody.Content["application/json"].Schema)
	body := map[string]any{"unkown/key": 1}
	r.places = append(r.places, "body/unkown~1key")
	for name, p := range schema.Properties {
		if name == "state" && schema.AdditionalProperties == true {
			continue // of a connection: read only, and passed over
		}
		p = s.resolved(p)
		switch {
		case len(p.Enum) > 0, p.Pattern != "":
			body[name] = "!none of these!"
		case p.is("string") && p.MaxLength != nil && len(name)%2 == 0:
			body[name] = strings.Repeat("x", *p.MaxLength+1)
		case p.is("string"):
			body[name] = 7
		case p.is("integer") && p.Minimum != nil:
			body[name] = *p.Minimum - 1
		default:
			body[name] = "!no such thing!"
		}
		r.places = append(r.places, "body/"+name)
	}
	text, _ := json.Marshal(body) // texts and numbers
	r.body = string(text)
}

func (s faultSpec) resolved(x faultSchema) faultSchema {
	for x.Ref != "" {
		x = s.Components.Schemas[x.Ref[strings.LastIndexByte(x.Ref, '/')+1:]]
	}
	return x
}

// TestEveryFaultOfARequestIsToldAtOnceAndWithItsCure makes, of every operation in the OpenAPI document, one request that is
// wrong in every place.
func TestEveryFaultOfARequestIsToldAtOnceAndWithItsCure(t *testing.T) {
	t.Parallel()
	w := newWired(t)
	w.connections()
	w.user("boss", catalog.RoleAdmin, true)
	bearer := w.token("boss", catalog.RoleAdmin, nil)
	spec := w.faultSpec()
	asked, places := 0, 0
	for _, path := range slices.Sorted(maps.Keys(spec.Paths)) {
		for method, o := range spec.Paths[path] {
			r := spec.request(path, method, o)
			asked, places = asked+1, places+len(r.places)
			t.Run(o.ID, func(t *testing.T) { w.wantAll(t, bearer, method, r) })
		}
	}
	if asked < 50 || places < 250 {
		t.Errorf("only %d requests with %d faults: is the document read right?", asked, places)
	}
}

func (w *wired) faultSpec() faultSpec {
	w.t.Helper()
	res, err := http.Get(w.url + api.Prefix + "/openapi.json")
	w.must(err)
	defer res.Body.Close()
	var spec faultSpec
	w.must(json.NewDecoder(res.Body).Decode(&spec))
	return spec
}

// wantAll sends a request, and wants one answer with a fault in each place.
func (w *wired) wantAll(t *testing.T, bearer, method string, r faultyRequest) {
	t.Helper()
	status, p, body := w.problem(t, bearer, method, r.path, r.body, r.headers)
	if status != http.StatusUnprocessableEntity || p.Code != catalog.CodeInvalid {
		t.Fatalf("%d %.600s", status, body)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.In+e.Pointer)
		if e.Cure == "" || e.Detail == "" {
			t.Errorf("%s%s has no cure or no detail: %+v", e.In, e.Pointer, e)
		}
	}
	slices.Sort(got)
	for i, at := range got {
		if i > 0 && got[i-1] == at {
			t.Errorf("%s is told twice: %s", at, body)
		}
	}
	for _, place := range r.places {
		if !slices.ContainsFunc(got, func(at string) bool { return at == place || strings.HasPrefix(at, place+"/") }) {
			t.Errorf("%s isn't told; the request is %s %.300s\nthe answer %s", place, r.path, r.body, body)
		}
	}
	t.Logf("%d faults in %d places", len(got), len(r.places))
}

// problem sends a request and reads what is wrong with it.
func (w *wired) problem(t *testing.T, bearer, method, path, body string, headers http.Header) (int, api.Problem, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(method), w.url+api.Prefix+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, headers)
	req.Header.Set("Authorization", "Bearer "+bearer)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p api.Problem
	if err := json.Unmarshal(answer, &p); err != nil {
		return res.StatusCode, p, fmt.Sprintf("%v: %s", err, answer)
	}
	return res.StatusCode, p, string(answer)
}

// TestEveryListIsAskedAsItsDescriptionSays asks every list for all the keys, and by every column, that the OpenAPI document names.
func TestEveryListIsAskedAsItsDescriptionSays(t *testing.T) {
	t.Parallel()
	w := newWired(t)
	runs := w.connections()
	w.user("boss", catalog.RoleAdmin, true)
	bearer := w.token("boss", catalog.RoleAdmin, nil)
	lists := 0
	for path, methods := range w.faultSpec().Paths {
		asked := url.Values{}
		for _, p := range methods["get"].Parameters {
			before, after := map[string]string{"fields": "Of: ", "sort": "Columns: ", "filter": "Columns: "}[p.Name], ""
			if _, after, _ = strings.Cut(p.Description, before); before == "" || after == "" {
				continue
			}
			names := strings.Split(strings.TrimSuffix(after, "."), ", ")
			switch p.Name {
			case "fields":
				asked.Set("fields", strings.Join(names, ","))
			case "sort":
				asked.Set("sort", strings.Join(names[:min(8, len(names))], ",-"))
			case "filter":
				for _, name := range names {
					asked.Add("filter", name+":null:false")
				}
			}
		}
		if len(asked) == 0 {
			continue
		}
		lists++
		path = strings.ReplaceAll(path, "{id}", fmt.Sprint(runs["granted"]))
		if status, _, body := w.problem(t, bearer, "GET", path+"?"+asked.Encode(), "", nil); status != http.StatusOK {
			t.Errorf("%s?%s: %d %s", path, asked.Encode(), status, body)
		}
	}
	if lists < 14 {
		t.Errorf("only %d lists: is the document read right?", lists)
	}
}
