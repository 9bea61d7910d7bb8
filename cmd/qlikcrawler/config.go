package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/qlikcrawler/qlikcrawler/connector/guard"
)

// A config is what the environment and the global flags say (contract §1). Flags win.
type config struct {
	DatabaseURL   string // "" means the embedded Postgres
	DataDir       string
	MasterKeyText string // base64 or hex of 32 bytes, before it is read
	MasterKeyFile string
	NewKeyText    string // the key that secrets rotate seals with; until it is in place it opens, too
	NewKeyFile    string
	LogLevel      string
	LogFormat     string // text, json; "" means text on a terminal, JSON otherwise

	FileRoots, APIReferences    string // what connections may name that come through the API
	DenyNetworks, AllowNetworks string // what may be connected to
	SMTPURL, WebhookSecret      string // how notifications are sent; both may hold secrets
	policy                      guard.Policy
}

func (c *config) flags(f *pflag.FlagSet) {
	f.StringVar(&c.DatabaseURL, "database-url", "", "Postgres to use (QLIKCRAWLER_DATABASE_URL); none: the embedded one")
	f.StringVar(&c.DataDir, "data-dir", "", "folder of the embedded Postgres, keys and certificates (QLIKCRAWLER_DATA_DIR)")
	f.StringVar(&c.LogLevel, "log-level", "", "debug, info, warn or error (QLIKCRAWLER_LOG_LEVEL)")
	f.StringVar(&c.LogFormat, "log-format", "", "text or json (QLIKCRAWLER_LOG_FORMAT)")
}

// load fills in what no flag said, and tells everything that is wrong at once.
func (c *config) load(flags *pflag.FlagSet, getenv func(string) string) error {
	for _, v := range []struct {
		flag, env string
		to        *string
	}{
		{"database-url", "QLIKCRAWLER_DATABASE_URL", &c.DatabaseURL},
		{"data-dir", "QLIKCRAWLER_DATA_DIR", &c.DataDir},
		{"log-level", "QLIKCRAWLER_LOG_LEVEL", &c.LogLevel},
		{"log-format", "QLIKCRAWLER_LOG_FORMAT", &c.LogFormat},
		{"", "QLIKCRAWLER_MASTER_KEY", &c.MasterKeyText},
		{"", "QLIKCRAWLER_MASTER_KEY_FILE", &c.MasterKeyFile},
		{"", "QLIKCRAWLER_NEW_MASTER_KEY", &c.NewKeyText},
		{"", "QLIKCRAWLER_NEW_MASTER_KEY_FILE", &c.NewKeyFile},
		{"", "QLIKCRAWLER_FILE_ROOTS", &c.FileRoots},
		{"", "QLIKCRAWLER_API_REFERENCES", &c.APIReferences},
		{"", "QLIKCRAWLER_DENY_NETWORKS", &c.DenyNetworks},
		{"", "QLIKCRAWLER_ALLOW_NETWORKS", &c.AllowNetworks},
		{"", "QLIKCRAWLER_SMTP_URL", &c.SMTPURL},
		{"", "QLIKCRAWLER_WEBHOOK_SECRET", &c.WebhookSecret},
	} {
		if v.flag == "" || !flags.Changed(v.flag) {
			*v.to = getenv(v.env)
		}
	}
	if c.DataDir == "" {
		c.DataDir = defaultDataDir(getenv)
	}
	if u, err := url.Parse(c.DatabaseURL); err == nil && flags.Changed("database-url") {
		if _, has := u.User.Password(); has {
			return wrongUse("--database-url: everybody on this machine can read a password on a command line; put the URL into QLIKCRAWLER_DATABASE_URL")
		}
	}
	return c.validate()
}

func (c *config) validate() error {
	var errs []error
	if c.LogLevel == "" {
		c.LogLevel = "info"
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(c.LogLevel)) {
		errs = append(errs, fmt.Errorf("log level %q: say debug, info, warn or error", c.LogLevel))
	}
	if !slices.Contains([]string{"", "text", "json"}, c.LogFormat) {
		errs = append(errs, fmt.Errorf("log format %q: say text or json", c.LogFormat))
	}
	if c.DatabaseURL != "" && strings.Contains(c.DatabaseURL, "://") {
		if u, err := url.Parse(c.DatabaseURL); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			errs = append(errs, errors.New("QLIKCRAWLER_DATABASE_URL: want postgres://user:password@host:5432/database"))
		}
	}
	if c.MasterKeyText != "" && c.MasterKeyFile != "" {
		errs = append(errs, errors.New("QLIKCRAWLER_MASTER_KEY and QLIKCRAWLER_MASTER_KEY_FILE are both set: keep one"))
	}
	if c.NewKeyText != "" && c.NewKeyFile != "" {
		errs = append(errs, errors.New("QLIKCRAWLER_NEW_MASTER_KEY and QLIKCRAWLER_NEW_MASTER_KEY_FILE are both set: keep one"))
	}
	if err := c.readPolicy(); err != nil {
		errs = append(errs, err)
	}
	if abs, err := filepath.Abs(c.DataDir); err == nil {
		c.DataDir = abs
	}
	if err := errors.Join(errs...); err != nil {
		return &exitError{Status: exitUsage, Err: err}
	}
	return nil
}

// readPolicy reads what connections may name and reach.
func (c *config) readPolicy() error {
	network, err := guard.NewNetwork(c.DenyNetworks, c.AllowNetworks)
	if err != nil {
		return fmt.Errorf("QLIKCRAWLER_DENY_NETWORKS, QLIKCRAWLER_ALLOW_NETWORKS: %w", err)
	}
	if c.policy, err = guard.NewPolicy(c.FileRoots, c.APIReferences, network); err != nil {
		return fmt.Errorf("QLIKCRAWLER_FILE_ROOTS, QLIKCRAWLER_API_REFERENCES: %w", err)
	}
	return nil
}

func defaultDataDir(getenv func(string) string) string {
	if d := getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "qlikcrawler")
	}
	if os.Geteuid() == 0 {
		return "/var/lib/qlikcrawler"
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "qlikcrawler")
	}
	return filepath.Join(os.TempDir(), "qlikcrawler")
}

func (c *config) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	// validate has seen that it is one of the four words.
	_ = level.UnmarshalText([]byte(c.LogLevel))
	opts := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" || c.LogFormat == "" && !isTerminal(w) {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
