package qvs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// sameTree compares trees but for where things stand.
var sameTree = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b expr.Token) bool {
		return a.Kind == b.Kind && a.Value() == b.Value() || a.Quote() != 0 && b.Quote() != 0 && a.Kind == b.Kind && a.Value() == b.Value()
	}),
	cmpopts.IgnoreFields(item{}, "from", "to"),
	cmpopts.IgnoreFields(load{}, "t", "sourceAt", "odd", "statement"),
	cmpopts.IgnoreFields(storing{}, "at"), cmpopts.IgnoreFields(dropping{}, "at"), cmpopts.IgnoreFields(renaming{}, "at"),
	cmpopts.IgnoreFields(deriving{}, "at"), cmpopts.IgnoreFields(unknown{}, "at"), cmpopts.IgnoreFields(dependent{}, "at"),
	cmpopts.EquateEmpty(),
}

// testScripts are all scripts of the test data, and those of real apps if there are any.
func testScripts(t testing.TB) map[string]string {
	t.Helper()
	scripts := map[string]string{}
	dir := os.Getenv("QLIKCRAWLER_REAL_APPS")
	apps := filepath.Join(dir, "*", "script.qvs") // an unbuilt app needn't have its script
	for _, pattern := range []string{"testdata/cases/*/script.qvs", "testdata/scripts/*.txt", apps} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 && pattern != apps {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) != ".txt" {
				scripts[file] = string(content)
				continue
			}
			for _, part := range strings.Split("\n"+string(content), "\n=== ")[1:] {
				name, body, _ := strings.Cut(part, "\n")
				script, _, _ := strings.Cut(body, "\n--- ")
				scripts[file+"/"+name] = script
			}
		}
	}
	return scripts
}

func TestScriptsAreReadAgainAsTheyArePrinted(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for name, script := range testScripts(t) {
		tree := readTree(script)
		count(tree, kinds)
		printed := printTree(tree)
		if diff := cmp.Diff(tree, readTree(printed), sameTree); diff != "" {
			t.Errorf("%s: (-read +read again)\n%s\nprinted:\n%s", name, diff, printed)
		}
	}
	for _, kind := range []string{
		"LOAD", "SET", "LET", "REM", "INCLUDE", "IF", "SWITCH", "FOR", "DO", "SUB", "CALL", "EXIT",
		"*qvs.storing", "*qvs.dropping", "*qvs.renaming", "*qvs.commenting", "*qvs.section", "*qvs.binary", "*qvs.directory", "*qvs.disconnect",
		"*qvs.connecting", "*qvs.ignored", "*qvs.qualifying", "*qvs.aliasing", "*qvs.mapUsing", "*qvs.unmapping", "*qvs.tagging", "*qvs.declaring",
		"*qvs.deriving", "*qvs.dependent", "*qvs.unknown",
		"from below", "from file", "from field", "from inline", "from resident", "from autogenerate", "from extension", "from sql",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no script has a statement of the kind %s", kind)
		}
	}
}

func count(list []node, kinds map[string]int) {
	for _, n := range list {
		kinds[n.Kind]++
		switch b := n.Body.(type) {
		case *load:
			kinds["from "+[...]string{"below", "file", "field", "inline", "resident", "autogenerate", "extension", "sql"}[b.kind]]++
		case command:
			kinds[reflect.TypeOf(b).String()]++
		}
		for _, b := range n.Branches {
			count(b.Body, kinds)
		}
	}
}

// Whatever a script holds, reading and printing it ends without a panic; where it is closed and known, what
// is printed is read again as the same tree.
func FuzzPrint(f *testing.F) {
	for _, script := range testScripts(f) {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script string) {
		tree := readTree(script)
		printed := printTree(tree)
		again := readTree(printed)
		if !whole(script) || !known(tree) {
			return
		}
		if diff := cmp.Diff(tree, again, sameTree); diff != "" {
			t.Errorf("%q is printed as %q: (-read +read again)\n%s", script, printed, diff)
		}
	})
}

// whole tells whether every quote, comment and $( is closed: what isn't reaches to the end of the script,
// which is elsewhere in the printed one.
func whole(script string) bool {
	for _, tok := range expr.Tokens(script) {
		if tok.Open {
			return false
		}
	}
	return strings.Count(script, "/*") == 0 && strings.Count(script, "'")%2 == 0
}

// known tells whether all statements are complete ones of the language, and nothing in them is out of place.
func known(list []node) bool {
	for _, n := range list {
		if n.Kind == "NOTHING" {
			return false
		}
		switch b := n.Body.(type) {
		case *load:
			if b.odd > 0 || len(b.items) > 0 && strings.HasPrefix(tokenTexts(b.items[0].toks), ":") || b.kind == fromExtension && len(b.tables) == 0 {
				return false
			}
		case [2]string: // where a value with quotes ends depends on its line
			if n.Text == "false" || strings.ContainsAny(b[0]+b[1], ";'\"[`$\r\n") {
				return false
			}
		case *dropping:
			if len(b.names) == 0 || b.what != "TABLE" && b.what != "FIELD" {
				return false
			}
		case *renaming:
			if len(b.pairs) == 0 {
				return false
			}
		case *mapUsing:
			if !b.ok || len(b.names) == 0 {
				return false
			}
		case *unknown, *dependent, *storing, *ignored, *connecting, *commenting, *tagging, *deriving, *declaring:
			return false
		case forHead:
			if b.name == "" || !b.each && (b.from == "" || b.to == "" || b.step == "") {
				return false
			}
		case exitHead:
			if b.what == "" {
				return false
			}
		}
		for _, b := range n.Branches {
			if h, ok := b.Head.(ifHead); ok && !h.then {
				return false
			}
			if !known(b.Body) {
				return false
			}
		}
	}
	return true
}
