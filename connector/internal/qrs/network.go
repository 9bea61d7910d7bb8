package qrs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// remoteError is the Op of an alert by which the other side ends a TLS handshake.
const remoteError = "remote error"

// permanent reports whether a network failure won't heal by itself: a certificate that isn't trusted, a name
// that nobody knows, a server that doesn't speak TLS, or what says so of itself, such as an HTTP proxy's refusal.
func permanent(err error) bool {
	var (
		untrusted *tls.CertificateVerificationError
		unknown   x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		op        *net.OpError
		dns       *net.DNSError
	)
	var says interface{ Permanent() bool }
	if errors.As(err, &says) && says.Permanent() {
		return true
	}
	return errors.As(err, &untrusted) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) ||
		errors.As(err, &record) || errors.As(err, &op) && op.Op == remoteError || errors.As(err, &dns) && dns.IsNotFound
}
