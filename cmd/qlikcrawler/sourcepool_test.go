package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A leaseDesk is the catalog's part of a pool: it is away for the first so many calls.
type leaseDesk struct {
	away int

	mu    sync.Mutex
	calls int
	given bool
}

func (d *leaseDesk) giveUp(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls++; d.calls <= d.away {
		return errors.New("the database is away")
	}
	d.given = true
	return nil
}

func (d *leaseDesk) state() (calls int, given bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls, d.given
}

func poolOf(d *leaseDesk) *sourcePool {
	never := func(context.Context, catalog.Connection) (connector.Connector, error) {
		return nil, errors.New("nothing is opened here")
	}
	return newSourcePool(never, d.giveUp, slog.New(slog.DiscardHandler))
}

// later lets time pass in a bubble, where it takes none, until all that it set off is done.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestASessionsPlaceIsGivenUpOnceTheDatabaseIsThereAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := &leaseDesk{away: 3}
		p := poolOf(desk)
		p.hold("qlik")()
		later(3*idleSource + time.Second)
		if calls, given := desk.state(); calls != 3 || given {
			t.Fatalf("while the database is away: %d attempts, given up: %t", calls, given)
		}
		later(time.Hour)
		if calls, given := desk.state(); calls != 4 || !given {
			t.Errorf("afterwards: %d attempts, given up: %t, want one more, and nothing after it", calls, given)
		}
	})
}

func TestASessionsPlaceThatIsUsedAgainIsNotGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := &leaseDesk{away: 1}
		p := poolOf(desk)
		p.hold("qlik")()
		later(idleSource + time.Second)
		release := p.hold("qlik")
		later(time.Hour)
		if calls, given := desk.state(); calls != 1 || given {
			t.Fatalf("while it is used: %d attempts, given up: %t", calls, given)
		}
		release()
		later(idleSource + time.Second)
		if _, given := desk.state(); !given {
			t.Error("it isn't given up when it is used no more")
		}
	})
}

func TestAPoolThatEndsTriesOnceMoreAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := &leaseDesk{away: 100}
		p := poolOf(desk)
		p.hold("qlik")()
		later(idleSource + time.Second)
		p.close()
		later(time.Hour)
		if calls, _ := desk.state(); calls != 2 {
			t.Errorf("%d attempts, want one before the end and one at it", calls)
		}
	})
}
