package qliksense

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/jwttool"
)

func (c *check) login(ctx context.Context) (string, error) {
	_, err := c.session.login(ctx, 0)
	token, says := c.token(ctx)
	if err == nil {
		return says, nil
	}
	var rest *qrs.Error
	isREST := errors.As(err, &rest)
	switch {
	case says != "" && c.clocks() != "" && outOfTime(token, c.session.now().Add(c.knock.ahead)):
		return says, c.skewError("the server's", err)
	case says != "" && c.clocks() != "" && outOfTime(token, c.session.now()):
		return says, c.skewError("this machine's", err)
	case isREST && rest.Status >= 300 && rest.Status < 400 && c.anonymousMode(ctx):
		return "", fault(catalog.CodeUnauthorized, "log in", "the virtual proxy lets everybody in as anonymous and asks nobody to log in", err,
			"In the QMC, Virtual proxies, Authentication: set the anonymous access mode to \"No anonymous user\", or use another virtual proxy.")
	}
	return says, err
}

// token is what the connection's token says of itself, with a JWT login.
func (c *check) token(ctx context.Context) (t jwttool.Token, says string) {
	if c.site.cfg.Login != loginJWT {
		return t, ""
	}
	text, err := c.session.jwt(ctx)
	if err == nil {
		t, err = jwttool.Inspect(text)
	}
	if err != nil {
		return t, "" // the login has said so
	}
	parts := []string{"the token is signed with " + t.Algorithm}
	if directory, user := claimed(t, c.site.cfg.JWT); user != "" {
		parts = append(parts, fmt.Sprintf(`for %s\%s`, directory, user))
	}
	if len(t.Audience) > 0 {
		parts = append(parts, "with audience "+strings.Join(t.Audience, ", "))
	} else {
		parts = append(parts, "without audience")
	}
	if !t.NotBefore.IsZero() {
		parts = append(parts, "valid from "+t.NotBefore.Format(time.RFC3339))
	}
	if !t.Expires.IsZero() {
		parts = append(parts, "until "+t.Expires.Format(time.RFC3339))
	}
	return t, strings.Join(parts, ", ")
}

// claimed is whom a token is for, as far as the claims have the names that we know of. Those that count
// are named by the virtual proxy (facts A.5).
func claimed(t jwttool.Token, j jwtSettings) (directory, user string) {
	for name, value := range t.Claims {
		text, _ := value.(string)
		switch {
		case strings.EqualFold(name, j.UserIDClaim):
			user = text
		case strings.EqualFold(name, j.UserDirectoryClaim):
			directory = text
		}
	}
	return directory, user
}

// outOfTime reports whether a moment is outside of the token's life.
func outOfTime(t jwttool.Token, at time.Time) bool {
	return at.Before(t.NotBefore) || at.Before(t.Issued) || !t.Expires.IsZero() && !at.Before(t.Expires)
}

// anonymousMode reports whether a socket without a cookie is taken for somebody (facts A.6).
func (c *check) anonymousMode(ctx context.Context) bool {
	engine, err := c.stranger(ctx)
	if err != nil {
		return false
	}
	defer engine.Close()
	return anonymous(engine.User())
}

// stranger dials as one who has no session.
func (c *check) stranger(ctx context.Context) (*qix.Session, error) {
	d := c.session.dialer()
	d.GreetingTimeout = 10 * time.Second
	return d.Dial(ctx, c.session.socketAddress(noApp).String(), c.session.socketHeader())
}

