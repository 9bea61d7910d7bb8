package qrs

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-resty/resty/v2"
)

func TestABodyEndsWhereItIsTooLong(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]error{9: nil, 10: nil, 11: resty.ErrResponseBodyTooLarge} {
		m := &Meter{}
		b := &meteredBody{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", length))), meter: m, left: 10}
		got, err := io.ReadAll(b)
		if !errors.Is(err, want) || want == nil && len(got) != length || m.Bytes.Load() != int64(length) {
			t.Errorf("%d bytes: %d came, %d counted, %v", length, len(got), m.Bytes.Load(), err)
		}
	}
}
