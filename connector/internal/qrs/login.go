package qrs

import (
	"context"
	"net/http"
	"net/url"
)

// Knock asks for a small answer as a stranger and gives the address of the page for logging in to which the
// proxy leads, its query included (facts A.3 1 and 2). nil without an error means that nobody asked for a login.
func (c *Client) Knock(ctx context.Context) (*url.URL, error) {
	k := call{op: "log in", method: http.MethodGet, path: "/qrs/about"}
	resp, err := c.rest.R().SetContext(ctx).Execute(k.method, c.address(k.path))
	if err != nil {
		return nil, c.networkError(ctx, k, err)
	}
	switch s := resp.StatusCode(); {
	case s >= 300 && s < 400 && resp.Header().Get("Location") != "":
		page, err := resp.RawResponse.Location()
		if err != nil {
			return nil, c.networkError(ctx, k, err)
		}
		return page, nil
	case s < 200 || s > 299:
		return nil, c.statusError(k, s, resp.Header(), resp.Body())
	}
	_, err = c.readAbout(k, answer{resp.StatusCode(), resp.Header(), resp.Body()})
	return nil, err
}

// Enter makes a ticket into a session, whose cookie comes with the answer (facts A.3 6). A ticket is good
// once, so a client for it may not retry.
func (c *Client) Enter(ctx context.Context, ticket string) error {
	k := call{op: "log in", path: "/qrs/about", query: url.Values{"qlikTicket": {ticket}}}
	a, err := c.do(ctx, k)
	if err == nil {
		_, err = c.readAbout(k, a)
	}
	return err
}
