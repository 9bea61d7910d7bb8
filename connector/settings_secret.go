package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// referenceSchemes are the places a reference to a secret may name (contract §2).
func referenceSchemes() []string { return []string{"env", "file", "vault", "aws", "azure"} }

// SecretReference reports whether a secret's text is a reference ("env:NAME") and not the value, and
// its scheme. References are kept in a connection's settings, values in its secrets.
func SecretReference(text string) (scheme string, ok bool) {
	scheme, _, ok = strings.Cut(text, ":")
	if !ok || !slices.Contains(referenceSchemes(), scheme) {
		return "", false
	}
	return scheme, true
}

// CheckReference says in a sentence why a reference can't be used in this version; "" if it can.
func CheckReference(text string) string {
	scheme, place, _ := strings.Cut(text, ":")
	switch {
	case scheme != "env" && scheme != "file":
		return fmt.Sprintf("references to %s are not in this version; use env:NAME, file:PATH or the value itself", scheme)
	case place == "":
		return fmt.Sprintf("the reference names nothing; write %s:%s", scheme, map[string]string{"env": "NAME", "file": "PATH"}[scheme])
	}
	return ""
}

// ResolveReference reads what a reference points to. A file's last line end isn't part of the secret. The
// error names the place, never the value.
func ResolveReference(text string) (string, error) {
	if why := CheckReference(text); why != "" {
		return "", errors.New(why)
	}
	scheme, place, _ := strings.Cut(text, ":")
	if scheme == "env" {
		value := os.Getenv(place)
		if value == "" {
			return "", fmt.Errorf("the environment variable %s is not set", place)
		}
		return value, nil
	}
	f, err := os.Open(place)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return "", err
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" {
		return "", fmt.Errorf("the file %s is empty", place)
	}
	return value, nil
}

// SecretsOf makes Env.Secret for a connection: its own secret values, and what the references in its
// settings point to, read each time they are asked for.
func SecretsOf(c catalog.Connection) func(ctx context.Context, path string) (string, error) {
	return func(_ context.Context, path string) (string, error) {
		if s, ok := c.Secrets[path]; ok {
			return s.Reveal(), nil
		}
		var tree map[string]any
		if err := json.Unmarshal(c.Settings, &tree); err != nil {
			return "", fmt.Errorf("secret %s: the connection's settings are no JSON", path)
		}
		text := TextAt(tree, path)
		if text == "" {
			return "", fmt.Errorf("secret %s is not set", path)
		}
		if _, ok := SecretReference(text); !ok {
			return text, nil
		}
		value, err := ResolveReference(text)
		if err != nil {
			return "", fmt.Errorf("secret %s: %w", path, err)
		}
		return value, nil
	}
}

// TextAt is the text at a dotted path of a settings tree, "" if there is none.
func TextAt(tree map[string]any, path string) string {
	var x any = tree
	for key := range strings.SplitSeq(path, ".") {
		m, ok := x.(map[string]any)
		if !ok {
			return ""
		}
		x = m[key]
	}
	s, _ := x.(string)
	return s
}
