package qliksense

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/ntlm"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// enterWindows logs in with a Windows account, step by step as facts A.3 has it: the proxy sends a stranger to
// its authentication module and closes the connection; there the password is proved with NTLM; a ticket
// leads back, and the request with the ticket sets the session's cookie. Every step has a connection of
// its own. A password is proved once a login; see session.fly for why a refused one is never tried again.
func (s *session) enterWindows(ctx context.Context) error {
	password, err := s.secret(ctx, "windows.password")
	if err != nil {
		return err
	}
	transport := s.transport.Clone()
	transport.DisableKeepAlives = true
	cfg := s.restConfig(nil, []string{password}, nil)
	cfg.Transport, cfg.Timeout, cfg.Retries = transport, firstTimeout, 1
	page, err := qrs.New(cfg).Knock(ctx)
	if err != nil {
		return s.explainLogin(entry{}, err)
	}
	if page == nil {
		return nil // the proxy asks nobody for a login: check says as whom it took us
	}
	module, err := s.module(page)
	if err != nil {
		return err
	}
	ticket, err := s.prove(ctx, module, password)
	if err != nil {
		return err
	}
	cfg.Retries = -1 // a ticket is good once
	if err := qrs.New(cfg).Enter(ctx, ticket); err != nil {
		return s.explainTicket(err)
	}
	return nil
}

// module is the address of the Windows authentication module, if page leads to that and if the password may be
// proved there: to the site's own host, and not over http when the site has https.
func (s *session) module(page *url.URL) (*url.URL, error) {
	base := s.cfg.Base
	alias := s.cfg.AliasHostName
	where := place(page)
	switch path := strings.ToLower(page.Path); {
	case isForm(path):
		return nil, s.formInstead(where)
	case !strings.Contains(path, "windows_authentication"):
		v := s.judgeRedirect(&qrs.Error{Location: where})
		return nil, &catalog.Error{Code: v.code, Op: "log in", Err: errors.New(v.says), Cure: v.cure}
	case !strings.EqualFold(page.Hostname(), base.Hostname()) && (alias == "" || !strings.EqualFold(page.Hostname(), alias)):
		return nil, refusedLogin(catalog.CodeInvalid, fmt.Sprintf("the proxy of %s leads to another host, %s, where no password is sent", base.Hostname(), page.Hostname()),
			"Set url to https://"+page.Hostname()+" if that is the site's name, or set alias_host_name to it.", nil)
	case base.Scheme == "https" && page.Scheme != "https":
		return nil, refusedLogin(catalog.CodeInvalid, "the proxy leads from https to "+where+", where no password is sent",
			"Let the proxy's authentication module use https (QMC, Proxies, Ports).", nil)
	}
	out := *page
	out.Host = base.Hostname()
	if strings.Contains(out.Host, ":") {
		out.Host = "[" + out.Host + "]"
	}
	if port := page.Port(); port != "" {
		out.Host += ":" + port
	}
	return &out, nil
}

// isForm tells the page with a form, on the proxy's port and on the old one (facts A.3 3).
func isForm(path string) bool {
	return strings.Contains(path, "forms_authentication") || strings.HasPrefix(path, "/form/") || path == "/form"
}

// prove proves the password to the authentication module and gives the ticket that it answers with.
func (s *session) prove(ctx context.Context, module *url.URL, password string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, firstTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, module.String(), nil)
	if err != nil {
		return "", refusedLogin(catalog.CodeInvalid, "the proxy leads to an address that can't be used", cureURL, nil)
	}
	req.Header.Set("User-Agent", qrs.UserAgent)
	req.Host = hostPort(s.cfg, module.Port())
	w := s.cfg.Windows
	c := ntlm.Client{
		Directory: w.UserDirectory, User: w.UserID, Password: password,
		Transport: s.transport, Jar: s.jar, Sent: func() { s.rest.Requests.Add(1) }, Answered: s.rest.Answered,
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", s.explainProof(ctx, err)
	}
	s.unanswered = 0
	return s.ticketOf(resp)
}

