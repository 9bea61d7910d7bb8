package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// asProgram makes the test binary the program itself: a process that a test can kill.
const asProgram = "QLIKCRAWLER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
	case asQuickProgram:
		os.Exit(runQuickly())
	default:
		main()
	}
	os.Exit(m.Run())
}

// moments are where in a crawl the process is killed. The site's counters show some moments; at the others the
// database holds the crawl, by a trigger, until it is dead.
var moments = []string{"listing", "fetch", "groups", "rows", "version", "outcome", "commit", "retire", "lineage", "link", "finish"}

const stalls = `
	create table public.stall_at (moment text, after bigint);
	create sequence public.stalled;
	create function public.stall() returns trigger language plpgsql as $$
	declare s record;
	begin
		select * into s from public.stall_at limit 1;
		if s.moment = tg_argv[0] and nextval('public.stalled') > s.after then
			perform pg_advisory_xact_lock_shared(` + stallLock + `);
		end if;
		return coalesce(new, old);
	end $$;
	create trigger stall before insert or update on qlikcrawler.report_group for each row
		when (new.kind <> 'app') execute function public.stall('groups');
	create trigger stall before insert or update on qlikcrawler.report for each row execute function public.stall('rows');
	create trigger stall before insert or update on qlikcrawler.report_field for each row execute function public.stall('rows');
	create trigger stall before insert or update on qlikcrawler.source_code for each row execute function public.stall('rows');
	create trigger stall before insert or update on qlikcrawler.unit for each row
		when (new.retired_at is null) execute function public.stall('version');
	create trigger stall before insert on qlikcrawler.crawl_outcome for each row
		when (new.change <> 'retired') execute function public.stall('outcome');
	create trigger stall_retire before insert on qlikcrawler.crawl_outcome for each row
		when (new.change = 'retired') execute function public.stall('retire');
	create constraint trigger stall_commit after insert on qlikcrawler.crawl_outcome
		deferrable initially deferred for each row execute function public.stall('commit');
	create trigger stall before insert on qlikcrawler.lineage_edge for each row execute function public.stall('lineage');
	create trigger stall before delete on qlikcrawler.lineage_unlinked for each row execute function public.stall('link');
	create trigger stall before update on qlikcrawler.crawl_run for each row
		when (new.state = 'done') execute function public.stall('finish');`

const stallLock = "778899"

// TestKilledCrawlsLeaveNoTrace kills real crawling processes, lets the next crawl go on from what they left, and compares
// the catalog with one whose crawls nobody disturbed. QLIKCRAWLER_TEST_SEED repeats a run.
func TestKilledCrawlsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	kills := 5
	if os.Getenv("QLIKCRAWLER_LONG") != "" {
		kills = 50
	}
	w := newKillWorld(t)
	for tries := 0; w.kills < kills; tries++ {
		if tries > 4*kills {
			t.Fatalf("only %d of %d crawls could be killed", w.kills, tries)
		}
		w.round(tries)
		if t.Failed() {
			return
		}
	}
	clean := newProgram(t)
	clean.crawl(exitDone, w.file, "-f", "-")
	sameCatalog(t, "after all kills, against a first full crawl", clean.database(), w.killed.database(), liveOnly)
}

func (p *program) database() string { return p.env["QLIKCRAWLER_DATABASE_URL"] }

// A killWorld is a site that two databases follow: the crawls of one are killed, those of the other aren't.
type killWorld struct {
	t       *testing.T
	random  *rand.Rand
	order   []int // of the moments
	srv     *qliktest.Server
	site    *qliktest.Site
	gone    []*qliktest.App
	file    string
	killed  *program
	calm    *program
	db      *pgx.Conn // of the killed one
	kills   int
	editing int
}

