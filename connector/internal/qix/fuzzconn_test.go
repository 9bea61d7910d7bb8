package qix

import "net"

// noConn is a connection that can be closed and nothing else.
type noConn struct{ net.Conn }

func (noConn) Close() error { return nil }
