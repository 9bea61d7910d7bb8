package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAServiceStopsWhenItIsAsked(t *testing.T) {
	t.Parallel()
	requests, sign := make(chan serviceRequest), make(chan time.Time)
	states := make(chan serviceState, 16)
	finish := make(chan struct{})
	ended := make(chan int)
	go func() {
		ended <- control(t.Context(), requests, sign, func(s serviceState) { states <- s }, func(ctx context.Context) int {
			<-ctx.Done()
			<-finish // stopping takes its time
			return exitInterrupted
		})
	}()
	requests <- serviceInterrogate
	sign <- time.Time{} // says nothing while all is well
	requests <- serviceStop
	sign <- time.Time{} // still stopping
	requests <- serviceStop
	close(finish)
	if status := <-ended; status != exitDone {
		t.Errorf("a service that was asked to stop ends with %d", status)
	}
	close(states)
	var got []serviceState
	for s := range states {
		got = append(got, s)
	}
	want := []serviceState{serviceStarting, serviceRunning, serviceRunning, serviceStopping, serviceStopping, serviceStopping}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the states are not as wanted:\n%s", diff)
	}
}

func TestAServiceThatFailsTellsItsStatus(t *testing.T) {
	t.Parallel()
	status := control(t.Context(), nil, nil, func(serviceState) {}, func(context.Context) int { return exitUsage })
	if status != exitUsage {
		t.Errorf("it ends with %d: Windows would not start it again", status)
	}
}

func TestServiceIsStartedWithWhatWasSaid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "my variables.env")
	writeText(t, file, "A=1\n")
	a := &app{config: config{DataDir: "/data"}}
	o := serviceOptions{Name: "two", EnvFile: file}
	if err := o.complete(a, []string{"--listen", ":8443", "--tls-cert", "c", "--tls-key", "k"}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"service", "run", "--name", "two", "--data-dir", "/data", "--env-file", file,
		"--", "--listen", ":8443", "--tls-cert", "c", "--tls-key", "k",
	}
	if diff := cmp.Diff(want, o.arguments()); diff != "" || o.Account != `NT SERVICE\two` {
		t.Errorf("account %q, arguments:\n%s", o.Account, diff)
	}
	for name, args := range map[string][]string{"unknown flag": {"--no-such"}, "argument": {"x"}} {
		if err := o.complete(a, args); err == nil || statusOf(t.Context(), err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServiceRunsServeWithTheVariablesOfItsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "env")
	writeText(t, file, "QLIKCRAWLER_DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/db?connect_timeout=2\n")
	var log bytes.Buffer
	a := &app{config: config{DataDir: t.TempDir()}, env: environment{
		Getenv: func(string) string { return "" }, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{},
	}}
	status := a.runAsService(t.Context(), serviceOptions{EnvFile: file}, nil, &log)
	if status != exitFailed || !strings.Contains(log.String(), "127.0.0.1") || strings.Contains(log.String(), "hunter2") {
		t.Errorf("it ends with %d and says %s", status, log.String())
	}
	if e := eventOf(log.Bytes()); e.Level != "ERROR" {
		t.Errorf("the event is %+v", e)
	}
}

func TestEnvFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "env")
	writeText(t, file, "\ufeff# comment\r\n\r\nA=1\r\n B = x=y \nC=\"q r\"\nD='\nE=\n")
	got, err := readEnvFile(file)
	want := map[string]string{"A": "1", "B": "x=y", "C": "q r", "D": "'", "E": ""}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	writeText(t, file, "A=1\nhunter2\n")
	if _, err := readEnvFile(file); err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a line without a name: %v", err)
	}
}

func TestLinesOfTheLogAreEvents(t *testing.T) {
	t.Parallel()
	e := eventOf([]byte(`{"time":"2026-01-02T03:04:05Z","level":"WARN","msg":"it is late","hours":3}` + "\n"))
	if e.Level != "WARN" || !strings.HasPrefix(e.Text, "it is late\r\n{") || !strings.HasSuffix(e.Text, `"hours":3}`) {
		t.Errorf("%+v", e)
	}
	if e := eventOf([]byte("qlikcrawler: no\n")); e != (event{"ERROR", "qlikcrawler: no"}) {
		t.Errorf("%+v", e)
	}
}

func TestOtherSystemsAreToldWhatToUse(t *testing.T) {
	t.Parallel()
	if windowsServices() != nil {
		t.Skip("this is Windows")
	}
	for _, verb := range []string{"install", "uninstall", "start", "stop", "run"} {
		var stderr bytes.Buffer
		env := environment{Getenv: func(string) string { return "" }, Stdout: &bytes.Buffer{}, Stderr: &stderr}
		status := run(t.Context(), []string{"service", verb}, env)
		if status != exitUsage || !strings.Contains(stderr.String(), "systemd") {
			t.Errorf("%s: ends with %d and says %q", verb, status, stderr.String())
		}
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