func anonymous(account string) bool {
	_, user, found := strings.Cut(account, `\`)
	if !found {
		user = account
	}
	return strings.HasPrefix(strings.ToLower(user), "anonymous")
}

func (c *check) identity(ctx context.Context) (string, error) {
	account, err := c.whoAmI(ctx)
	if err != nil {
		return "", err
	}
	c.account = account
	if anonymous(account) {
		return "", fault(catalog.CodeUnauthorized, "ask who we are", "the server takes us for "+account+": nobody", nil,
			"In the QMC, Virtual proxies, Authentication: set the anonymous access mode to \"No anonymous user\".")
	}
	if want := c.expected(); want != "" && !sameAccount(want, account) {
		return "", fault(catalog.CodeUnauthorized, "ask who we are", fmt.Sprintf("the server takes us for %s, not for %s", account, want), nil,
			"Compare the login's keys with the virtual proxy in the QMC: with jwt its attributes for user ID and user directory, with header its header name and directory pattern.")
	}
	return account + c.recorded(ctx, account), nil
}

// whoAmI asks the proxy (facts A.6), or the Engine where there is none, or where the proxy is too old.
func (c *check) whoAmI(ctx context.Context) (string, error) {
	if !c.direct() {
		who, err := c.session.qrs().WhoAmI(ctx)
		if err == nil && who.UserID != "" {
			return who.UserDirectory + `\` + who.UserID, nil
		}
		if kind := qrs.KindOf(err); err != nil && kind != qrs.NotFound && kind != qrs.NotQlik {
			return "", explain("ask who we are", "", err)
		}
	}
	engine, err := c.anySocket(ctx)
	if err != nil {
		return "", skip("the Engine wasn't there to ask: see the step engine")
	}
	if user := engine.User(); user != "" {
		return user, nil
	}
	answer, err := qix.Send[struct {
		User string `json:"qReturn"`
	}](ctx, engine, -1, "GetAuthenticatedUser").Get(ctx)
	if err != nil {
		return "", explain("ask who we are", "", err)
	}
	return engineAccount(answer.User), nil
}

// engineAccount reads "UserDirectory=CORP; UserId=jdoe" (facts C.4).
func engineAccount(text string) string {
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		parts[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	if parts["userid"] == "" {
		return text
	}
	return parts["userdirectory"] + `\` + parts["userid"]
}

// expected is the account that the connection names, "" when it names none that the server must know
// by that name: the claims of a given token are named by the virtual proxy.
func (c *check) expected() string {
	cfg := c.site.cfg
	switch {
	case cfg.Login == loginWindows: // the domain may be written in another way than Qlik's directory
		name, _, _ := strings.Cut(cfg.Windows.UserID, "@")
		return account("", name)
	case cfg.Login == loginCertificate:
		return account(cfg.Certificate.UserDirectory, cfg.Certificate.UserID)
	case cfg.Login == loginJWT && c.session.signs:
		return account(cfg.JWT.UserDirectory, cfg.JWT.UserID)
	}
	return ""
}

func account(directory, user string) string {
	if user == "" {
		return ""
	}
	return directory + `\` + user
}

// sameAccount compares without case. A name without directory is one in any.
func sameAccount(want, got string) bool {
	if strings.EqualFold(want, got) {
		return true
	}
	directory, user, _ := strings.Cut(want, `\`)
	_, gotUser, _ := strings.Cut(got, `\`)
	return directory == "" && strings.EqualFold(user, gotUser)
}

// recorded is what the Repository knows of the account, if it may read that.
func (c *check) recorded(ctx context.Context, account string) string {
	directory, name, _ := strings.Cut(account, `\`)
	u, err := c.session.qrs().Account(ctx, directory, name)
	switch {
	case err != nil:
		return "" // it may not read users, or is one of Qlik's own: no fault
	case len(u.Roles) > 0:
		return ", with the roles " + strings.Join(u.Roles, ", ")
	}
	return ", without roles: it sees what security rules give it"
}

// noApp is the path of a socket for no app in particular (facts C.1).
const noApp = "engineData"

// anySocket is a socket for no app, dialed once.
func (c *check) anySocket(ctx context.Context) (*qix.Session, error) {
	if !c.global.dialed {
		c.global.dialed = true
		c.global.engine, c.global.err = c.dial(ctx, noApp)
	}
	return c.global.engine, c.global.err
}

// dial opens a socket, once: a check doesn't wait for a session of the account to end.
func (c *check) dial(ctx context.Context, appID string) (*qix.Session, error) {
	if _, err := c.session.login(ctx, 0); err != nil {
		return nil, err
	}
	engine, err := c.session.dialOnce(ctx, appID)
	if err != nil {
		return nil, explain("connect to the Engine", "", err)
	}
	return engine, nil
}

func (c *check) sessions(ctx context.Context) (string, error) {
	if c.direct() {
		return "", skip("direct ports know no limit of sessions")
	}
	_, err := c.anySocket(ctx)
	switch {
	case err == nil:
		return "within the 5 that Qlik allows a user at a time", nil
	case catalog.CodeOf(err) == catalog.CodeSessionLimit:
		return "", err
	}
	return "", skip("only a socket could tell, and that was refused: see the step engine")
}
