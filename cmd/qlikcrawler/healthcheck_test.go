package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthcheckTellsWhetherTheServiceIsReady(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the database is away", http.StatusServiceUnavailable)
	})
	plain, encrypted := httptest.NewServer(mux), httptest.NewTLSServer(mux)
	t.Cleanup(plain.Close)
	t.Cleanup(encrypted.Close)
	for name, test := range map[string]struct {
		args   []string
		listen string
		status int
		says   string
	}{
		"alive":                   {[]string{"--alive", "--url", plain.URL}, "", exitDone, ""},
		"alive, by TLS":           {[]string{"--alive", "--url", encrypted.URL}, "", exitDone, ""},
		"where it listens":        {[]string{"--alive"}, strings.TrimPrefix(plain.URL, "http://"), exitDone, ""},
		"not ready":               {[]string{"--url", plain.URL}, "", exitFailed, "the database is away"},
		"nobody there":            {[]string{"--url", "http://127.0.0.1:1"}, "", exitFailed, "doesn't answer"},
		"no address":              {[]string{"--url", "nonsense"}, "", exitUsage, "want http://"},
		"an argument too many":    {[]string{"x"}, "", exitUsage, "--help"},
		"listens on all, no port": {nil, "[::]:1", exitFailed, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			env := environment{Stdout: &bytes.Buffer{}, Stderr: &stderr, Getenv: func(name string) string {
				return map[string]string{"QLIKCRAWLER_LISTEN": test.listen}[name]
			}}
			status := run(t.Context(), append([]string{"healthcheck"}, test.args...), env)
			if status != test.status || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("it ends with %d and says %q", status, stderr.String())
			}
		})
	}
}
