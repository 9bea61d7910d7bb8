package embedded

import (
	"os/exec"
	"strconv"
	"strings"
)

// serverProcesses returns the cluster's recorded main process when that is alive and really ours,
// which its command line tells.
func (f *folder) serverProcesses() []int {
	pid := f.recordedPID()
	if pid <= 1 {
		return nil
	}
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || !strings.Contains(string(out), f.data()) {
		return nil
	}
	return []int{pid}
}
