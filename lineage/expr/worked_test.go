package expr

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// worked is an expression with what it refers to, worked out by hand.
type worked struct {
	Expression   string   `json:"expression"`
	Fields       []string `json:"fields"`
	Variables    []string `json:"variables"`
	Functions    []string `json:"functions"`
	Aggregations []string `json:"aggregations"`
	States       []string `json:"alternate_states_or_bookmarks"`
}

func TestTheWorkedExamplesComeOutExactly(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/worked.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []worked
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, want := range cases {
		r := Read(want.Expression, Known{})
		got := worked{
			want.Expression, r.Names(ToField), r.Names(ToVariable), r.Names(ToFunction), r.Names(ToAggregation), r.Names(ToState),
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", want.Expression, diff)
		}
		for _, d := range r.Diagnostics {
			t.Errorf("%s: %s", want.Expression, d)
		}
	}
}
