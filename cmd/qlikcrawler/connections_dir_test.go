package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestAFolderOfConnectionsIsApplied(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	var log bytes.Buffer
	o.app.log = slog.New(slog.NewTextHandler(&log, nil))
	dir := t.TempDir()
	var started []string
	f := &connectionFolder{app: o.app, db: o.db, dir: dir, start: func(_ context.Context, r catalog.Run) (catalog.RunID, error) {
		started = append(started, r.Connection)
		return 1, nil
	}}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.apply(t.Context())
	}
	file := func(code, words string) string {
		return "name: " + code + "\ncode: " + code + "\ntype: qlik-sense\nurl: https://sense.example.com\ndescription: " + words + "\nauthentication: jwt\njwt:\n  token: planted-token\ntls: {ca_file: ca.pem}\n"
	}
	revision := func(code string) int64 {
		t.Helper()
		c, err := o.db.Connection(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		return c.Revision
	}
	write("one.yaml", file("one", "first"))
	write("two.yml", file("two", "first"))
	write("notes.txt", "no connection")
	if revision("one") != 1 || strings.Join(started, " ") != "one two" {
		t.Fatalf("started %v\n%s", started, log.String())
	}
	f.apply(t.Context())
	f.applied = nil // as after a restart
	f.apply(t.Context())
	if revision("one") != 1 {
		t.Error("a file that says what is stored is an edit")
	}
	write("one.yaml", file("one", "second"))
	if c, err := o.db.Connection(t.Context(), "one"); err != nil || c.Description != "second" || c.Revision != 2 || len(started) != 2 {
		t.Errorf("%q, revision %d, started %v, %v", c.Description, c.Revision, started, err)
	}
	write("one.yaml", strings.Replace(file("one", "third"), "planted-token", "another-token", 1))
	if got, err := o.db.Secret(t.Context(), "one", "jwt.token"); err != nil || got != "another-token" {
		t.Errorf("the secret is %q, %v", got, err)
	}

	log.Reset()
	write("one.yaml", file("one", "fourth")+"colour: red\n")
	if !strings.Contains(log.String(), "one.yaml") || !strings.Contains(log.String(), "line 10") || revision("one") != 3 {
		t.Errorf("a wrong file, revision %d:\n%s", revision("one"), log.String())
	}
	log.Reset()
	f.apply(t.Context())
	if log.Len() > 0 {
		t.Errorf("the same fault is told twice:\n%s", log.String())
	}
	write("zwei.yaml", file("two", "of another file"))
	if !strings.Contains(log.String(), "two is in") || revision("two") != 1 {
		t.Errorf("two files of one connection:\n%s", log.String())
	}
	if err := os.Remove(filepath.Join(dir, "two.yml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "zwei.yaml")); err != nil {
		t.Fatal(err)
	}
	f.apply(t.Context())
	if _, err := o.db.Connection(t.Context(), "two"); err != nil {
		t.Errorf("a file that is gone removed its connection: %v", err)
	}
	if strings.Contains(log.String(), "-token") {
		t.Errorf("the log shows a token:\n%s", log.String())
	}
}

func TestAConnectionFileThatCouldNotBeAppliedIsTriedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	var log bytes.Buffer
	o.app.log = slog.New(slog.NewTextHandler(&log, nil))
	dir := t.TempDir()
	f := &connectionFolder{app: o.app, db: o.db, dir: dir}
	write := func(code, name string) {
		t.Helper()
		text := "name: " + name + "\ncode: " + code + "\ntype: qlik-sense\nurl: https://sense.example.com\nauthentication: jwt\njwt: {token: t}\n"
		if err := os.WriteFile(filepath.Join(dir, code+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one", "Left")
	write("two", "Right")
	f.apply(t.Context())
	write("one", "Right") // the two change names: the first must wait for the second
	write("two", "Middle")
	f.apply(t.Context())
	if n := strings.Count(log.String(), "not applied"); n != 1 {
		t.Errorf("%d faults were told, want one:\n%s", n, log.String())
	}
	write("two", "Left")
	for range 3 {
		f.apply(t.Context())
	}
	for code, name := range map[string]string{"one": "Right", "two": "Left"} {
		if c, err := o.db.Connection(t.Context(), code); err != nil || c.Name != name {
			t.Errorf("%s is called %q, %v", code, c.Name, err)
		}
	}
	if n := strings.Count(log.String(), "not applied"); n > 2 {
		t.Errorf("the same fault was told %d times:\n%s", n, log.String())
	}
}
