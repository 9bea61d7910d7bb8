package crawler_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/crawler"
)

func TestIncludedFilesComeFromTheFolderAndFromNowhereElse(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "secret.qvs"), "secret")
	write(filepath.Join(dir, "Common", "Calendar.qvs"), "\ufeffcalendar")
	write(filepath.Join(dir, "top.qvs"), "top")
	if err := os.Symlink(filepath.Join(outside, "secret.qvs"), filepath.Join(dir, "link.qvs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	read := crawler.Includes(dir)
	for path, want := range map[string]string{
		"lib://Scripts/common/calendar.qvs":   "calendar",
		`\\files\scripts\Common\calendar.qvs`: "calendar",
		`C:\qlik\top.qvs`:                     "top",
		"./top.qvs":                           "top",
		"none.qvs":                            "",
		"link.qvs":                            "",
		"away/secret.qvs":                     "",
		"../secret.qvs":                       "",
		filepath.Join(outside, "secret.qvs"):  "",
		"Common":                              "",
		"":                                    "",
	} {
		if got, err := read(path); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q (%v), want %q", path, got, err, want)
		}
	}
}
