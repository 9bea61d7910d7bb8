package api

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// All that is wrong with a request is told at once. What the schema refuses huma finds; what else can be wrong the
// operation's input finds in its method Resolve, which huma calls even when the schema has refused something:
//
//	func (in *setSchedule) Resolve(hc huma.Context) []error {
//		return faultsOf(apiOf(hc).Schedules.CheckSchedule(in.Body.schedule()))
//	}
//
// Resolve runs behind authorization by op.Role, but not behind allow: with op.ConnectionLater it may look at the
// request alone. It never makes anything, and the handler, or the store, checks again.

// Keys of an operation's Metadata, for what its resolvers need.
const (
	metaAPI  = "api"
	metaList = "list"
)

// apiOf is the API that an operation belongs to.
func apiOf(hc huma.Context) *API {
	a, _ := hc.Operation().Metadata[metaAPI].(*API)
	return a
}

// faultsOf is what a resolver gives of a check: the faults of fields. Whatever else went wrong the handler meets again.
func faultsOf(err error) []error {
	var fields catalog.FieldErrors
	if !errors.As(err, &fields) {
		return nil
	}
	list := make([]error, len(fields))
	for i, f := range fields {
		list[i] = f
	}
	return list
}

// A report collects what is wrong with a request.
type report struct {
	found []FieldProblem
	typed []string // where something has the wrong type: what else is said of it, or of what is in it, is no news
}

// schema adds what huma found.
func (r *report) schema(p FieldProblem, wrongType bool) {
	r.found = append(r.found, p)
	if wrongType {
		r.typed = append(r.typed, p.In+p.Pointer)
	}
}

// check adds what an operation found, unless the schema has said it of the same field, or something inside of it.
func (r *report) check(p FieldProblem, bySchema int) {
	at := p.In + p.Pointer
	for i, told := range r.found {
		other := told.In + told.Pointer
		inside := p.In == "body" && strings.HasPrefix(other, at+"/")
		if i < bySchema && (other == at || inside) || told == p {
			return
		}
	}
	for _, typed := range r.typed {
		if strings.HasPrefix(at, typed+"/") {
			return
		}
	}
	r.found = append(r.found, p)
}

// reported puts the errors of a request together: those of the schema first, then those of the operation.
func reported(hc huma.Context, errs []error) []FieldProblem {
	var r report
	for _, err := range errs {
		var detail huma.ErrorDetailer
		if errors.As(err, &detail) {
			d := detail.ErrorDetail()
			r.schema(detailProblem(hc, d), wrongType(d.Message))
		}
	}
	bySchema := len(r.found)
	var astray catalog.FieldErrors
	if hc != nil {
		astray = strays(hc.Context())
	}
	for _, err := range errs {
		var field catalog.FieldError
		switch {
		case !errors.As(err, &field):
		case slices.Contains(astray, field):
			r.found = append(r.found, fieldProblem(field)) // that one is there twice is news also where one of them is wrong
		default:
			r.check(fieldProblem(field), bySchema)
		}
	}
	return r.found
}

// wrongType tells the messages of huma after which nothing can be said of what a field holds.
func wrongType(message string) bool {
	return slices.Contains([]string{
		validation.MsgExpectedObject, validation.MsgExpectedArray, validation.MsgExpectedString,
		validation.MsgExpectedBoolean, validation.MsgExpectedNumber, validation.MsgExpectedInteger,
	}, message) || !strings.HasPrefix(message, "expected ") && message != validation.MsgUnexpectedProperty
}

// detailProblem is one of huma's errors: its location, "body.items[3].tags" or "query.limit", as a JSON pointer, and
// what to do about it. Values are left out: they may be secrets.
func detailProblem(hc huma.Context, d *huma.ErrorDetail) FieldProblem {
	in, path, _ := strings.Cut(d.Location, ".")
	if in == "" {
		in = "body"
	}
	p := FieldProblem{In: in, Detail: told(in, d.Message), Cure: cureOf(d.Message)}
	if in != "body" {
		p.Pointer = catalog.PointerTo(path) // a parameter's name is one step
		return p
	}
	p.Pointer = catalog.FieldError{Path: path}.Pointer()
	if d.Message == validation.MsgUnexpectedProperty {
		parent, key := strayKey(path, d.Value)
		p.Pointer = parent + catalog.PointerTo(key)
		if known := propertiesAt(hc, parent); len(known) > 0 {
			p.Cure = "Leave it out. " + catalog.OneOf(key, known)
		}
	}
	if name, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		name = strings.TrimSuffix(name, " to be present")
		p.Pointer += catalog.PointerTo(name)
		p.Detail, p.Cure = "is missing", "Add it: "+Prefix+"/openapi.json describes it."
	}
	return p
}

