package runlog

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Catalog is what reading a log needs of the catalog.
type Catalog interface {
	Connection(ctx context.Context, code string) (catalog.Connection, error)
	LastRunLog(ctx context.Context, code string) (catalog.RunLog, error)
	RunLog(ctx context.Context, run catalog.RunID, use func(catalog.LogLine) error) error
	FailedOutcomes(ctx context.Context, run catalog.RunID, limit int) ([]catalog.Outcome, error)
}

// Files give the log of the last refresh as a file.
type Files struct {
	Catalog Catalog
	Version string // of the program that answers
}

// Log gives the log of a connection's last refresh, or a sentence that there is none yet.
func (f Files) Log(ctx context.Context, code string) (catalog.LogFile, error) {
	conn, err := f.Catalog.Connection(ctx, code)
	if err != nil {
		return catalog.LogFile{}, err
	}
	last, err := f.Catalog.LastRunLog(ctx, code)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return catalog.LogFile{Write: func(_ context.Context, w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s (%s) has not been refreshed yet: there is no log. Start a crawl of it to have one.\n", conn.Name, conn.Code)
			return err
		}}, nil
	}
	if err != nil {
		return catalog.LogFile{}, err
	}
	return catalog.LogFile{
		Name:  fmt.Sprintf("qlikcrawler_%s_%s.log", code, last.Run.StartedAt.UTC().Format("20060102_150405")),
		Write: func(ctx context.Context, w io.Writer) error { return f.write(ctx, w, conn, last) },
	}, nil
}

// stamp is how times stand in the file.
const stamp = "2006-01-02T15:04:05.000Z"

func (f Files) write(ctx context.Context, to io.Writer, conn catalog.Connection, last catalog.RunLog) error {
	w := bufio.NewWriter(to)
	head(w, f.Version, conn, last.Run)
	err := f.Catalog.RunLog(ctx, last.Run.ID, func(l catalog.LogLine) error {
		_, err := fmt.Fprintf(w, "%s %s\n", l.At.UTC().Format(stamp), oneLine(l.Text))
		return err
	})
	if err != nil {
		return err
	}
	failed, err := f.Catalog.FailedOutcomes(ctx, last.Run.ID, mostFailures+1)
	if err != nil {
		return err
	}
	tail(w, last, failed)
	return w.Flush()
}

func oneLine(text string) string {
	return strings.NewReplacer("\r", " ", "\n", "\n    ").Replace(text)
}

func head(w io.Writer, version string, c catalog.Connection, r catalog.Run) {
	fmt.Fprintf(w, "qlikcrawler %s\n", version)
	fmt.Fprintf(w, "connection  %s: %s\n", c.Code, withURL(fmt.Sprintf("%s (%s)", c.Name, c.Type), c))
	fmt.Fprintf(w, "crawl       run %d, %s, started by %s at %s\n\n", r.ID, r.Mode, r.Trigger, r.StartedAt.UTC().Format(stamp))
}

// mostFailures is how many apps the summary names.
const mostFailures = 200

func tail(w io.Writer, last catalog.RunLog, failed []catalog.Outcome) {
	r := last.Run
	if last.Dropped > 0 {
		fmt.Fprintf(w, "… the log was full: %d further lines are not kept\n", last.Dropped)
	}
	fmt.Fprintf(w, "\nstate       %s\n", r.State)
	if !r.FinishedAt.IsZero() {
		fmt.Fprintf(w, "ended       %s, after %s\n", r.FinishedAt.UTC().Format(stamp), r.FinishedAt.Sub(r.StartedAt).Round(time.Millisecond))
	}
	t := r.Tally
	fmt.Fprintf(w, "apps        %d listed: %d added, %d updated, %d unchanged, %d retired, %d read in part, %d failed\n",
		t.Listed, t.Added, t.Updated, t.Unchanged, t.Retired, t.Partial, t.Failed)
	u := t.Usage
	fmt.Fprintf(w, "asked       %d requests, %d Engine calls, %d apps opened (%d with data), %d sessions, %d bytes received, %.1f s of Engine time\n",
		u.Requests, u.Calls, u.Opens, u.OpensWithData, u.Sessions, u.BytesReceived, u.EngineTime().Seconds())
	if r.Error != "" {
		fmt.Fprintf(w, "error       %s\n", oneLine(r.Error))
	}
	for i, o := range failed {
		if i == mostFailures {
			fmt.Fprintln(w, "… and more; see the outcomes of the run")
			break
		}
		fmt.Fprintf(w, "%-11s %s (%s): %s\n", o.Change, o.Unit.Name, o.Unit.Key, oneLine(o.Err.Error()))
		if cure := catalog.CureOf(o.Err); cure != "" {
			fmt.Fprintf(w, "            → %s\n", cure)
		}
	}
}
