package foreign_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

type object = map[string]any

// An infoEntry is an id with its type, as the Engine lists them.
type infoEntry struct {
	ID   string `json:"qId"`
	Type string `json:"qType"`
}

// plain is a value as the Engine may send it: without members that are false, 0, empty or null,
// which it leaves out (facts C.3).
func plain(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(b, &decoded); err != nil {
		t.Fatal(err)
	}
	if decoded = withoutDefaults(decoded); isDefault(decoded) {
		return nil
	}
	return decoded
}

func withoutDefaults(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, member := range v {
			if member = withoutDefaults(member); !isDefault(member) {
				out[k] = member
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = withoutDefaults(v[i])
		}
		return out
	default:
		return v
	}
}

func isDefault(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return false
	}
}

// same compares two values as the Engine may send them.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(plain(t, want), plain(t, got)); d != "" {
		t.Errorf("%s (- site, + client):\n%s", what, d)
	}
}

// sameSet compares two lists whose order says nothing.
func sameSet(t *testing.T, what string, want, got []string) {
	t.Helper()
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	if d := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); d != "" {
		t.Errorf("%s (- site, + client):\n%s", what, d)
	}
}

// visible gives the items of a list that the user may see through the Engine.
func visible(site *qliktest.Site, u *qliktest.User, a *qliktest.App, items []qliktest.Item) []qliktest.Item {
	var list []qliktest.Item
	for i := range items {
		if site.CanSeeItem(u, a, &items[i]) && !items[i].HiddenFromEngine {
			list = append(list, items[i])
		}
	}
	return list
}

// entries gives the ids and types of items, with all that is below them.
func entries(items []qliktest.Item) []infoEntry {
	var list []infoEntry
	for _, it := range items {
		list = below(list, it.Tree)
	}
	return list
}

func below(list []infoEntry, t qliktest.Tree) []infoEntry {
	id, typ := t.Info()
	list = append(list, infoEntry{id, typ})
	for _, c := range t.Children {
		list = below(list, c)
	}
	return list
}

// properties gives all properties of items by id, children's too.
func properties(items []qliktest.Item) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	var add func(t qliktest.Tree)
	add = func(t qliktest.Tree) {
		id, _ := t.Info()
		all[id] = t.Property
		for _, c := range t.Children {
			add(c)
		}
	}
	for _, it := range items {
		add(it.Tree)
	}
	return all
}

func ids(list []infoEntry, types ...string) []string {
	var out []string
	for _, e := range list {
		if len(types) == 0 || slices.Contains(types, e.Type) {
			out = append(out, e.ID)
		}
	}
	return out
}

func find(t *testing.T, site *qliktest.Site, name string) *qliktest.App {
	t.Helper()
	for _, a := range site.Apps {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("the site has no app %s", name)
	return nil
}
