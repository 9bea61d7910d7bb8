package embedded

import "syscall"

// childAttributes makes a child that a Ctrl-C in the terminal does not reach before we are done
// with it. macOS cannot tie a child's life to ours: the next start stops what a kill -9 left.
func childAttributes(acc account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if acc.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(acc.uid), Gid: uint32(acc.gid)}
	}
	return attr
}

// localeArgs chooses an order of code points with the case rules of all of Unicode where the server
// has that built in; macOS itself has no C.UTF-8.
func localeArgs(major int) []string {
	if major >= 17 {
		return []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	}
	return []string{"--locale=en_US.UTF-8"}
}
