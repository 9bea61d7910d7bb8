//go:build linux

package pgtest_test

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres/pgtest"
)

// inChild is set in the test binary that is to be ended badly.
const inChild = "PGTEST_CHILD"

// TestServerEndsWithItsTestBinary runs a test in a binary of its own and ends that without a chance to
// clean up.
func TestServerEndsWithItsTestBinary(t *testing.T) {
	if how := os.Getenv(inChild); how != "" {
		fmt.Println("URL", pgtest.Blank(t))
		if how == "panic" {
			panic("a test went wrong")
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until we are killed
		return
	}
	for _, how := range []string{"panic", "kill"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, "-test.run", "^TestServerEndsWithItsTestBinary$")
			cmd.Env = append(os.Environ(), inChild+"="+how)
			if _, err := cmd.StdinPipe(); err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			folder := clusterFolder(t, out)
			if how == "kill" {
				if _, err := os.Stat(filepath.Join(folder, "data", "postmaster.pid")); err != nil {
					t.Errorf("no server runs in the child's folder: %v", err)
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait() // it ends badly, as it was told to
			waitGone(t, folder)
		})
	}
}

// clusterFolder reads what the child says, and returns the folder of its server.
func clusterFolder(t *testing.T, out io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "URL ")
		if !ok {
			continue
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(u.Query().Get("host"))
	}
	t.Fatal("the child has no server")
	return ""
}

func waitGone(t *testing.T, folder string) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(folder); os.IsNotExist(err) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is left behind", folder)
		}
	}
}
