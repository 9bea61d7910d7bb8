package main

import (
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// The arguments of the containers are those that the program takes, and the connection beside the compose
// file gets into the simulated site.
func TestTheCompositionIsWhatThisProgramTakes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Services map[string]struct {
			Command []string `yaml:"command"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	root := newRoot(environment{Getenv: func(string) string { return "" }})
	for _, name := range []string{"qlikcrawler", "site"} {
		cmd, rest, err := root.Find(c.Services[name].Command)
		if err != nil || cmd == root {
			t.Fatalf("%s: no such command: %q, %v", name, c.Services[name].Command, err)
		}
		if err := cmd.ParseFlags(rest); err != nil || cmd.Flags().NArg() > 0 {
			t.Errorf("%s: %q: %v", name, rest, err)
		}
	}
	if cmd, _, err := root.Find([]string{"healthcheck"}); err != nil || cmd == root {
		t.Errorf("the image's health check: %v", err)
	}
}

func TestTheDemoConnectionOfTheCompositionGetsIn(t *testing.T) {
	t.Parallel()
	srv, err := qliktest.Start(demo.Site(), qliktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	text, err := os.ReadFile("../../deploy/compose/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/demo.yaml"
	writeText(t, file, strings.Replace(string(text), "https://site:4848", srv.URL, 1))
	var out, stderr strings.Builder
	env := environment{Getenv: func(string) string { return "" }, Stdout: &out, Stderr: &stderr}
	if status := run(t.Context(), []string{"check", "-f", file}, env); status != exitDone {
		t.Errorf("check ends with %d:\n%s%s", status, out.String(), stderr.String())
	}
}
