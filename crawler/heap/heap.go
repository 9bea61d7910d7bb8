// Package heap keeps the garbage collector from working more than it must, and a large heap from growing to twice what lives.
//
// A crawl makes much garbage on a small live heap: of each app, its answers and rows, and nothing stays. With Go's
// own setting the collector then runs at every few megabytes, some dozens of times a second, and takes a tenth of
// the processor. The listing of a site of very many apps, on the other hand, lives long, and as much again as garbage is more than
// it must be.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Garbage may come to room and half of what lives before it is collected.
const room = 24 << 20 // bytes

// Ease lets garbage come to 24 MB and half of what lives, in place of as much as lives. Whoever sets GOGC has decided otherwise,
// and nothing is done. stop ends it; it is called once for the process, by who runs it.
func Ease() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(percent())
	var stopped atomic.Bool
	afterEach(func() (again bool) {
		if stopped.Load() {
			return false
		}
		debug.SetGCPercent(percent())
		return true
	})
	return func() {
		stopped.Store(true)
		debug.SetGCPercent(before)
	}
}

// afterEach calls do after each collection, until it says no.
func afterEach(do func() (again bool)) {
	type sentinel struct{ _ [16]byte } // large enough to be on its own
	runtime.AddCleanup(&sentinel{}, func(do func() bool) {
		if do() {
			afterEach(do)
		}
	}, do)
}

// percent is GOGC for what lives at present, by the last collection.
func percent() int {
	lives := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	metrics.Read(lives)
	sum := uint64(0)
	for _, s := range lives {
		sum += s.Value.Uint64()
	}
	const least = room / 6 // before the first collection nothing is known to live; and Go's least heap grows with the percentage
	return int(50 + 100*room/max(sum, least))
}
