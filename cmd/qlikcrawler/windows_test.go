package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// windowsFile is a connection file for the Windows login of a simulated site.
func windowsFile(t *testing.T, srv *qliktest.Server, password string) string {
	t.Helper()
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`name: Windows
code: win
type: qlik-sense
url: %s
authentication: windows
windows: {prefix: %s, user_directory: %s, user_id: %s, password: %q}
tls: {ca_file: %s}
`, info.URL, info.WindowsPrefix, info.UserDirectory, info.UserID, password, info.CAFile)
}

func TestCrawlThroughAWindowsLogin(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "win"} {
		site := demo.Site()
		srv := qliktest.New(t, site, qliktest.Options{WindowsPrefix: prefix})
		info, err := srv.Info()
		if err != nil {
			t.Fatal(err)
		}
		p := newProgram(t)
		first := p.crawl(exitDone, windowsFile(t, srv, info.Password), "-f", "-")
		if first.Counts.Apps != len(site.Apps) || first.Tally.Usage.Sessions != 1 || first.Tally.Usage.OpensWithData != 0 {
			t.Errorf("prefix %q: %d apps, usage %+v", prefix, first.Counts.Apps, first.Tally.Usage)
		}
		if again := p.crawl(exitDone, "", "win"); again.Tally.Unchanged != len(site.Apps) { // with the sealed password
			t.Errorf("prefix %q: a delta of nothing: %+v", prefix, again.Tally)
		}
		if n := srv.Counters(); n.Logins != 2 || n.Logouts != 2 || n.Sessions.Now != 0 || n.Sessions.Peak != 1 || n.WrongPasswords != 0 {
			t.Errorf("prefix %q: %+v", prefix, n)
		}
		shown := p.must(exitDone, "", "connection", "show", "win").stdout
		if strings.Contains(shown, info.Password) || !strings.Contains(shown, "windows.password is set") {
			t.Errorf("show:\n%s", shown)
		}
	}
}

func TestCrawlWithAWrongPasswordTriesItOnceAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{})
	p := newProgram(t)
	r := p.must(exitFailed, windowsFile(t, srv, "hunter2hunter2"), "crawl", "-f", "-")
	for _, want := range []string{"refused the user or the password", "windows.password"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, r.stderr)
		}
	}
	if strings.Contains(r.stdout+r.stderr, "hunter2hunter2") {
		t.Errorf("the password shows:\n%s%s", r.stdout, r.stderr)
	}
	if n := srv.Counters(); n.WrongPasswords != 1 || n.Logins != 0 {
		t.Errorf("tried %d times, %d logins", n.WrongPasswords, n.Logins)
	}
}
