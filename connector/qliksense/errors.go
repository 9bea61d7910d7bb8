package qliksense

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// A verdict is what a failure on the wire means for the catalog, and what to do about it.
type verdict struct {
	code catalog.Code
	says string // a sentence in place of the wire's words; "": those are clear enough
	cure string
}

// unreadable is the error of what arrived and makes no sense.
func unreadable(op string, key catalog.Key, err error) error {
	return &catalog.Error{Code: catalog.CodeUnreadable, Op: op, Key: key, Err: err, Cure: cureOdd}
}

// explain is the one place where what QRS, the Engine, the proxy or the network said becomes a code
// and a cure. An error that has a code keeps it; a cancelled context stays what it is.
func explain(op string, key catalog.Key, err error) error {
	var known *catalog.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	}
	v := judge(err)
	return &catalog.Error{Code: v.code, Op: op, Key: key, Err: said(v.says, err), Cure: v.cure}
}

// A sentence is an error in our words, with the wire's behind it.
type sentence struct {
	text  string
	cause error
}

func (s *sentence) Error() string { return s.text }
func (s *sentence) Unwrap() error { return s.cause }

func said(text string, cause error) error {
	if text == "" {
		return cause
	}
	return &sentence{text, cause}
}

// judge looks an error up in the tables, the most telling part of its chain first.
func judge(err error) verdict {
	var (
		rest      *qrs.Error
		refusal   *qix.EngineError
		push      *qix.PushError
		auth      *qix.AuthError
		handshake *qix.HandshakeError
		frame     *qix.FrameError
		odd       *qix.DecodeError
		null      *qix.NullHandleError
		hungUp    *qix.PeerClosedError
	)
	switch {
	case errors.As(err, &rest):
		return judgeREST(rest)
	case errors.As(err, &refusal):
		return judgeEngine(refusal.Code)
	case errors.As(err, &push):
		return judgePush(push)
	case errors.As(err, &auth):
		return verdict{catalog.CodeUnauthorized, "the Engine's socket is not logged in", cureLogin}
	case errors.As(err, &handshake):
		return judgeHandshake(handshake)
	case errors.Is(err, qix.ErrFrameTooLarge):
		return verdict{catalog.CodeTooLarge, "", "Look at the app in the hub: no sheet, script or list of an app is that large."}
	case errors.As(err, &frame), errors.As(err, &odd):
		return verdict{catalog.CodeUnreadable, "", cureOdd}
	case errors.As(err, &null):
		return verdict{catalog.CodeNotFound, "", cureGone}
	case errors.As(err, &hungUp):
		return verdict{catalog.CodeUnreachable, "", cureEngine}
	case errors.Is(err, errTimeout):
		return verdict{catalog.CodeTimeout, "", cureTimeout}
	}
	return judgeNetwork(err)
}

// Cures that several rows share.
const (
	cureLogin   = "Check the login: the account may have been logged out by another program that uses it."
	cureEngine  = "Try again later; check the Engine service and what stands between it and this program."
	cureRepo    = "Try again later; check that the Repository service is running."
	cureLicence = "Assign an access type (a licence) to the account in the QMC, under License management."
	cureRights  = "Give the account the right in the QMC, under Security rules; `qlikcrawler check` names the rule."
	cureOdd     = "Crawl again. If it stays so, look for a proxy or filter between this program and Qlik that changes or cuts answers."
	cureGone    = "Check in the QMC that it still exists and that the account may read it."
	cureBusy    = "Crawl again when nobody changes the app."
	cureOpen    = "Try to open the app in the hub: it may be damaged, or this Engine too old."
	cureTimeout = "Raise options.app_timeout, or look at why the server is slow."
	cureAllow   = "Add the host name of url to the virtual proxy's host allow list in the QMC, or set alias_host_name to a name that is on it."
	curePrefix  = "Set the prefix of the login to the virtual proxy's prefix in the QMC, and link that virtual proxy to the proxy service."
	cureSession = "Close other sessions of this account or wait until they time out (30 minutes), lower options.max_sessions, or use an account of its own: Qlik allows 5 sessions a user."
)

