package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

const nextKey = "fedcba9876543210fedcba9876543210"

// plant gives prod two secrets, and a second connection one.
func (b *bench) plant() {
	b.t.Helper()
	b.must(b.EditConnection(b.t.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense", Secrets: catalog.Secrets{
		"jwt.token": catalog.NewSecret("planted-token"), "proxy.password": catalog.NewSecret("planted-password"),
	}}, nil))
	b.must(b.AddConnection(b.t.Context(), catalog.Connection{Code: "test", Name: "Test", Type: "qlik-sense", Secrets: catalog.Secrets{
		"jwt.token": catalog.NewSecret("planted-other"),
	}}))
}

// opens tells which of the planted secrets a database handle opens.
func opens(t *testing.T, db *postgres.DB) string {
	t.Helper()
	var got []string
	for _, s := range [][2]string{{"prod", "jwt.token"}, {"prod", "proxy.password"}, {"test", "jwt.token"}} {
		v, err := db.Secret(t.Context(), s[0], s[1])
		if err != nil {
			v = string(catalog.CodeOf(err))
		}
		got = append(got, v)
	}
	return strings.Join(got, " ")
}

const (
	allOpen = "planted-token planted-password planted-other"
	allShut = "unreadable unreadable unreadable"
)

func openWith(t *testing.T, b *bench, keys func() (postgres.Keys, error)) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: b.url, Keys: keys})
	b.must(err)
	t.Cleanup(db.Close)
	return db
}

func keysAre(keys ...string) func() (postgres.Keys, error) {
	return func() (postgres.Keys, error) {
		var all postgres.Keys
		for _, k := range keys {
			all = append(all, []byte(k))
		}
		return all, nil
	}
}

func TestRotateSealsEverythingAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plant()
	late := open(t, b.url) // has the old key, and nowhere to read another
	r, err := b.Rotate(t.Context(), []byte(nextKey))
	b.must(err)
	if r.Secrets != 3 || r.Connections != 2 || opens(t, b.DB) != allOpen {
		t.Errorf("%+v, %s", r, opens(t, b.DB))
	}
	if got := opens(t, openWith(t, b, keysAre(nextKey))); got != allOpen {
		t.Errorf("with the new key: %s", got)
	}
	if got := opens(t, late); got != allShut {
		t.Errorf("with the old key: %s", got)
	}
	if got := opens(t, openWith(t, b, keysAre(masterKey, nextKey))); got != allOpen {
		t.Errorf("with both keys: %s", got)
	}
	if again, err := b.Rotate(t.Context(), []byte(nextKey)); err != nil || again != r {
		t.Errorf("once more: %+v, %v", again, err)
	}
	err = late.AddConnection(t.Context(), catalog.Connection{Code: "late", Name: "Late", Type: "qlik-sense", Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret("x")}})
	if catalog.CodeOf(err) != catalog.CodeConflict || !strings.Contains(err.Error(), "secrets rotate") || catalog.CureOf(err) == "" {
		t.Errorf("a program with the replaced key seals: %v", err)
	}
	if _, err := b.Rotate(t.Context(), []byte(masterKey)); err != nil || opens(t, late) != allOpen {
		t.Errorf("back to the first key: %v, %s", err, opens(t, late))
	}
}

func TestARunningProgramTakesTheRotatedKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plant()
	now := masterKey
	running := openWith(t, b, func() (postgres.Keys, error) { return keysAre(now)() })
	now = nextKey
	_, err := b.Rotate(t.Context(), []byte(nextKey))
	b.must(err)
	b.must(running.EditConnection(t.Context(), catalog.Connection{Code: "test", Name: "Test", Type: "qlik-sense", Secrets: catalog.Secrets{"jwt.token": catalog.NewSecret("planted-new")}}, nil))
	if got := opens(t, running); got != "planted-token planted-password planted-new" {
		t.Errorf("it opens %s", got)
	}
	if got := opens(t, openWith(t, b, keysAre(nextKey))); got != "planted-token planted-password planted-new" {
		t.Errorf("what it sealed isn't sealed with the new key: %s", got)
	}
}

func TestARotationThatBreaksChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plant()
	_, err := b.sql.Exec(t.Context(), `
		create function qlikcrawler.break() returns trigger language plpgsql as $$ begin raise 'the disk is full'; end $$;
		create trigger break before update on qlikcrawler.secret for each row when (old.connection = 'test') execute function qlikcrawler.break()`)
	b.must(err)
	if _, err := b.Rotate(t.Context(), []byte(nextKey)); err == nil || opens(t, b.DB) != allOpen {
		t.Errorf("%v, %s", err, opens(t, b.DB))
	}
	if got := opens(t, openWith(t, b, keysAre(nextKey))); got != allShut {
		t.Errorf("with the key that came to nothing: %s", got)
	}
	_, err = b.sql.Exec(t.Context(), "drop trigger break on qlikcrawler.secret")
	b.must(err)
	if _, err := b.Rotate(t.Context(), []byte(nextKey)); err != nil || opens(t, b.DB) != allOpen {
		t.Errorf("afterwards: %v, %s", err, opens(t, b.DB))
	}
}

func TestALostKeyIsToldAndStopsARotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plant()
	if lost, err := b.UnreadableSecrets(t.Context()); err != nil || len(lost) != 0 {
		t.Errorf("%v, %v: want none", lost, err)
	}
	for name, db := range map[string]*postgres.DB{"another key": openWith(t, b, keysAre(nextKey)), "no key": openWith(t, b, keysAre())} {
		lost, err := db.UnreadableSecrets(t.Context())
		b.must(err)
		var told []string
		for _, l := range lost {
			told = append(told, l.Connection+" "+l.Path)
			if l.Err.Code != catalog.CodeUnreadable || l.Err.Cure == "" {
				t.Errorf("%s: %+v", name, l.Err)
			}
		}
		if got := strings.Join(told, ", "); got != "prod jwt.token, prod proxy.password, test jwt.token" {
			t.Errorf("%s: %s", name, got)
		}
		_, err = db.Rotate(t.Context(), []byte("another-key-another-key-another-"))
		if catalog.CodeOf(err) != catalog.CodeUnreadable || !strings.Contains(fmt.Sprint(err), "proxy.password of prod, jwt.token of test") {
			t.Errorf("%s: rotate: %v", name, err)
		}
	}
	if opens(t, b.DB) != allOpen {
		t.Error("the rotations that failed changed something")
	}
	if _, err := b.Rotate(t.Context(), []byte("short")); catalog.CodeOf(err) != catalog.CodeInvalid {
		t.Errorf("a short key: %v", err)
	}
}

// TestSecretsThatAreStoredDuringARotationAreNotLost: whichever comes first, the new key opens all.
func TestSecretsThatAreStoredDuringARotationAreNotLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plant()
	writer := openWith(t, b, keysAre(masterKey, nextKey))
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 40 && err == nil; i++ {
			err = writer.EditConnection(t.Context(), catalog.Connection{Code: "test", Name: "Test", Type: "qlik-sense", Secrets: catalog.Secrets{
				"jwt.token": catalog.NewSecret(fmt.Sprint("planted-", i)),
			}}, nil)
		}
		done <- err
	}()
	_, err := b.Rotate(t.Context(), []byte(nextKey))
	b.must(err)
	b.must(<-done)
	if got := opens(t, openWith(t, b, keysAre(nextKey))); got != "planted-token planted-password planted-39" {
		t.Errorf("the new key opens %s", got)
	}
}
