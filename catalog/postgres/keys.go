package postgres

import (
	"bytes"
	"sync"
)

// Keys are master keys. The first seals; all open. nil is none.
type Keys [][]byte

// A keyring has the sealers of a program's master keys. Its methods may be called from several goroutines.
type keyring struct {
	read func() (Keys, error) // nil: the keys never change

	mu      sync.Mutex
	sealers []*sealer // the first seals
}

func newKeyring(c Config) (*keyring, error) {
	k := &keyring{read: c.Keys}
	keys := Keys{c.MasterKey}
	if c.Keys != nil {
		var err error
		if keys, err = c.Keys(); err != nil {
			return nil, err
		}
	}
	return k, k.set(keys)
}

func (k *keyring) set(keys Keys) error {
	var sealers []*sealer
	for _, key := range keys {
		s, err := newSealer(key)
		if err != nil {
			return err
		}
		if s != nil {
			sealers = append(sealers, s)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sealers = sealers
	return nil
}

// reread takes the keys that are there now: another process may have rotated them. It tells whether
// there are keys to take.
func (k *keyring) reread() bool {
	if k.read == nil {
		return false
	}
	keys, err := k.read()
	return err == nil && k.set(keys) == nil
}

// all gives the sealers; none without a master key.
func (k *keyring) all() []*sealer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sealers
}

// open opens a sealed value with the key it was sealed with.
func (k *keyring) open(code, path string, sealed []byte) (string, error) {
	s := k.of(sealed)
	if s == nil && k.reread() {
		s = k.of(sealed)
	}
	if s != nil {
		return s.open(code, path, sealed)
	}
	if len(k.all()) == 0 {
		return "", errNoKey
	}
	return "", errOtherKey
}

// of is the sealer whose id a sealed value has.
func (k *keyring) of(sealed []byte) *sealer {
	for _, s := range k.all() {
		if bytes.HasPrefix(sealed, s.id) {
			return s
		}
	}
	return nil
}
