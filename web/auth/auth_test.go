package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestAPasswordIsHashedAsOWASPAsks(t *testing.T) {
	t.Parallel()
	h := newHasher(false)
	hash := h.hash("correct horse")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	if h.hash("correct horse") == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	if ok, old := h.matches("correct horse", hash); !ok || old {
		t.Errorf("the password: %v, old %v", ok, old)
	}
	if ok, _ := h.matches("Correct horse", hash); ok {
		t.Error("another password matches")
	}
	if ok, old := h.matches("correct horse", newHasher(true).hash("correct horse")); !ok || !old {
		t.Errorf("a hash of other settings: %v, old %v", ok, old)
	}
}

// The hash is one that the reference implementation made: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
func TestHashesOfOtherProgramsMatch(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, old := newHasher(false).matches("password", hash); !ok || !old {
		t.Errorf("matches: %v, old: %v", ok, old)
	}
}

func TestWhatIsNoHashMatchesNothing(t *testing.T) {
	t.Parallel()
	h := newHasher(true)
	good := h.hash("x")
	for _, hash := range []string{
		"", "x", "$argon2id$", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=4294967295", 1), strings.Replace(good, "t=1", "t=4294967295", 1),
		strings.Replace(good, "p=1", "p=0", 1), good[:strings.LastIndex(good, "$")+1], good + "!",
	} {
		if ok, _ := h.matches("x", hash); ok {
			t.Errorf("%q matches", hash)
		}
	}
}

func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	h := newHasher(true)
	release := make(chan struct{})
	var wg sync.WaitGroup
	running := make(chan struct{}, mostWaiting)
	for range mostWaiting {
		wg.Go(func() {
			if err := h.bounded(t.Context(), func() {
				running <- struct{}{}
				<-release
			}); err != nil {
				t.Error(err)
			}
		})
	}
	for range mostHashing {
		<-running
	}
	for len(h.waiting) < mostWaiting { // all have asked
		select {
		case <-running:
			t.Fatal("more than may run at a time run")
		case <-time.After(time.Millisecond):
		}
	}
	if err := h.bounded(t.Context(), func() {}); catalog.CodeOf(err) != catalog.CodeThrottled {
		t.Errorf("one more than may wait: %v", err)
	}
	close(release)
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range mostHashing {
		h.running <- struct{}{}
	}
	if err := h.bounded(ctx, func() { t.Error("ran") }); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone away: %v", err)
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{
		"":                                false,
		"elevenchars":                     false,
		"twelve chars":                    true,
		"zwölf Zeichn":                    true,
		strings.Repeat("x", 40):           false,
		strings.Repeat("ab", 200):         false,
		"my name is ann":                  false,
		"a long sentence in which Ann is": true,
	} {
		if got := CheckPassword("ann", password); (got == "") != ok {
			t.Errorf("%q: %q", password, got)
		}
	}
	if p := NewPassword(); CheckPassword("admin", p) != "" || p == NewPassword() {
		t.Errorf("the first password %q", p)
	}
}

func TestThePauseGrowsAndEnds(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for _, over := range []int{-5, -1, 0, 1, 2, 8, 9, 1000} {
		got = append(got, pause(over))
	}
	s := time.Second
	if diff := cmp.Diff([]time.Duration{0, 0, s, 2 * s, 4 * s, 256 * s, 300 * s, 300 * s}, got); diff != "" {
		t.Error(diff)
	}
	if network("2001:db8:1:2:3:4:5:6") != network("2001:db8:1:2::1") || network("192.0.2.1") == network("192.0.2.2") || network("x") != "x" {
		t.Error("networks")
	}
}

func TestAScopeIsWhatUserAndTokenMayBothSee(t *testing.T) {
	t.Parallel()
	user := func(all bool, codes ...string) catalog.Identity {
		return catalog.Identity{User: catalog.User{Name: "u", Role: Viewer, AllConnections: all, Connections: codes}}
	}
	limited := func(id catalog.Identity, codes ...string) catalog.Identity {
		id.TokenConnections = append([]string{}, codes...)
		return id
	}
	named := user(false, "a")
	named.IntegrationAdminOf, named.SecurityAdminOf = []string{"b"}, []string{"a", "c"}
	for name, tc := range map[string]struct {
		who  catalog.Identity
		want catalog.Scope
	}{
		"nobody":                        {catalog.Identity{}, catalog.Scope{}},
		"all":                           {user(true), catalog.Scope{All: true}},
		"some":                          {user(false, "b", "a"), catalog.Scope{Connections: []string{"a", "b"}}},
		"none":                          {user(false), catalog.Scope{}},
		"all, by a token of one":        {limited(user(true), "a"), catalog.Scope{Connections: []string{"a"}}},
		"some, by a token of one":       {limited(user(false, "a", "b"), "b", "c"), catalog.Scope{Connections: []string{"b"}}},
		"some, by a token of none":      {limited(user(false, "a")), catalog.Scope{Connections: []string{}}},
		"all, by a token of none":       {limited(user(true)), catalog.Scope{Connections: []string{}}},
		"named by connections as admin": {named, catalog.Scope{Connections: []string{"a", "b", "c"}}},
		"named, by a token of another":  {limited(named, "x"), catalog.Scope{Connections: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, Principal{Identity: tc.who}.Scope()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
