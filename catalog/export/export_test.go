package export_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/catalog/export"
)

var view = catalog.ExportView{Name: "report_field", Columns: []string{"key", "formula", "tags", "rows", "at"}}

// row gives values as the store does.
func row(values ...string) []json.RawMessage {
	var out []json.RawMessage
	for _, v := range values {
		out = append(out, json.RawMessage(v))
	}
	return out
}

var rows = [][]json.RawMessage{
	row(`"a"`, `"=Sum(x), \"y\"\r\nsecond\nthird"`, `["p","q"]`, `12345678901234567`, `null`),
	row(`"b"`, `" blank "`, `null`, `1.50`, `"2026-11-22T03:04:05+00:00"`),
	row(`"c"`, `"ünïcode <&>"`, `{"x": 1}`, `true`, `null`),
}

func write(t *testing.T, format export.Format) (string, []export.Written) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	v, err := export.NewViews(dir, format)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Abort()
	for _, view := range []catalog.ExportView{view, {Name: "empty", Columns: []string{"x", "y"}}} {
		if err := v.Begin(view); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if view.Name == "empty" {
				break
			}
			if err := v.Row(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	written, err := v.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return dir, written
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestJSONLinesHoldTheRowsExactly(t *testing.T) {
	t.Parallel()
	dir, written := write(t, export.JSON)
	want := `{"key":"a","formula":"=Sum(x), \"y\"\r\nsecond\nthird","tags":["p","q"],"rows":12345678901234567,"at":null}
{"key":"b","formula":" blank ","tags":null,"rows":1.50,"at":"2026-11-22T03:04:05+00:00"}
{"key":"c","formula":"ünïcode <&>","tags":{"x": 1},"rows":true,"at":null}
`
	if diff := cmp.Diff(want, read(t, filepath.Join(dir, "report_field.jsonl"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantWritten := []export.Written{{View: "report_field", File: filepath.Join(dir, "report_field.jsonl"), Rows: 3}, {View: "empty", File: filepath.Join(dir, "empty.jsonl")}}
	if diff := cmp.Diff(wantWritten, written); diff != "" {
		t.Errorf("what was written (-want +got):\n%s", diff)
	}
}

func TestCSVIsThatOfRFC4180(t *testing.T) {
	t.Parallel()
	dir, _ := write(t, export.CSV)
	got := read(t, filepath.Join(dir, "report_field.csv"))
	want := "key,formula,tags,rows,at\r\n" +
		"a,\"=Sum(x), \"\"y\"\"\r\nsecond\nthird\",\"[\"\"p\"\",\"\"q\"\"]\",12345678901234567,\r\n" +
		"b,\" blank \",,1.50,2026-11-22T03:04:05+00:00\r\n" +
		"c,ünïcode <&>,\"{\"\"x\"\": 1}\",true,\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	records, err := csv.NewReader(strings.NewReader(got)).ReadAll() // it turns CRLF within cells into LF
	if err != nil || len(records) != 4 || records[1][1] != "=Sum(x), \"y\"\nsecond\nthird" {
		t.Errorf("another reader gets %q, %v", records, err)
	}
	if got := read(t, filepath.Join(dir, "empty.csv")); got != "x,y\r\n" {
		t.Errorf("a view without rows is %q, want its header", got)
	}
}

func TestAnExportThatFailsLeavesNoHalfFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := filepath.Join(dir, "report_field.csv")
	if err := os.WriteFile(before, []byte("of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := export.NewViews(dir, export.CSV)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.Begin(view), v.Row(rows[0])); err != nil {
		t.Fatal(err)
	}
	if err := v.Row(row(`1`)); err == nil {
		t.Error("a row with too few values passes")
	}
	v.Abort()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || read(t, before) != "of yesterday" {
		t.Errorf("%v is left, %v; the file of yesterday holds %q", files, err, read(t, before))
	}
}
