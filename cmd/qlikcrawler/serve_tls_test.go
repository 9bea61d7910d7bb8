package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestARenewedCertificateIsTakenAndABrokenOneIsNot(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir, next := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, next} {
		p.must(exitDone, "", "jwt", "keygen", "--out", d, "--bits", "2048")
	}
	pair := &keyPair{cert: filepath.Join(dir, "publickey.cer"), key: filepath.Join(dir, "privatekey.pem"), log: slog.New(slog.DiscardHandler)}
	now := func() []byte {
		t.Helper()
		pair.looked = time.Time{} // as if some time had passed
		c, err := pair.certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Certificate[0]
	}
	replace := func(name string, content []byte, at time.Time) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	first := now()
	replace("publickey.cer", []byte("half a file"), time.Now().Add(time.Minute))
	if !bytes.Equal(now(), first) {
		t.Error("a broken certificate replaces the one in use")
	}
	for _, name := range []string{"privatekey.pem", "publickey.cer"} {
		content, err := os.ReadFile(filepath.Join(next, name))
		if err != nil {
			t.Fatal(err)
		}
		replace(name, content, time.Now().Add(2*time.Minute))
	}
	if bytes.Equal(now(), first) {
		t.Error("the renewed certificate isn't taken")
	}
}
