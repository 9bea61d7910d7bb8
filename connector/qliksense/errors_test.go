package qliksense

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// TestEveryRowOfTheErrorTables walks what the fact book says that servers say.
func TestEveryRowOfTheErrorTables(t *testing.T) {
	t.Parallel()
	engine := func(codes ...int) (all []error) {
		for _, c := range codes {
			all = append(all, &qix.EngineError{Code: c, Method: "OpenDoc"})
		}
		return all
	}
	push := func(methods ...string) (all []error) {
		for _, m := range methods {
			all = append(all, &qix.PushError{Method: m})
		}
		return all
	}
	state := func(states ...string) (all []error) {
		for _, s := range states {
			all = append(all, &qix.PushError{Method: "OnConnected", Message: s})
		}
		return all
	}
	rest := func(kinds ...qrs.Kind) (all []error) {
		for _, k := range kinds {
			all = append(all, &qrs.Error{Op: "list apps", Kind: k})
		}
		return all
	}
	upgrade := func(statuses ...int) (all []error) {
		for _, s := range statuses {
			all = append(all, &qix.HandshakeError{Status: s})
		}
		return all
	}
	for _, row := range []struct {
		fact string
		errs []error
		want catalog.Code
		cure string // what the cure must speak of; "": there may be none
	}{
		{"C.3 section access", engine(4000, 4001, 12002), catalog.CodeSectionAccess, "section access"},
		{"C.3 access denied", engine(5, 3000, 10000, 20000), catalog.CodeForbidden, "Security rules"},
		{"C.3 licence", engine(5000, 5009), catalog.CodeForbidden, "licence"},
		{"C.3 not found", engine(2, 1003, 1013, 3003, 9003), catalog.CodeNotFound, "exists"},
		{"C.3 size", engine(6, 19, 1015, 7002, 7003, 7009, -32604), catalog.CodeTooLarge, "memory"},
		{"C.3 migration", engine(1010, 1011, 1012, 9004), catalog.CodeUnreadable, "hub"},
		{"C.3 damaged", engine(8, 9, 10, 11, 12), catalog.CodeUnreadable, "damaged"},
		{"C.3 in use", engine(15, 1002, 1009, 9011), catalog.CodeConflict, "again"},
		{"C.3 reload running", engine(11000, 11048), catalog.CodeConflict, "reload"},
		{"C.3 connection lost", engine(16, 21, 1008), catalog.CodeUnreachable, "Engine"},
		{"C.3 time", engine(1018, 7004), catalog.CodeTimeout, "Engine"},
		{"C.3 our mistakes", engine(1007, -32602, -32600, -32700), catalog.CodeInternal, ""},
		{"C.3 anything else", engine(-32601, -32603, -128, -1, 123456), catalog.CodeUnreadable, "hub"},

		{"C.2 sessions", push("OnMaxParallelSessionsExceeded"), catalog.CodeSessionLimit, "5 sessions"},
		{"C.2 licence", push("OnLicenseAccessDenied"), catalog.CodeForbidden, "licence"},
		{"C.2 licence not asked for", []error{&qix.PushError{
			Method: "OnLicenseAccessDenied", Message: "Could not contact the repository service to request app access.",
		}}, catalog.CodeUnreachable, "Repository"},
		{"C.2 user sync", push("OnLicenseAccessDeniedPendingUserSync"), catalog.CodeThrottled, "synchronized"},
		{"C.2 no engine", push("OnNoEngineAvailable"), catalog.CodeUnreachable, "Engine node"},
		{"C.2 session over", push("OnSessionTimedOut", "OnSessionLoggedOut"), catalog.CodeUnauthorized, "login"},
		{"C.2 one session closed: no reason to end the crawl", push("OnSessionClosed"), catalog.CodeUnreachable, "Engine"},
		{"C.2 repository", push("OnNoRepositoryAvailable", "OnRepositoryWebsocketFailed"), catalog.CodeUnreachable, "Repository"},
		{"C.2 engine and others", push("OnEngineWebsocketFailed", "OnNoDataPrepServiceAvailable", "OnDataPrepServiceWebsocketFailed", "OnNoPrintingServiceAvailable"), catalog.CodeUnreachable, "Engine"},
		{"C.2 state: limit", state("SESSION_ERROR_LIMIT_EXCEEDED"), catalog.CodeSessionLimit, "5 sessions"},
		{"C.2 state: licence", state("SESSION_ERROR_NO_LICENSE", "SESSION_ERROR_LICENSE_RENEW", "SESSION_ERROR_LICENSE_INVALID"), catalog.CodeForbidden, "licence"},
		{"C.2 state: app access", state("SESSION_ERROR_APP_ACCESS_DENIED"), catalog.CodeForbidden, "Security rules"},
		{"C.2 state: header", state("SESSION_ERROR_SECURITY_HEADER_CHANGED"), catalog.CodeUnauthorized, "login"},
		{"C.2 state: others", state("SESSION_ACCESS_CONTROL_SETUP_FAILURE", "SESSION_ERROR_APP_FAILURE"), catalog.CodeUnreadable, "hub"},

		{"A.2, B.1 xsrf", rest(qrs.Xsrf), catalog.CodeForbidden, "X-Qlik-Xrfkey"},
		{"A.5 prefix", rest(qrs.WrongPrefix), catalog.CodeInvalid, "prefix"},
		{"A.9 session", rest(qrs.SessionEnded), catalog.CodeUnauthorized, "login"},
		{"B.1 inactive", rest(qrs.Inactive), catalog.CodeUnauthorized, "QMC"},
		{"B.1 forbidden", rest(qrs.Forbidden), catalog.CodeForbidden, "Security rules"},
		{"B.1 not found", rest(qrs.NotFound), catalog.CodeNotFound, "exists"},
		{"B.1 our mistakes", rest(qrs.BadFilter, qrs.MissingParameter, qrs.BadRequest), catalog.CodeInternal, ""},
		{"B.1 restarting", rest(qrs.Unavailable), catalog.CodeUnreachable, "Repository"},
		{"balancers", rest(qrs.Throttled), catalog.CodeThrottled, "workers"},
		{"G 17", rest(qrs.Changing), catalog.CodeUnreadable, "changes"},
		{"G 3, B.9", rest(qrs.NotQlik, qrs.BadAnswer), catalog.CodeUnreadable, "proxy"},

		{"A.7 upgrade", upgrade(403), catalog.CodeForbidden, "host allow list"},
		{"A.9 upgrade", upgrade(401, 302, 301, 101), catalog.CodeUnauthorized, "login"},
		{"A.9 upgrade, third face", []error{&qix.HandshakeError{Status: 500, Body: "Authentication error: Restart the browser."}}, catalog.CodeUnauthorized, "login"},
		{"A.5 upgrade", upgrade(400, 404), catalog.CodeInvalid, "prefix"},
		{"upgrade, service down", upgrade(500, 502, 503), catalog.CodeUnreachable, "Engine"},
		{"upgrade, a middle box", upgrade(200), catalog.CodeUnreadable, "WebSockets"},
		{"A.5 no greeting", []error{&qix.HandshakeError{Status: 101, Err: os.ErrDeadlineExceeded}}, catalog.CodeTimeout, "Engine"},
		{"C.2 must authenticate", []error{&qix.AuthError{LoginURI: "https://h/?t=geheim"}}, catalog.CodeUnauthorized, "login"},
		{"C.5 null handle", []error{&qix.NullHandleError{Method: "GetLayout"}}, catalog.CodeNotFound, "exists"},
		{"garbage", []error{&qix.FrameError{Err: errors.New("x")}, &qix.DecodeError{Err: errors.New("x")}}, catalog.CodeUnreadable, "proxy"},
		{"a huge frame", []error{&qix.FrameError{Size: 1, Err: qix.ErrFrameTooLarge}}, catalog.CodeTooLarge, "hub"},
		{"hung up", []error{&qix.ClosedError{Cause: &qix.PeerClosedError{Code: 1006}}}, catalog.CodeUnreachable, "Engine"},
		{"a push ends the session", []error{&qix.ClosedError{Cause: &qix.PushError{Method: "OnMaxParallelSessionsExceeded"}}}, catalog.CodeSessionLimit, "5 sessions"},

		{"no such host", []error{&net.DNSError{Name: "h", IsNotFound: true}}, catalog.CodeUnreachable, "url"},
		{"refused", []error{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}, catalog.CodeUnreachable, "port"},
		{"no route", []error{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}}, catalog.CodeUnreachable, "network"},
		{"time", []error{context.DeadlineExceeded, os.ErrDeadlineExceeded, &net.DNSError{IsTimeout: true}}, catalog.CodeTimeout, "reachable"},
		{"cut", []error{io.ErrUnexpectedEOF, io.EOF, syscall.ECONNRESET}, catalog.CodeUnreachable, "url"},
		{"certificate, signer", []error{x509.UnknownAuthorityError{}}, catalog.CodeUnauthorized, "tls.ca_file"},
		{"certificate, name", []error{x509.HostnameError{Host: "h", Certificate: &x509.Certificate{DNSNames: []string{"a"}}}}, catalog.CodeUnauthorized, "tls.server_name"},
		{"certificate, date", []error{x509.CertificateInvalidError{Reason: x509.Expired, Cert: &x509.Certificate{}}}, catalog.CodeUnauthorized, "Renew"},
		{"app_timeout", []error{errTimeout}, catalog.CodeTimeout, "app_timeout"},
		{"anything else", []error{errors.New("?")}, catalog.CodeInternal, ""},
	} {
		for _, err := range row.errs {
			wrapped := fmt.Errorf("while reading: %w", err)
			got := explain("open app", "qlik/app", wrapped)
			if catalog.CodeOf(got) != row.want {
				t.Errorf("facts %s: %v is %s, not %s", row.fact, err, catalog.CodeOf(got), row.want)
			}
			if cure := catalog.CureOf(got); !strings.Contains(cure, row.cure) || cure != "" && !strings.HasSuffix(cure, ".") {
				t.Errorf("facts %s: %v: cure %q doesn't speak of %q", row.fact, err, cure, row.cure)
			}
			if !errors.Is(got, err) || !strings.HasPrefix(got.Error(), "open app qlik/app: ") || strings.Contains(got.Error(), "geheim") {
				t.Errorf("facts %s: %v", row.fact, got)
			}
		}
	}
}

