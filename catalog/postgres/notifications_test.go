package postgres_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func wants(n catalog.Notify) func(catalog.Connection) (catalog.Notify, error) {
	return func(catalog.Connection) (catalog.Notify, error) { return n, nil }
}

func TestAFinishedRunIsToldOnceWhoeverLooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"), rich("a2"))
	n := catalog.Notify{Recipients: []string{"anna@example.com"}, Webhooks: []string{"https://hook"}, On: catalog.Events}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := b.QueueNotifications(t.Context(), wants(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var mu sync.Mutex
	got := map[string]catalog.Notification{}
	for range 6 {
		all.Go(func() {
			list, err := b.ClaimNotifications(t.Context(), 1, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for _, x := range list {
				if _, twice := got[x.Target]; twice {
					t.Errorf("%s is claimed twice", x.Target)
				}
				got[x.Target] = x
			}
		})
	}
	all.Wait()
	rest, err := b.ClaimNotifications(t.Context(), 10, time.Minute)
	b.must(err)
	for _, x := range rest {
		got[x.Target] = x
	}
	if len(got) != 2 || len(rest)+len(got) > 4 {
		t.Fatalf("%d targets, want 2", len(got))
	}
	mail := got["anna@example.com"]
	if mail.Channel != catalog.ByEmail || mail.Attempts != 1 || mail.ID == "" || mail.ID == got["https://hook"].ID {
		t.Errorf("%+v", mail)
	}
	d := mail.Digest
	if d.Counts[catalog.OnAdded] != 2 || len(d.Items[catalog.OnAdded]) != 2 || d.Connection.Name != "Prod" || d.Run.State != catalog.Done {
		t.Errorf("the digest is %+v", d)
	}
}

func TestADigestTellsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"), rich("a2"))
	_, err := b.QueueNotifications(t.Context(), wants(catalog.Notify{}))
	b.must(err)
	run := b.start()
	changed := rich("a1")
	changed.Reports[0].Name = "renamed"
	b.save(run, changed, catalog.Updated)
	b.must(b.Note(t.Context(), run, catalog.Outcome{
		Unit: catalog.Unit{Key: catalog.AppKey("prod", "a3"), Name: "Broken"}, Change: catalog.FailedUnit,
		Err: &catalog.Error{Code: catalog.CodeTimeout, Err: errors.New("too slow"), Cure: "Wait."},
	}))
	b.must(b.Retire(t.Context(), run, []catalog.Key{catalog.AppKey("prod", "a2")}))
	b.done(run)
	n := catalog.Notify{Recipients: []string{"a@example.com"}, On: []catalog.Event{catalog.OnChanged, catalog.OnFailed, catalog.OnRetired}}
	queued, err := b.QueueNotifications(t.Context(), wants(n))
	b.must(err)
	list, err := b.ClaimNotifications(t.Context(), 10, time.Minute)
	b.must(err)
	if queued != 1 || len(list) != 1 {
		t.Fatalf("%d queued, %d claimed", queued, len(list))
	}
	d := list[0].Digest
	if diff := cmp.Diff(map[catalog.Event]int{catalog.OnChanged: 1, catalog.OnFailed: 1, catalog.OnRetired: 1}, d.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c := d.Items[catalog.OnChanged][0]; c.Name != "renamed" || c.Rows == nil || c.Rows.Changed == 0 {
		t.Errorf("the changed app is %+v", c)
	}
	if f := d.Items[catalog.OnFailed][0]; f.Name != "Broken" || f.Error != "too slow" || f.Cure != "Wait." {
		t.Errorf("the failed app is %+v", f)
	}
}

func TestNothingIsQueuedWhereNothingIsToTell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl()
	n := catalog.Notify{Recipients: []string{"a@example.com"}, On: catalog.Events}
	if queued, err := b.QueueNotifications(t.Context(), wants(n)); err != nil || queued != 0 {
		t.Errorf("%d queued, %v", queued, err)
	}
	run := b.start()
	b.must(b.FinishRun(t.Context(), run, catalog.Failed, catalog.Tally{}, "the site is away"))
	if queued, err := b.QueueNotifications(t.Context(), wants(n)); err != nil || queued != 1 {
		t.Errorf("%d queued of a failed crawl, %v", queued, err)
	}
}

func TestAClaimThatIsNotSettledComesAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.crawl(rich("a1"))
	_, err := b.QueueNotifications(t.Context(), wants(catalog.Notify{Recipients: []string{"a@example.com"}, On: catalog.Events}))
	b.must(err)
	claim := func() []catalog.Notification {
		list, err := b.ClaimNotifications(t.Context(), 10, time.Millisecond)
		b.must(err)
		return list
	}
	first := claim() // and then the process dies
	if len(first) != 1 {
		t.Fatalf("%d claimed, want 1", len(first))
	}
	_, err = b.sql.Exec(t.Context(), "update qlikcrawler.notification set due_at = now() - interval '1 second'")
	b.must(err)
	again := claim()
	if len(again) != 1 || again[0].ID != first[0].ID || again[0].Attempts != 2 {
		t.Fatalf("%+v, want the same once more", again)
	}
	b.must(b.NotificationFailed(t.Context(), first[0].ID, "no answer", time.Hour))
	if got := claim(); len(got) != 0 {
		t.Error("it is claimed before it is due")
	}
	b.must(b.NotificationFailed(t.Context(), first[0].ID, "no answer", 0))
	b.must(b.NotificationSent(t.Context(), first[0].ID))
	_, err = b.sql.Exec(t.Context(), "update qlikcrawler.notification set due_at = due_at - interval '2 hours'")
	b.must(err)
	if got := claim(); len(got) != 0 {
		t.Error("a settled one is claimed")
	}
}
