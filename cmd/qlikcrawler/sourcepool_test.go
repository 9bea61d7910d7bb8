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

func TestASessionsPlaceIsGivenUpOnceTheDatabaseIsThereAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := &leaseDesk{away: 3}
		p := poolOf(desk)
		p.hold("qlik")()
		time.Sleep(3*idleSource + time.Second)
		synctest.Wait()
		if calls, given := desk.state(); calls != 3 || given {
			t.Fatalf("while the database is away: %d attempts, given up: %t", calls, given)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
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
		time.Sleep(idleSource + time.Second)
		synctest.Wait()
		release := p.hold("qlik")
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls, given := desk.state(); calls != 1 || given {
			t.Fatalf("while it is used: %d attempts, given up: %t", calls, given)
		}
		release()
		time.Sleep(idleSource + time.Second)
		synctest.Wait()
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
		time.Sleep(idleSource + time.Second)
		synctest.Wait()
		p.close()
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls, _ := desk.state(); calls != 2 {
			t.Errorf("%d attempts, want one before the end and one at it", calls)
		}
	})
}
