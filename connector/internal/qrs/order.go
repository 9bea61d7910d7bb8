package qrs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
)

// ahead is how many pages are asked at a time: enough to hide the round trip, few enough for a
// Repository that other people use too.
const ahead = 4

// inOrder fetches n pages, a few at a time, and hands them over in order, one by one. take returning
// false, or an error, ends it; when it returns, nothing of it is running any more.
func inOrder[T any](ctx context.Context, n int, fetch func(context.Context, int) (T, error), take func(int, T) bool) error {
	type result struct {
		page T
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	waiting := make(chan chan result, ahead) // in order
	start := func(i int) {
		done := make(chan result, 1)
		waiting <- done
		go func() {
			page, err := fetch(ctx, i)
			done <- result{page, err}
		}()
	}
	next := 0
	for ; next < min(n, ahead); next++ {
		start(next)
	}
	defer func() {
		cancel()
		for len(waiting) > 0 {
			<-<-waiting
		}
	}()
	for i := range n {
		r := <-<-waiting
		if r.err != nil {
			return r.err
		}
		if next < n {
			start(next)
			next++
		}
		if !take(i, r.page) {
			return nil
		}
	}
	return nil
}

// A rowID is an id in 16 bytes: a million of them are remembered during a listing.
type rowID [16]byte

func asRowID(id string) rowID {
	const dashes = 4
	var digits [36]byte
	var out rowID
	if len(id) == len(digits) {
		n := 0
		for i := range len(id) {
			if id[i] != '-' {
				digits[n] = id[i]
				n++
			}
		}
		if _, err := hex.Decode(out[:], digits[:len(digits)-dashes]); err == nil && n == len(digits)-dashes {
			return out
		}
	}
	sum := sha256.Sum256([]byte(id))
	return rowID(sum[:16])
}
