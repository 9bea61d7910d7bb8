package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Mailer sends mail through one SMTP server.
type Mailer struct {
	host, port     string
	tls            string // tlsImplicit, tlsRequired, tlsOffered, tlsNever
	user, password string
	from           *mail.Address
	dial           func(ctx context.Context, network, addr string) (net.Conn, error)
	config         *tls.Config
	links          Links
	now            func() time.Time
}

// How a connection to a mail server is encrypted.
const (
	tlsImplicit = "implicit" // from the first byte: smtps://
	tlsRequired = "required" // STARTTLS, or nothing is sent
	tlsOffered  = "offered"  // STARTTLS if the server offers it
	tlsNever    = "never"
)

// MailDeps are what NewMailer needs.
type MailDeps struct {
	// URL is smtp://[USER:PASSWORD@]HOST[:PORT]?from=ADDRESS[&tls=required|offered|never], or smtps://… for
	// TLS from the first byte. Ports: 587 and 465. With a password STARTTLS is required unless tls says otherwise.
	URL   string
	Dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	TLS   *tls.Config // nil: the system's authorities
	Links Links
	Now   func() time.Time // nil: time.Now
}

// NewMailer reads a mail server's address. The error doesn't show the password.
func NewMailer(d MailDeps) (*Mailer, error) {
	u, err := url.Parse(d.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("want smtp://USER:PASSWORD@HOST:587?from=ADDRESS, or smtps://…")
	}
	m := &Mailer{host: u.Hostname(), port: u.Port(), dial: d.Dial, config: d.TLS, links: d.Links, now: d.Now, tls: u.Query().Get("tls")}
	if u.User != nil {
		m.user = u.User.Username()
		m.password, _ = u.User.Password()
	}
	if err := m.readTLS(u.Scheme); err != nil {
		return nil, err
	}
	from := u.Query().Get("from")
	if from == "" && strings.Contains(m.user, "@") {
		from = m.user
	}
	if m.from, err = mail.ParseAddress(from); err != nil {
		return nil, errors.New("say who the mail is from: ?from=qlikcrawler@example.com")
	}
	for key := range u.Query() {
		if key != "from" && key != "tls" {
			return nil, fmt.Errorf("there is no parameter %q; known are from and tls", key)
		}
	}
	if m.now == nil {
		m.now = time.Now
	}
	return m, nil
}

func (m *Mailer) readTLS(scheme string) error {
	if scheme == "smtps" {
		if m.tls != "" {
			return errors.New("tls has no meaning with smtps://, which has TLS from the first byte")
		}
		m.tls = tlsImplicit
	}
	if m.tls == "" {
		m.tls = tlsOffered
		if m.password != "" {
			m.tls = tlsRequired
		}
	}
	if !slices.Contains([]string{tlsImplicit, tlsRequired, tlsOffered, tlsNever}, m.tls) {
		return errors.New("tls must be required, offered or never")
	}
	if m.port == "" {
		m.port = map[bool]string{true: "465", false: "587"}[m.tls == tlsImplicit]
	}
	return nil
}

// Send mails a notification to its target. Errors don't show the password.
func (m *Mailer) Send(ctx context.Context, n catalog.Notification) error {
	text, err := m.message(n)
	if err != nil {
		return &refusal{err: err}
	}
	c, err := m.connect(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server %s: %w", m.host, err)
	}
	defer c.Close()
	if err := m.hand(c, n.Target, text); err != nil {
		return fmt.Errorf("mail through %s: %w", m.host, judged(err))
	}
	_ = c.Quit() // the mail is accepted
	return nil
}

// connect connects, with TLS as it is wanted, and logs in.
func (m *Mailer) connect(ctx context.Context) (*smtp.Client, error) {
	conn, err := m.dial(ctx, "tcp", net.JoinHostPort(m.host, m.port))
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if m.tls == tlsImplicit {
		conn = tls.Client(conn, m.tlsConfig())
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := m.secure(c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (m *Mailer) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.config != nil {
		c = m.config.Clone()
	}
	c.ServerName = m.host
	return c
}

func (m *Mailer) secure(c *smtp.Client) error {
	offered, _ := c.Extension("STARTTLS")
	switch {
	case m.tls == tlsRequired && !offered:
		return errors.New("it offers no TLS, and the password isn't sent without; say tls=never if that is meant")
	case m.tls == tlsRequired, m.tls == tlsOffered && offered:
		if err := c.StartTLS(m.tlsConfig()); err != nil {
			return err
		}
	}
	if m.password == "" {
		return nil
	}
	ok, methods := c.Extension("AUTH")
	if !ok {
		return errors.New("it takes no login; leave user and password out of QLIKCRAWLER_SMTP_URL")
	}
	if err := c.Auth(m.auth(strings.Fields(methods))); err != nil {
		// A wrong password isn't tried again and again.
		return &refusal{err: fmt.Errorf("log in: %w", shortened(err)), after: time.Hour}
	}
	return nil
}

func (m *Mailer) hand(c *smtp.Client, to string, text []byte) error {
	if err := c.Mail(m.from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// judged tells a refusal for good (5xx) from one that may pass.
func judged(err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 500 {
		return &refusal{err: shortened(err)}
	}
	return err
}

// shortened keeps a server's long answer from filling the log.
func shortened(err error) error {
	text := err.Error()
	if len(text) <= 300 {
		return err
	}
	return errors.New(text[:300] + "…")
}

func (m *Mailer) auth(methods []string) smtp.Auth {
	switch {
	case slices.Contains(methods, "PLAIN"):
		return plainAuth{m.user, m.password}
	case slices.Contains(methods, "LOGIN"):
		return loginAuth{m.user, m.password}
	default:
		return smtp.CRAMMD5Auth(m.user, m.password)
	}
}

// plainAuth logs in with PLAIN (RFC 4616). The library's own refuses without TLS except on this machine;
// here the person who wrote tls=never decides.
type plainAuth struct{ user, password string }

func (a plainAuth) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

func (a plainAuth) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, errors.New("the server asks for more than PLAIN has")
	}
	return nil, nil
}

// loginAuth logs in with LOGIN, which some servers know alone: they ask for the name, then the password.
type loginAuth struct{ user, password string }

func (a loginAuth) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

func (a loginAuth) Next(question []byte, more bool) ([]byte, error) {
	switch {
	case !more:
		return nil, nil
	case strings.Contains(strings.ToLower(string(question)), "user"):
		return []byte(a.user), nil
	case strings.Contains(strings.ToLower(string(question)), "pass"):
		return []byte(a.password), nil
	default:
		return nil, errors.New("the server asks for something else than name and password")
	}
}
