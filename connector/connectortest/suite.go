package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// versions are the versions of listed units by key.
func versions(listed []connector.Listed) map[catalog.Key]string {
	all := map[catalog.Key]string{}
	for _, l := range listed {
		all[l.Unit.Key] = l.Version
	}
	return all
}

func (s *suite) listsTwiceAlike(t *testing.T) {
	ctx, c := s.open(t)
	once, again := s.units(ctx, t, c), s.units(ctx, t, c)
	if len(once) < 4 {
		t.Fatalf("the probe's world has %d units; the suite needs four", len(once))
	}
	seen := map[catalog.Key]bool{}
	for _, l := range once {
		if seen[l.Unit.Key] {
			t.Errorf("%s is listed twice", l.Unit.Key)
		}
		seen[l.Unit.Key] = true
		if l.Version == "" || l.Unit.Name == "" {
			t.Errorf("%s has version %q and name %q", l.Unit.Key, l.Version, l.Unit.Name)
		}
	}
	if diff := cmp.Diff(versions(once), versions(again)); diff != "" {
		t.Errorf("two listings differ:\n%s", diff)
	}
	_, other := s.open(t)
	if diff := cmp.Diff(versions(once), versions(s.units(ctx, t, other))); diff != "" {
		t.Errorf("another connector lists something else:\n%s", diff)
	}
}

func (s *suite) parentsFirst(t *testing.T) {
	ctx, c := s.open(t)
	groups, err := connector.Collect(c.Groups(ctx))
	if err != nil {
		t.Fatalf("list groups: %v", err)
	}
	known := map[catalog.Key]bool{"": true}
	for _, g := range groups {
		if !known[g.Parent] {
			t.Errorf("%s comes before its parent %s", g.Key, g.Parent)
		}
		if known[g.Key] {
			t.Errorf("%s is listed twice", g.Key)
		}
		known[g.Key] = true
	}
	for _, l := range s.units(ctx, t, c) {
		for _, g := range l.Groups[:max(len(l.Groups)-1, 0)] {
			if !known[g] {
				t.Errorf("%s is in %s, which isn't listed", l.Unit.Key, g)
			}
		}
	}
}

