package document_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
)

func TestAStoredSecretDoesNotGoToAnotherServer(t *testing.T) {
	t.Parallel()
	first := map[string]any{
		"name": "x", "code": "x", "type": "qlik-sense", "url": "https://sense.example.com", "authentication": "windows",
		"windows": map[string]any{"user_directory": "D", "user_id": "u", "password": "secret"},
		"proxy":   map[string]any{"url": "http://proxy:3128", "username": "p", "password": "env:PROXY_PASSWORD"},
		"tls":     map[string]any{"insecure_skip_verify": false},
	}
	old, errs := document.Reader{Sources: sources}.Read(first)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for path := range old.Secrets {
		old.Secrets[path] = catalog.Secret{} // as the store gives them
	}
	bare := map[string]any{"user_directory": "D", "user_id": "u"}
	proxy := map[string]any{"url": "http://proxy:3128", "username": "p"}
	both := []string{"proxy.password", "windows.password"}
	for _, test := range []struct {
		name   string
		change map[string]any
		want   []string // secrets that must be given again
	}{
		{"nothing that matters", map[string]any{"name": "y", "description": "z"}, nil},
		{"the same server written otherwise", map[string]any{"url": "SENSE.example.com:443/"}, nil},
		{"another host", map[string]any{"url": "https://evil.example.com"}, both},
		{"another port", map[string]any{"url": "https://sense.example.com:4443"}, both},
		{"no encryption", map[string]any{"url": "http://sense.example.com"}, both},
		{"another name to present", map[string]any{"alias_host_name": "evil", "link_url": "https://sense.example.com"}, both},
		{"another proxy", map[string]any{"proxy": map[string]any{"url": "http://evil:3128", "username": "p"}}, both},
		{"certificates no longer verified", map[string]any{"tls": map[string]any{"insecure_skip_verify": true}}, both},
		{"another host, and the password", map[string]any{
			"url": "https://new.example.com", "windows": map[string]any{"user_directory": "D", "user_id": "u", "password": "given"},
		}, []string{"proxy.password"}},
		{"another host, and all secrets", map[string]any{
			"url": "https://new.example.com", "windows": map[string]any{"user_directory": "D", "user_id": "u", "password": "given"},
			"proxy": map[string]any{"url": "http://proxy:3128", "username": "p", "password": "env:PROXY_PASSWORD"},
		}, nil},
		{"another host, and another login beside the old one's leftovers", map[string]any{
			"url": "https://new.example.com", "authentication": "jwt", "jwt": map[string]any{"prefix": "jwt", "token": "given"},
		}, both},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tree := maps.Clone(first)
			tree["windows"], tree["proxy"] = bare, proxy
			maps.Copy(tree, test.change)
			_, errs := document.Reader{Sources: sources, Old: old}.Read(tree)
			var got []string
			for _, e := range errs {
				got = append(got, e.Path)
				if !strings.Contains(e.Message, "put") || !strings.Contains(e.Message, "back") {
					t.Errorf("%s: no cure in %q", e.Path, e.Message)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
