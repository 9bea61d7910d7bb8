package crawlbench

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector"
)

// slowly dials connections whose round trips take at least so long: connecting takes one, and whatever the
// other side sends arrives so much later. Nothing else is changed; any number of bytes may be under way.
func slowly(roundTrip time.Duration) connector.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		timer := time.NewTimer(roundTrip)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		arrived, late := io.Pipe()
		c := &slowConn{Conn: conn, arrived: arrived}
		go c.delay(late, roundTrip)
		return c, nil
	}
}

// A slowConn hands over what it gets after a while.
type slowConn struct {
	net.Conn
	arrived *io.PipeReader
	closing sync.Once
}

// delay reads what comes, and writes it to late when its time has come.
func (c *slowConn) delay(late *io.PipeWriter, by time.Duration) {
	type piece struct {
		due  time.Time
		data []byte
		err  error
	}
	pieces := make(chan piece, 1<<16)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 32<<10)
			n, err := c.Conn.Read(buf)
			pieces <- piece{time.Now().Add(by), buf[:n], err}
			if err != nil {
				return
			}
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p := range pieces {
		timer.Reset(time.Until(p.due))
		<-timer.C
		if len(p.data) > 0 {
			_, _ = late.Write(p.data) // fails when nobody reads any more
		}
		if p.err != nil {
			late.CloseWithError(p.err)
		}
	}
}

func (c *slowConn) Read(b []byte) (int, error) { return c.arrived.Read(b) }

func (c *slowConn) Close() error {
	c.closing.Do(func() { _ = c.arrived.Close() })
	return c.Conn.Close()
}

// Deadlines of reading are left out: whoever reads waits for the pipe, not for the network.
func (c *slowConn) SetReadDeadline(time.Time) error { return nil }

func (c *slowConn) SetDeadline(t time.Time) error { return c.SetWriteDeadline(t) }
