package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// sound panics at the start of the program on what huma would pass over in silence: a path parameter that
// nobody reads, and fields that it doesn't see since they are in an embedded struct of an unexported type.
func (a *API) sound(o op, types ...reflect.Type) {
	parameters := a.registered(o).Parameters
	for part := range strings.SplitSeq(o.Path, "/") {
		name, ok := strings.CutPrefix(part, "{")
		name = strings.TrimSuffix(name, "}")
		if ok && !slices.ContainsFunc(parameters, func(p *huma.Param) bool { return p.In == "path" && p.Name == name }) {
			panic(fmt.Sprintf("%s: the input has no field for the path's {%s}", o.ID, name))
		}
	}
	for _, t := range types {
		if field := unseen(t, map[reflect.Type]bool{}); field != "" {
			panic(fmt.Sprintf("%s: %s is embedded, but its type isn't exported: huma doesn't see its fields", o.ID, field))
		}
	}
}

// registered is what became of o in the OpenAPI document.
func (a *API) registered(o op) *huma.Operation {
	item := a.huma.OpenAPI().Paths[o.Path]
	return map[string]*huma.Operation{
		"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
	}[o.Method]
}

// unseen finds a struct that is embedded but not exported, in a type or in those of its fields.
func unseen(t reflect.Type, seen map[reflect.Type]bool) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return unseen(t.Elem(), seen)
	case reflect.Struct:
	default:
		return ""
	}
	if seen[t] || t.PkgPath() != "" && !strings.Contains(t.PkgPath(), "qlikcrawler") {
		return ""
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && !f.IsExported() && f.Type.Kind() == reflect.Struct {
			return t.String() + "." + f.Name
		}
		if f.IsExported() {
			if found := unseen(f.Type, seen); found != "" {
				return found
			}
		}
	}
	return ""
}
