package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

const masterKeyCure = "make one with: openssl rand -base64 32"

// masterKeys are the keys that seal and open stored secrets: the one in force first, then the one that
// a rotation is about to put in its place, so that whenever a rotation breaks off both are there.
func (c *config) masterKeys() (postgres.Keys, error) {
	key, err := c.masterKey()
	if key == nil || err != nil {
		return nil, err
	}
	keys := postgres.Keys{key}
	next, err := c.newMasterKey()
	if err != nil {
		return nil, err
	}
	if next != nil {
		keys = append(keys, next)
	}
	if c.ownsMasterKey() {
		pending, err := readKeyFile(c.pendingKeyFile())
		if err != nil {
			return nil, err
		}
		if pending != nil {
			keys = append(keys, pending)
		}
	}
	return keys, nil
}

// ownsMasterKey tells whether the master key is a file of the data folder that this program made.
func (c *config) ownsMasterKey() bool {
	return c.MasterKeyText == "" && c.MasterKeyFile == "" && c.DatabaseURL == ""
}

func (c *config) ownKeyFile() string     { return filepath.Join(c.DataDir, "master.key") }
func (c *config) pendingKeyFile() string { return c.ownKeyFile() + ".new" }

// masterKey is the key that seals stored secrets, 32 bytes; nil if there is none. With the embedded
// Postgres one is created in the data folder at first need.
func (c *config) masterKey() ([]byte, error) {
	switch {
	case c.MasterKeyFile != "":
		return keyOfFile(c.MasterKeyFile, "QLIKCRAWLER_MASTER_KEY_FILE")
	case c.MasterKeyText != "":
		return parseMasterKey(c.MasterKeyText, "QLIKCRAWLER_MASTER_KEY")
	case c.DatabaseURL == "":
		return ownMasterKey(c.ownKeyFile())
	default:
		return nil, nil
	}
}

// newMasterKey is the key that a person chose to rotate to; nil if there is none.
func (c *config) newMasterKey() ([]byte, error) {
	switch {
	case c.NewKeyFile != "":
		return keyOfFile(c.NewKeyFile, "QLIKCRAWLER_NEW_MASTER_KEY_FILE")
	case c.NewKeyText != "":
		return parseMasterKey(c.NewKeyText, "QLIKCRAWLER_NEW_MASTER_KEY")
	default:
		return nil, nil
	}
}

// keyOfFile reads the key of a file that a variable names. nil if it isn't there: a lost key keeps
// nothing from starting.
func keyOfFile(path, variable string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, wrongUse("%s: %w", variable, err)
	}
	return parseMasterKey(string(b), "the file of "+variable)
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

// ownMasterKey reads the key of a file of the data folder, or makes it. Two programs that make it at
// once end up with the same one.
func ownMasterKey(path string) ([]byte, error) {
	key, err := readKeyFile(path)
	if key != nil || err != nil {
		return key, err
	}
	if err := writeKeyFile(path, randomKey()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readKeyFile(path)
}

// readKeyFile gives nil if there is no such file.
func readKeyFile(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	return parseMasterKey(string(b), path)
}

func randomKey() []byte {
	key := make([]byte, 32)
	// crypto/rand.Read never returns an error.
	_, _ = rand.Read(key)
	return key
}

// writeKeyFile makes a file with a key, mode 0600: it is written aside and linked into place, so that
// it is there whole or not at all. An error that is fs.ErrExist: there is one already, and it stays.
func writeKeyFile(path string, key []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "master.key.tmp.*") // mode 0600
	if err != nil {
		return fmt.Errorf("make the master key: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, werr := tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("make the master key: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return fmt.Errorf("make the master key: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder last through a power cut. Windows has no such call.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the data folder: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync the data folder: %w", err)
	}
	return nil
}
