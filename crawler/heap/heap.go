// Package heap keeps the garbage collector from working more than it must.
//
// A crawl makes much garbage on a small live heap: of each app, its answers and rows, and nothing stays. With Go's
// own setting the collector then runs at every few megabytes, some dozens of times a second, and takes a tenth of
// the processor.
package heap

import (
	"os"
	"runtime"
)

// weight is how many bytes live more, in the collector's eyes.
const weight = 16 << 20

// Ease lets a small heap grow to some 30 MB before garbage is collected, and any larger one by 16 MB more than it would: it
// holds memory that is counted, but never touched, so that the system never provides it. Whoever sets GOGC has decided otherwise, and
// nothing is done. The memory is held until stop is called.
func Ease() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	ballast := make([]byte, weight)
	return func() { runtime.KeepAlive(ballast) }
}
