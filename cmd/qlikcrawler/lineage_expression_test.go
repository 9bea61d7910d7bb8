package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// offline is a program that has no database and must not want one.
func offline(t *testing.T) *program {
	t.Helper()
	return &program{t, map[string]string{"QLIKCRAWLER_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "QLIKCRAWLER_DATA_DIR": t.TempDir()}}
}

func TestLineageExpressionPrintsTheFormatOfTheWorkedExamples(t *testing.T) {
	t.Parallel()
	expression := "Sum({<Year=State2::Year>} Sales * $(vRate)) / [Total Sales] + vBonus + Num(1 "
	got := offline(t).run("", "lineage", "expression", "--json", expression, "--variables", "vRate, vBonus", "--measures", "Total Sales", "--fields", "Year,Sales")
	if got.status != exitDone {
		t.Fatalf("status %d: %s", got.status, got.stderr)
	}
	var result any
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"expression":   expression,
		"fields":       []any{"Sales", "Year"},
		"variables":    []any{"vBonus", "vRate"},
		"functions":    []any{"Num"},
		"aggregations": []any{"Sum"}, "alternate_states_or_bookmarks": []any{"State2"},
		"measures": []any{"Total Sales"},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("JSON (-want +got)\n%s", diff)
	}
	if !strings.Contains(got.stderr, "this parenthesis is not closed") {
		t.Errorf("standard error %q, want the parenthesis that is not closed", got.stderr)
	}
}

func TestLineageExpressionShowsWhereAnErrorIs(t *testing.T) {
	t.Parallel()
	got := offline(t).run("Sum(vX)\n + Count(Sales))\n", "lineage", "expression", "-", "--variables", "vX=Sum(Cost)")
	if got.status != exitDone {
		t.Fatalf("status %d: %s", got.status, got.stderr)
	}
	for _, want := range []string{"Sales", "vX", "2:10", "2:16: ) is not expected here\n   + Count(Sales))\n                 ^\n"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("output lacks %q:\n%s", want, got.stdout)
		}
	}
	if none := offline(t).run("", "lineage", "expression"); none.status != exitUsage {
		t.Errorf("no expression gives status %d, want %d", none.status, exitUsage)
	}
}