// ticketOf reads the ticket out of the module's answer (facts A.3 5).
func (s *session) ticketOf(resp *http.Response) (string, error) {
	back, err := resp.Location()
	switch {
	case err == nil && isForm(strings.ToLower(back.Path)):
		return "", s.formInstead(place(back))
	case err == nil:
		for name, values := range back.Query() {
			if strings.EqualFold(name, "qlikTicket") || strings.EqualFold(name, "X-Qlik-Ticket") {
				return values[0], nil
			}
		}
		return "", refusedLogin(catalog.CodeUnauthorized, "the authentication module gave no ticket and leads to "+place(back), cureModule, nil)
	case resp.StatusCode == http.StatusBadRequest:
		return "", refusedLogin(catalog.CodeUnauthorized, "the authentication module doesn't know the login that the proxy began (status 400)",
			"Several proxies behind one name need a load balancer that keeps a client on one of them, by cookie or by address.", nil)
	case resp.StatusCode >= 500:
		return "", refusedLogin(catalog.CodeUnreachable, fmt.Sprintf("the authentication module failed (status %d)", resp.StatusCode), "Try again later; check the proxy service.", nil)
	case resp.StatusCode == http.StatusOK && strings.Contains(resp.Header.Get("Content-Type"), "html"):
		return "", s.formInstead(place(resp.Request.URL))
	}
	return "", refusedLogin(catalog.CodeUnauthorized, fmt.Sprintf("the authentication module refused the login (status %d)", resp.StatusCode), cureModule, nil)
}

// Cures of the Windows login.
const (
	cureModule   = "Check in the QMC that the virtual proxy of this prefix uses Ticket authentication with the default authentication module."
	curePassword = "Check windows.user_directory, windows.user_id and windows.password, and that the account isn't locked and the virtual proxy of this prefix takes Windows logins. This program doesn't try again, lest the account be locked. A server that demands Extended Protection refuses every login from here: use another one."
	cureNTLM     = "The server may want Kerberos only: let it take NTLM too (Windows policy: Restrict NTLM), or use jwt."
	cureOneLine  = "Let what stands between this program and Qlik keep a client's connection: NTLM needs one for its three messages. Or use jwt."
)

func refusedLogin(code catalog.Code, says, cure string, cause error) error {
	if cause == nil {
		return &catalog.Error{Code: code, Op: "log in", Err: errors.New(says), Cure: cure}
	}
	return &catalog.Error{Code: code, Op: "log in", Err: said(says, cause), Cure: cure}
}

// formInstead names the setting that decides between NTLM and the form (facts A.3 1 and 3).
func (s *session) formInstead(where string) error {
	return refusedLogin(catalog.CodeUnauthorized, "the virtual proxy shows a form ("+where+") instead of asking for a Windows login",
		fmt.Sprintf("In the QMC, under Virtual proxies, Authentication, set the Windows authentication pattern (windowsAuthenticationEnabledDevicePattern) to Windows, its default: it must be a part of this program's name, %q.", qrs.UserAgent), nil)
}

// maxUnanswered is how often a password may be proved without an answer: each may count as a failed login.
const maxUnanswered = 2

// explainProof says why the password wasn't accepted.
func (s *session) explainProof(ctx context.Context, err error) error {
	var (
		offer      *ntlm.OfferError
		unanswered *ntlm.UnansweredError
	)
	switch {
	case errors.Is(err, ntlm.ErrRefused):
		return refusedLogin(catalog.CodeUnauthorized, "the server refused the user or the password of "+s.account()+" (status 401)", curePassword, err)
	case errors.As(err, &offer):
		return refusedLogin(catalog.CodeUnauthorized, "the authentication module asks for no Windows login: "+offer.Error(), cureModule, err)
	case errors.Is(err, ntlm.ErrNoChallenge):
		return refusedLogin(catalog.CodeUnauthorized, err.Error(), cureNTLM, nil)
	case errors.Is(err, ntlm.ErrMoved):
		return refusedLogin(catalog.CodeUnreachable, err.Error(), cureOneLine, err)
	case errors.As(err, &unanswered):
		if s.unanswered++; s.unanswered >= maxUnanswered {
			return refusedLogin(catalog.CodeUnauthorized, fmt.Sprintf("the server didn't answer %d logins in a row; a further one might lock the account", s.unanswered), cureOneLine, err)
		}
	}
	if ctx.Err() != nil && s.life.Err() == nil {
		err = context.DeadlineExceeded
	}
	return explain("log in", "", err)
}

// explainTicket says why the request with the ticket failed.
func (s *session) explainTicket(err error) error {
	var rest *qrs.Error
	if errors.As(err, &rest) && rest.Status >= 300 && rest.Status < 400 {
		return refusedLogin(catalog.CodeUnauthorized, "the proxy doesn't take the ticket that its authentication module gave, and leads to "+rest.Location,
			"Several proxies behind one name need a load balancer that keeps a client on one of them, by cookie or by address; else check the clocks of the site's nodes.", err)
	}
	return s.explainLogin(entry{}, err)
}

// account is the user as Windows writes it.
func (s *session) account() string {
	w := s.cfg.Windows
	if w.UserDirectory == "" {
		return w.UserID
	}
	return w.UserDirectory + `\` + w.UserID
}

// place is an address without its query, which may hold a ticket.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
