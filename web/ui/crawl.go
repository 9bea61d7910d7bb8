package ui

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// crawlFor reads the crawl in the path for somebody who needs a role on its connection. One that isn't there
// and one that he may not see can't be told apart.
func (u *UI) crawlFor(r *http.Request, need auth.Role) (catalog.RunRow, error) {
	unknown := &catalog.Error{Code: catalog.CodeNotFound, Op: "find crawl", Key: catalog.Key(r.PathValue("id")), Err: errors.New("it isn't there, or you may not see it")}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return catalog.RunRow{}, unknown
	}
	row, err := u.CrawlStore.RunRow(r.Context(), catalog.RunID(id))
	if catalog.CodeOf(err) == catalog.CodeNotFound || err == nil && !auth.From(r.Context()).Scope().Allows(row.Connection) {
		return catalog.RunRow{}, unknown
	}
	if err != nil {
		return catalog.RunRow{}, err
	}
	trailOf(r).connection = row.Connection
	return row, mayOn(r, need, row.Connection)
}

// A crawlPage is what templates/crawl.html shows.
type crawlPage struct {
	catalog.RunRow
	Progress    progress
	InHand      catalog.InHand
	Outcomes    []catalog.OutcomeRow
	Tabs        []outcomeTab
	Change      string
	Sort        []sortedColumn
	Next, First string
	MayCrawl    bool
	Again       int // apps that a retry would read
}

// An outcomeTab shows the apps of which one thing became.
type outcomeTab struct {
	Label, URL string
	N          int
	Here       bool
}

// progress is a crawl in numbers and lengths.
type progress struct {
	Done, Left             int
	Percent                int
	Elapsed                time.Duration
	Rate                   string // apps a minute; "": too early to say
	Remaining              time.Duration
	Good, InPart, FailedTo int // ends of the bar's parts, of a thousand
}

func progressOf(r catalog.RunRow, now time.Time) progress {
	t := r.Tally
	p := progress{Done: t.Read()}
	p.Left = max(0, t.Planned-p.Done)
	if !r.StartedAt.IsZero() {
		p.Elapsed = now.Sub(r.StartedAt)
		if r.Over() {
			p.Elapsed = r.FinishedAt.Sub(r.StartedAt)
		}
	}
	if t.Planned > 0 {
		p.Percent = min(100, 100*p.Done/t.Planned)
		share := func(n int) int { return min(1000, 1000*n/t.Planned) }
		p.Good = share(p.Done - t.Partial - t.Failed)
		p.InPart, p.FailedTo = share(p.Done-t.Failed), share(p.Done)
	}
	if r.Over() && t.Planned == 0 {
		p.Percent, p.Good, p.InPart, p.FailedTo = 100, 1000, 1000, 1000
	}
	if p.Done > 0 && p.Elapsed > 0 {
		perMinute := float64(p.Done) / p.Elapsed.Minutes()
		p.Rate = strconv.FormatFloat(perMinute, 'f', 0, 64)
		if perMinute < 10 {
			p.Rate = strconv.FormatFloat(perMinute, 'f', 1, 64)
		}
		p.Remaining = time.Duration(float64(p.Left) / perMinute * float64(time.Minute)).Round(time.Second)
	}
	return p
}

const (
	outcomesShown = 100
	namesInHand   = 8
)

// crawl shows one crawl: how far it is, and what became of each app.
func (u *UI) crawl(w http.ResponseWriter, r *http.Request) error {
	d, err := u.crawlOf(r)
	if err != nil {
		return err
	}
	return u.show(w, r, page{
		Template: "crawl", Title: fmt.Sprintf("Crawl %d of %s", d.ID, d.Connection), Nav: "crawls", Data: d,
		Crumbs: []crumb{{"Connectors", "/"}, {d.Connection, "/connections/" + d.Connection}, {"Crawls", "/crawls?connection=" + d.Connection}},
	})
}

// crawlProgress is the parts of that page that change, for its module.
func (u *UI) crawlProgress(w http.ResponseWriter, r *http.Request) error {
	d, err := u.crawlOf(r)
	if err != nil {
		return err
	}
	html, err := u.part("crawl", "live", d)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(html)) // a reader who went away needs no page
	return nil
}

func (u *UI) crawlOf(r *http.Request) (crawlPage, error) {
	row, err := u.crawlFor(r, auth.Viewer)
	if err != nil {
		return crawlPage{}, err
	}
	in := r.URL.Query()
	d := crawlPage{RunRow: row, Progress: progressOf(row, u.Now()), Change: in.Get("change"), MayCrawl: rightsOn(r, row.Connection).Crawl}
	d.Again = row.Tally.Failed + row.Tally.Partial
	d.Tabs = outcomeTabs(row, d.Change)
	if !row.Over() {
		if d.InHand, err = u.CrawlStore.RunInHand(r.Context(), catalog.RunID(row.ID), namesInHand); err != nil {
			return d, err
		}
	}
	q := catalog.Query{Scope: auth.From(r.Context()).Scope(), Limit: outcomesShown, Cursor: in.Get("cursor")}
	q.Filters = []catalog.Filter{{Column: "run", Op: catalog.Equals, Values: []string{strconv.FormatInt(row.ID, 10)}}}
	if d.Change != "" {
		q.Filters = append(q.Filters, catalog.Filter{Column: "change", Op: catalog.Equals, Values: []string{d.Change}})
	}
	q.Sort = d.sortBy(in.Get("sort"))
	outcomes, err := u.CrawlStore.OutcomeRows(r.Context(), q)
	if err != nil {
		return d, err
	}
	d.Outcomes = outcomes.Items
	if outcomes.Next != "" {
		d.Next = d.url("sort", in.Get("sort"), "cursor", outcomes.Next)
	}
	if q.Cursor != "" {
		d.First = d.url("sort", in.Get("sort"))
	}
	return d, nil
}

