//go:build linux

package embedded

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience bounds whatever a test waits for, with room for a slow machine under the race detector.
const patience = 2 * time.Minute

const (
	childFolder = "EMBEDDED_TEST_FOLDER" // set in a child: the folder to open
	childRole   = "EMBEDDED_TEST_ROLE"
	asOrdinary  = "EMBEDDED_TEST_ORDINARY" // set in the run of all tests as an ordinary user
)

// TestMain makes the test binary serve as the other processes that the tests need.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		os.Exit(runChild(dir, os.Getenv(childRole)))
	}
	code := m.Run()
	for _, dir := range []string{binary.dir, made.dir} {
		if dir != "" {
			_ = os.RemoveAll(dir) // among the temporary files anyway
		}
	}
	os.Exit(code)
}

// runChild opens the folder, says so, and closes it when its input ends.
func runChild(dir, role string) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cfg := Config{Dir: dir, ForTests: true}
	if role == RoleServer.String() { // with the settings of real use
		cfg.Role, cfg.ForTests = RoleServer, false
	}
	s, err := Open(ctx, cfg)
	if err != nil {
		fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
		return 1
	}
	word := "owns"
	if s.Joined() {
		word = "joined"
	}
	fmt.Println(word, s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin) // however it ends, it has ended
	if err := s.Close(ctx); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// child is another process that has the folder open.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader
}

// spawn starts a child; answer waits for what it says.
func spawn(t *testing.T, dir string, role Role) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(exe)}
	c.cmd.Env = append(os.Environ(), childFolder+"="+dir, childRole+"="+role.String())
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewReader(out)
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for tests that failed half-way
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

// answer returns the first word that the child says, and the rest of its line.
func (c *child) answer(t *testing.T) (word, rest string) {
	t.Helper()
	line, err := c.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	word, rest, _ = strings.Cut(strings.TrimSpace(line), " ")
	return word, rest
}

// finish lets the child close the folder and end well.
func (c *child) finish(t *testing.T) {
	t.Helper()
	_ = c.stdin.Close() // an error shows in Wait
	rest, _ := io.ReadAll(c.lines)
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v: %s", err, rest)
	}
}

// kill ends the child as kill -9 does.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait() // "signal: killed"
}

// newDir returns the path of a folder that does not exist yet, in one that every user can enter.
func newDir(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(base, "pg")
}

// madeDir is newDir with a cluster in it, a copy of one that is made once: initdb takes most of a start.
func madeDir(t *testing.T) string {
	t.Helper()
	made.once.Do(func() {
		base, err := os.MkdirTemp("", "embedded-made-")
		if err == nil {
			made.dir, err = base, os.Chmod(base, 0o755)
		}
		var s *Server
		if err == nil {
			s, err = Open(context.Background(), Config{Dir: filepath.Join(base, "pg"), ForTests: true})
		}
		if err == nil {
			err = s.Close(context.Background())
		}
		made.err = err
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	dir := newDir(t)
	copyAll(t, filepath.Join(made.dir, "pg"), dir)
	return dir
}

// made holds the cluster that madeDir copies.
var made once

// once is something that all tests share, in a temporary folder.
type once struct {
	once sync.Once
	dir  string
	err  error
}

func copyAll(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy the cluster: %v: %s", err, out)
	}
}

func mustOpen(t *testing.T, cfg Config) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cfg.ForTests = true
	s, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for tests that failed half-way; a second Close does nothing
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Close(ended)
	})
	return s
}

func mustClose(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// query returns the one text that the statement yields.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var text string
	if err := conn.QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// keepWord stores something to be found again after a restart; keptWord finds it.
func keepWord(t *testing.T, url, word string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "create table kept as select '"+word+"'::text as word"); err != nil {
		t.Fatal(err)
	}
}

func keptWord(t *testing.T, url string) string {
	t.Helper()
	return query(t, url, "select word from kept")
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// wantNoProcess checks that the folder's server is gone, every process of it.
func wantNoProcess(t *testing.T, dir string) {
	t.Helper()
	if pids := (&folder{dir: dir}).serverProcesses(); len(pids) > 0 {
		t.Errorf("Postgres processes are left: %v", pids)
	}
}

// binary holds a copy of the test binary that other users may run.
var binary once

func publicBinary(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		exe, err := os.ReadFile("/proc/self/exe")
		if err == nil {
			binary.dir, err = os.MkdirTemp("", "embedded-binary-")
		}
		if err == nil {
			err = os.Chmod(binary.dir, 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(binary.dir, "embedded.test"), exe, 0o755)
		}
		binary.err = err
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return filepath.Join(binary.dir, "embedded.test")
}

// sameForAll are the tests that find out nothing more as another user.
const sameForAll = "TakeOver|StoppingServerWaits|OwnerThatIsTold|ServerWaits|OwnerWaits|Archive|Environment|DoesNotStart"

// TestAllOfThisAsAnOrdinaryUser runs the other tests once more as nobody, since root's way of running
// a server differs.
func TestAllOfThisAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("we are an ordinary user: the other tests have shown it")
	}
	home := filepath.Dir(newDir(t))
	if err := os.Chown(home, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), publicBinary(t), "-test.v", "-test.skip", sameForAll, "-test.timeout", "10m")
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, asOrdinary + "=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("as nobody: %v\n%s", err, out)
	}
	if ran := bytes.Count(out, []byte("--- PASS: Test")); ran < 12 {
		t.Errorf("as nobody only %d tests passed:\n%s", ran, out)
	}
}
