package crawler_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// memory is a Store that remembers what it was told.
type memory struct {
	mu       sync.Mutex
	known    map[catalog.Key]string
	finished map[catalog.Key]bool
	groups   []catalog.ReportGroup
	saved    map[catalog.Key]int
	retired  []catalog.Key
	noted    []catalog.Outcome
	lost     bool // the run is no longer ours
	saveErr  map[catalog.Key]error
	beats    chan struct{} // closed by the first Progress, if not nil
	beatOnce sync.Once
}

func newMemory(known map[catalog.Key]string) *memory {
	if known == nil {
		known = map[catalog.Key]string{}
	}
	return &memory{known: known, saved: map[catalog.Key]int{}, saveErr: map[catalog.Key]error{}}
}

var errLost = &catalog.Error{Code: catalog.CodeConflict, Op: "save", Err: errors.New("the run is no longer running")}

func (m *memory) Known(context.Context, string) (map[catalog.Key]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[catalog.Key]string, len(m.known))
	for k, v := range m.known {
		all[k] = v
	}
	return all, nil
}

func (m *memory) Finished(context.Context, catalog.RunID) (map[catalog.Key]bool, error) {
	return m.finished, nil
}

func (m *memory) SaveGroups(_ context.Context, _ catalog.RunID, groups []catalog.ReportGroup) error {
	m.groups = groups
	return nil
}

func (m *memory) Save(_ context.Context, run catalog.RunID, s *catalog.Snapshot, _ time.Time) (catalog.Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost {
		return catalog.Outcome{}, errLost
	}
	if err := m.saveErr[s.Unit.Key]; err != nil {
		return catalog.Outcome{}, err
	}
	o := catalog.Outcome{Run: run, Unit: s.Unit, Change: catalog.Added}
	if _, ok := m.known[s.Unit.Key]; ok {
		o.Change = catalog.Updated
	}
	m.known[s.Unit.Key] = s.Version
	if len(s.Gaps) > 0 {
		m.known[s.Unit.Key], o.Change, o.Err = "", catalog.Partial, s.Gaps[0].Err
	}
	m.saved[s.Unit.Key]++
	return o, nil
}

func (m *memory) Note(_ context.Context, _ catalog.RunID, o catalog.Outcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.noted = append(m.noted, o)
	return nil
}

func (m *memory) Retire(_ context.Context, _ catalog.RunID, units []catalog.Key) error {
	m.retired = units
	return nil
}

func (m *memory) Progress(context.Context, catalog.RunID, catalog.Tally) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.beats != nil {
		m.beatOnce.Do(func() { close(m.beats) })
	}
	if m.lost {
		return errLost
	}
	return nil
}

// site is a source of units that a test makes up.
type site struct {
	units   []connector.Listed
	listErr error                                                              // ends the listing after all units
	fetch   func(context.Context, connector.Listed) (*catalog.Snapshot, error) // nil: a plain snapshot

	mu      sync.Mutex
	now     int
	peak    int
	fetched []catalog.Key
}

func (s *site) Groups(context.Context) iter.Seq2[catalog.ReportGroup, error] {
	return func(yield func(catalog.ReportGroup, error) bool) {
		yield(catalog.ReportGroup{Key: "c/stream/s", Kind: catalog.GroupStream, Name: "S"}, nil)
	}
}

func (s *site) Units(context.Context) iter.Seq2[connector.Listed, error] {
	return func(yield func(connector.Listed, error) bool) {
		for _, l := range s.units {
			if !yield(l, nil) {
				return
			}
		}
		if s.listErr != nil {
			yield(connector.Listed{}, s.listErr)
		}
	}
}

func (s *site) Fetch(ctx context.Context, l connector.Listed) (*catalog.Snapshot, error) {
	s.mu.Lock()
	s.fetched = append(s.fetched, l.Unit.Key)
	s.now++
	s.peak = max(s.peak, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if s.fetch != nil {
		return s.fetch(ctx, l)
	}
	return &catalog.Snapshot{Unit: l.Unit, Version: l.Version}, nil
}

func (s *site) Usage() catalog.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return catalog.Usage{Opens: int64(len(s.fetched))}
}

func (s *site) Close() error { return nil }

// listed makes units "c/NAME" with the version "v1", in the stream S.
func listed(names ...string) []connector.Listed {
	var all []connector.Listed
	for _, n := range names {
		all = append(all, connector.Listed{
			Unit: catalog.Unit{Key: catalog.AppKey("c", n), Name: "App " + n}, Version: "v1", Groups: []catalog.Key{"c/stream/s"},
		})
	}
	return all
}
