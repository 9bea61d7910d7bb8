package connectortest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector"
)

// checks lets a source that can be checked say twice what works; in the probe's world nothing fails.
func (s *suite) checks(t *testing.T) {
	names := make([][]string, 2)
	for i := range names {
		ctx, c := s.open(t)
		checker, ok := c.(connector.Checker)
		if !ok {
			t.Skip("the source can't be checked")
		}
		for step := range checker.Check(ctx) {
			if step.Status == connector.StepFailed || step.Title == "" {
				t.Errorf("step %s %q is %s: %v", step.Name, step.Title, step.Status, step.Err)
			}
			if slices.Contains(names[i], step.Name) {
				t.Errorf("step %s comes twice", step.Name)
			}
			names[i] = append(names[i], step.Name)
			s.said = append(s.said, step.Detail, errorText(step.Err))
		}
	}
	if diff := cmp.Diff(names[0], names[1]); diff != "" || len(names[0]) == 0 {
		t.Errorf("two checks have other steps:\n%s", diff)
	}
}

// listsDataConnections lets a source that knows what scripts connect with tell it twice.
func (s *suite) listsDataConnections(t *testing.T) {
	ctx, c := s.open(t)
	lister, ok := c.(connector.DataConnectionLister)
	if !ok {
		t.Skip("the source knows no data connections")
	}
	once, err := lister.DataConnections(ctx)
	if err != nil {
		t.Fatal(err)
	}
	again, err := lister.DataConnections(ctx)
	if diff := cmp.Diff(once, again); diff != "" || err != nil {
		t.Errorf("two listings differ: %v\n%s", err, diff)
	}
	ids := map[string]bool{}
	for _, d := range once {
		if ids[d.ID] || d.ID == "" || d.Name == "" {
			t.Errorf("data connection %+v has no id of its own, or no name", d)
		}
		ids[d.ID] = true
		row, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		s.said = append(s.said, string(row), fmt.Sprint(d))
	}
}
