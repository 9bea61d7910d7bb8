package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog/export"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
	"github.com/qlikcrawler/qlikcrawler/lineage/openlineage"
)

func TestExportWritesACrawledSiteForOtherPrograms(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	p := newProgram(t)
	p.crawl(exitDone, fileFor(t, srv, "prod"), "-f", "-")
	conn := connect(t, p.database())
	count := func(of string) (n int) {
		if err := conn.QueryRow(t.Context(), "select count(*) from "+of).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, format := range []string{"json", "csv"} {
		dir := filepath.Join(t.TempDir(), "out")
		var written []export.Written
		r := p.must(exitDone, "", "export", format, "prod", "-o", dir, "--json")
		if err := json.Unmarshal([]byte(r.stdout), &written); err != nil || len(written) != 14 {
			t.Fatalf("%d views are written, %v\n%s", len(written), err, r.stdout)
		}
		for _, w := range written {
			if n := count("catalog." + w.View); n != w.Rows || n != rowsOf(t, format, w.File) {
				t.Errorf("%s has %d rows, says the command, %d in the file, %d in the view", w.View, w.Rows, rowsOf(t, format, w.File), n)
			}
			if w.Rows == 0 && w.View != "gap" && w.View != "lineage_gap" && w.View != "change" {
				t.Errorf("%s has no rows", w.View)
			}
		}
	}
	t.Run("openlineage", func(t *testing.T) { exportsLineage(t, p, count("qlikcrawler.lineage_unit")) })
	p.must(exitFailed, "", "export", "csv", "nobody", "-o", filepath.Join(t.TempDir(), "none"))
	p.must(exitUsage, "", "export", "openlineage", "prod", "--to", "http://x", "--token", "s3cret")
	p.must(exitUsage, "", "export", "openlineage", "prod", "--to", "not an address")
}

// rowsOf counts the rows of a file, by a reader that isn't ours.
func rowsOf(t *testing.T, format, file string) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if format == "csv" {
		records, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return len(records) - 1
	}
	n := 0
	for dec := json.NewDecoder(f); ; n++ {
		var row map[string]any
		if err := dec.Decode(&row); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// exportsLineage sends the lineage of as many apps to an endpoint and to a file, which get the same.
func exportsLineage(t *testing.T, p *program, apps int) {
	var mu sync.Mutex
	var sent []string
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path != "/api/v1/lineage" || r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		sent = append(sent, string(body))
	}))
	t.Cleanup(endpoint.Close)
	p.env["LINEAGE_TOKEN"] = "s3cret"
	dir := t.TempDir()
	var summary openLineageSummary
	r := p.must(exitDone, "", "export", "openlineage", "prod", "-o", dir, "--to", endpoint.URL, "--token", "env:LINEAGE_TOKEN", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &summary); err != nil {
		t.Fatal(err)
	}
	if summary.Apps != apps || apps == 0 || summary.Sent != len(sent) || summary.Events != len(sent) {
		t.Errorf("%+v; want %d apps; the endpoint got %d events", summary, apps, len(sent))
	}
	file, err := os.ReadFile(summary.File)
	if err != nil || string(file) != strings.Join(sent, "\n")+"\n" {
		t.Errorf("the file %s isn't what was sent, %v", summary.File, err)
	}
	if printed := p.must(exitDone, "", "export", "openlineage", "prod", "-o", "-").stdout; printed != string(file) {
		t.Error("-o - doesn't print what the file holds")
	}
	meetInAFile(t, string(file))
	t.Run("official schemas", func(t *testing.T) { validBySchemas(t, string(file)) })
	r = p.must(exitFailed, "", "export", "openlineage", "prod", "--to", endpoint.URL)
	if !strings.Contains(r.stderr, "--token") {
		t.Errorf("a refused token is told as %s", r.stderr)
	}
}

// meetInAFile wants a file that one reload writes and another one reads.
func meetInAFile(t *testing.T, lines string) {
	t.Helper()
	writers, readers := map[string]string{}, map[string][]string{}
	scanner := bufio.NewScanner(strings.NewReader(lines))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		var e openlineage.Event
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		for _, d := range e.Outputs {
			if !strings.HasPrefix(d.Namespace, "qlik://") {
				writers[d.Namespace+"|"+d.Name] = e.Job.Name
			}
		}
		for _, d := range e.Inputs {
			readers[d.Namespace+"|"+d.Name] = append(readers[d.Namespace+"|"+d.Name], e.Job.Name)
		}
	}
	for name, writer := range writers {
		for _, reader := range readers[name] {
			if reader != writer {
				return
			}
		}
	}
	t.Errorf("no file is written by one app and read by another one: written %s; read %s", fmt.Sprint(writers), fmt.Sprint(readers))
}
