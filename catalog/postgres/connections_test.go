package postgres_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

const token, password = "eyJhbGciOi.a-token", "correct horse"

func withSecrets() catalog.Connection {
	return catalog.Connection{
		Code: "jwt", Name: "Qlik Sense Jwt", Type: "qlik-sense", Environment: "TEST", Description: "d", URL: "https://q",
		AccessInstructions: "ask Ada", Governance: map[string]string{"owner": "ada", "steward": "bob"},
		Settings: json.RawMessage(`{"jwt":{"prefix":"jwt"},"authentication":"jwt","a":1}`),
		Secrets:  catalog.Secrets{"jwt.token": catalog.NewSecret(token), "proxy.password": catalog.NewSecret(password)},
	}
}

func (b *bench) wantSecret(path, want string) {
	b.t.Helper()
	got, err := b.Secret(b.t.Context(), "jwt", path)
	b.must(err)
	if got != want {
		b.t.Errorf("secret %s is %q, want %q", path, got, want)
	}
}

func TestConnectionReadsBackWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := withSecrets()
	b.must(b.AddConnection(t.Context(), in))
	got, err := b.Connection(t.Context(), "jwt")
	b.must(err)
	want := in
	want.Health, want.Revision = catalog.Unknown, 1
	want.Secrets = catalog.Secrets{"jwt.token": {}, "proxy.password": {}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(catalog.Secret{}), cmpopts.IgnoreFields(catalog.Connection{}, "CreatedAt", "ModifiedAt")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if time.Since(got.CreatedAt).Abs() > time.Minute || got.CreatedAt != got.ModifiedAt {
		t.Errorf("created %s, modified %s", got.CreatedAt, got.ModifiedAt)
	}
	list, err := b.Connections(t.Context())
	b.must(err)
	if len(list) != 2 || list[0].Code != "jwt" || list[1].Code != "prod" {
		t.Errorf("the list is %v", list)
	}
	b.wantSecret("jwt.token", token)
	_, err = b.Connection(t.Context(), "nowhere")
	wantCode(t, err, catalog.CodeNotFound)
}

func TestNoSecretIsInAnyTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	b.must(b.EditConnection(t.Context(), withSecrets(), nil))
	seen := 0
	for _, table := range b.tables() {
		for _, row := range b.column("select t::text from " + table + " t") {
			seen++
			for _, secret := range []string{token, password, masterKey} {
				if strings.Contains(row, secret) || strings.Contains(row, hex.EncodeToString([]byte(secret))) {
					t.Errorf("%s has a secret: %s", table, row)
				}
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d rows were looked at", seen)
	}
}

func TestCodeAndNameAreUnique(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.AddConnection(t.Context(), catalog.Connection{Code: "prod", Name: "Other", Type: "qlik-sense"})
	wantCode(t, err, catalog.CodeConflict)
	if !strings.Contains(err.Error(), `the code "prod"`) {
		t.Error(err)
	}
	err = b.AddConnection(t.Context(), catalog.Connection{Code: "other", Name: "PROD", Type: "qlik-sense"})
	wantCode(t, err, catalog.CodeConflict)
	if !strings.Contains(err.Error(), `the name "PROD"`) {
		t.Error(err)
	}
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "zurich", Name: "Zürich", Type: "qlik-sense"}))
	err = b.AddConnection(t.Context(), catalog.Connection{Code: "other", Name: "ZÜRICH", Type: "qlik-sense"})
	wantCode(t, err, catalog.CodeConflict)
	b.must(b.AddConnection(t.Context(), catalog.Connection{Code: "other", Name: "Other", Type: "qlik-sense"}))
	err = b.EditConnection(t.Context(), catalog.Connection{Code: "other", Name: "pRod", Type: "qlik-sense"}, nil)
	wantCode(t, err, catalog.CodeConflict)
	b.must(b.EditConnection(t.Context(), catalog.Connection{Code: "other", Name: "OTHER", Type: "qlik-sense"}, nil))
}