func TestExplainLeavesAloneWhatIsKnownOrCancelled(t *testing.T) {
	t.Parallel()
	known := fmt.Errorf("x: %w", &catalog.Error{Code: catalog.CodeWouldMigrate})
	if got := explain("open app", "k", known); got != known {
		t.Errorf("%v", got)
	}
	if got := explain("open app", "k", context.Canceled); got != context.Canceled {
		t.Errorf("%v", got)
	}
	if explain("open app", "k", nil) != nil {
		t.Error("an error of nothing")
	}
}

func TestSessionEndedKnowsAllFaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&qrs.Error{Kind: qrs.SessionEnded}, true},
		{&qix.AuthError{}, true},
		{&qix.PushError{Method: "OnSessionTimedOut"}, true},
		{&qix.PushError{Method: "OnSessionLoggedOut"}, true},
		{&qix.ClosedError{Cause: &qix.PushError{Method: "OnSessionTimedOut"}}, true},
		{&qix.HandshakeError{Status: 401}, true},
		{&qix.HandshakeError{Status: 302}, true},
		{&qix.HandshakeError{Status: 500, Body: "Authentication error: Restart the browser."}, true},
		{&qix.HandshakeError{Status: 101, Err: &qix.PeerClosedError{Code: 1006}}, true},
		{&qix.HandshakeError{Status: 101, Err: os.ErrDeadlineExceeded}, false},
		{&qix.HandshakeError{Status: 403}, false},
		{&qix.HandshakeError{Status: 500}, false},
		{&qix.PushError{Method: "OnMaxParallelSessionsExceeded"}, false},
		{&qix.ClosedError{Cause: &qix.PeerClosedError{Code: 1006}}, false},
		{&qix.EngineError{Code: 5}, false},
		{errors.New("?"), false},
	} {
		if got := sessionEnded(fmt.Errorf("x: %w", c.err)); got != c.want {
			t.Errorf("%#v: %t", c.err, got)
		}
	}
}
