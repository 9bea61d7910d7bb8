package document_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt"
)

var sources = connector.Sources{qliksense.Source(), unbuilt.Source()}

// keysOf are the keys of a YAML text that aren't groups, by path.
func keysOf(t *testing.T, text string) []string {
	t.Helper()
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k, v := range tree {
		group, ok := v.(map[string]any)
		if !ok {
			keys = append(keys, k)
		}
		for inner := range group {
			keys = append(keys, k+"."+inner)
		}
	}
	slices.Sort(keys)
	return keys
}

func fieldPaths(source connector.Source) []string {
	var paths []string
	for _, f := range document.Fields(source) {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return paths
}

func TestTheFieldListHasTheKeysOfTheContract(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(keysOf(t, string(text)), fieldPaths(sources[0])); diff != "" {
		t.Errorf("(-contract +fields):\n%s", diff)
	}
}

// commented is a line of the template that holds a key behind a #, and not a sentence.
var commented = regexp.MustCompile(`^(\s*)# ?(\s*[a-z_]+:( .*)?)$`)

func TestTheTemplateHasTheKeysOfTheFieldList(t *testing.T) {
	t.Parallel()
	for _, source := range sources {
		var lines []string
		for line := range strings.Lines(source.Template) {
			line = strings.TrimRight(line, "\n")
			lines = append(lines, commented.ReplaceAllString(line, "$1$2"))
		}
		if diff := cmp.Diff(keysOf(t, strings.Join(lines, "\n")), fieldPaths(source)); diff != "" {
			t.Errorf("%s (-template +fields):\n%s", source.Type, diff)
		}
	}
}

// known is how an unknown key is told.
var known = regexp.MustCompile(`known are (.*)$`)

// TestDecodingHasTheKeysOfTheFieldList asks for the keys that are known by giving one that isn't.
func TestDecodingHasTheKeysOfTheFieldList(t *testing.T) {
	t.Parallel()
	const none = "qqqqqqqqqqqqqqqq"
	for _, source := range sources {
		groups := map[string][]string{}
		for _, path := range fieldPaths(source) {
			if group, key, inner := strings.Cut(path, "."); inner {
				groups[group] = append(groups[group], key)
			}
		}
		delete(groups, "schedule") // told apart by its own reader
		for group, want := range groups {
			tree := map[string]any{"name": "x", "code": "x", "type": source.Type, "url": "https://x", group: map[string]any{none: "x"}}
			_, errs := document.Reader{Sources: sources}.Read(tree)
			var got []string
			for _, e := range errs {
				if m := known.FindStringSubmatch(e.Message); e.Path == group+"."+none && m != nil {
					got = strings.Split(m[1], ", ")
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-fields +decoded):\n%s\n%v", group, diff, errs)
			}
		}
	}
}

func TestFieldsAreDescribedInWords(t *testing.T) {
	t.Parallel()
	for _, source := range sources {
		var secrets, files []string
		paths := fieldPaths(source)
		for _, f := range document.Fields(source) {
			if f.Label == "" || f.Help == "" || f.Kind == "" || !strings.HasSuffix(f.Help, ".") {
				t.Errorf("%s: label %q, help %q, kind %q", f.Path, f.Label, f.Help, f.Kind)
			}
			if (f.Kind == catalog.KindChoice) != (len(f.Choices) > 0) && f.Kind != catalog.KindList {
				t.Errorf("%s: kind %s, choices %v", f.Path, f.Kind, f.Choices)
			}
			for _, other := range f.Alternatives {
				if !slices.Contains(paths, other) {
					t.Errorf("%s: there is no %s", f.Path, other)
				}
			}
			if f.Secret {
				secrets = append(secrets, f.Path)
			}
			if f.Kind == catalog.KindFile || slices.Contains(source.Files, f.Path) && f.Kind == catalog.KindList {
				files = append(files, f.Path)
			}
		}
		if diff := cmp.Diff(source.Secrets, secrets); diff != "" {
			t.Errorf("secrets (-source +fields):\n%s", diff)
		}
		slices.Sort(files)
		want := slices.Sorted(slices.Values(source.Files))
		if diff := cmp.Diff(want, files); diff != "" {
			t.Errorf("files (-source +fields):\n%s", diff)
		}
	}
}

// TestRequiredFieldsAreMissed gives nothing but the login: what the form calls required is what is missed.
func TestRequiredFieldsAreMissed(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"windows", "jwt", "header", "certificate"} {
		_, errs := document.Reader{Sources: sources}.Read(map[string]any{"type": "qlik-sense", "authentication": login})
		var got, want []string
		for _, e := range errs {
			got = append(got, e.Path)
		}
		for _, f := range document.Fields(sources[0]) {
			needed := f.Required && f.Path != "type" && f.Path != "authentication" || slices.Contains(f.RequiredWhen, login)
			if needed && f.Path != "certificate.client_key" { // missed once there is a certificate
				want = append(want, f.Path)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-form +reader):\n%s\n%v", login, diff, errs)
		}
	}
}
