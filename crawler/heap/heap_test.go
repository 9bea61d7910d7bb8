package heap

import (
	"runtime"
	"testing"
)

// The garbage of a small heap is collected less often, and as often as ever once it is stopped.
func TestEaseCollectsASmallHeapLessOften(t *testing.T) { // alone: it counts the process's collections
	t.Setenv("GOGC", "")
	before := collections()
	stop := Ease()
	eased := collections()
	stop()
	if after := collections(); eased*2 > before || eased*2 > after {
		t.Errorf("%d collections, eased %d, then %d", before, eased, after)
	}
}

func TestWhoSetsGOGCIsLeftAlone(t *testing.T) {
	t.Setenv("GOGC", "100")
	before := allocated()
	stop := Ease()
	if grown := allocated() - before; grown > room/2 {
		t.Errorf("%d bytes were taken", grown)
	}
	stop()
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

var sink []byte

// collections is how often 256 MB of garbage, a little at a time, are collected.
func collections() uint32 {
	runtime.GC()
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	for range 256 * 16 {
		sink = make([]byte, 64<<10)
	}
	runtime.ReadMemStats(&m1)
	return m1.NumGC - m0.NumGC
}
