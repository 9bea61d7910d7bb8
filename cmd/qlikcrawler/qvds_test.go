package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// qvdFile writes a QVD file: a header, and data that nobody reads.
func qvdFile(t *testing.T, path, creator string, columns ...string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<QvdTableHeader>\r\n<CreatorDoc>%s</CreatorDoc><TableName>T</TableName><Fields>", creator)
	for _, c := range columns {
		fmt.Fprintf(&b, "<QvdFieldHeader><FieldName>%s</FieldName><Comment></Comment><Tags><String>$numeric</String></Tags></QvdFieldHeader>", c)
	}
	b.WriteString("</Fields></QvdTableHeader>\r\n\x00\x01\x02")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// One app stores a file under a name that only its reload knows, another one loads all of its columns. Headers tell
// both; a delta that reads no app sees that a file has another column, and that the first app's script now names it.
func TestHeadersOfQVDFilesTellWhatScriptsDont(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := smallSite(2)
	srv := qliktest.New(t, site, qliktest.Options{})
	writer, reader := site.Apps[0].ID, site.Apps[1].ID
	made := "T: LOAD 1 AS A AUTOGENERATE 1;\n"
	srv.EditScript(writer, made+`LET vName = Peek('A', 0, 'T'); STORE T INTO [\\files.example\qvd\$(vName).qvd] (qvd);`)
	srv.EditScript(reader, `R: LOAD * FROM [\\files.example\qvd\hidden.qvd] (qvd);`)
	file := filepath.Join(dir, "QVD", "Hidden.qvd")
	qvdFile(t, file, writer, "A", "B")

	p := newProgram(t)
	connection := fileFor(t, srv, "q")
	p.crawl(exitDone, connection, "-f", "-")
	db := connect(t, p.database())
	const dataset = "dataset:file://files.example/qvd/hidden.qvd"
	// The data model has other fields, which are sought behind the star: their edges have the confidence 0.8.
	columns := func() string {
		return strings.Join(texts(t, db, "select from_key || ' ' || origin || ' ' || confidence from catalog.lineage_edge where from_key like '"+dataset+"#%' and to_key like 'q/"+reader+"/script/%' and from_key not like '%*' and how = 'direct' and confidence <> 0.8 order by 1"), "\n")
	}
	writers := func() string {
		return strings.Join(texts(t, db, "select from_key || ' ' || origin from catalog.lineage_edge where to_key = '"+dataset+"' order by 1"), "\n")
	}
	if got := columns() + writers(); got != "" {
		t.Errorf("without the folder there are %s", got)
	}

	p.must(exitDone, connection+"options: {qvds_path: "+dir+"}\n", "connection", "edit", "q", "-f", "-")
	p.must(exitDone, "", "lineage", "build", "q")
	if got, want := columns(), dataset+"#A engine 0.9\n"+dataset+"#B engine 0.9"; got != want {
		t.Errorf("the columns: %s; want %s", got, want)
	}
	if got, want := writers(), "q/"+writer+" engine"; got != want {
		t.Errorf("who wrote it: %q; want %q", got, want)
	}
	if g := p.graph("q/"+writer, "--direction", "downstream"); !has(g, dataset) || !has(g, catalog.Key("q/"+reader)) {
		t.Errorf("the writer doesn't lead to the reader: %+v", g.Nodes)
	}

	qvdFile(t, file, writer, "A", "C")
	p.crawl(exitDone, "", "q")
	if got, want := columns(), dataset+"#A engine 0.9\n"+dataset+"#C engine 0.9"; got != want {
		t.Errorf("the columns of the new file: %s; want %s", got, want)
	}

	if err := os.Rename(dir, dir+" away"); err != nil {
		t.Fatal(err)
	}
	was := columns()
	p.crawl(exitDone, "", "q")
	if got := columns(); got != was {
		t.Errorf("while the folder is away, the columns are %s; want %s", got, was)
	}
	if err := os.Rename(dir+" away", dir); err != nil {
		t.Fatal(err)
	}

	srv.EditScript(writer, made+`STORE T INTO [\\files.example\qvd\hidden.qvd] (qvd);`)
	p.crawl(exitDone, "", "q")
	if got, want := writers(), "q/"+writer+"/script/T script"; got != want {
		t.Errorf("who wrote it, by its script: %q; want %q", got, want)
	}
}

func TestCheckTellsOfTheFolderOfQVDFiles(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, smallSite(1), qliktest.Options{})
	good, empty := t.TempDir(), t.TempDir()
	qvdFile(t, filepath.Join(good, "a.qvd"), "", "A")
	qvdFile(t, filepath.Join(good, "sub", "b.QVD"), "", "B")
	if err := os.WriteFile(filepath.Join(good, "c.qvd"), []byte("no header"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := offline(t)
	for name, c := range map[string]struct {
		dir    string
		status int
		says   string
	}{
		"three files":  {good, exitDone, "3 QVD files, 2 headers can be read; of c.qvd: the file has no header of a QVD file"},
		"no file":      {empty, exitFailed, "the folder has no QVD file"},
		"not there":    {filepath.Join(empty, "none"), exitFailed, "open the folder of QVD files"},
		"not asked of": {"", exitDone, ""},
	} {
		r := p.run(fileFor(t, srv, "q")+"options: {qvds_path: '"+c.dir+"'}\n", "check", "-f", "-", "--json")
		if r.status != c.status || !strings.Contains(r.stdout, c.says) || strings.Contains(r.stdout, "qvd_files") != (c.says != "") {
			t.Errorf("%s: status %d, want %d and %q\n%s%s", name, r.status, c.status, c.says, r.stdout, r.stderr)
		}
		if !json.Valid([]byte(r.stdout)) {
			t.Errorf("%s: no JSON", name)
		}
	}
}
