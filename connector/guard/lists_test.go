package guard_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/guard"
)

func TestEachFolderOfAListIsJudgedByItself(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	p, err := guard.NewPolicy(root, "", guard.Network{})
	if err != nil {
		t.Fatal(err)
	}
	source := connector.Source{Files: []string{"unbuilt.folders"}}
	tree := func(folders ...any) map[string]any {
		return map[string]any{"unbuilt": map[string]any{"folders": folders}}
	}
	inside := filepath.Join(root, "apps")
	for name, x := range map[string]struct {
		given, before map[string]any
		want          []string
	}{
		"inside":               {tree(inside), nil, nil},
		"one of two outside":   {tree(inside, "/etc"), nil, []string{"unbuilt.folders[1]"}},
		"known before":         {tree("/etc", inside), tree("/etc"), nil},
		"another than before":  {tree("/etc", "/srv"), tree("/etc"), []string{"unbuilt.folders[1]"}},
		"a text, no list":      {map[string]any{"unbuilt": map[string]any{"folders": "/etc"}}, nil, []string{"unbuilt.folders"}},
		"a path that goes up":  {tree(inside + "/../.."), nil, []string{"unbuilt.folders[0]"}},
		"a path of no folder":  {tree("apps"), nil, []string{"unbuilt.folders[0]"}},
		"what isn't even text": {tree(7.0), nil, nil}, // the source says so
	} {
		var got []string
		for _, e := range p.Check(x.given, x.before, source) {
			got = append(got, e.Path)
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
