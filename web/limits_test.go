package web

import (
	"strconv"
	"testing"
)

func TestLimitsRememberSoManyAndNoMore(t *testing.T) {
	t.Parallel()
	l := newLimits(Limits{PerAddress: 1})
	for range 2 {
		if l.wait("early", 1) != 0 {
			t.Fatal("a burst of two isn't allowed")
		}
	}
	if l.wait("early", 1) != 1 {
		t.Error("the third request doesn't wait")
	}
	for i := range mostBuckets {
		l.wait(strconv.Itoa(i), 1)
	}
	if len(l.buckets) != mostBuckets || l.order.Len() != mostBuckets {
		t.Errorf("%d are remembered, %d in order", len(l.buckets), l.order.Len())
	}
	if l.wait("early", 1) != 0 {
		t.Error("who asked longest ago isn't forgotten first")
	}
	if l.wait("anybody", -1) != 0 {
		t.Error("no limit is one")
	}
}
