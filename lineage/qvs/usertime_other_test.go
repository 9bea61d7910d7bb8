//go:build !unix

package qvs_test

import "time"

// userTime isn't told here: the clock's time stands in for it.
func userTime() time.Duration { return time.Since(started) }

var started = time.Now()
