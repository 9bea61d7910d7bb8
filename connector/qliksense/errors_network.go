package qliksense

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/tunnel"
)

// judgeNetwork says what is wrong between here and the server.
func judgeNetwork(err error) verdict {
	if proxy := (*tunnel.Error)(nil); errors.As(err, &proxy) {
		return judgeProxy(proxy)
	}
	if v, ok := judgeTLS(err); ok {
		return v
	}
	var (
		dns  *net.DNSError
		op   *net.OpError
		late net.Error
	)
	where := "the server"
	if errors.As(err, &op) && op.Addr != nil {
		where = op.Addr.String()
	}
	switch {
	case err == nil:
		return verdict{catalog.CodeInternal, "", ""}
	case errors.As(err, &dns) && dns.IsNotFound:
		return verdict{catalog.CodeUnreachable, fmt.Sprintf("there is no host named %s", dns.Name), "Check the host name in url, and that this machine's name server knows it."}
	case errors.Is(err, syscall.ECONNREFUSED):
		return verdict{catalog.CodeUnreachable, "nothing listens at " + where + " (connection refused)", "Check host and port in url, and that the service is running."}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return verdict{catalog.CodeUnreachable, "there is no way to " + where + " in the network", "Check the network, routes and firewalls between this machine and the server."}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return verdict{catalog.CodeTimeout, "the server didn't answer in time", "Check that the server is reachable and not overloaded; a firewall may drop packets silently."}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return verdict{catalog.CodeUnreachable, "the server closed the connection in the middle of an answer", "Check that url has the right scheme and port; try again later."}
	case op != nil || dns != nil:
		return verdict{catalog.CodeUnreachable, "", "Check host and port in url, and the network between."}
	case strings.Contains(err.Error(), "malformed HTTP"):
		return verdict{catalog.CodeInvalid, "what listens at this address doesn't speak HTTP", "Check the port and the scheme (https or http) in url."}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return verdict{catalog.CodeInvalid, "", "Check that the file exists and that this program may read it."}
	}
	return verdict{catalog.CodeInternal, "", ""}
}

// judgeTLS says why the other side isn't trusted, or doesn't trust us.
func judgeTLS(err error) (verdict, bool) {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		op      *net.OpError
	)
	untrusted := catalog.CodeUnauthorized
	switch {
	case errors.As(err, &unknown):
		return verdict{
			untrusted, "the server's certificate is signed by an authority that this machine doesn't know" + issuer(unknown.Cert),
			"Put that authority's root certificate into a file and name it in tls.ca_file.",
		}, true
	case errors.As(err, &name) && noNames(name.Certificate):
		return verdict{
			untrusted, fmt.Sprintf("the server's certificate (%s) has a common name alone, which no longer counts as a host name", name.Certificate.Subject),
			"Give the server a certificate with a subject alternative name.",
		}, true
	case errors.As(err, &name):
		names := certificateNames(name.Certificate)
		return verdict{
			untrusted, fmt.Sprintf("the server's certificate is not for %s but for %s", name.Host, names),
			"Set tls.server_name (or alias_host_name) to a name that the certificate has, or url to that host.",
		}, true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return verdict{untrusted, "the server's certificate " + validity(invalid.Cert), "Renew the server's certificate, and check this machine's clock."}, true
	case errors.As(err, &invalid):
		return verdict{untrusted, "", "Give the server a valid certificate, or name its authority in tls.ca_file."}, true
	case errors.As(err, &record), err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		if err != nil && record.RecordHeader != [5]byte{} && string(record.RecordHeader[:]) != "HTTP/" {
			return verdict{catalog.CodeInvalid, "what listens at this address doesn't speak TLS", "Check host and port in url."}, true
		}
		return verdict{catalog.CodeInvalid, "what listens at this address speaks plain http and doesn't speak TLS", "Write url with http://, or with the port that serves https."}, true
	case errors.As(err, &op) && op.Op == "remote error":
		return judgeAlert(op.Err.Error()), true
	case err != nil && strings.Contains(err.Error(), "tls: server selected unsupported protocol version"):
		return verdict{catalog.CodeInvalid, "the server speaks only TLS versions that are no longer safe", cureVersion}, true
	}
	return verdict{}, false
}

const cureVersion = "Switch TLS 1.2 on at the server."

// judgeAlert is for a handshake that the server broke off; text is the alert's name.
func judgeAlert(text string) verdict {
	v := verdict{
		catalog.CodeUnauthorized, "the server broke off the TLS handshake: " + text,
		"If it wants a client certificate, give tls.client_cert and tls.client_key (or tls.pfx); the direct ports (4242, 4747) want authentication: certificate.",
	}
	switch {
	case strings.Contains(text, "expired certificate"):
		v.says, v.cure = "the server says that the client certificate expired", "Export a new client certificate in the QMC, under Certificates."
	case strings.Contains(text, "unknown certificate authority"), strings.Contains(text, "bad certificate"), strings.Contains(text, "unknown certificate"):
		v.says, v.cure = "the server refused the client certificate in the TLS handshake: "+text, "Give a client certificate that this very site has issued (QMC, Certificates)."
	case strings.Contains(text, "certificate required"):
		v.says = "the server wants a client certificate"
	case strings.Contains(text, "protocol version"):
		v.says, v.cure = "the server speaks only TLS versions that are no longer safe", cureVersion
	case strings.Contains(text, "unrecognized name"):
		v.says, v.cure = "the server knows no host of this name", "Set tls.server_name (or alias_host_name) to a name that the server has."
	}
	return v
}

// noNames reports whether a certificate has no subject alternative name.
func noNames(c *x509.Certificate) bool {
	return c != nil && len(c.DNSNames) == 0 && len(c.IPAddresses) == 0
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf(" (issuer %s)", c.Issuer)
}

func certificateNames(c *x509.Certificate) string {
	if c == nil {
		return "another name"
	}
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return c.Subject.String()
	}
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return strings.Join(names, ", ")
}

func validity(c *x509.Certificate) string {
	if c == nil {
		return "has expired or is not yet valid"
	}
	if time.Now().After(c.NotAfter) {
		return "expired on " + c.NotAfter.UTC().Format(time.DateOnly)
	}
	return fmt.Sprintf("is valid from %s to %s only", c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
}
