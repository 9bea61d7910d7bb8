package qvs_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// The files of testdata/scripts hold small scripts, each with what it has to give:
//
//	=== name
//	the script
//	--- include path (the text of an included file, if any)
//	--- want
//	T from qvd Q lib://Q/x.qvd     a source of table T
//	T.a <- lib://Q/x.qvd.a         value lineage of a field
//	store T -> lib://Q/y.qvd       and x.col <= … for what is stored
//	dropped T, section S, unresolved $(v), $v = value
//	! 3:7 kind what                a diagnostic with its place
//
// The order of the lines doesn't matter.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split("\n"+string(text), "\n=== ")[1:] {
			name, body, _ := strings.Cut(part, "\n")
			script, want, ok := strings.Cut(body, "\n--- want\n")
			if !ok {
				t.Fatalf("%s: %s wants nothing", file, name)
			}
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				t.Parallel()
				script, include := includes(script)
				got := show(qvs.Run(script, qvs.Options{Include: include}))
				wanted := strings.FieldsFunc(want, func(r rune) bool { return r == '\n' })
				slices.Sort(wanted)
				if diff := cmp.Diff(wanted, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("(-want +got):\n%s\nall of it:\n%s", diff, strings.Join(got, "\n"))
				}
			})
		}
	}
}

// includes takes the included files off a script.
func includes(script string) (string, func(string) (string, error)) {
	parts := strings.Split(script, "\n--- include ")
	files := map[string]string{}
	for _, p := range parts[1:] {
		name, text, _ := strings.Cut(p, "\n")
		files[name] = text
	}
	return parts[0], func(path string) (string, error) {
		if text, ok := files[path]; ok {
			return text, nil
		}
		return "", errors.New("there is no such file")
	}
}

// show writes a result in the notation of the test files.
func show(res *qvs.Result) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	rep := res.Report()
	for _, t := range rep.Tables {
		for _, s := range t.Sources {
			add("%s from %s", t.Name, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", s.Kind, s.Connection, s.Object)), " "))
		}
	}
	for _, c := range rep.ColumnLineage {
		add("%s", strings.TrimSpace(c.To+" <- "+strings.Join(c.From, ", ")))
	}
	for _, s := range rep.Stores {
		add("store %s -> %s", s.Table, s.Target)
	}
	for _, c := range rep.StoreColumnLineage {
		add("%s", strings.TrimSpace(c.To+" <= "+strings.Join(c.From, ", ")))
	}
	for _, c := range rep.DerivedFields {
		add("derived %s <- %s", c.To, strings.Join(c.From, ", "))
	}
	for _, d := range rep.DroppedTables {
		add("dropped %s", d)
	}
	for _, s := range rep.SectionAccessTables {
		add("section %s", s)
	}
	for _, u := range rep.Unresolved {
		add("unresolved %s", u)
	}
	for _, name := range slices.Sorted(maps.Keys(rep.Variables)) {
		add("$%s = %s", name, rep.Variables[name])
	}
	for _, d := range rep.Diagnostics {
		add("! %d:%d %s %s", d.Line, d.Column, d.Kind, d.What)
	}
	slices.Sort(out)
	return out
}
