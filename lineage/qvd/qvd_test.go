package qvd_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvd"
)

// fileOf writes a QVD file: the header, the line end and zero that follow it, and data.
func fileOf(creator, table string, data []byte, columns ...string) []byte {
	var b bytes.Buffer
	escaped := func(s string) string {
		var e bytes.Buffer
		_ = xml.EscapeText(&e, []byte(s))
		return e.String()
	}
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<QvdTableHeader>\r\n"+
		"  <QvBuildNo>50699</QvBuildNo>\r\n  <CreatorDoc>%s</CreatorDoc>\r\n  <CreateUtcTime>2026-01-05 06:24:33</CreateUtcTime>\r\n"+
		"  <TableName>%s</TableName>\r\n  <Fields>\r\n", escaped(creator), escaped(table))
	for i, c := range columns {
		fmt.Fprintf(&b, "    <QvdFieldHeader><FieldName>%s</FieldName><BitOffset>%d</BitOffset><NumberFormat><Type>0</Type></NumberFormat>"+
			"<Comment>about %s</Comment><Tags><String>$numeric</String><String>$integer</String></Tags></QvdFieldHeader>\r\n", escaped(c), i, escaped(c))
	}
	b.WriteString("  </Fields>\r\n  <RecordByteSize>1</RecordByteSize>\r\n  <Lineage><LineageInfo><Discriminator>INLINE;</Discriminator>" +
		"<Statement></Statement></LineageInfo></Lineage>\r\n  <Comment>of the table</Comment>\r\n</QvdTableHeader>\r\n\x00")
	b.Write(data)
	return b.Bytes()
}

// A counted reader tells how much of it was read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestAHeaderIsReadAndItsDataIsNot(t *testing.T) {
	t.Parallel()
	const data = 50 << 20
	r := &counted{Reader: bytes.NewReader(fileOf("4f6b1c8a-0000-4000-8000-00000000000a", "Sales & more", make([]byte, data), "Order ID", "<Amount>"))}
	got, err := qvd.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	tags := []string{"$numeric", "$integer"}
	want := &qvd.Header{
		Table: "Sales & more", Creator: "4f6b1c8a-0000-4000-8000-00000000000a",
		Fields: []qvd.Field{{Name: "Order ID", Comment: "about Order ID", Tags: tags}, {Name: "<Amount>", Comment: "about <Amount>", Tags: tags}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r.n > 64<<10 {
		t.Errorf("%d bytes were read of a header of less than 2 kB", r.n)
	}
}

func make20001() []string {
	names := make([]string, 20_001)
	for i := range names {
		names[i] = fmt.Sprint("c", i)
	}
	return names
}

// An endless reader repeats a text for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestWhatIsNoHeaderIsSaidSo(t *testing.T) {
	t.Parallel()
	whole := string(fileOf("x", "T", nil, "A", "B"))
	for name, c := range map[string]struct {
		file io.Reader
		says string
	}{
		"empty":            {strings.NewReader(""), "ends before its header"},
		"cut off":          {strings.NewReader(whole[:300]), "ends before its header"},
		"another file":     {strings.NewReader("PK\x03\x04 zip"), "no header of a QVD"},
		"other XML":        {strings.NewReader("<?xml version=\"1.0\"?><html><body/></html>"), "no header of a QVD"},
		"endless names":    {bytes.NewReader(fileOf("x", "T", nil, strings.Repeat("n", 1001))), "longer than 1000 bytes"},
		"too many columns": {bytes.NewReader(fileOf("x", "T", nil, make20001()...)), "more than 20000 columns"},
		"no column":        {bytes.NewReader(fileOf("x", "T", nil)), "names no column"},
		"endless":          {io.MultiReader(strings.NewReader("<QvdTableHeader><TableName>"), endless("aaaaaaaaaaaaaaaa")), "doesn't end within 16 MB"},
		"zeros":            {endless("\x00"), "no header of a QVD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := qvd.Read(c.file)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, %v; want an error that says %q", h, err, c.says)
			}
		})
	}
}

