package main

import (
	"fmt"
	"io"

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
	fmt.Fprintf(w, "  cost      %d requests, %d Engine calls, %d Engine opens (%d with data), %d Qlik session%s, %s received\n",
		t.Usage.Requests, t.Usage.Calls, t.Usage.Opens+t.Usage.OpensWithData, t.Usage.OpensWithData,
		t.Usage.Sessions, plural(t.Usage.Sessions), dataSize(t.Usage.BytesReceived))
	printCounts(w, r.Counts)
	return nil
}

func printCounts(w io.Writer, c catalog.Counts) {
	fmt.Fprintf(w, "  catalog   %d streams, %d apps, %d sheets, %d cells\n", c.Streams, c.Apps, c.Sheets, c.Cells)
	fmt.Fprintf(w, "            %d measures, %d dimensions, %d master objects, %d variables\n", c.Measures, c.Dimensions, c.MasterObjects, c.Variables)
	fmt.Fprintf(w, "            %d scripts, %d model tables, %d model fields, %d gaps\n", c.Scripts, c.Tables, c.Fields, c.Gaps)
}

// printTroubles lists the apps that failed or were read in part, with what can be done.
func printTroubles(w io.Writer, outcomes []outcomeResult) {
	for _, o := range outcomes {
		if o.Error == "" {
			continue
		}
		name := o.Name
		if name == "" {
			name = string(o.Key)
		}
		fmt.Fprintf(w, "%s %s (%s): %s: %s\n", o.Change, name, o.Key, o.ErrorCode, o.Error)
		if o.Cure != "" {
			fmt.Fprintf(w, "  → %s\n", o.Cure)
		}
	}
}

func plural(n int64) string {
	if n == 1 {
		return ""
	}
	return "s"
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
