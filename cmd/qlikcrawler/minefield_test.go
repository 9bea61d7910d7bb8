package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A minefield is secrets that were planted, and everything that may not show them.
type minefield struct {
	t       *testing.T
	secrets map[string]string // where it was planted → the secret
	env     []string
	dir     string // the data folder

	mu    sync.Mutex
	ran   int
	found map[string]bool
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret)
	b := []byte(secret)
	all := []string{
		secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// search reports every planted secret in a text. Of a long one a piece is enough.
func (m *minefield) search(where, text string) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, secret := range m.secrets {
		for _, form := range forms(secret) {
			if i := strings.Index(text, form); i >= 0 && !m.found[where+name] {
				m.found[where+name] = true
				m.t.Errorf("%s shows %s: …%q…", where, name, text[max(0, i-80):min(len(text), i+40)])
			}
		}
	}
}

// A runner runs the program.
type runner func(stdin string, args ...string) (stdout string, status int)

// call runs the program in this process, which is faster, and searches what it says.
func (m *minefield) call(stdin string, args ...string) (stdout string, status int) {
	m.t.Helper()
	p := &program{m.t, map[string]string{}}
	for _, pair := range m.env {
		name, value, _ := strings.Cut(pair, "=")
		p.env[name] = value
	}
	r := p.run(stdin, args...)
	m.ran++
	where := strings.Join(args, " ")
	m.search(where+": standard output", r.stdout)
	m.search(where+": standard error", r.stderr)
	return r.stdout, r.status
}

// run runs the program as a process, so that what its libraries write on standard error by themselves is
// seen, and so are its children; it searches what it says and what arguments its children have.
func (m *minefield) run(stdin string, args ...string) (stdout string, status int) {
	m.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	cmd.Env = append(os.Environ(), m.env...)
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	watched := m.watch(ctx, cmd.Process.Pid, args)
	err = cmd.Wait()
	cancel()
	<-watched
	m.ran++
	where := strings.Join(args, " ")
	m.search(where+": standard output", out.String())
	m.search(where+": standard error", errs.String())
	if strings.Contains(errs.String(), "panic") {
		m.t.Errorf("%s: %v\n%s", where, err, errs.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// watch looks at the arguments of a process and of its descendants until ctx ends. Only Linux tells.
func (m *minefield) watch(ctx context.Context, pid int, args []string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, line := range commandLines(pid) {
				m.search("arguments of a child of "+strings.Join(args, " "), line)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return done
}

// commandLines gives the arguments of a process and its descendants.
func commandLines(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	lines := []string{string(bytes.ReplaceAll(b, []byte{0}, []byte{' '}))}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(task)
		for _, child := range strings.Fields(string(children)) {
			var n int
			if _, err := fmt.Sscan(child, &n); err == nil {
				lines = append(lines, commandLines(n)...)
			}
		}
	}
	return lines
}

// dump searches every row of every table of a database, as text.
func (m *minefield) dump(databaseURL string) {
	m.t.Helper()
	ctx := m.t.Context()
	db, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		m.t.Fatal(err)
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('qlikcrawler', 'public')")
	if err != nil {
		m.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		m.t.Fatalf("tables %v, %v", tables, err)
	}
	total := 0
	for _, table := range tables {
		rows, err := db.Query(ctx, "select t::text from "+table+" t")
		if err != nil {
			m.t.Fatal(err)
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			m.t.Fatal(err)
		}
		total += len(texts)
		m.search("the dump of "+table, strings.Join(texts, "\n"))
	}
	if total < 100 {
		m.t.Errorf("the dump has %d rows: nothing was crawled", total)
	}
}

// files searches everything in the data folder but the master key; of the embedded Postgres its log too,
// its tables and its journal.
func (m *minefield) files() {
	m.t.Helper()
	n := 0
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "master.key") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		m.search("the file "+path, string(b))
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Logf("%d runs of the program, %d files of the data folder", m.ran, n)
}

// plant makes a secret. It has characters that have to be escaped somewhere.
func (m *minefield) plant(where string) string {
	s := "planted+" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(where)) + "/%\u00e9=s3cret"
	m.secrets[where] = s
	return s
}

func newMinefield(t *testing.T, dir string) *minefield {
	t.Helper()
	m := &minefield{t: t, secrets: map[string]string{}, dir: dir, found: map[string]bool{}}
	key := bytes.Repeat([]byte{0xa7}, 31)
	m.secrets["the master key"] = string(append(key, 'k'))
	m.env = []string{
		asProgram + "=1", "QLIKCRAWLER_LOG_LEVEL=debug", "QLIKCRAWLER_DATA_DIR=" + dir, "QLIKCRAWLER_DATABASE_URL=", "QLIKCRAWLER_MASTER_KEY_FILE=",
		"QLIKCRAWLER_MASTER_KEY=" + base64.StdEncoding.EncodeToString([]byte(m.secrets["the master key"])),
		"PLANTED_REFERENCE=" + m.plant("a variable that a reference names"),
	}
	return m
}

// file is a connection file with the keys that differ from a plain one.
func plantedFile(t *testing.T, code, address string, keys map[string]any) string {
	t.Helper()
	doc := map[string]any{"name": code, "code": code, "type": "qlik-sense", "url": address, "authentication": "jwt", "link_url": "https://sense.example.com"}
	maps.Copy(doc, keys)
	b, err := json.Marshal(doc) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