func newKillWorld(t *testing.T) *killWorld {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("QLIKCRAWLER_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("QLIKCRAWLER_TEST_SEED=%d", seed)
	w := &killWorld{t: t, random: rand.New(rand.NewPCG(seed, 0)), killed: newProgram(t), calm: newProgram(t)}
	w.order = w.random.Perm(len(moments))
	w.site = smallSite(8)
	w.srv = qliktest.New(t, w.site, qliktest.Options{
		Latency: qliktest.Latency{REST: 2 * time.Millisecond, Call: time.Millisecond, Open: 5 * time.Millisecond},
	})
	w.file = fileFor(t, w.srv, "qlik")
	w.killed.must(exitDone, w.file, "connection", "add", "-f", "-")
	w.calm.must(exitDone, w.file, "connection", "add", "-f", "-")
	w.db = connect(t, w.killed.database())
	w.exec(stalls)
	return w
}

// smallSite is a generated site whose apps have a few things of every kind.
func smallSite(apps int) *qliktest.Site {
	return qliktest.Generate(qliktest.GenerateOptions{
		Apps: apps, Seed: 4, Streams: 2, Dimensions: 3, Measures: 3, MasterObjects: 1, Sheets: 2, ChartsPerSheet: 2, Variables: 2, ScriptLines: 20,
	})
}

func (w *killWorld) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// round edits the site, kills a crawl of it, crawls again, and compares.
func (w *killWorld) round(n int) {
	w.t.Helper()
	args := []string{"crawl", "qlik", "--json"}
	if n > 0 {
		w.edit()
		if w.random.IntN(3) == 0 {
			args = append(args, "--mode", "full")
		}
	}
	moment := moments[w.order[n%len(moments)]]
	after := w.random.IntN(1 + map[string]int{"listing": 10, "fetch": 60, "rows": 20, "version": 4, "outcome": 4, "commit": 4, "lineage": 60}[moment])
	what := fmt.Sprintf("round %d, %v killed at %s %d", n, args, moment, after)
	was := w.kill(args, moment, after)
	calm := w.calm.crawl(exitDone, "", append([]string{"qlik"}, args[3:]...)...)
	again := w.again(args)
	if was {
		w.kills++
		w.finishedStays(what, calm, again)
	}
	w.t.Logf("%s: killed %v; then %d to be read of %d", what, was, again.Tally.Planned, calm.Tally.Planned)
	sameCatalog(w.t, what, w.calm.database(), w.killed.database(), withHistory)
	if left := texts(w.t, w.db, "select state from catalog.crawl_run where state not in ('done', 'interrupted')"); len(left) > 0 {
		w.t.Errorf("%s: runs are left %v", what, left)
	}
}

// finishedStays checks that what the killed crawl has finished isn't read again.
func (w *killWorld) finishedStays(what string, calm, again crawlResult) {
	w.t.Helper()
	finished := texts(w.t, w.db, `select app_key from catalog.crawl_outcome where change in ('added', 'updated', 'unchanged')
		and run = (select max(id) from catalog.crawl_run where id < $1)`, again.Run)
	if want := calm.Tally.Planned - len(finished); again.Tally.Planned != want {
		w.t.Errorf("%s: the next crawl read %d apps, want %d: %d of %d were finished", what, again.Tally.Planned, want, len(finished), calm.Tally.Planned)
	}
}

// kill starts a crawl in a process of its own and kills it at the moment. It reports whether the crawl still ran.
func (w *killWorld) kill(args []string, moment string, after int) bool {
	w.t.Helper()
	w.exec("select pg_advisory_lock(" + stallLock + ")")
	w.exec("select setval('public.stalled', 1, false)")
	w.exec("insert into public.stall_at values ($1, $2)", moment, after)
	before := w.srv.Counters()
	exe, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	for k, v := range w.killed.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ran := w.reached(moment, after, before, ended)
	if ran {
		_ = cmd.Process.Kill() // it may just have ended
		ran = <-ended != nil
	}
	w.exec("delete from public.stall_at")
	w.exec("select pg_advisory_unlock(" + stallLock + ")")
	if text := out.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "qlikcrawler: ") {
		w.t.Errorf("the crawl said:\n%s", text)
	}
	return ran
}

// reached waits until the crawl is where it shall die; false if it ended before.
func (w *killWorld) reached(moment string, after int, before qliktest.Counters, ended chan error) bool {
	w.t.Helper()
	tick, deadline := time.NewTicker(2*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		var there bool
		switch now := w.srv.Counters(); moment {
		case "listing":
			there = now.RequestTotal() > before.RequestTotal()+after
		case "fetch":
			there = now.EngineCallTotal() > before.EngineCallTotal()+after
		default:
			there = len(texts(w.t, w.db, "select 'x' from pg_locks where locktype = 'advisory' and not granted and objid = "+stallLock)) > 0
		}
		if there {
			return true
		}
		select {
		case <-tick.C:
		case err := <-ended:
			if err != nil {
				w.t.Errorf("the crawl ended by itself: %v", err)
			}
			return false
		case <-deadline:
			w.t.Fatalf("a crawl that should be killed at %s is neither there nor over", moment)
		}
	}
}

// again crawls as soon as the server has noticed that the killed process is gone.
func (w *killWorld) again(args []string) crawlResult {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		r := w.killed.run("", args...)
		if strings.Contains(r.stderr, "in flight") && time.Now().Before(deadline) {
			continue
		}
		var c crawlResult
		if err := json.Unmarshal([]byte(r.stdout), &c); r.status != exitDone || err != nil {
			w.t.Fatalf("the crawl after the kill: status %d\n%s%s", r.status, r.stdout, r.stderr)
		}
		return c
	}
}

// edit changes some apps, takes one off the site and brings one back.
func (w *killWorld) edit() {
	w.editing++
	var apps []*qliktest.App
	w.srv.Edit(func(s *qliktest.Site) { apps = slices.Clone(s.Apps) })
	w.random.Shuffle(len(apps), func(i, j int) { apps[i], apps[j] = apps[j], apps[i] })
	for i, a := range apps[:4] {
		switch (i + w.random.IntN(2)) % 4 {
		case 0:
			w.srv.RenameApp(a.ID, fmt.Sprintf("%s %d", a.Name, w.editing))
		case 1:
			w.srv.EditScript(a.ID, fmt.Sprintf("LOAD %d AS x AUTOGENERATE 1;", w.editing))
		case 2:
			w.dropSheet(a.ID)
		default:
			w.srv.TagApp(a.ID, w.site.Tags[w.editing%len(w.site.Tags)])
		}
	}
	w.srv.RenameStream(w.site.Streams[0].ID, fmt.Sprintf("Stream %d", w.editing))
	if len(w.gone) > 1 {
		w.srv.AddApp(w.gone[0])
		w.gone = w.gone[1:]
	}
	last := apps[len(apps)-1]
	w.srv.DeleteApp(last.ID)
	w.gone = append(w.gone, last)
}

func (w *killWorld) dropSheet(app string) {
	var sheet string
	w.srv.Edit(func(s *qliktest.Site) {
		for _, o := range s.FindApp(app).Content().Objects {
			if id, typ := o.Tree.Info(); typ == "sheet" {
				sheet = id
			}
		}
	})
	w.srv.DeleteObject(app, sheet)
}
