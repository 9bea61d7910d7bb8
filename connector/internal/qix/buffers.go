package qix

import "sync"

// chunk is how much of a message is read at a time.
const chunk = 64 << 10

// Buffers are what messages are read into and written from, kept from one session for the next: a crawl makes a
// session for each app. The zero value is ready; any number of Dialers and sessions may share one.
type Buffers struct {
	chunks, writes sync.Pool
}

func (b *Buffers) chunk() *[chunk]byte {
	if c, ok := b.chunks.Get().(*[chunk]byte); ok {
		return c
	}
	return new([chunk]byte)
}

// A message is being read: so many chunks, the last of which has n bytes.
type message struct {
	buffers *Buffers
	chunks  []*[chunk]byte
	n       int
}

// room is where the next bytes go.
func (m *message) room() []byte {
	if len(m.chunks) == 0 || m.n == chunk {
		m.chunks, m.n = append(m.chunks, m.buffers.chunk()), 0
	}
	return m.chunks[len(m.chunks)-1][m.n:]
}

func (m *message) size() int64 { return int64(max(0, len(m.chunks)-1))*chunk + int64(m.n) }

// whole is the message in memory of its own, of just its size.
func (m *message) whole() []byte {
	out := make([]byte, 0, m.size())
	for i, c := range m.chunks {
		if i < len(m.chunks)-1 {
			out = append(out, c[:]...)
		} else {
			out = append(out, c[:m.n]...)
		}
	}
	return out
}

// start is as much of the message's start as is in one chunk.
func (m *message) start() []byte {
	if len(m.chunks) == 1 {
		return m.chunks[0][:m.n]
	}
	return m.chunks[0][:]
}

// free gives the chunks back.
func (m *message) free() {
	for _, c := range m.chunks {
		m.buffers.chunks.Put(c)
	}
	m.chunks, m.n = m.chunks[:0], 0
}