// judgeREST is the table of facts A.2, A.5, A.9 and B.1.
func judgeREST(e *qrs.Error) verdict {
	if e.Status == http.StatusProxyAuthRequired {
		return verdict{catalog.CodeUnauthorized, "the HTTP proxy wants a login, or refused it (status 407)", cureProxyLogin}
	}
	switch e.Kind {
	case qrs.Network:
		return judgeNetwork(e.Err)
	case qrs.NotQlik, qrs.BadAnswer:
		return verdict{catalog.CodeUnreadable, "", cureOdd}
	case qrs.Changing:
		return verdict{catalog.CodeUnreadable, "", "Crawl again when fewer changes are made on the site."}
	case qrs.WrongPrefix:
		return verdict{catalog.CodeInvalid, "the proxy has no virtual proxy with this prefix, or it isn't linked", curePrefix}
	case qrs.SessionEnded:
		return verdict{catalog.CodeUnauthorized, "", cureLogin}
	case qrs.Xsrf:
		return verdict{catalog.CodeForbidden, "", "Something between this program and Qlik changes requests: let the query and the header X-Qlik-Xrfkey through."}
	case qrs.Inactive:
		return verdict{catalog.CodeUnauthorized, "", "Activate the account in the QMC, under Users."}
	case qrs.Forbidden:
		return verdict{catalog.CodeForbidden, "", cureRights}
	case qrs.NotFound:
		return verdict{catalog.CodeNotFound, "", cureGone}
	case qrs.Throttled:
		return verdict{catalog.CodeThrottled, "", "Try again later, with fewer options.workers."}
	case qrs.Unavailable:
		return verdict{catalog.CodeUnreachable, "", cureRepo}
	default: // BadFilter, MissingParameter, BadRequest: our own requests are wrong
		return verdict{catalog.CodeInternal, "", ""}
	}
}

// judgeEngine is the table of facts C.3 and G 37.
func judgeEngine(code int) verdict {
	switch {
	case code == 4000 || code == 4001 || code == 12002:
		return verdict{catalog.CodeSectionAccess, "", "Add the account to the app's section access, its name in upper case, or accept the gap."}
	case code == 5 || code == 3000 || code == 10000 || code == 20000:
		return verdict{catalog.CodeForbidden, "", cureRights}
	case code >= 5000 && code <= 5009:
		return verdict{catalog.CodeForbidden, "", cureLicence}
	case code == 2 || code == 1003 || code == 1013 || code == 3003 || code == 9003 || code == 2001:
		return verdict{catalog.CodeNotFound, "", cureGone}
	case code == 6 || code == 19 || code == 1015 || code == 7002 || code == 7003 || code == 7009 || code == -32604:
		return verdict{catalog.CodeTooLarge, "", "Give the Engine more memory, or raise its limits."}
	case code >= 1010 && code <= 1012 || code == 9004:
		return verdict{catalog.CodeUnreadable, "", "Open the app once in the hub as its owner, so that Qlik brings it to this version, or import it anew."}
	case code == 8 || code == 9 || code == 10 || code == 11 || code == 12:
		return verdict{catalog.CodeUnreadable, "", "Try to open the app in the hub: it may be damaged."}
	case code == 15 || code == 1002 || code == 1009 || code == 9011:
		return verdict{catalog.CodeConflict, "", cureBusy}
	case code >= 11000 && code <= 11048:
		return verdict{catalog.CodeConflict, "", "Crawl again when the app's reload is over."}
	case code == 16 || code == 21 || code == 1008:
		return verdict{catalog.CodeUnreachable, "", cureEngine}
	case code == 1018 || code == 7004:
		return verdict{catalog.CodeTimeout, "", cureEngine}
	case code == 1007 || code == -32602 || code == -32600 || code == -32700:
		return verdict{catalog.CodeInternal, "", ""}
	default: // -32601, -32603, -128 and whatever else it may say
		return verdict{catalog.CodeUnreadable, "", cureOpen}
	}
}

