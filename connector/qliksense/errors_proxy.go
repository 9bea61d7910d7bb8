package qliksense

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/tunnel"
)

const (
	cureProxyLogin = "Check proxy.username and proxy.password; it is not tried again, since accounts get locked."
	cureProxyURL   = "Check proxy.url: host and port of the HTTP proxy, and that it is running."
)

// judgeProxy says why an HTTP proxy gives no connection.
func judgeProxy(e *tunnel.Error) verdict {
	switch s := e.Status; {
	case s == http.StatusProxyAuthRequired:
		return judgeProxyLogin(e)
	case s == http.StatusBadGateway, s == http.StatusServiceUnavailable, s == http.StatusGatewayTimeout:
		return verdict{
			catalog.CodeUnreachable, fmt.Sprintf("the HTTP proxy %s can't reach %s (status %d)", e.Proxy, e.Target, s),
			"Check host and port in url, and that the proxy's machine reaches them.",
		}
	case s == http.StatusTooManyRequests:
		return verdict{catalog.CodeThrottled, fmt.Sprintf("the HTTP proxy %s wants fewer connections (status 429)", e.Proxy), "Try again later, with fewer options.workers."}
	case s != 0:
		return verdict{
			catalog.CodeForbidden, fmt.Sprintf("the HTTP proxy %s refuses connections to %s (status %d)", e.Proxy, e.Target, s),
			"Allow CONNECT to " + e.Target + " on the proxy, or take the proxy out when the site is reached directly.",
		}
	}
	return judgeProxyNetwork(e)
}

func judgeProxyLogin(e *tunnel.Error) verdict {
	basic := slices.ContainsFunc(e.Schemes, func(name string) bool { return strings.EqualFold(name, "Basic") })
	switch {
	case len(e.Schemes) > 0 && !basic:
		return verdict{
			catalog.CodeUnauthorized, fmt.Sprintf("the HTTP proxy %s wants a login by %s, and this program knows Basic alone", e.Proxy, strings.Join(e.Schemes, " or ")),
			"Let the proxy accept Basic from this machine, or let this machine through without a login.",
		}
	case e.Login:
		return verdict{catalog.CodeUnauthorized, fmt.Sprintf("the HTTP proxy %s refused the login (status 407)", e.Proxy), cureProxyLogin}
	default:
		return verdict{catalog.CodeUnauthorized, fmt.Sprintf("the HTTP proxy %s wants a login (status 407)", e.Proxy), "Set proxy.username and proxy.password."}
	}
}

// judgeProxyNetwork is for a proxy that isn't there, or is none.
func judgeProxyNetwork(e *tunnel.Error) verdict {
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return verdict{catalog.CodeUnreachable, "there is no HTTP proxy named " + dns.Name, cureProxyURL}
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return verdict{catalog.CodeUnreachable, "nothing listens at the HTTP proxy's address " + e.Proxy + " (connection refused)", cureProxyURL}
	case e.Target != "" && strings.Contains(e.Err.Error(), "malformed HTTP"):
		return verdict{catalog.CodeInvalid, "what listens at " + e.Proxy + " is no HTTP proxy", cureProxyURL}
	}
	v := judgeNetwork(e.Err)
	v.says, v.cure = "the HTTP proxy "+e.Proxy+" gives no connection: "+e.Err.Error(), cureProxyURL
	if v.code == catalog.CodeInternal {
		v.code = catalog.CodeUnreachable
	}
	return v
}
