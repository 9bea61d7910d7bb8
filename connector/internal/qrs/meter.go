package qrs

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/go-resty/resty/v2"
)

// A Meter counts what went over the wire; several clients may share one.
type Meter struct {
	Requests atomic.Int64 // sent, each attempt for itself
	Bytes    atomic.Int64 // of answers' bodies

	// Answered hears of each answer's status; 0: there was none. Set before the first request, or nil.
	Answered func(status int)
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
	if err != nil {
		t.meter.answered(0)
		return resp, err
	}
	t.meter.answered(resp.StatusCode)
	resp.Body = &meteredBody{ReadCloser: resp.Body, meter: t.meter, left: maxBody}
	return resp, nil
}

func (m *Meter) answered(status int) {
	if m.Answered != nil {
		m.Answered(status)
	}
}

// A meteredBody counts, and ends a body that is too long: resty's own bound reads 512 bytes at a time.
type meteredBody struct {
	io.ReadCloser
	meter *Meter
	left  int64
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.Bytes.Add(int64(n))
	if b.left -= int64(n); b.left < 0 {
		return n, resty.ErrResponseBodyTooLarge
	}
	return n, err
}