// judgePush is the table of facts C.2: pushes, and session states that are refusals.
func judgePush(p *qix.PushError) verdict {
	if p.Method == "OnConnected" {
		return judgeState(p.Message)
	}
	switch p.Method {
	case "OnMaxParallelSessionsExceeded":
		return verdict{catalog.CodeSessionLimit, "too many sessions of this account are active in parallel", cureSession}
	case "OnLicenseAccessDenied":
		if strings.Contains(strings.ToLower(p.Message), "contact the repository") {
			return verdict{catalog.CodeUnreachable, "", cureRepo} // the proxy couldn't ask
		}
		return verdict{catalog.CodeForbidden, "", cureLicence}
	case "OnLicenseAccessDeniedPendingUserSync":
		return verdict{catalog.CodeThrottled, "", "Try again when the user directory has been synchronized."}
	case "OnNoEngineAvailable":
		// Also the proxy's answer to an id that it doesn't know; not_found would retire the app.
		return verdict{catalog.CodeUnreachable, "no Engine has the app", "Check in the QMC that an Engine node holds the app and is running."}
	case "OnSessionTimedOut", "OnSessionLoggedOut":
		return verdict{catalog.CodeUnauthorized, "", cureLogin}
	case "OnNoRepositoryAvailable", "OnRepositoryWebsocketFailed":
		return verdict{catalog.CodeUnreachable, "", cureRepo}
	default: // OnSessionClosed ("by server"), OnEngineWebsocketFailed and other services that are down
		return verdict{catalog.CodeUnreachable, "", cureEngine}
	}
}

func judgeState(state string) verdict {
	switch state {
	case "SESSION_ERROR_LIMIT_EXCEEDED":
		return verdict{catalog.CodeSessionLimit, "", cureSession}
	case "SESSION_ERROR_NO_LICENSE", "SESSION_ERROR_LICENSE_RENEW", "SESSION_ERROR_LICENSE_INVALID":
		return verdict{catalog.CodeForbidden, "", cureLicence}
	case "SESSION_ERROR_APP_ACCESS_DENIED":
		return verdict{catalog.CodeForbidden, "", cureRights}
	case "SESSION_ERROR_SECURITY_HEADER_CHANGED":
		return verdict{catalog.CodeUnauthorized, "", cureLogin}
	default: // SESSION_ACCESS_CONTROL_SETUP_FAILURE, SESSION_ERROR_APP_FAILURE
		return verdict{catalog.CodeUnreadable, "", cureOpen}
	}
}

// judgeHandshake is the table of facts A.7 to A.9 for upgrades that were refused or led nowhere.
func judgeHandshake(h *qix.HandshakeError) verdict {
	switch s := h.Status; {
	case s == 0:
		return judgeNetwork(h.Err)
	case s == 101 && errors.Is(h.Err, os.ErrDeadlineExceeded):
		return verdict{catalog.CodeTimeout, "the Engine accepted the socket and didn't greet", cureEngine}
	case silentClose(h):
		return verdict{catalog.CodeUnreachable, "the proxy accepted the socket and closed it without a greeting", cureEngine}
	case s == 101, s == 401, s >= 300 && s < 400, endedText(h):
		return verdict{catalog.CodeUnauthorized, "", cureLogin}
	case s == 403:
		return verdict{catalog.CodeForbidden, "the proxy refused the socket (status 403): the host isn't allowed, or the CSRF check failed", cureAllow}
	case s == 400 || s == 404:
		return verdict{catalog.CodeInvalid, "", curePrefix}
	case s == 429:
		return verdict{catalog.CodeThrottled, "", "Try again later, with fewer options.workers."}
	case s >= 500:
		return verdict{catalog.CodeUnreachable, "", cureEngine}
	default:
		return verdict{catalog.CodeUnreadable, "", "Let WebSockets through to Qlik: something between answers in its place."}
	}
}

// silentClose reports a socket that was accepted and closed without a greeting: a face of an ended
// session (facts A.9), or, when a new session doesn't help, an Engine in trouble.
func silentClose(err error) bool {
	var handshake *qix.HandshakeError
	var hungUp *qix.PeerClosedError
	return errors.As(err, &handshake) && handshake.Status == 101 && errors.As(err, &hungUp)
}

// endedText is the third face of an expired session (facts A.9).
func endedText(h *qix.HandshakeError) bool {
	return h.Status == 500 && strings.Contains(strings.ToLower(h.Body), "authentication error")
}

// sessionEnded reports whether an error says that the Qlik session is over, so that a new login may
// help: all the faces of facts A.9, on REST and on sockets.
func sessionEnded(err error) bool {
	var (
		auth      *qix.AuthError
		push      *qix.PushError
		handshake *qix.HandshakeError
	)
	switch {
	case qrs.KindOf(err) == qrs.SessionEnded, errors.As(err, &auth):
		return true
	case errors.As(err, &push):
		return push.Method == "OnSessionTimedOut" || push.Method == "OnSessionLoggedOut"
	case errors.As(err, &handshake):
		s := handshake.Status
		return s == 401 || s >= 300 && s < 400 || endedText(handshake) || silentClose(err)
	}
	return false
}