// folderOf makes a folder with files in it, below folders of the names in above.
func folderOf(t *testing.T, above string, files ...string) *qvd.Folder {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.FromSlash(above))
	for _, f := range files {
		at := filepath.Join(dir, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, fileOf("x", "T", nil, f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := qvd.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFileIsFoundByTheEndOfItsPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		above    string
		files    []string
		path     string
		lib      string
		nameOnly bool
		want     string
		err      error
	}{
		"a folder of the share":        {"mnt", []string{"QVD/Sales.QVD"}, "/qlik/qvd/sales.qvd", "", false, "QVD/Sales.QVD", nil},
		"the folder itself":            {"mnt/qvd", []string{"sales.qvd"}, "/qlik/qvd/sales.qvd", "", false, "sales.qvd", nil},
		"backslashes":                  {"mnt", []string{"qvd/sales.qvd"}, `D:\QVD\Sales.qvd`, "", false, "qvd/sales.qvd", nil},
		"the longest end":              {"mnt/qvd", []string{"sales.qvd", "erp/sales.qvd"}, "/d/qvd/erp/sales.qvd", "", false, "erp/sales.qvd", nil},
		"not another folder's":         {"mnt/qvd", []string{"sales.qvd"}, "/d/archive/sales.qvd", "", false, "", qvd.ErrAmbiguous},
		"the only folder there is":     {"mnt/files", []string{"sales.qvd"}, "/d/qvd/sales.qvd", "", true, "sales.qvd", nil},
		"not one below":                {"mnt", []string{"old/sales.qvd"}, "/d/qvd/sales.qvd", "", true, "", qvd.ErrAbsent},
		"by the data connection":       {"mnt", []string{"Stage/a/sales.qvd"}, "/d/x/a/sales.qvd", "stage/a/sales.qvd", false, "Stage/a/sales.qvd", nil},
		"two that differ by case":      {"mnt", []string{"qvd/sales.qvd", "QVD/sales.qvd"}, "/d/qvd/sales.qvd", "", false, "", qvd.ErrAmbiguous},
		"two roots that fit as well":   {"mnt/qvd", []string{"sales.qvd", "qvd/sales.qvd"}, "/d/qvd/sales.qvd", "", false, "", qvd.ErrAmbiguous},
		"nothing of this name":         {"mnt", []string{"qvd/sales.qvd"}, "/d/qvd/costs.qvd", "", true, "", qvd.ErrAbsent},
		"no path":                      {"mnt", []string{"qvd/sales.qvd"}, "", "", true, "", qvd.ErrAbsent},
		"other files aren't looked at": {"mnt", []string{"qvd/sales.csv"}, "/d/qvd/sales.csv", "", true, "", qvd.ErrAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := folderOf(t, c.above, c.files...).Find(c.nameOnly, c.path, c.lib)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestAFolderNeverLeadsOutOfItself(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret.qvd")
	if err := os.WriteFile(outside, fileOf("x", "T", nil, "Secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for link, to := range map[string]string{"out.qvd": outside, "away": filepath.Dir(outside), "dir.qvd": "sub"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub", "in.qvd"), fileOf("x", "T", nil, "Fine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("sub/in.qvd", filepath.Join(dir, "link.qvd")); err != nil {
		t.Fatal(err)
	}
	f, err := qvd.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	for _, file := range f.Files() {
		h, err := f.Header(file)
		read[file] = err == nil
		if h != nil && h.Field("Secret") != nil {
			t.Errorf("%s gives a file outside of the folder", file)
		}
	}
	if d := cmp.Diff(map[string]bool{"out.qvd": false, "dir.qvd": false, "sub/in.qvd": true, "link.qvd": true}, read); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := qvd.Open(t.Context(), dir); err == nil || strings.Contains(err.Error(), dir) {
		t.Errorf("%v; want an error that doesn't name the path", err)
	}
}