func TestEditKeepsSecretsThatItDoesNotName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	c := withSecrets()
	c.Description, c.Secrets = "new", nil
	b.must(b.EditConnection(t.Context(), c, nil))
	b.wantSecret("jwt.token", token)
	b.wantSecret("proxy.password", password)
	c.Secrets = catalog.Secrets{"jwt.token": catalog.NewSecret("fresh")}
	b.must(b.EditConnection(t.Context(), c, []string{"proxy.password"}))
	b.wantSecret("jwt.token", "fresh")
	_, err := b.Secret(t.Context(), "jwt", "proxy.password")
	wantCode(t, err, catalog.CodeNotFound)
	got, err := b.Connection(t.Context(), "jwt")
	b.must(err)
	if got.Description != "new" || !got.ModifiedAt.After(got.CreatedAt) {
		t.Errorf("it is %+v", got)
	}
	c.Code = "nowhere"
	wantCode(t, b.EditConnection(t.Context(), c, nil), catalog.CodeNotFound)
}

func TestSecretsNeedTheirKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	for name, key := range map[string]string{"lost": "", "another": "another key, 16 bytes or more"} {
		t.Run(name, func(t *testing.T) {
			db, err := postgres.Open(t.Context(), postgres.Config{URL: b.url, MasterKey: []byte(key)})
			b.must(err)
			defer db.Close()
			if c, err := db.Connection(t.Context(), "jwt"); err != nil || len(c.Secrets) != 2 {
				t.Errorf("the connection reads as %+v, %v", c, err)
			}
			_, err = db.Secret(t.Context(), "jwt", "jwt.token")
			wantCode(t, err, catalog.CodeUnreadable)
			if !strings.Contains(err.Error(), "jwt.token") || !strings.Contains(catalog.CureOf(err), "QLIKCRAWLER_MASTER_KEY") {
				t.Errorf("it says %q, cure %q", err, catalog.CureOf(err))
			}
		})
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: b.url})
	b.must(err)
	defer db.Close()
	c := withSecrets()
	c.Code, c.Name = "two", "Two"
	wantCode(t, db.AddConnection(t.Context(), c), catalog.CodeInvalid)
	c.Secrets = nil
	b.must(db.AddConnection(t.Context(), c)) // references need no key
	_, err = postgres.Open(t.Context(), postgres.Config{URL: b.url, MasterKey: []byte("short")})
	wantCode(t, err, catalog.CodeInvalid)
}

func TestSealedSecretHoldsForItsRowOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	_, err := b.sql.Exec(t.Context(), `insert into qlikcrawler.secret
		select 'prod', path, sealed from qlikcrawler.secret
		union all select connection, 'other.path', sealed from qlikcrawler.secret where path = 'jwt.token'`)
	b.must(err)
	_, err = b.Secret(t.Context(), "prod", "jwt.token")
	wantCode(t, err, catalog.CodeUnreadable)
	_, err = b.Secret(t.Context(), "jwt", "other.path")
	wantCode(t, err, catalog.CodeUnreadable)
}

func TestRemoveTakesEverythingOfTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.must(b.AddConnection(t.Context(), withSecrets()))
	run, err := b.StartRun(t.Context(), catalog.Run{Connection: "jwt", Mode: catalog.Full, Trigger: catalog.ByCLI})
	b.must(err)
	app := catalog.AppKey("jwt", "a")
	b.save(run, &catalog.Snapshot{
		Unit: catalog.Unit{Key: app}, Reports: []catalog.Report{{Key: app, Kind: catalog.ReportApp}},
		Gaps: []catalog.Gap{{Part: catalog.PartScript, Key: app, Err: errors.New("no")}},
	}, catalog.Partial)
	err = b.RemoveConnection(t.Context(), "jwt")
	wantCode(t, err, catalog.CodeConflict)
	b.done(run)
	b.crawl(rich("a1"))
	b.must(b.RemoveConnection(t.Context(), "jwt"))
	for _, table := range b.tables() {
		for _, row := range b.column("select t::text from " + table + " t") {
			if strings.Contains(row, "jwt") {
				t.Errorf("%s still has %s", table, row)
			}
		}
	}
	counts, err := b.Counts(t.Context(), "prod")
	b.must(err)
	if counts.Apps != 1 {
		t.Errorf("another connection has %+v", counts)
	}
	wantCode(t, b.RemoveConnection(t.Context(), "jwt"), catalog.CodeNotFound)
	b.must(b.AddConnection(t.Context(), withSecrets())) // the code is free again
}

func TestCodeHasNoSlash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.AddConnection(t.Context(), catalog.Connection{Code: "a/b", Name: "x", Type: "qlik-sense"}); err == nil {
		t.Error("it was stored")
	}
}
