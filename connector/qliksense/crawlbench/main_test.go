// Package crawlbench measures whole crawls of a simulated Qlik Sense site: against a floor client that
// sends the same frames and throws the answers away, and in round trips, bytes, allocations and memory.
//
// The simulated site is always another process, and so is Postgres: what is measured of memory,
// allocations and processor time is the crawler's own. docs/performance.md tells what came out.
package crawlbench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/crawler/heap"
)

// The test binary runs itself in other roles. A role's orders are in the environment, as JSON.
const (
	roleVariable  = "QLIKCRAWLER_BENCH_ROLE"
	orderVariable = "QLIKCRAWLER_BENCH_ORDER"

	roleSite  = "site"  // be the simulated site until standard input ends
	roleCrawl = "crawl" // crawl once, and print a crawlReport
)

func TestMain(m *testing.M) {
	tense := heap.Ease() // as the program does, in all its roles
	var err error
	switch os.Getenv(roleVariable) {
	case roleSite:
		err = serveSite(os.Stdin, os.Stdout)
	case roleCrawl:
		err = crawlOnOrder(os.Stdout)
	default:
		code := m.Run()
		tense()
		os.Exit(code)
	}
	tense()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// order reads what this process was started for.
func order(into any) error {
	return json.Unmarshal([]byte(os.Getenv(orderVariable)), into)
}

// inRole is the command that runs this binary in a role. It ends with its standard input.
func inRole(tb testing.TB, role string, order any) *exec.Cmd {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := json.Marshal(order)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, orderVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	return cmd
}

// A siteOrder says what site to simulate.
type siteOrder struct {
	Apps    int
	Latency qliktest.Latency

	Sheets, Charts, ScriptLines int // of an app, charts on a sheet; 0: as usual
}

// A siteReport is what the site's process has seen since the report before.
type siteReport struct {
	qliktest.Counters
	CPU     time.Duration
	RSSPeak int64 // bytes, since it started; 0 where there is no /proc
}

// serveSite prints how to reach the site, then a report for every line that it reads. The line "touch N" makes the
// first N apps look edited before the report.
func serveSite(in io.Reader, out io.Writer) error {
	var o siteOrder
	if err := order(&o); err != nil {
		return err
	}
	site := qliktest.Generate(qliktest.GenerateOptions{
		Apps: o.Apps, Seed: 1, Sheets: o.Sheets, ChartsPerSheet: o.Charts, ScriptLines: o.ScriptLines,
	})
	server, err := qliktest.Start(site, qliktest.Options{Latency: o.Latency})
	if err != nil {
		return err
	}
	defer server.Close()
	info, err := server.Info()
	if err != nil {
		return err
	}
	say := json.NewEncoder(out)
	if err := say.Encode(info); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for began := cpuTime(); lines.Scan(); began = cpuTime() {
		n := 0
		if touch, ok := strings.CutPrefix(lines.Text(), "touch "); ok {
			if n, err = strconv.Atoi(touch); err != nil {
				return err
			}
		}
		for _, app := range site.Apps[:n] {
			server.TouchApp(app.ID)
		}
		peak, _ := peakRSS()
		r := siteReport{server.Counters(), cpuTime() - began, peak}
		server.ResetCounters() // before anybody knows: what comes next is in the next report
		if err := say.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// A remoteSite is a simulated site in a process of its own.
type remoteSite struct {
	qliktest.Info

	tb  testing.TB
	in  io.Writer
	out *json.Decoder
}

// startSite starts a site that ends with the test or benchmark.
func startSite(tb testing.TB, o siteOrder) *remoteSite {
	tb.Helper()
	cmd := inRole(tb, roleSite, o)
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close() // ends it
		if err := cmd.Wait(); err != nil {
			tb.Errorf("the simulated site: %v", err)
		}
	})
	s := &remoteSite{tb: tb, in: in, out: json.NewDecoder(out)}
	if err := s.out.Decode(&s.Info); err != nil {
		tb.Fatalf("start the simulated site: %v", err)
	}
	return s
}

// report is what the site has seen since the report before.
func (s *remoteSite) report() siteReport {
	s.tb.Helper()
	return s.ask("report")
}

// touch makes the first apps of the site look edited.
func (s *remoteSite) touch(apps int) {
	s.tb.Helper()
	s.ask("touch " + strconv.Itoa(apps))
}

func (s *remoteSite) ask(line string) siteReport {
	s.tb.Helper()
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		s.tb.Fatal(err)
	}
	var r siteReport
	if err := s.out.Decode(&r); err != nil {
		s.tb.Fatal(err)
	}
	return r
}
