package foreign_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

// TestCurlLogsInWithNTLM is the Windows login of facts A.3 by a client that shares no code with ours: curl, which
// follows the redirects, proves the password, takes the ticket back and reads the answer.
func TestCurlLogsInWithNTLM(t *testing.T) {
	t.Parallel()
	version, err := exec.CommandContext(t.Context(), "curl", "--version").Output()
	if err != nil || !strings.Contains(string(version), "NTLM") {
		t.Skip("there is no curl that speaks NTLM")
	}
	for name, o := range map[string]qliktest.Options{"default": {}, "prefix": {WindowsPrefix: "win"}, "old port": {OldLogin: true}, "http": {PlainHTTP: true}} {
		site := qliktest.Generate(qliktest.GenerateOptions{Apps: 1, Seed: 1})
		site.Users[0].Password = "pass, \\'word'" // curl knows no letters beyond ASCII
		srv := qliktest.New(t, site, o)
		info, err := srv.Info()
		if err != nil {
			t.Fatal(err)
		}
		address := strings.TrimSuffix(info.URL+"/"+info.WindowsPrefix, "/") + "/qrs/about?xrfkey=abcdefghijklmnop"
		for password, want := range map[string]string{info.Password: `"buildVersion"`, "wrong": "Unauthorized"} {
			var config bytes.Buffer // on standard input: arguments can be seen by others
			fmt.Fprintf(&config, "url = %q\nuser = %q\ncacert = %q\n", address, info.UserDirectory+`\`+info.UserID+":"+password, info.CAFile)
			fmt.Fprintf(&config, "ntlm\nlocation-trusted\nsilent\nuser-agent = Windows\nheader = \"X-Qlik-Xrfkey: abcdefghijklmnop\"\nmax-time = 20\n")
			cmd := exec.CommandContext(t.Context(), "curl", "-K", "-")
			cmd.Stdin = &config
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
		if n := srv.Counters(); n.Logins != 1 || n.WrongPasswords != 1 || n.StrayProofs != 0 {
			t.Errorf("%s: %d logins, %d wrong passwords, %d stray proofs", name, n.Logins, n.WrongPasswords, n.StrayProofs)
		}
	}
}
