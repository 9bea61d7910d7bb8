package embedded

import "syscall"

// childAttributes makes a child that stops with us, however we end (SIGINT is Postgres's fast
// shutdown), and that a Ctrl-C in the terminal does not reach before we are done with it.
func childAttributes(acc account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if acc.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(acc.uid), Gid: uint32(acc.gid)}
	}
	return attr
}

// localeArgs chooses an order of code points with the case rules of all of Unicode: with plain C
// lower('Ä') would be 'Ä'.
func localeArgs(int) []string { return []string{"--locale=C.UTF-8"} }
