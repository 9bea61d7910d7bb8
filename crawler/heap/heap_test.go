package heap

import (
	"runtime"
	"testing"
	"time"
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

// Where little lives the heap stays small, from the start; where much does it grows by about half.
func TestGarbageComesToRoomAndHalfOfWhatLives(t *testing.T) {
	t.Setenv("GOGC", "")
	for name, lives := range map[string]uint64{"little": 1 << 20, "much": 128 << 20} {
		t.Run(name, func(t *testing.T) {
			held := make([]byte, lives)
			stop := Ease()
			defer stop()
			most := lives + lives/2 + 2*room
			for deadline := time.Now().Add(time.Minute); next() > most; runtime.Gosched() { // what follows a collection takes a moment
				if time.Now().After(deadline) {
					t.Fatalf("garbage is collected when the heap has %d bytes, want %d at most", next(), most)
				}
			}
			runtime.KeepAlive(held)
		})
	}
	if p := percent(); p > 650 {
		t.Errorf("GOGC is %d: a heap of less than %d MB is never collected", p, 4*p/100)
	}
}

// next is how large the heap may get after a collection.
func next() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NextGC
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
