package qrs

import (
	"testing"
	"time"
)

func TestPausesDoubleUpToTheLimitWithHalfLeftToChance(t *testing.T) {
	t.Parallel()
	for attempt, full := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 15 * time.Second, 40: 15 * time.Second,
	} {
		different := map[time.Duration]bool{}
		for range 50 {
			got := backOff(time.Second, 15*time.Second, attempt)
			if got < full/2 || got > full {
				t.Errorf("attempt %d: %s, want %s to %s", attempt, got, full/2, full)
			}
			different[got] = true
		}
		if len(different) < 10 {
			t.Errorf("attempt %d: only %d different pauses", attempt, len(different))
		}
	}
}
