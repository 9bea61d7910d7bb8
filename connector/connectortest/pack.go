package connectortest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// packs lists with one connector and fetches with another, as two processes do that share a crawl.
func (s *suite) packs(t *testing.T) {
	ctx, lister := s.open(t)
	packer, ok := lister.(connector.Packer)
	if !ok {
		t.Skip("the source can't share a crawl")
	}
	listed := s.units(ctx, t, lister)
	var packed [][]byte
	var read []*catalog.Snapshot
	for _, l := range listed {
		p, err := packer.Pack(l)
		if err != nil {
			t.Fatalf("pack %s: %v", l.Unit.Key, err)
		}
		s.said = append(s.said, string(p))
		packed, read = append(packed, p), append(read, s.fetch(ctx, t, lister, l))
	}
	_, other := s.open(t)
	for i, l := range listed {
		moved, err := other.(connector.Packer).Unpack(packed[i])
		if err != nil {
			t.Fatalf("unpack %s: %v", l.Unit.Key, err)
		}
		if moved.Unit != l.Unit || moved.Version != l.Version || !cmp.Equal(moved.Groups, l.Groups) {
			t.Errorf("%s became %+v", l.Unit.Key, moved)
		}
		if diff := cmp.Diff(read[i], s.fetch(ctx, t, other, moved)); diff != "" {
			t.Errorf("%s read by another connector differs:\n%s", l.Unit.Key, diff)
		}
	}
	if _, err := other.(connector.Packer).Unpack([]byte("{")); err == nil {
		t.Error("half a unit was unpacked")
	}
}
