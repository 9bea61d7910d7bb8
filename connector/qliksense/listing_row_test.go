package qliksense

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

func TestAppsShareEqualCustomPropertiesAndNoOthers(t *testing.T) {
	t.Parallel()
	rows := []map[string][]string{
		{"a": {"1", "2"}}, {"a": {"1", "2"}}, {"a": {"1 2"}}, {"a": {"1"}, "b": {"2"}}, {"a": {"1"}}, {"a": {`1" "2`}}, nil, {"a": {"1"}, "b": {"2"}},
	}
	alike, got := sharing{}, make([]qixmap.AppRow, len(rows))
	for i, properties := range rows {
		got[i].CustomProperties = properties
		alike.share(&got[i])
		if diff := cmp.Diff(properties, got[i].CustomProperties); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
	}
	same := func(a, b int) bool {
		return reflect.ValueOf(got[a].CustomProperties).Pointer() == reflect.ValueOf(got[b].CustomProperties).Pointer()
	}
	if !same(0, 1) || !same(3, 7) || same(0, 2) || same(0, 5) || len(alike) != 5 {
		t.Errorf("%d are kept: %v", len(alike), alike)
	}
}