func (s *suite) breaksEarly(t *testing.T) {
	ctx, c := s.open(t)
	for _, err := range c.Units(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	for _, err := range c.Groups(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func (s *suite) endsWithinASecond(t *testing.T) {
	ctx, c := s.open(t)
	l := s.victim(ctx, t, c)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	s.wantCancelled(t, time.Now(), func() error { _, err := c.Fetch(ended, l); return err })
	s.wantCancelled(t, time.Now(), func() error { _, err := connector.Collect(c.Units(ended)); return err })
	s.wantCancelled(t, time.Now(), func() error { _, err := connector.Collect(c.Groups(ended)); return err })
	if s.Hang == nil {
		return
	}
	s.Hang(t, l.Unit)
	hung, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() { _, err := c.Fetch(hung, l); result <- err }()
	const head = 300 * time.Millisecond // so that it hangs in the middle, not at the start
	select {
	case err := <-result:
		cancel()
		t.Fatalf("a unit that hangs was read: %v", err)
	case <-time.After(head):
	}
	began := time.Now()
	cancel()
	s.wantCancelled(t, began, func() error { return <-result })
	s.Remove(t, l.Unit)
}

func (s *suite) wantCancelled(t *testing.T, began time.Time, run func() error) {
	t.Helper()
	err := run()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call ends with %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it ended after %s", took)
	}
}

func (s *suite) fetchesAll(t *testing.T) {
	ctx, c := s.open(t)
	all := map[catalog.Key]string{}
	for _, l := range s.units(ctx, t, c) {
		snap := s.fetch(ctx, t, c, l)
		if len(snap.Gaps) > 0 {
			t.Errorf("%s has gaps: %v", l.Unit.Key, snap.Gaps[0].Err)
		}
		s.checkSnapshot(t, l, snap, all)
		if diff := cmp.Diff(snap, s.fetch(ctx, t, c, l)); diff != "" {
			t.Errorf("%s read twice differs:\n%s", l.Unit.Key, diff)
		}
	}
}

func (s *suite) fetch(ctx context.Context, t *testing.T, c connector.Connector, l connector.Listed) *catalog.Snapshot {
	t.Helper()
	snap, err := c.Fetch(ctx, l)
	if err != nil {
		t.Fatalf("fetch %s: %v", l.Unit.Key, err)
	}
	rows, err := json.Marshal(snap)
	if err != nil {
		t.Fatalf("%s can't be stored: %v", l.Unit.Key, err)
	}
	s.said = append(s.said, string(rows))
	return snap
}

// checkSnapshot checks what every snapshot promises. all are the keys of all snapshots so far.
func (s *suite) checkSnapshot(t *testing.T, l connector.Listed, snap *catalog.Snapshot, all map[catalog.Key]string) {
	t.Helper()
	if snap.Unit != l.Unit || snap.Version != l.Version {
		t.Errorf("%v was fetched as %v, version %s as %s", l.Unit, snap.Unit, l.Version, snap.Version)
	}
	once := func(kind string, k catalog.Key) {
		if was := all[k]; was == kind || k == "" {
			t.Errorf("%s %q has a key that isn't its own", kind, k)
		}
		all[k] = kind
	}
	reports := map[catalog.Key]bool{}
	for _, g := range snap.Groups {
		once("group", g.Key)
	}
	for _, r := range snap.Reports {
		once("report", r.Key)
		if r.Parent != "" && !reports[r.Parent] {
			t.Errorf("%s comes before its parent %s", r.Key, r.Parent)
		}
		reports[r.Key] = true
	}
	for _, f := range snap.Fields {
		once("field", f.Key)
		if !reports[f.Report] {
			t.Errorf("%s belongs to %s, which isn't in the snapshot", f.Key, f.Report)
		}
	}
	for _, x := range snap.Sources {
		once("source", x.Key)
	}
	for _, x := range snap.Tables {
		once("table", x.Key)
	}
	for _, x := range snap.Columns {
		once("column", x.Key)
	}
}

func (s *suite) versionFollowsChanges(t *testing.T) {
	ctx, c := s.open(t)
	l := s.victim(ctx, t, c)
	before := versions(s.units(ctx, t, c))
	s.fetch(ctx, t, c, l)
	if diff := cmp.Diff(before, versions(s.units(ctx, t, c))); diff != "" {
		t.Errorf("reading a unit changes versions:\n%s", diff)
	}
	s.Change(t, l.Unit)
	after := versions(s.units(ctx, t, c))
	if before[l.Unit.Key] == after[l.Unit.Key] {
		t.Errorf("%s was changed and has the same version", l.Unit.Key)
	}
	delete(before, l.Unit.Key)
	delete(after, l.Unit.Key)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a change of one unit changes versions of others:\n%s", diff)
	}
}

func (s *suite) deniedDoesntSpoil(t *testing.T) {
	ctx, c := s.open(t)
	denied := s.victim(ctx, t, c)
	s.Deny(t, denied.Unit)
	for _, l := range s.units(ctx, t, c) {
		snap := s.fetch(ctx, t, c, l)
		if l.Unit.Key != denied.Unit.Key {
			if len(snap.Gaps) > 0 {
				t.Errorf("%s has gaps too: %v", l.Unit.Key, snap.Gaps[0].Err)
			}
			continue
		}
		if len(snap.Gaps) == 0 {
			t.Errorf("%s is denied and has no gap", l.Unit.Key)
		}
		for _, g := range snap.Gaps {
			if code := catalog.CodeOf(g.Err); code == catalog.CodeInternal || g.Part == "" || g.Key == "" {
				t.Errorf("gap %q of %q has code %s: %v", g.Part, g.Key, code, g.Err)
			}
			s.said = append(s.said, g.Err.Error())
		}
		if len(snap.Groups) == 0 || len(snap.Reports) == 0 {
			t.Errorf("%s is denied and has no rows of what the listing knows", l.Unit.Key)
		}
	}
	s.Remove(t, denied.Unit)
}

func (s *suite) notFound(t *testing.T) {
	ctx, c := s.open(t)
	l := s.victim(ctx, t, c)
	s.Remove(t, l.Unit)
	_, err := c.Fetch(ctx, l)
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		t.Errorf("%s is gone, and Fetch says %v", l.Unit.Key, err)
	}
	s.said = append(s.said, errorText(err))
	for _, x := range s.units(ctx, t, c) {
		if x.Unit.Key == l.Unit.Key {
			t.Errorf("%s is gone and still listed", l.Unit.Key)
		}
	}
}

func (s *suite) foreignUnit(t *testing.T) {
	ctx, c := s.open(t)
	if snap, err := c.Fetch(ctx, connector.Listed{Unit: catalog.Unit{Key: "x/y"}}); err == nil {
		t.Errorf("a unit that nobody listed was fetched as %v", snap)
	}
}

func (s *suite) closesTwice(t *testing.T) {
	ctx, c := s.open(t)
	if zero := c.Usage(); !reflect.ValueOf(zero).IsZero() {
		t.Errorf("a connector that did nothing has cost %+v", zero)
	}
	s.fetch(ctx, t, c, s.victim(ctx, t, c))
	before := c.Usage()
	if before.Requests == 0 && before.Calls == 0 {
		t.Errorf("reading a unit cost %+v", before)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	_, err := connector.Collect(c.Units(ctx))
	if err == nil {
		t.Error("a closed connector lists")
	}
	s.said = append(s.said, errorText(err))
}

func (s *suite) noSecret(t *testing.T) {
	said := strings.Join(append(s.said, s.log.String()), "\n")
	for _, secret := range s.Secrets {
		if i := strings.Index(said, secret); i >= 0 {
			t.Errorf("a secret shows: …%s…", said[max(0, i-200):i])
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
