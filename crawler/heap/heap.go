// Package heap keeps the garbage collector from working more than it must.
//
// A crawl makes much garbage on a small live heap: of each app, its answers and rows, and nothing stays. With Go's
// own setting the collector then runs at every few megabytes, some dozens of times a second, and takes an eighth of
// the processor. What may be used anyway may as well be used.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Small is the heap below which a crawler needn't save, in bytes.
const Small = 32 << 20

// usual is Go's own percentage: a heap may become twice as large as what was live.
const usual = 100

// Ease lets the heap grow to least bytes before garbage is collected. A heap whose live part is larger than half of that is
// collected as ever: the peak of a large crawl stays what it was. Whoever sets GOGC has decided otherwise, and nothing
// is done. stop, which may be called once, brings Go's own setting back.
func Ease(least uint64) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	e := &easing{least: least, percent: usual}
	e.afterNextCollection()
	return func() {
		e.stopped.Store(true)
		debug.SetGCPercent(usual)
	}
}

type easing struct {
	least   uint64
	percent int
	stopped atomic.Bool
}

// A mark is an object that nobody holds: its finalizer runs once after each collection.
type mark struct{ of *easing }

func (e *easing) afterNextCollection() {
	runtime.SetFinalizer(&mark{e}, func(m *mark) { m.of.collected() })
}

func (e *easing) collected() {
	if e.stopped.Load() {
		return
	}
	// To set it stops the world for a moment: not for little.
	if p := percentage(e.least, live()); p > e.percent*9/8 || p < e.percent*7/8 {
		e.percent = p
		debug.SetGCPercent(p)
	}
	e.afterNextCollection()
}

// percentage is how much a heap may grow over what is live.
func percentage(least, live uint64) int {
	if live == 0 || least/live > 100 {
		return 100 * usual
	}
	return max(usual, int(100*least/live)-100)
}

// live is how many bytes the last collection left.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
