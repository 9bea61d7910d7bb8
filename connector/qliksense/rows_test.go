package qliksense

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func reportOf(t testing.TB, s *catalog.Snapshot, key catalog.Key) catalog.Report {
	t.Helper()
	for _, r := range s.Reports {
		if r.Key == key {
			return r
		}
	}
	t.Fatalf("no report %s", key)
	return catalog.Report{}
}

func wantNoGaps(t testing.TB, s *catalog.Snapshot) {
	t.Helper()
	for _, g := range s.Gaps {
		t.Errorf("gap %s %s: %v", g.Part, g.Key, g.Err)
	}
}

func fieldOf(t testing.TB, s *catalog.Snapshot, key catalog.Key) catalog.ReportField {
	t.Helper()
	for _, f := range s.Fields {
		if f.Key == key {
			return f
		}
	}
	t.Fatalf("no field %s", key)
	return catalog.ReportField{}
}
