package ui

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestAChangeTellsWhatDiffers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 500)
	for _, c := range []struct {
		name          string
		before, after string
		want          changeLine
	}{
		{"short texts are shown whole", "Sum(A)", "Sum(B)", changeLine{Before: "Sum(A)", After: "Sum(B)"}},
		{"of long ones, the place", long + "1" + long, long + "22" + long, changeLine{
			Before: "…" + long[:around] + "1" + long[:around] + "…", After: "…" + long[:around] + "22" + long[:around] + "…",
		}},
		{"of long letters, whole letters", strings.Repeat("ü", 200) + "a", strings.Repeat("ü", 200) + "b", changeLine{
			Before: "…" + strings.Repeat("ü", around) + "a", After: "…" + strings.Repeat("ü", around) + "b",
		}},
		{"of several values, those that changed", `{"a": 1, "file_size": 10, "b": "x"}`, `{"a": 1, "file_size": 20, "c": ["y", "z"]}`, changeLine{
			Lines: []valueChange{{"b", "x", ""}, {"c", "", "y, z"}, {"file size", "10", "20"}},
		}},
		{"of values that were cut, the place", `{"a": 1`, `{"a": 2`, changeLine{Before: `{"a": 1`, After: `{"a": 2`}},
		{"what is longer by its end", long, long + "1", changeLine{Before: "…" + long[:around], After: "…" + long[:around] + "1"}},
		{"nothing before", "", "new", changeLine{After: "new"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := changeLines([]catalog.ChangeRow{{Old: c.before, New: c.after}})[0]
			got.ChangeRow = catalog.ChangeRow{}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
