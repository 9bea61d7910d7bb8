package qrs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// permanent reports whether a network failure won't heal by itself: a certificate that isn't trusted, a name
// that nobody knows, a server that doesn't speak TLS.
func permanent(err error) bool {
	var (
		untrusted *tls.CertificateVerificationError
		unknown   x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		dns       *net.DNSError
	)
	return errors.As(err, &untrusted) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) ||
		errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &dns) && dns.IsNotFound
}
