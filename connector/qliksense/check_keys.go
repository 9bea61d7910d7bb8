package qliksense

import "github.com/qlikcrawler/qlikcrawler/catalog"

// keyOf is the key of the connection that is to be looked at when a step has failed, "" where it may be one of several,
// or a setting of the site's.
func (c *check) keyOf(step string, err error) string {
	cfg := c.site.cfg
	switch step {
	case "dns":
		return "url" // with an HTTP proxy it is skipped
	case "tcp":
		switch {
		case cfg.Proxy.URL != "":
			return "proxy.url"
		case !c.direct(): // else it may be the port
			return "url"
		}
	case "login":
		if catalog.CodeOf(err) == catalog.CodeUnauthorized {
			return cfg.Login
		}
	case "qvd_files":
		return "options.qvds_path"
	}
	return ""
}
