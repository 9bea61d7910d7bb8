package qrs

import (
	"io"
	"net/http"
	"sync/atomic"
)

// A Meter counts what went over the wire; several clients may share one.
type Meter struct {
	Requests atomic.Int64 // sent, each attempt for itself
	Bytes    atomic.Int64 // of answers' bodies
}

// meteredTransport counts, and presents another host name when told so.
type meteredTransport struct {
	next  http.RoundTripper
	meter *Meter
	host  string
}

func (t meteredTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.host != "" {
		r = r.Clone(r.Context())
		r.Host = t.host
	}
	t.meter.Requests.Add(1)
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		resp.Body = &meteredBody{resp.Body, t.meter}
	}
	return resp, err
}

type meteredBody struct {
	io.ReadCloser
	meter *Meter
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.Bytes.Add(int64(n))
	return n, err
}
