package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/pflag"
)

func loaded(t *testing.T, env map[string]string, args ...string) (config, error) {
	t.Helper()
	var c config
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	c.flags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	err := c.load(flags, func(k string) string { return env[k] })
	return c, err
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	t.Parallel()
	c, err := loaded(t, map[string]string{"QLIKCRAWLER_LOG_LEVEL": "debug", "QLIKCRAWLER_DATA_DIR": "/from/env"}, "--data-dir", "/from/flag")
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/from/flag" || c.LogLevel != "debug" {
		t.Errorf("config %+v", c)
	}
}

func TestConfigTellsAllErrorsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loaded(t, map[string]string{
		"QLIKCRAWLER_LOG_LEVEL": "loud", "QLIKCRAWLER_LOG_FORMAT": "xml", "QLIKCRAWLER_DATABASE_URL": "mysql://x",
		"QLIKCRAWLER_MASTER_KEY": "a", "QLIKCRAWLER_MASTER_KEY_FILE": "b",
	})
	for _, want := range []string{"loud", "xml", "postgres://", "keep one"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	if got := statusOf(t.Context(), err); got != exitUsage {
		t.Errorf("exit status %d, want %d", got, exitUsage)
	}
}

func TestNoPasswordOnTheCommandLine(t *testing.T) {
	t.Parallel()
	const secret = "postgres://u:hunter2@h/d"
	_, err := loaded(t, nil, "--database-url", secret)
	if err == nil || strings.Contains(err.Error(), "hunter2") || statusOf(t.Context(), err) != exitUsage {
		t.Errorf("error %v", err)
	}
	if _, err := loaded(t, map[string]string{"QLIKCRAWLER_DATABASE_URL": secret}); err != nil {
		t.Errorf("in the environment: %v", err)
	}
}

func TestDataFolderFollowsXDG(t *testing.T) {
	t.Parallel()
	c, err := loaded(t, map[string]string{"XDG_DATA_HOME": "/xdg"})
	if err != nil || c.DataDir != filepath.FromSlash("/xdg/qlikcrawler") {
		t.Errorf("%q, %v", c.DataDir, err)
	}
}

func TestMasterKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	c := config{DataDir: t.TempDir()}
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			key, err := c.masterKey()
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	all.Wait()
	for _, k := range keys {
		if len(k) != 32 || !bytes.Equal(k, keys[0]) {
			t.Fatal("programs that start at once have different keys")
		}
	}
	info, err := os.Stat(filepath.Join(c.DataDir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	left, err := os.ReadDir(c.DataDir)
	if err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

func TestMasterKeyForms(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{7}, 32)
	for name, tc := range map[string]struct {
		text string
		ok   bool
	}{
		"base64":        {base64.StdEncoding.EncodeToString(raw), true},
		"with newline":  {base64.StdEncoding.EncodeToString(raw) + "\n", true},
		"hex":           {strings.Repeat("07", 32), true},
		"too short":     {base64.StdEncoding.EncodeToString(raw[:16]), false},
		"a pass phrase": {"correct horse battery staple", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config{MasterKeyText: tc.text, DatabaseURL: "postgres://x"}
			_, err := c.masterKey()
			if (err == nil) != tc.ok {
				t.Errorf("error %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), tc.text) || !strings.Contains(err.Error(), "openssl")) {
				t.Errorf("the error shows the key, or lacks the cure: %v", err)
			}
		})
	}
}

func TestNoMasterKeyForAnotherDatabaseUnlessGiven(t *testing.T) {
	t.Parallel()
	c := config{DatabaseURL: "postgres://x", DataDir: t.TempDir()}
	if key, err := c.masterKey(); key != nil || err != nil {
		t.Errorf("%v, %v: want none", key, err)
	}
}
