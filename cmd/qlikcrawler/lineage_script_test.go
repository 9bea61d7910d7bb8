package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sampleScript = `///$tab Main
$(Must_Include=lib://Scripts/init.qvs);
OLEDB CONNECT TO [Provider=X;Data Source=SRV;Initial Catalog=ERP;Password=hunter2] (XPassword is HUNTER3);
T: LOAD a, Upper(b) AS B FROM [$(vPath)/x.qvd] (qvd);
STORE T INTO [lib://Out/t.qvd] (qvd);
	NONSENSE x;
`

func TestLineageScriptTellsWhatAScriptDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "init.qvs"), []byte("\xFF\xFES\x00E\x00T\x00 \x00v\x00P\x00a\x00t\x00h\x00=\x00l\x00i\x00b\x00:\x00/\x00/\x00Q\x00;\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := offline(t).run(sampleScript, "lineage", "script", "-", "--include-dir", dir)
	if got.status != exitDone {
		t.Fatalf("status %d: %s", got.status, got.stderr)
	}
	for _, want := range []string{
		"Table T\n  from qvd lib://Q/x.qvd\n", "    B  ← lib://Q/x.qvd.b\n", "  lib://Out/t.qvd  ←  T\n",
		"line 6, column 2, tab Main: This statement isn't known.\n    \tNONSENSE x;\n    \t^\n",
		"1 table, 1 store, 1 thing not understood\n",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("output lacks %q:\n%s", want, got.stdout)
		}
	}
}

func TestLineageScriptPrintsOneDocumentAndNoSecrets(t *testing.T) {
	t.Parallel()
	got := offline(t).run(sampleScript, "lineage", "script", "--json", "-")
	var doc struct {
		Tables []struct {
			Name    string
			Sources []struct{ Kind, Connection, Object string }
		}
		Unresolved  []string
		Diagnostics []struct {
			Tab, Kind    string
			Line, Column int
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &doc); err != nil || got.status != exitDone {
		t.Fatalf("status %d, %v: %s", got.status, err, got.stdout)
	}
	if len(doc.Tables) != 1 || doc.Tables[0].Sources[0].Object != "$(vPath)/x.qvd" {
		t.Errorf("tables are %+v, want T from $(vPath)/x.qvd", doc.Tables)
	}
	if len(doc.Diagnostics) != 2 || doc.Diagnostics[0].Kind != "include" || doc.Diagnostics[0].Line != 2 || doc.Diagnostics[0].Tab != "Main" {
		t.Errorf("diagnostics are %+v, want the file that isn't there and the statement that isn't known", doc.Diagnostics)
	}
	broken := strings.ReplaceAll(sampleScript, "(XPassword is HUNTER3);", "(XPassword is HUNTER3) NONSENSE;\nLET vPassword = 'hunter4' +;\nBAD https://u:hunter5@x/?token=hunter6;")
	text := offline(t).run(broken, "lineage", "script", "-")
	document := offline(t).run(broken, "lineage", "script", "-", "--json")
	if all := strings.ToLower(got.stdout + text.stdout + text.stderr + document.stdout); strings.Contains(all, "hunter") {
		t.Errorf("the output holds a secret:\n%s", all)
	}
}

func TestLineageScriptCannotReadAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := offline(t).run("", "lineage", "script", filepath.Join(dir, "none.qvs")); got.status != exitFailed || !strings.Contains(got.stderr, "none.qvs") {
		t.Errorf("status %d, %q, want %d and the file's name", got.status, got.stderr, exitFailed)
	}
	if got := offline(t).run("", "lineage", "script", "-", "--include-dir", filepath.Join(dir, "none")); got.status != exitUsage {
		t.Errorf("no such folder gives status %d, want %d", got.status, exitUsage)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.qvs"), []byte("T: LOAD a FROM secret.qvd;"), 0o600); err != nil {
		t.Fatal(err)
	}
	inner := filepath.Join(dir, "inner")
	if err := os.Mkdir(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := offline(t).run("$(Include=../secret.qvs);", "lineage", "script", "-", "--include-dir", inner); strings.Contains(got.stdout, "secret.qvd") {
		t.Errorf("a file outside of the folder was read:\n%s", got.stdout)
	}
}
