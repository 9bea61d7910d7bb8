package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// An expectation is what a fault of one app does to a crawl of the whole site (docs/reference/faults.md). The zero value
// is: nothing at all, everything is exact.
type expectation struct {
	change catalog.Change // of the app: partial or failed
	code   catalog.Code
	retire bool         // the next delta retires the app
	other  *expectation // what may happen in its stead, on a slow machine
}

func partial(code catalog.Code) expectation {
	return expectation{change: catalog.Partial, code: code}
}

func either(a, b expectation) expectation {
	a.other = &b
	return a
}

// siteFaults are the faults that concern the whole site, with the exit status of a crawl.
func siteFaults() map[qliktest.Fault]int {
	return map[qliktest.Fault]int{
		qliktest.ListingChanges: exitDone,   // strikes between two pages: proven in package qrs
		qliktest.AwayAWhile:     exitPartly, // 503 for a while: the apps that were read then say so
		qliktest.ObjectsHidden:  exitDone,   // what nobody shows isn't there
		qliktest.NotLinked:      exitUsage,
		qliktest.CSRFRefused:    exitPartly,
	}
}

// appFaults is the catalogue: every other fault of the simulated site, on one app.
func appFaults() map[qliktest.Fault]expectation {
	return map[qliktest.Fault]expectation{
		qliktest.MetadataMissing: partial(catalog.CodeNotFound),
		qliktest.MetadataBroken:  partial(catalog.CodeUnreadable),
		qliktest.Expire401:       {},
		qliktest.Expire302:       {},
		qliktest.Expire500:       {},
		qliktest.Unavailable:     partial(catalog.CodeUnreachable),
		qliktest.UnavailableOne:  {},
		qliktest.TooMany:         either(partial(catalog.CodeThrottled), partial(catalog.CodeTimeout)),
		qliktest.TooManyOnce:     {},
		qliktest.SlowREST:        {},
		qliktest.HangREST:        partial(catalog.CodeTimeout),
		qliktest.ResetREST:       partial(catalog.CodeUnreachable),
		qliktest.ResetRESTOnce:   {},
		qliktest.CutREST:         partial(catalog.CodeUnreachable),
		qliktest.NotJSON:         partial(catalog.CodeUnreadable),
		qliktest.DripREST:        {},
		qliktest.IDCase:          {},
		qliktest.DuplicateRows:   {},

		qliktest.EngineAway:     partial(catalog.CodeUnreachable),
		qliktest.LicenseDenied:  partial(catalog.CodeForbidden),
		qliktest.SocketFailed:   partial(catalog.CodeUnreachable),
		qliktest.SilentClose:    {},
		qliktest.DropAtGreeting: partial(catalog.CodeUnreachable),
		qliktest.HangAtGreeting: partial(catalog.CodeTimeout),

		qliktest.AccessDenied4000:    partial(catalog.CodeSectionAccess),
		qliktest.AccessDenied5:       partial(catalog.CodeForbidden),
		qliktest.NotFound:            partial(catalog.CodeNotFound),
		qliktest.Corrupt:             partial(catalog.CodeUnreadable),
		qliktest.TooLarge:            partial(catalog.CodeTooLarge),
		qliktest.OutOfMemory:         partial(catalog.CodeTooLarge),
		qliktest.OtherMode:           partial(catalog.CodeConflict),
		qliktest.AlreadyOpen:         partial(catalog.CodeConflict),
		qliktest.MigrationFailed:     partial(catalog.CodeUnreadable),
		qliktest.ReloadRunning:       partial(catalog.CodeConflict),
		qliktest.ConnectFailed:       partial(catalog.CodeUnreachable),
		qliktest.StoreMissing:        partial(catalog.CodeNotFound),
		qliktest.DeletedAtOpen:       {change: catalog.FailedUnit, code: catalog.CodeNotFound, retire: true},
		qliktest.HangAtOpen:          partial(catalog.CodeTimeout),
		qliktest.SlowOpen:            {},
		qliktest.DropAtOpen:          partial(catalog.CodeUnreachable),
		qliktest.DropAtOpenOnce:      {},
		qliktest.DropInTheMiddle:     partial(catalog.CodeUnreachable),
		qliktest.DropInTheMiddleOnce: {},
		qliktest.HangInTheMiddle:     partial(catalog.CodeTimeout),
		qliktest.GarbageFrame:        partial(catalog.CodeUnreadable),
		qliktest.TruncatedFrame:      partial(catalog.CodeUnreadable),
		qliktest.HugeFrame:           either(expectation{}, partial(catalog.CodeTimeout)),
		qliktest.NullResult:          partial(catalog.CodeUnreadable),
		qliktest.UnknownPush:         {},
		qliktest.ScriptDenied:        partial(catalog.CodeForbidden),
		qliktest.LineageDenied:       {},
		qliktest.ConnectionsDenied:   {},
		qliktest.ObjectUnreadable:    partial(catalog.CodeForbidden),
		qliktest.ItemMissing:         partial(catalog.CodeNotFound),
		qliktest.AbortedOnce:         {},
		qliktest.DuplicateKeys:       {},
		qliktest.NotANumber:          {},
		qliktest.LateReply:           {},
		qliktest.DripFrame:           either(expectation{}, partial(catalog.CodeTimeout)),
	}
}

