package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Hooks send webhooks, signed as the Standard Webhooks specification says (standardwebhooks.com):
//
//	webhook-id         the notification's id, the same on every attempt
//	webhook-timestamp  when this attempt was made, in seconds since 1970
//	webhook-signature  v1, and the base64 of HMAC-SHA256 over ID.TIMESTAMP.BODY
type Hooks struct {
	secret  []byte
	resolve func(ctx context.Context, text string) (string, error)
	client  *http.Client
	links   Links
	agent   string
	now     func() time.Time
}

// HookDeps are what NewHooks needs.
type HookDeps struct {
	Secret  string // whsec_ and base64, or any text of 16 bytes or more; "": nothing can be sent
	Resolve func(ctx context.Context, text string) (string, error)
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Links   Links
	Version string
	Now     func() time.Time // nil: time.Now
}

// minSecret is the fewest bytes that sign safely.
const minSecret = 16

// NewHooks makes Hooks. The error doesn't show the secret.
func NewHooks(d HookDeps) (*Hooks, error) {
	secret := []byte(d.Secret)
	if text, ok := strings.CutPrefix(d.Secret, "whsec_"); ok {
		var err error
		if secret, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, errors.New("what follows whsec_ is no base64")
		}
	}
	if len(secret) > 0 && len(secret) < minSecret {
		return nil, fmt.Errorf("it has %d bytes, and needs %d or more", len(secret), minSecret)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Hooks{
		secret: secret, resolve: d.Resolve, links: d.Links, agent: "qlikcrawler/" + d.Version, now: d.Now,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext: d.Dial, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// A hookBody is what a webhook posts.
type hookBody struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	catalog.Digest
	Links map[string]string `json:"links,omitempty"`
}

// Type is what every webhook of ours says that it is.
const Type = "crawl.finished"

// Send posts a notification to its target. Errors name the host alone: the rest of an address may be a key.
func (h *Hooks) Send(ctx context.Context, n catalog.Notification) error {
	if len(h.secret) == 0 {
		return errors.New("webhooks are signed, and there is nothing to sign with: set QLIKCRAWLER_WEBHOOK_SECRET")
	}
	target, err := h.resolve(ctx, n.Target)
	if err != nil {
		return fmt.Errorf("find the webhook's address: %w", err)
	}
	u, err := url.Parse(strings.TrimSpace(target))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return &refusal{err: errors.New("the webhook's address is none")}
	}
	body, err := json.Marshal(hookBody{ID: n.ID, Type: Type, CreatedAt: n.CreatedAt.UTC(), Digest: n.Digest, Links: h.links.of(n.Digest)})
	if err != nil {
		return &refusal{err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return &refusal{err: errors.New("the webhook's address is none")}
	}
	h.sign(req, n.ID, body)
	res, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("post to %s: %w", u.Host, bare(err))
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	return answered(u.Host, res)
}

func (h *Hooks) sign(req *http.Request, id string, body []byte) {
	at := strconv.FormatInt(h.now().Unix(), 10)
	mac := hmac.New(sha256.New, h.secret)
	fmt.Fprintf(mac, "%s.%s.", id, at)
	mac.Write(body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", h.agent)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// bare is an HTTP client's error without the address.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// longestAsked is how long a receiver may ask to be left alone.
const longestAsked = time.Hour

// answered judges an answer. Gone is gone; all else may pass.
func answered(host string, res *http.Response) error {
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	err := fmt.Errorf("%s answered %s", host, res.Status)
	switch {
	case res.StatusCode == http.StatusGone:
		return &refusal{err: err}
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fmt.Errorf("%s answered %s: redirections are not followed", host, res.Status)
	}
	if seconds, e := strconv.Atoi(res.Header.Get("Retry-After")); e == nil && seconds > 0 {
		return &refusal{err: err, after: min(time.Duration(seconds)*time.Second, longestAsked)}
	}
	return err
}
