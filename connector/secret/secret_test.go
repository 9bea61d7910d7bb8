package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A refusal is what a reading that fails has to say.
type refusal struct {
	code catalog.Code
	says string
	cure string
}

func parse(t *testing.T, text string) connector.Reference {
	t.Helper()
	ref, err := connector.ParseReference(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func wantValue(t *testing.T, r Resolver, text, want string) {
	t.Helper()
	if got, err := r.Resolve(t.Context(), parse(t, text)); err != nil || got != want {
		t.Errorf("%s: %q, %v; want %q", text, got, err, want)
	}
}

// wantRefusal asks for a reference and looks at the error: its code, words and cure, and that none of
// the texts that must stay hidden is in it.
func wantRefusal(t *testing.T, r Resolver, text string, want refusal, hidden ...string) {
	t.Helper()
	got, err := r.Resolve(t.Context(), parse(t, text))
	var e *catalog.Error
	if err == nil || got != "" || !errors.As(err, &e) {
		t.Errorf("%s: %q, %v; want a refusal", text, got, err)
		return
	}
	if e.Code != want.code || !strings.Contains(err.Error(), want.says) || !strings.Contains(err.Error(), text) || !strings.Contains(e.Cure, want.cure) || e.Cure == "" {
		t.Errorf("%s: code %s, %q, cure %q; want %+v", text, e.Code, err, e.Cure, want)
	}
	for chain := err; chain != nil; chain = errors.Unwrap(chain) {
		for _, h := range hidden {
			if h != "" && strings.Contains(chain.Error(), h) {
				t.Errorf("%s: the error shows %q: %v", text, h, chain)
			}
		}
	}
}

func TestEnvironmentVariables(t *testing.T) {
	t.Parallel()
	r := Resolver{Getenv: func(name string) string { return map[string]string{"TOKEN": " from env\n", "EMPTY": ""}[name] }}
	wantValue(t, r, "env:TOKEN", " from env\n")
	for _, name := range []string{"env:EMPTY", "env:NONE"} {
		wantRefusal(t, r, name, refusal{catalog.CodeInvalid, "is not set", "Set it"})
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"unix": "from file\n", "windows": "from file\r\n", "bare": "from file", "empty": "\n", "huge": strings.Repeat("x", maxFile+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"unix", "windows", "bare"} {
		wantValue(t, Resolver{}, "file:"+filepath.Join(dir, name), "from file")
	}
	for name, want := range map[string]refusal{
		"empty": {catalog.CodeInvalid, "empty", "Store a value"},
		"huge":  {catalog.CodeInvalid, "more than 1 MiB", "Name a file"},
		"none":  {catalog.CodeNotFound, "no such file", "Check the path"},
		".":     {catalog.CodeInvalid, "no regular file", "Name a file"},
	} {
		wantRefusal(t, Resolver{}, "file:"+filepath.Join(dir, name), want)
	}
}

func TestAnUnknownKindIsRefused(t *testing.T) {
	t.Parallel()
	if v, err := (Resolver{}).Resolve(t.Context(), connector.Reference{Scheme: "gopher", Place: "x"}); err == nil || v != "" {
		t.Errorf("%q, %v", v, err)
	}
}
