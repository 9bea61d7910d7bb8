package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// A config is what the environment and the global flags say (contract §1). Flags win.
type config struct {
	DatabaseURL   string // "" means the embedded Postgres
	DataDir       string
	MasterKeyText string // base64 or hex of 32 bytes, before it is read
	MasterKeyFile string
	LogLevel      string
	LogFormat     string // text, json; "" means text on a terminal, JSON otherwise
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
	if abs, err := filepath.Abs(c.DataDir); err == nil {
		c.DataDir = abs
	}
	if err := errors.Join(errs...); err != nil {
		return &exitError{Status: exitUsage, Err: err}
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

const masterKeyCure = "make one with: openssl rand -base64 32"

// masterKey is the key that seals stored secrets, 32 bytes; nil if there is none. With the embedded
// Postgres one is created in the data folder at first need.
func (c *config) masterKey() ([]byte, error) {
	text, from := c.MasterKeyText, "QLIKCRAWLER_MASTER_KEY"
	switch {
	case c.MasterKeyFile != "":
		b, err := os.ReadFile(c.MasterKeyFile)
		if err != nil {
			return nil, wrongUse("QLIKCRAWLER_MASTER_KEY_FILE: %w", err)
		}
		text, from = string(b), "the file of QLIKCRAWLER_MASTER_KEY_FILE"
	case text == "" && c.DatabaseURL == "":
		return ownMasterKey(filepath.Join(c.DataDir, "master.key"))
	case text == "":
		return nil, nil
	}
	return parseMasterKey(text, from)
}

func parseMasterKey(text, from string) ([]byte, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, hex.DecodeString} {
		if key, err := decode(text); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, wrongUse("%s is not 32 bytes in base64 or hex; %s", from, masterKeyCure)
}

// ownMasterKey reads the key of the data folder, or makes it. Two programs that make it at once end up
// with the same one: the file is written aside and linked into place, and the first link wins.
func ownMasterKey(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return parseMasterKey(string(b), path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	key := make([]byte, 32)
	// crypto/rand.Read never returns an error.
	_, _ = rand.Read(key)
	tmp, err := os.CreateTemp(filepath.Dir(path), "master.key.*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, werr := tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	if b, err = os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	return parseMasterKey(string(b), path)
}
