package qliksense

import (
	"slices"
	"time"
)

// A knee finds how many apps at a time are worth it. With more than the Engine has hands for, each answer only
// takes longer, and so does what people wait for in the hub. How long an app takes says little, for one is a hundred
// times another, so what counts is the smallest call of each: it is the same small thing in every app, and what
// it takes is the way to the Engine and the crowd before it.
//
// The level begins low, goes up while the smallest calls are as fast as ever, and down when they aren't.
type knee struct {
	most  int // what the connection allows
	level int // apps at a time, at present

	samples []time.Duration // of apps that were read at this level
	skip    int             // samples to come of apps that were let in at another level
	crowded bool            // it was too much once
	ceiling int             // a level that was too much lately
	held    int             // windows since then

	old, young time.Duration // the best before and in this generation; 0: none
	age        int           // samples in this generation
	back       int           // the level to go back to after a look at the best; 0: none
}

const (
	kneeStart      = 4   // apps at a time at first
	kneeFirst      = 3   // samples before the level goes up, until it was too much for the first time
	kneeWindow     = 6   // samples at least before the level changes, from then on
	kneeHold       = 6   // windows before a level that was too much is tried again
	kneeGeneration = 300 // samples after which the best ones are forgotten, in two steps

	// kneeSlack is what chance may add to the smallest call, whatever that takes.
	kneeSlack = 15 * time.Millisecond
)

func newKnee(most int) knee {
	return knee{most: most, level: min(most, kneeStart), ceiling: most + 1}
}

// best is the smallest call that an app had lately.
func (k *knee) best() time.Duration {
	if k.old > 0 && (k.young == 0 || k.old < k.young) {
		return k.old
	}
	return k.young
}

// sample takes the smallest call of an app that is about to leave; inside is how many are being read.
func (k *knee) sample(took time.Duration, inside int) {
	if took <= 0 {
		return
	}
	if k.young == 0 || took < k.young {
		k.young = took
	}
	if k.age++; k.age >= kneeGeneration {
		k.old, k.young, k.age = k.young, 0, 0
		if k.crowded && k.back == 0 {
			k.back = k.level // what was best lately may be what is usual in this crowd
			k.set(max(1, k.level/2), inside)
			return
		}
	}
	if k.skip > 0 {
		k.skip--
		return
	}
	k.samples = append(k.samples, took)
	if window := max(kneeWindow, k.level); k.crowded && len(k.samples) < window || len(k.samples) < kneeFirst {
		return
	}
	slices.Sort(k.samples)
	median := k.samples[len(k.samples)/2]
	k.samples = k.samples[:0]
	k.judge(median, inside)
}

// judge changes the level after a window of samples with this median.
func (k *knee) judge(median time.Duration, inside int) {
	if k.back > 0 {
		k.set(k.back, inside)
		k.back = 0
		return
	}
	best := k.best()
	switch {
	case median > best*3/2+kneeSlack:
		k.crowded, k.ceiling, k.held = true, k.level, 0
		k.set(max(1, k.level*3/4), inside)
	case median > best*5/4+kneeSlack/2:
		// slower already: no more
	default:
		k.grow(inside)
	}
}

// grow lets more in at a time: fast until it was too much for the first time, then with care.
func (k *knee) grow(inside int) {
	next := k.level + max(1, k.level/8)
	if !k.crowded {
		next = 2 * k.level
	}
	if k.held++; k.held > kneeHold {
		k.ceiling = k.most + 1
	}
	if next = min(next, k.ceiling-1, k.most); next > k.level {
		k.set(next, inside)
	}
}

func (k *knee) set(level, inside int) { k.level, k.skip, k.samples = level, inside, k.samples[:0] }
