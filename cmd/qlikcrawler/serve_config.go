package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"strings"
)

// logConfiguration says at the start what the service runs with, without any secret.
func (a *app) logConfiguration(ctx context.Context, db *database, f serveFlags) {
	key := "none: stored secrets can't be opened"
	switch {
	case a.config.MasterKeyText != "":
		key = "QLIKCRAWLER_MASTER_KEY"
	case a.config.MasterKeyFile != "":
		key = a.config.MasterKeyFile
	case a.config.ownsMasterKey():
		key = a.config.ownKeyFile()
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "configuration",
		slog.String("version", currentVersion().Version), slog.String("database", redactedURL(db.url)), slog.Bool("embedded_database", db.server != nil),
		slog.String("data_dir", a.config.DataDir), slog.String("master_key", key), slog.String("log_level", a.config.LogLevel),
		slog.Bool("web", !f.noWeb), slog.String("listen", f.web.listen), slog.Bool("tls", f.web.tlsCert != ""),
		slog.Bool("behind_proxy", f.web.behindProxy), slog.String("public_url", redactedURL(f.web.publicURL)), slog.String("pprof", f.web.pprof),
		slog.Float64("rate_limit", f.web.rate), slog.Bool("work", !f.noWork), slog.Int("slots", f.slots),
		slog.String("audit_retention", cmp.Or(f.auditFor, "forever")), slog.String("connections", f.connections),
		slog.String("smtp", redactedURL(a.config.SMTPURL)), slog.Bool("webhooks", a.config.WebhookSecret != ""),
		slog.String("file_roots", a.config.FileRoots), slog.String("api_references", strings.Join(a.config.policy.References, ",")),
		slog.String("deny_networks", a.config.DenyNetworks), slog.String("allow_networks", a.config.AllowNetworks),
		slog.Bool("traces", a.wantsTraces()))
}

// redactedURL is a URL without its password; of a text that isn't one, which may hold a password in any
// way, only that there is one.
func redactedURL(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return "(set)"
	}
	q := u.Query()
	for key := range q {
		if strings.Contains(strings.ToLower(key), "password") {
			q.Set(key, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}
