package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// ranElsewhere are pages whose commands another test runs.
var ranElsewhere = []string{"docs/reference/api.md"} // TestTheExamplesOfTheAPIWork

// TestTheCommandsOfThePagesRun runs the sh blocks of each page, in order, as one script, and then its sql blocks.
// A page finds a folder with sense.yaml, the connection file of a simulated site with the code qlik-prod; that
// connection is crawled before, unless the page itself does it.
func TestTheCommandsOfThePagesRun(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash on this machine")
	}
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	file := fileFor(t, srv, "qlik-prod")
	ran := 0
	for page, text := range pages(t) {
		script, queries := commandsOf(page, text)
		if script == "" && len(queries) == 0 || slices.Contains(ranElsewhere, page) {
			continue
		}
		ran++
		t.Run(page, func(t *testing.T) { runPage(t, file, script, queries) })
	}
	if ran < 5 {
		t.Errorf("the commands of %d pages ran", ran)
	}
}

func commandsOf(page, text string) (script string, queries []string) {
	for _, b := range blocksOf(page, text) {
		switch {
		case b.mark != "":
		case b.language == "sh":
			script += b.text
		case b.language == "sql":
			queries = append(queries, b.text)
		}
	}
	return script, queries
}

func runPage(t *testing.T, file, script string, queries []string) {
	p := newProgram(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sense.yaml"), file)
	crawls := strings.Contains(script, "crawl -f") || strings.Contains(script, "demo --once")
	if !crawls {
		p.crawl(exitDone, file, "-f", "-")
	}
	if script != "" {
		runScript(t, p, dir, script)
	}
	for _, query := range queries {
		runQuery(t, p, query)
	}
}

// runScript runs a script with the program on the path.
func runScript(t *testing.T, p *program, dir, script string) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	wrapper := "#!/bin/sh\n" + asProgram + "=1 exec '" + exe + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "qlikcrawler"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-eux", "-o", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func runQuery(t *testing.T, p *program, query string) {
	db, err := pgx.Connect(t.Context(), p.env["QLIKCRAWLER_DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil || n == 0 {
		t.Errorf("%d rows, %v:\n%s", n, err, query)
	}
}
