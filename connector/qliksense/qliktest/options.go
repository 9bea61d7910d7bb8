package qliktest

import (
	"crypto/rsa"
	"time"
)

// Options say how a simulated site behaves. The zero value is a modern site (November 2024 or
// later) on free ports of the loopback interface, with a virtual proxy "jwt".
type Options struct {
	Listen       string // address of the proxy, "127.0.0.1:0" by default
	QRSListen    string // address of the Repository's own port (4242 at Qlik), "127.0.0.1:0" by default
	EngineListen string // address of the Engine's own port (4747 at Qlik), "127.0.0.1:0" by default
	LoginListen  string // with OldLogin: address of the authentication port (4244 at Qlik), "127.0.0.1:0" by default
	PlainHTTP    bool   // the proxy and the authentication port speak http instead of https
	Host         string // host name in URLs, "localhost" by default

	Prefix     string // of the JWT virtual proxy, "jwt" by default
	NoPrefix   bool   // the JWT virtual proxy is the default one, without a prefix
	CookieName string // "X-Qlik-Session-<prefix>" by default (facts A.5)

	// The default virtual proxy asks for a Windows login, unless NoPrefix; so does a further one when
	// WindowsPrefix names it. Accounts are the users that have a Password.
	WindowsPrefix  string
	WindowsPattern string        // in the User-Agent of who is sent to NTLM and not to the form, "Windows" by default (facts A.3)
	OldLogin       bool          // the login pages are on a port of their own, as with older builds (facts A.3 2)
	TargetLife     time.Duration // of a login page's target id, 5 minutes by default

	// A further virtual proxy, HeaderPrefix, takes the user from a request header (facts A.6). With
	// HeaderDirectory the value is the user id in that directory (static); else HeaderPattern says how the
	// value is made of $ud and $id (dynamic), "$ud\\$id" by default.
	HeaderPrefix    string // "": there is none
	HeaderName      string // "X-Qlik-User" by default
	HeaderDirectory string
	HeaderPattern   string

	RequireClientCert  bool     // the proxy's port too wants a client certificate of the site's authority
	CertificateNames   []string // the only names in the server's certificate; nil: Host and this machine's
	CertificateExpired bool     // the server's certificate is out of date

	JWTKey             *rsa.PrivateKey // generated when nil; the site itself knows the public half
	Audience           string          // checked when not empty
	UserIDClaim        string          // "userId" by default, case-sensitive
	UserDirectoryClaim string          // "userDirectory" by default, case-sensitive

	// Anonymous: the JWT virtual proxy lets everyone in as anonymous and looks at no token
	// (anonymousAccessMode 2): sockets and pages work, QRS leads to the login page (facts A.6).
	Anonymous bool

	NoCSRF        bool     // a server of before November 2024: csrftoken is 404, sockets need no token (facts A.7)
	Mild          bool     // sockets need no Origin, and Authorization on the upgrade is tolerated (facts G.2)
	HostAllowList []string // host names allowed in Origin besides the proxy's own (facts A.8)
	Pings         PingRule // what a ping through the proxy does (facts C.2)

	MaxSessions    int           // parallel proxy sessions a user, 5 by default (facts A.9)
	SessionTimeout time.Duration // idle time, 30 minutes by default
	UnknownCookie  CookieFace    // what a cookie that the proxy doesn't know gets (facts A.9)

	MaxRecordLimit int           // cap of lists and of /full (facts B.1); 0: none
	Latency        Latency       // how long things take
	SlowBy         time.Duration // delay of the faults SlowREST, SlowOpen and LateReply, 2 seconds by default

	// AppDateStays leaves the app's modifiedDate alone when an object in it is edited: the cell of the
	// table in facts B.4 that is unsure.
	AppDateStays bool

	OutOfOrder bool // replies of the Engine overtake each other (facts C.3)

	Now func() time.Time // the site's clock, time.Now by default
}

// A Latency is how long the site takes for what it does.
type Latency struct {
	REST  time.Duration // a REST call
	Call  time.Duration // an Engine call
	Open  time.Duration // an OpenDoc
	Login time.Duration // starting a proxy session

	// Knee is how many sockets the Engine serves as fast as one. With twice as many, its calls and opens take
	// twice as long, and so on: more at a time brings nothing. 0: any number.
	Knee int
}

// A PingRule is what WebSocket pings through the proxy do.
type PingRule int

// PingsDeafen is what is known of the real proxy: after a ping no request is answered.
const (
	PingsDeafen PingRule = iota
	PingsAnswered
)

// A CookieFace is how an unknown or expired session cookie is answered on REST calls.
type CookieFace int

// The three faces of an expired session (facts A.9).
const (
	CookieRedirect CookieFace = iota // 302 to the login page
	CookieError                      // 500 "Authentication error: Restart the browser."
	CookieRefused                    // 401
)

// withDefaults fills in what the zero value leaves open.
func (o Options) withDefaults() Options {
	or := func(p *string, def string) {
		if *p == "" {
			*p = def
		}
	}
	or(&o.Listen, "127.0.0.1:0")
	or(&o.QRSListen, "127.0.0.1:0")
	or(&o.EngineListen, "127.0.0.1:0")
	or(&o.LoginListen, "127.0.0.1:0")
	or(&o.Host, "localhost")
	or(&o.WindowsPattern, "Windows")
	or(&o.HeaderName, "X-Qlik-User")
	or(&o.HeaderPattern, `$ud\$id`)
	or(&o.Prefix, "jwt")
	if o.NoPrefix {
		o.Prefix = ""
	}
	or(&o.CookieName, cookieName(o.Prefix))
	or(&o.UserIDClaim, "userId")
	or(&o.UserDirectoryClaim, "userDirectory")
	if o.TargetLife == 0 {
		o.TargetLife = 5 * time.Minute
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = 5
	}
	if o.SessionTimeout == 0 {
		o.SessionTimeout = 30 * time.Minute
	}
	if o.SlowBy == 0 {
		o.SlowBy = 2 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// cookieName is the convention for a virtual proxy's session cookie (facts A.5).
func cookieName(prefix string) string {
	if prefix == "" {
		return "X-Qlik-Session"
	}
	return "X-Qlik-Session-" + prefix
}
