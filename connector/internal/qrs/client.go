package qrs

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// Config is what a Client is made of. Only Base is required.
type Config struct {
	// Base is the address of the site with its port and virtual-proxy prefix, without "/qrs":
	// "https://sense.example.com/jwt", or "https://sense.example.com:4242" for a direct one.
	Base *url.URL

	Transport http.RoundTripper // nil: http.DefaultTransport
	Jar       http.CookieJar    // nil: no cookies are kept
	Header    http.Header       // sent with every request: an Authorization, an X-Qlik-User
	Host      string            // the Host header, when it isn't Base's
	Timeout   time.Duration     // of one attempt; 0: 30 seconds
	Meter     *Meter            // counts what goes over the wire; nil: nobody does

	// Login makes sure that there is a session and returns its number. ended is the number of the
	// session that the server just called ended, 0 for none. It is called before each request and
	// once more when a session has ended, from many goroutines. nil: requests carry their own login.
	Login func(ctx context.Context, ended uint64) (uint64, error)

	// Hide takes secrets out of a text that the server sent, before it becomes part of an error.
	Hide func(string) string

	Retries    int           // further attempts after a transient failure; 0: 3, negative: none
	RetryPause time.Duration // before the first further attempt, then doubling; 0: 300 ms
	RetryLimit time.Duration // the longest pause; 0: 15 seconds
}

// maxBody is the longest answer that is read. A page of 500 rows has some 200 kB; an app's metadata may
// have megabytes.
const maxBody = 256 << 20

// UserAgent is what the client calls itself. It holds "Windows", which a virtual proxy with Windows login looks for (facts A.3, G 3).
const UserAgent = "qlikcrawler (compatible; Windows)"

// A Client talks to one site. It may be used from several goroutines.
type Client struct {
	cfg  Config
	rest *resty.Client
	key  string // the xrfkey: not a secret, one a client is enough (facts A.2)
}

// New makes a client. It does no network call.
func New(cfg Config) *Client {
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Meter == nil {
		cfg.Meter = &Meter{}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Hide == nil {
		cfg.Hide = func(s string) string { return s }
	}
	c := &Client{cfg: cfg, key: newKey()}
	c.rest = resty.NewWithClient(&http.Client{
		Transport:     meteredTransport{next: cfg.Transport, meter: cfg.Meter, host: cfg.Host},
		Jar:           cfg.Jar,
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	c.rest.SetLogger(silent{}).SetDisableWarn(true)
	c.rest.SetHeader("User-Agent", UserAgent).SetHeader("Accept", "application/json")
	c.rest.SetHeader("X-Qlik-Xrfkey", c.key).SetQueryParam("xrfkey", c.key)
	for name, values := range cfg.Header {
		c.rest.Header[name] = values
	}
	c.setRetries()
	return c
}

// newKey makes an xrfkey: 16 letters and digits (facts A.2).
func newKey() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	key := make([]byte, 16)
	for i := range key {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // crypto/rand doesn't fail
		}
		key[i] = letters[n.Int64()]
	}
	return string(key)
}

// A call is one request in the client's words.
type call struct {
	op     string // for errors: "list apps"
	method string // "": GET
	path   string // under Base: "/qrs/app/count"
	query  url.Values
	body   any  // sent as JSON; nil: none
	open   bool // needs no session: the login isn't asked for
	login  bool // a 403 means that nobody is logged in (facts A.7)
}

func (k call) verb() string { return cmp.Or(k.method, http.MethodGet) }

// an answer is what came back with a good status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do runs a call, and runs it a second time in a new session when the first one had ended.
func (c *Client) do(ctx context.Context, k call) (answer, error) {
	if c.cfg.Login == nil || k.open {
		return c.once(ctx, k)
	}
	session, err := c.cfg.Login(ctx, 0)
	if err != nil {
		return answer{}, err
	}
	a, err := c.once(ctx, k)
	if KindOf(err) != SessionEnded {
		return a, err
	}
	if _, err := c.cfg.Login(ctx, session); err != nil {
		return answer{}, err
	}
	return c.once(ctx, k)
}

// once runs a call in the session that there is; transient failures are retried.
func (c *Client) once(ctx context.Context, k call) (answer, error) {
	r := c.rest.R().SetContext(ctx).SetQueryParamsFromValues(k.query)
	if k.body != nil {
		r.SetHeader("Content-Type", "application/json").SetBody(k.body)
	}
	resp, err := r.Execute(k.verb(), c.address(k.path))
	if err != nil {
		return answer{}, c.networkError(ctx, k, err)
	}
	if resp.StatusCode() < 200 || resp.StatusCode() > 299 {
		return answer{}, c.statusError(k, resp.StatusCode(), resp.Header(), resp.Body())
	}
	return answer{status: resp.StatusCode(), header: resp.Header(), body: resp.Body()}, nil
}

// address is the whole address of a path under Base.
func (c *Client) address(path string) string {
	u := *c.cfg.Base
	u.RawQuery, u.Fragment = "", ""
	u.Path = strings.TrimRight(u.Path, "/") + path
	u.RawPath = ""
	return u.String()
}

// json runs a call and decodes its answer.
func (c *Client) json(ctx context.Context, k call, into any) error {
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	return c.decode(k, a, into)
}

// decode reads an answer, which must be JSON and nothing else.
func (c *Client) decode(k call, a answer, into any) error {
	if err := c.checkJSON(k, a); err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return c.failed(k, a.status, BadAnswer, fmt.Errorf("the answer isn't the JSON that was expected: %w", shortJSON(err)))
	}
	return nil
}

// checkJSON refuses a page: HTML with status 200 is a login page, or another server (facts G 3).
func (c *Client) checkJSON(k call, a answer) error {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	body := bytes.TrimSpace(a.body)
	if err == nil && strings.HasSuffix(media, "json") || len(body) > 0 && (body[0] == '{' || body[0] == '[') {
		return nil
	}
	if media == "" {
		media = "no content type"
	}
	e := c.failed(k, a.status, NotQlik, nil)
	e.Text = fmt.Sprintf("answered with %s instead of JSON", media)
	return e
}

func (c *Client) failed(k call, status int, kind Kind, cause error) *Error {
	return &Error{Op: k.op, Method: k.verb(), Path: k.path, Status: status, Kind: kind, Err: cause}
}

// shortJSON keeps what is wrong and drops the values that a decoder quotes.
func shortJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is not a %s", wrong.Field, wrong.Type)
	}
	return err
}

// silent is a logger for resty, which else writes to standard error.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
