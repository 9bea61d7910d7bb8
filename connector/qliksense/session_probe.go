package qliksense

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// speaksTLS tells, after a failed http request, whether the port is one for https: Windows hangs up on
// http there, other servers answer with a page. It takes one further connection.
func (s *session) speaksTLS(ctx context.Context, err error) bool {
	var rest *qrs.Error
	if s.cfg.Base.Scheme != "http" || !errors.As(err, &rest) {
		return false
	}
	text := strings.ToLower(rest.Text)
	page := rest.Status == 400 && (strings.Contains(text, "https server") || strings.Contains(text, "https port"))
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		rest.Err != nil && strings.Contains(rest.Err.Error(), "malformed HTTP")
	if !page && !cut {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := s.dial.tunnel(limited, "tcp", hostAndPort(s.cfg.Base))
	if err != nil {
		return false
	}
	defer conn.Close()
	secure := s.secure.Clone()
	secure.InsecureSkipVerify = true //nolint:gosec // nothing is sent: it only asks whether this is TLS
	if secure.ServerName == "" {
		secure.ServerName = s.cfg.Base.Hostname()
	}
	err = tls.Client(conn, secure).HandshakeContext(limited)
	var alert *net.OpError
	return err == nil || errors.As(err, &alert) && alert.Op == "remote error"
}