// url is the page's address: with the change that is shown, and further parameters.
func (d crawlPage) url(pairs ...string) string {
	at := "/crawls/" + strconv.FormatInt(d.ID, 10) + "?"
	sep := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			at += sep + pairs[i] + "=" + pairs[i+1]
			sep = "&"
		}
	}
	if d.Change != "" {
		at += sep + "change=" + d.Change
	}
	return at
}

// sortBy is the order of the outcomes: by name unless the address says otherwise.
func (d *crawlPage) sortBy(by string) []catalog.Order {
	order := catalog.Order{Column: "name"}
	switch by {
	case "-name":
		order.Descending = true
	case "duration_ms", "-duration_ms":
		order = catalog.Order{Column: "duration_ms", Descending: by[0] == '-'}
	case "change", "-change":
		order = catalog.Order{Column: "change", Descending: by[0] == '-'}
	}
	for _, c := range []listColumn{{Title: "App", Sort: "name"}, {Title: "Outcome", Sort: "change"}, {Title: "Took", Sort: "duration_ms"}} {
		s := sortedColumn{listColumn: c, URL: d.url("sort", c.Sort)}
		if order.Column == c.Sort {
			s.Sorted, s.URL = "ascending", d.url("sort", "-"+c.Sort)
			if order.Descending {
				s.Sorted, s.URL = "descending", d.url("sort", c.Sort)
			}
		}
		d.Sort = append(d.Sort, s)
	}
	return []catalog.Order{order}
}

func outcomeTabs(r catalog.RunRow, here string) []outcomeTab {
	t := r.Tally
	at := "/crawls/" + strconv.FormatInt(r.ID, 10)
	all := []outcomeTab{{Label: "All", URL: at, N: t.Added + t.Updated + t.Unchanged + t.Retired + t.Partial + t.Failed, Here: here == ""}}
	for _, x := range []struct {
		change catalog.Change
		n      int
		label  string
	}{
		{catalog.FailedUnit, t.Failed, "Failed"},
		{catalog.Partial, t.Partial, "In part"},
		{catalog.Added, t.Added, "Added"},
		{catalog.Updated, t.Updated, "Updated"},
		{catalog.Retired, t.Retired, "Retired"},
		{catalog.Unchanged, t.Unchanged, "Unchanged"},
	} {
		if x.n > 0 || here == string(x.change) {
			all = append(all, outcomeTab{x.label, at + "?change=" + string(x.change), x.n, here == string(x.change)})
		}
	}
	return all
}

// cancelCrawl ends a crawl. What it has stored stays.
func (u *UI) cancelCrawl(w http.ResponseWriter, r *http.Request) error {
	row, err := u.crawlFor(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	if err := u.Crawls.Cancel(r.Context(), catalog.RunID(row.ID), "cancelled by "+auth.From(r.Context()).Name()); err != nil {
		return err
	}
	return done(w, r, crawlURL(row.ID), "The crawl is cancelled. What it has stored stays.")
}

func crawlURL(id int64) string { return "/crawls/" + strconv.FormatInt(id, 10) }

// mostRetried is how many apps one retry names.
const mostRetried = 1000

// retryCrawl reads the apps again that failed or were read in part.
func (u *UI) retryCrawl(w http.ResponseWriter, r *http.Request) error {
	row, err := u.crawlFor(r, auth.IntegrationAdmin)
	if err != nil {
		return err
	}
	q := catalog.Query{Scope: catalog.Scope{Connections: []string{row.Connection}}, Limit: 200, Filters: []catalog.Filter{
		{Column: "run", Op: catalog.Equals, Values: []string{strconv.FormatInt(row.ID, 10)}},
		{Column: "change", Op: catalog.Equals, Values: []string{string(catalog.FailedUnit), string(catalog.Partial)}},
	}}
	var apps []string
	for {
		some, err := u.CrawlStore.OutcomeRows(r.Context(), q)
		if err != nil {
			return err
		}
		for _, o := range some.Items {
			apps = append(apps, string(o.AppKey))
		}
		if q.Cursor = some.Next; q.Cursor == "" || len(apps) >= mostRetried {
			break
		}
	}
	if len(apps) == 0 {
		return done(w, r, crawlURL(row.ID), "No app failed or was read in part: there is nothing to try again.")
	}
	return u.request(w, r, row.Connection, catalog.CrawlRequest{Apps: apps[:min(len(apps), mostRetried)], Trigger: catalog.ByUI})
}

// request asks for a crawl and goes to its page; if another one is in the way, to that.
func (u *UI) request(w http.ResponseWriter, r *http.Request, code string, q catalog.CrawlRequest) error {
	run, err := q.Run(code, auth.From(r.Context()).Name())
	if err != nil {
		return err
	}
	run, err = u.Crawls.Request(r.Context(), run)
	var other *catalog.InFlight
	if errors.As(err, &other) {
		trailOf(r).status = http.StatusConflict
		return done(w, r, crawlURL(int64(other.Run)), "No second crawl was started: this one of the connection isn't over. Wait until it ends, or cancel it.")
	}
	if err != nil {
		return err
	}
	note(r, fmt.Sprintf("crawl %d, %s", run.ID, run.Mode))
	return done(w, r, crawlURL(int64(run.ID)), "The crawl is asked for.")
}
