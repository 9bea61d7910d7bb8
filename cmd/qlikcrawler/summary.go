package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// printCrawl tells what a crawl did: the apps that need a person's eye first, then the sums.
func (a *app) printCrawl(w io.Writer, r *crawlResult) error {
	if a.json {
		return printJSON(w, r)
	}
	printTroubles(w, r.Outcomes)
	t := r.Tally
	fmt.Fprintf(w, "%s: %s crawl %d %s in %.1f s\n", r.Connection, r.Mode, r.Run, r.State, r.Seconds)
	fmt.Fprintf(w, "  apps      %d listed: %d added, %d updated, %d unchanged, %d retired, %d partial, %d failed\n",
		t.Listed, t.Added, t.Updated, t.Unchanged, t.Retired, t.Partial, t.Failed)
	printChanges(w, r.Outcomes)
	fmt.Fprintf(w, "  cost      %s, %s, %s (%d with data), %s, %s received, %.1f s of Engine time\n",
		count(t.Usage.Requests, "request"), count(t.Usage.Calls, "Engine call"), count(t.Usage.Opens+t.Usage.OpensWithData, "Engine open"),
		t.Usage.OpensWithData, count(t.Usage.Sessions, "Qlik session"), dataSize(t.Usage.BytesReceived), t.Usage.EngineTime().Seconds())
	printLineageTally(w, t.Lineage)
	printCounts(w, r.Counts)
	return nil
}

func printCounts(w io.Writer, c catalog.Counts) {
	fmt.Fprintf(w, "  catalog   %s, %s, %s, %s\n",
		count(c.Streams, "stream"), count(c.Apps, "app"), count(c.Sheets, "sheet"), count(c.Cells, "cell"))
	fmt.Fprintf(w, "            %s, %s, %s, %s\n",
		count(c.Measures, "measure"), count(c.Dimensions, "dimension"), count(c.MasterObjects, "master object"), count(c.Variables, "variable"))
	fmt.Fprintf(w, "            %s, %s, %s, %s\n",
		count(c.Scripts, "script"), count(c.Tables, "model table"), count(c.Fields, "model field"), count(c.Gaps, "gap"))
}

// printChanges sums up what changed in the apps that were read, and names those that took longest.
func printChanges(w io.Writer, outcomes []outcomeResult) {
	var sum catalog.RowChanges
	var slow []outcomeResult
	for _, o := range outcomes {
		sum.Add(o.Rows)
		if o.Change != catalog.Retired {
			slow = append(slow, o)
		}
	}
	if sum != (catalog.RowChanges{}) {
		fmt.Fprintf(w, "  rows      %d added, %d changed, %d retired, %d restored\n", sum.Added, sum.Changed, sum.Retired, sum.Restored)
	}
	slices.SortStableFunc(slow, func(a, b outcomeResult) int { return cmp.Compare(b.DurationMS, a.DurationMS) })
	var names []string
	for _, o := range slow[:min(len(slow), 3)] {
		names = append(names, fmt.Sprintf("%s %.1f s", o.title(), o.seconds()))
	}
	if len(names) > 0 {
		fmt.Fprintf(w, "  slowest   %s\n", strings.Join(names, ", "))
	}
}

// title is the app's name, or its key when it has none.
func (o outcomeResult) title() string { return cmp.Or(o.Name, string(o.Key)) }

func (o outcomeResult) seconds() float64 { return float64(o.DurationMS) / 1000 }

// printTroubles lists the apps that failed or were read in part, with how long that took, why, and what can
// be done.
func printTroubles(w io.Writer, outcomes []outcomeResult) {
	for _, o := range outcomes {
		if o.Error == "" {
			continue
		}
		fmt.Fprintf(w, "%s %s (%s) after %.1f s: %s: %s\n", o.Change, o.title(), o.Key, o.seconds(), o.ErrorCode, o.Error)
		if o.Cure != "" {
			fmt.Fprintf(w, "  → %s\n", o.Cure)
		}
	}
}

// dataSize tells bytes in the unit that fits.
func dataSize(n int64) string {
	const kilo = 1000.0
	size := float64(n)
	for _, unit := range []string{"B", "kB", "MB"} {
		if size < kilo {
			return fmt.Sprintf("%.4g %s", size, unit)
		}
		size /= kilo
	}
	return fmt.Sprintf("%.4g GB", size)
}
