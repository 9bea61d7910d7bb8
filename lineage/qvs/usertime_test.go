//go:build unix

package qvs_test

import (
	"syscall"
	"time"
)

// userTime is the time this process has used of processors by now, its collector's included, the kernel's not.
// Unlike the clock's it stands still while other processes have the machine.
func userTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano())
}
