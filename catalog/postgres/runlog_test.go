package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func (b *bench) log(run catalog.RunID) []string {
	b.t.Helper()
	var got []string
	b.must(b.RunLog(b.t.Context(), run, func(l catalog.LogLine) error {
		got = append(got, l.Text)
		return nil
	}))
	return got
}

func TestRunLogKeepsTheOrderOfEachProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.LastRunLog(t.Context(), "prod")
	wantCode(t, err, catalog.CodeNotFound)
	run := b.start()
	var all sync.WaitGroup
	for p := range 4 {
		all.Go(func() {
			db := open(t, b.url)
			for n := range 5 {
				lines := make([]catalog.LogLine, 150)
				for i := range lines {
					lines[i] = catalog.LogLine{At: time.Now(), Text: fmt.Sprintf("%d %04d\x00", p, n*150+i)}
				}
				if err := db.AppendRunLog(t.Context(), run, lines); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got := b.log(run)
	if len(got) != 3000 {
		t.Fatalf("%d lines, want 3000", len(got))
	}
	next := [4]int{}
	for _, line := range got {
		var p, n int
		if _, err := fmt.Sscanf(line, "%d %d", &p, &n); err != nil || next[p] != n {
			t.Fatalf("line %q of process %d, want %d: %v", line, p, next[p], err)
		}
		next[p]++
	}
	last, err := b.LastRunLog(t.Context(), "prod")
	b.must(err)
	if last.Run.ID != run || last.Bytes == 0 || last.Dropped != 0 {
		t.Errorf("%+v", last)
	}
	stop := errors.New("enough")
	if err := b.RunLog(t.Context(), run, func(catalog.LogLine) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

// Two processes store what they logged at the same time, one after the other; the clock is that of the lines.
func TestRunLogIsReadByTimeWhoeverStoredItFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.start()
	at := time.Now().Truncate(time.Second)
	const each = 1500 // more than is read at a time
	for _, process := range []int{1, 0} {
		lines := make([]catalog.LogLine, each)
		for i := range lines {
			// Even lines of the one and odd ones of the other, ten of the same time.
			lines[i] = catalog.LogLine{At: at.Add(time.Duration((2*i+process)/20) * time.Millisecond), Text: fmt.Sprintf("%d %04d", process, i)}
		}
		b.must(b.AppendRunLog(t.Context(), run, lines))
	}
	var got []catalog.LogLine
	b.must(b.RunLog(t.Context(), run, func(l catalog.LogLine) error {
		if len(got) == 1 { // too late for this reading
			b.must(b.AppendRunLog(t.Context(), run, []catalog.LogLine{{At: at.Add(-time.Hour), Text: "late"}}))
		}
		got = append(got, l)
		return nil
	}))
	if len(got) != 2*each {
		t.Fatalf("%d lines, want %d", len(got), 2*each)
	}
	next, times := [2]int{}, time.Time{}
	for i, l := range got {
		var p, n int
		if _, err := fmt.Sscanf(l.Text, "%d %d", &p, &n); err != nil || next[p] != n || l.At.Before(times) {
			t.Fatalf("line %d is %q of %s after one of %s, want line %d of its process: %v", i, l.Text, l.At, times, next[p], err)
		}
		next[p], times = n+1, l.At
	}
	if again := b.log(run); len(again) != 2*each+1 || again[0] != "late" {
		t.Errorf("the next reading gives %d lines, the first is %q", len(again), again[0])
	}
}

func TestRunLogIsBoundedAndOldOnesGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var runs []catalog.RunID
	for range 4 {
		run := b.start()
		b.must(b.AppendRunLog(t.Context(), run, []catalog.LogLine{{Text: "start"}}))
		b.done(run)
		runs = append(runs, run)
	}
	if got := b.log(runs[0]); len(got) > 0 {
		t.Errorf("the log of the oldest run is kept: %v", got)
	}
	if got := b.log(runs[1]); len(got) != 1 {
		t.Errorf("the log of a recent run is gone: %v", got)
	}
	run := runs[3]
	big := strings.Repeat("x", 1<<20)
	for range 12 {
		b.must(b.AppendRunLog(t.Context(), run, []catalog.LogLine{{Text: big}}))
	}
	b.must(b.AppendRunLog(t.Context(), run, []catalog.LogLine{{Text: "the end"}}))
	last, err := b.LastRunLog(t.Context(), "prod")
	b.must(err)
	if last.Bytes > 8<<20 || last.Dropped < 4 {
		t.Errorf("%d bytes, %d lines dropped", last.Bytes, last.Dropped)
	}
}