// TestEveryFaultOfOneAppStaysWithThatApp walks the catalogue: the other apps are exact, the bad one is named with its
// code, the program says so with its exit status, ends in time, and leaves nothing on the site and no goroutine.
// It runs before the parallel tests, since it counts goroutines.
func TestEveryFaultOfOneAppStaysWithThatApp(t *testing.T) {
	w := newExactWorld(t, qliktest.Options{SlowBy: 300 * time.Millisecond})
	w.p.must(exitDone, w.file+"options: {app_timeout: 3s}\n", "connection", "edit", "qlik", "-f", "-")
	w.p.crawl(exitDone, "", "qlik")
	clean := catalogRows(t, w.p.database(), liveOnly)
	expected := appFaults()
	page, err := os.ReadFile("../../docs/reference/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range qliktest.Faults() {
		if !strings.Contains(string(page), "`"+string(f)+"`") {
			t.Errorf("%s: docs/reference/faults.md doesn't tell what happens", f)
		}
		want, known := expected[f]
		status, ofSite := siteFaults()[f]
		if ofSite {
			t.Run(string(f), func(t *testing.T) {
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				w.t = t
				w.srv.Fail("", f)
				w.p.must(status, "", "crawl", "qlik", "--mode", "full")
				w.left(f)
				w.srv.Heal("")
				w.p.crawl(exitDone, "", "qlik", "--mode", "full")
			})
			continue
		}
		if !known {
			t.Errorf("%s: no test walks this fault", f)
			continue
		}
		t.Run(string(f), func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			w.t = t
			w.srv.Fail(w.app.ID, f)
			w.faulty(f, want, clean)
			w.srv.Heal(w.app.ID)
			if want.retire {
				if r := w.p.crawl(exitDone, "", "qlik"); r.Tally.Retired != 1 {
					t.Errorf("the delta after it: %+v; want the app retired", r.Tally)
				}
				w.srv.AddApp(w.app)
			}
			w.p.crawl(exitDone, "", "qlik")
			if now := catalogRows(t, w.p.database(), liveOnly); !maps.EqualFunc(clean, now, slices.Equal) {
				t.Errorf("when the fault is over, the next delta doesn't make the catalog exact (-want +got):\n%s", cmp.Diff(clean, now))
			}
		})
	}
}

// faulty crawls the whole site with the fault and checks what became of it.
func (w *exactWorld) faulty(f qliktest.Fault, want expectation, clean map[string][]string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	r := w.p.runIn(ctx, "", "crawl", "qlik", "--mode", "full", "--json")
	var c crawlResult
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil {
		w.t.Fatalf("%v: status %d\n%s%s", err, r.status, r.stdout, r.stderr)
	}
	status := exitDone
	if want.change != "" {
		status = exitPartly
	}
	var change catalog.Change
	var code catalog.Code
	for _, o := range c.Outcomes {
		if o.Change != catalog.Updated {
			change, code = o.Change, o.ErrorCode
		}
		if string(o.Key) != "qlik/"+w.app.ID || o.ErrorCode != "" && o.Error == "" {
			w.t.Errorf("%s: the outcome %+v", f, o)
		}
	}
	if o := want.other; o != nil && change == o.change && code == o.code {
		want, status = *o, r.status
	}
	if r.status != status || change != want.change || code != want.code {
		w.t.Errorf("%s: exit status %d, the app is %q (%s); want %d, %q (%s)\n%s", f, r.status, change, code, status, want.change, want.code, r.stderr)
	}
	others := func(rows map[string][]string) map[string][]string {
		left := map[string][]string{}
		for view, all := range rows {
			if view != "catalog.connection" { // it counts the rows of all apps
				left[view] = slices.DeleteFunc(slices.Clone(all), func(row string) bool { return strings.Contains(row, w.app.ID) })
			}
		}
		return left
	}
	now := catalogRows(w.t, w.p.database(), liveOnly)
	if !maps.EqualFunc(others(clean), others(now), slices.Equal) {
		w.t.Errorf("%s: the other apps aren't exact", f)
	}
	w.left(f)
}

// left checks that nothing stays on the site: sockets and sessions end with the crawl.
func (w *exactWorld) left(f qliktest.Fault) {
	w.t.Helper()
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		c := w.srv.Counters()
		if c.Sessions.Now == 0 && c.Sockets.Now == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Errorf("%s: left on the site: %d sessions, %d sockets", f, c.Sessions.Now, c.Sockets.Now)
			return
		}
	}
}
