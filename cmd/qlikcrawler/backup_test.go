package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// postgresClient finds one of Postgres' client programs, where the server's programs are.
func postgresClient(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Skipf("no %s here: it comes with Postgres' client programs", name)
	}
	return found[len(found)-1]
}

func runClient(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), postgresClient(t, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// docs/how-to/backup.md promises it: pg_dump and the master key are a whole backup. The restored catalog
// has every row, its secrets open, and the next crawl finds nothing to do.
func TestABackupComesBackWhole(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(8), qliktest.Options{})
	p := newProgram(t)
	if first := p.crawl(exitDone, fileFor(t, srv, "qlik"), "-f", "-"); first.Tally.Added != 8 {
		t.Fatalf("the first crawl: %+v", first)
	}
	dump := filepath.Join(t.TempDir(), "catalog.dump")
	runClient(t, "pg_dump", "--format=custom", "--file="+dump, "--dbname="+p.database())
	if info, err := os.Stat(dump); err != nil || info.Size() == 0 {
		t.Fatal(err)
	}
	restored := newProgram(t)
	restored.env["QLIKCRAWLER_DATABASE_URL"] = pgtest.Blank(t)
	runClient(t, "pg_restore", "--no-owner", "--exit-on-error", "--dbname="+restored.database(), dump)
	before, after := p.must(exitDone, "", "connection", "list", "--json").stdout, restored.must(exitDone, "", "connection", "list", "--json").stdout
	if before != after || !strings.Contains(after, `"qlik"`) {
		t.Errorf("the connections differ:\n%s\n%s", before, after)
	}
	again := restored.crawl(exitDone, "", "qlik")
	if again.Tally.Unchanged != 8 || again.Tally.Added+again.Tally.Updated+again.Tally.Retired != 0 {
		t.Errorf("a delta of the restored catalog: %+v", again.Tally)
	}
}

// What docs/how-to/secrets.md says of rotation holds while the service runs: it has both keys, opens what is
// sealed with either, and seals with the one in force.
func TestKeysAreRotatedWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(3), qliktest.Options{})
	p := newProgram(t)
	p.env["QLIKCRAWLER_NEW_MASTER_KEY"] = strings.Repeat("cd", 32)
	p.must(exitDone, fileFor(t, srv, "qlik"), "connection", "add", "-f", "-")
	s := p.serve()
	s.getsIn(t, "qlik")
	rotated := p.must(exitDone, "", "secrets", "rotate", "--json")
	if !strings.Contains(rotated.stdout, `"secrets": 1`) {
		t.Fatalf("rotate: %s", rotated.stdout)
	}
	s.getsIn(t, "qlik")
	p.must(exitDone, fileFor(t, srv, "other"), "connection", "add", "-f", "-")
	s.getsIn(t, "other")
	s.stop()
	p.env["QLIKCRAWLER_MASTER_KEY"] = p.env["QLIKCRAWLER_NEW_MASTER_KEY"]
	delete(p.env, "QLIKCRAWLER_NEW_MASTER_KEY")
	p.crawl(exitDone, "", "qlik")
	p.crawl(exitDone, "", "other")
}

// getsIn has the service check a connection: it opens the stored secrets, and logs in to Qlik with them.
func (s *server) getsIn(t *testing.T, code string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/connections/"+code+"/check", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var check struct {
		OK bool `json:"ok"`
	}
	if err := json.Unmarshal(body, &check); err != nil || res.StatusCode != http.StatusOK || !check.OK {
		t.Errorf("the service doesn't get in with %s: %s, %s", code, res.Status, body)
	}
}
