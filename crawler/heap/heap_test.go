package heap

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentage(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for _, x := range []struct {
		name string
		live uint64
		want int
	}{
		{"a small heap grows to what it may", 8 * mb, 700},
		{"half of it is live: as ever", 32 * mb, 100},
		{"more is live: as ever", 500 * mb, 100},
		{"next to nothing is live", 1000, 10000},
		{"nothing was collected yet", 0, 10000},
	} {
		if got := percentage(64*mb, x.live); got != x.want {
			t.Errorf("%s: %d, want %d", x.name, got, x.want)
		}
	}
}

// The garbage of a small heap is collected less often, and as often as ever once it is stopped.
func TestEaseCollectsASmallHeapLessOften(t *testing.T) { // alone: it counts the process's collections
	t.Setenv("GOGC", "")
	before := collections(t)
	stop := Ease(64 << 20)
	deadline := time.Now().Add(10 * time.Second)
	for percent() == usual {
		runtime.GC() // the finalizer runs a moment after one
		if time.Now().After(deadline) {
			t.Fatal("nothing changed after a collection")
		}
		runtime.Gosched()
	}
	eased := collections(t)
	stop()
	if after := collections(t); eased*2 > before || eased*2 > after {
		t.Errorf("%d collections, eased %d, then %d", before, eased, after)
	}
}

func TestWhoSetsGOGCIsLeftAlone(t *testing.T) {
	t.Setenv("GOGC", "100")
	defer Ease(64 << 20)()
	runtime.GC()
	runtime.GC()
	if p := percent(); p != usual {
		t.Errorf("the percentage is %d", p)
	}
}

func percent() int {
	p := debug.SetGCPercent(usual)
	debug.SetGCPercent(p)
	return p
}

var sink []byte

// collections is how often 256 MB of garbage, a little at a time, are collected.
func collections(t *testing.T) uint32 {
	t.Helper()
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	for range 256 * 16 {
		sink = make([]byte, 64<<10)
	}
	runtime.ReadMemStats(&m1)
	return m1.NumGC - m0.NumGC
}
