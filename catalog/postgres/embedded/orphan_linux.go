package embedded

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// serverProcesses returns the server processes of the data folder, the main one first. The main one
// names the folder in its command line; the others have it as working folder, which root may not
// see in a container without CAP_SYS_PTRACE (they end by themselves when the main one does). A
// zombie has neither, so what has ended without being reaped counts as gone; kill with signal 0
// would not tell.
func (f *folder) serverProcesses() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && f.isServer(filepath.Join("/proc", e.Name())) {
			pids = append(pids, pid)
		}
	}
	if at := slices.Index(pids, f.recordedPID()); at > 0 {
		pids[0], pids[at] = pids[at], pids[0]
	}
	return pids
}

func (f *folder) isServer(proc string) bool {
	name, err := os.ReadFile(filepath.Join(proc, "comm"))
	if err != nil || !strings.HasPrefix(string(name), "postgres") {
		return false
	}
	if cwd, err := os.Readlink(filepath.Join(proc, "cwd")); err == nil && cwd == f.data() {
		return true
	}
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	return err == nil && slices.Contains(strings.Split(string(line), "\x00"), f.data())
}