// told is a message of huma's, or of the JSON decoder, which speaks of Go where a body is of another kind.
func told(in, message string) string {
	switch {
	case in != "body":
		return message
	case strings.HasPrefix(message, "json: cannot unmarshal"):
		return "is JSON of another kind than is expected here"
	case strings.HasPrefix(message, "invalid character"), strings.HasPrefix(message, "unexpected end of JSON"):
		return "can't be read as JSON: " + message
	default:
		return message
	}
}

// strayKey parts the location of a key that there isn't, which may hold dots, into where it is and the key.
func strayKey(path string, object any) (parent, key string) {
	keys, _ := object.(map[string]any)
	for k := range keys {
		if (path == k || strings.HasSuffix(path, "."+k)) && len(k) > len(key) {
			key = k
		}
	}
	if key == "" {
		key = path[strings.LastIndexByte(path, '.')+1:]
	}
	parent = strings.TrimSuffix(strings.TrimSuffix(path, key), ".")
	return catalog.FieldError{Path: parent}.Pointer(), key
}

// propertiesAt are the names of the keys that a body has at a place.
func propertiesAt(hc huma.Context, pointer string) []string {
	if hc == nil || hc.Operation().RequestBody == nil {
		return nil
	}
	registry := apiOf(hc).huma.OpenAPI().Components.Schemas
	content := hc.Operation().RequestBody.Content["application/json"]
	if content == nil {
		return nil
	}
	s := content.Schema
	for _, step := range append([]string{""}, strings.Split(strings.TrimPrefix(pointer, "/"), "/")...) {
		for s != nil && s.Ref != "" {
			s = registry.SchemaFromRef(s.Ref)
		}
		switch {
		case s == nil:
			return nil
		case step == "":
		case s.Items != nil:
			s = s.Items
		default:
			s = s.Properties[step]
		}
	}
	for s != nil && s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

// missingBody is the fault of a request that came without the body that it needs.
func missingBody() FieldProblem {
	return FieldProblem{In: "body", Detail: "is missing", Cure: "Send a JSON document as " + Prefix + "/openapi.json describes it."}
}

// curesOf are the cures of what huma says, by how it begins; %s is what stands behind that.
var curesOf = []struct{ message, cure string }{
	{"expected value to be one of ", "Use one of %s."},
	{"expected length >= 1", "Don't leave it empty."},
	{"expected length >= ", "Write at least %s characters."},
	{"expected length <= ", "Shorten it to %s characters."},
	{"expected array length >= ", "Give at least %s."},
	{"expected array length <= ", "Give %s at most."},
	{"expected number >= ", "Give %s or more."},
	{"expected number <= ", "Give %s or less."},
	{"expected string to be RFC 3339 date-time", "Write it like 2026-03-01T08:00:00Z."},
	{"expected string to be ", "Use %s."},
	{"expected string", "Send a text, in quotes."},
	{"expected number", "Send a number, without quotes."},
	{"expected integer", "Send a whole number, without quotes."},
	{"expected boolean", "Send true or false, without quotes."},
	{"expected array", "Send a list, such as [\"a\", \"b\"]."},
	{"expected object", "Send an object, such as {\"key\": \"value\"}."},
	{"invalid integer", "Write a whole number."},
	{"invalid boolean", "Write true or false."},
	{"invalid float", "Write a number."},
	{"unexpected property", "Leave it out, or mend its spelling; " + Prefix + "/openapi.json has all names."},
	{"required ", "Add it: " + Prefix + "/openapi.json describes it."},
}

// cureOf says what to do about one of huma's messages.
func cureOf(message string) string {
	for _, c := range curesOf {
		if rest, ok := strings.CutPrefix(message, c.message); ok {
			return strings.ReplaceAll(c.cure, "%s", strings.Trim(rest, `"`))
		}
	}
	return "Send a JSON document as " + Prefix + "/openapi.json describes it."
}

// withCure gives every fault that has no cure one: what its message ends with, behind a semicolon, if that says what to
// do, or this one.
func withCure(errs catalog.FieldErrors, otherwise string) catalog.FieldErrors {
	for i, e := range errs {
		if e.Cure != "" {
			continue
		}
		errs[i].Cure = otherwise
		at := strings.LastIndex(e.Message, "; ")
		if at < 0 {
			continue
		}
		what := e.Message[at+len("; "):]
		if example, ok := strings.CutPrefix(what, "for example: "); ok {
			what = "write it like " + example
		}
		first, _, _ := strings.Cut(what, " ")
		if slices.Contains(imperatives, first) {
			errs[i].Message, errs[i].Cure = e.Message[:at], strings.ToUpper(what[:1])+what[1:]
			if !strings.HasSuffix(what, "?") {
				errs[i].Cure += "."
			}
		}
	}
	return errs
}

// imperatives are how the messages of connections begin to say what to do.
var imperatives = []string{"add", "ask", "choose", "did", "give", "leave", "make", "name", "put", "say", "take", "use", "write"}
