package postgres_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

func TestOfProcessesThatStartAtOnceOneMakesTheFirstUser(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	var added atomic.Int32
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			did, err := db.AddFirstUser(t.Context(), catalog.User{Name: "admin", Role: catalog.RoleAdmin}, "hash")
			if err != nil {
				t.Error(err)
			}
			if did {
				added.Add(1)
			}
		})
	}
	wg.Wait()
	if added.Load() != 1 {
		t.Errorf("%d made the first user", added.Load())
	}
}

func TestTwoAdminsWhoDemoteEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	admins := []string{"one", "two"}
	for range 10 {
		for _, name := range admins {
			if err := db.AddUser(t.Context(), catalog.User{Name: name, Role: catalog.RoleAdmin, AllConnections: true}, "hash"); err != nil && catalog.CodeOf(err) != catalog.CodeConflict {
				t.Fatal(err)
			}
			if err := db.EditUser(t.Context(), catalog.User{Name: name, Role: catalog.RoleAdmin, AllConnections: true}, 0); err != nil {
				t.Fatal(err)
			}
		}
		var refused atomic.Int32
		var wg sync.WaitGroup
		for _, name := range admins {
			wg.Go(func() {
				err := db.EditUser(t.Context(), catalog.User{Name: name, Role: catalog.RoleViewer, AllConnections: true}, 0)
				switch catalog.CodeOf(err) {
				case catalog.CodeConflict:
					refused.Add(1)
				case "":
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if refused.Load() != 1 {
			t.Fatalf("%d of two were refused", refused.Load())
		}
	}
}

func TestAGrantToWhatIsGoneGoesWithIt(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	for _, code := range []string{"a", "b"} {
		if err := db.AddConnection(t.Context(), catalog.Connection{Code: code, Name: code, Type: "qlik-sense"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.AddUser(t.Context(), catalog.User{Name: "ann", Role: catalog.RoleViewer, Connections: []string{"a"}}, ""); err != nil {
		t.Fatal(err)
	}
	for range 2 { // granting twice is granting
		if err := db.GrantConnection(t.Context(), "ann", "b"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.RemoveConnection(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if u, err := db.User(t.Context(), "ann"); err != nil || len(u.Connections) != 1 || u.Connections[0] != "b" {
		t.Errorf("%v %v", u.Connections, err)
	}
}
