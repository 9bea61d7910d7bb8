package qliksense

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A secretReader asks for secrets by their path.
type secretReader struct{ env connector.Env }

// required gives a secret that must be there.
func (r secretReader) required(ctx context.Context, path string) (string, error) {
	value, err := r.env.Secret(ctx, path)
	if err == nil && value == "" {
		err = fmt.Errorf("secret %s is empty", path)
	}
	if err != nil {
		return "", unreadableSecret(path, err)
	}
	return value, nil
}

// optional gives a secret, "" when the connection has none. inFile is what the settings hold at path: a
// reference, or nothing when the value was sealed.
func (r secretReader) optional(ctx context.Context, path, inFile string) (string, error) {
	if _, sealed := r.env.Connection.Secrets[path]; !sealed && inFile == "" {
		return "", nil
	}
	value, err := r.env.Secret(ctx, path)
	if err != nil {
		return "", unreadableSecret(path, err)
	}
	return value, nil
}

func unreadableSecret(path string, err error) error {
	if known := (*catalog.Error)(nil); errors.As(err, &known) {
		return err // it says where the secret is, what failed there and what to do
	}
	return &catalog.Error{Code: catalog.CodeInvalid, Op: "read " + path, Err: err, Cure: "Give the secret, or a reference that this program can read."}
}

// now is the environment's clock.
func (r secretReader) now() time.Time {
	if r.env.Now == nil {
		return time.Now()
	}
	return r.env.Now()
}
