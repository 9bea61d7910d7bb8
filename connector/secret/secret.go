// Package secret reads what a connection's references to secrets point to (contract §2): environment
// variables, files, HashiCorp Vault (and OpenBao), AWS Secrets Manager and Azure Key Vault, each with
// the vendor's own client.
//
// A secret manager is told where it is and who we are by its own usual environment variables, and by
// nothing of ours. Nothing is cached: each call logs in and reads anew, so a value that was changed
// there is used from the next login on, and nothing of it stays here.
package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Resolver reads secrets. Its zero value is ready; its methods may be called from several goroutines.
type Resolver struct {
	Getenv  func(string) string // for env: references; nil: os.Getenv. The vendors' clients read the process's own.
	Timeout time.Duration       // of one reference, login and all attempts included; 0: 15 s
	azure   *http.Client        // nil: the client's own; tests bring the fake's
}

const defaultTimeout = 15 * time.Second

// Resolve reads what a reference points to; it is a connector.ResolveFunc. Errors are *catalog.Error
// with a cure; they name the reference and never what was read, nor what a secret manager answered:
// answers may repeat the credentials they refuse.
func (r Resolver) Resolve(ctx context.Context, ref connector.Reference) (string, error) {
	limit := r.Timeout
	if limit == 0 {
		limit = defaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, err := r.read(limited, ref)
	switch {
	case err == nil && value == "":
		err = refused(catalog.CodeInvalid, "Store a value there.", "it is empty")
	case err != nil && ctx.Err() != nil:
		err = ctx.Err()
	case err != nil && limited.Err() != nil:
		err = refused(catalog.CodeTimeout, reachCure(ref.Scheme), "no answer within %s", limit)
	}
	if err == nil {
		return value, nil
	}
	var known *catalog.Error
	if !errors.As(err, &known) {
		known = &catalog.Error{Code: catalog.CodeOf(err), Err: err}
	}
	return "", &catalog.Error{Code: known.Code, Op: "read " + ref.String(), Err: known.Err, Cure: known.Cure}
}

func (r Resolver) read(ctx context.Context, ref connector.Reference) (string, error) {
	switch ref.Scheme {
	case "env":
		return r.env(ref.Place)
	case "file":
		return readFile(ref.Place)
	case "vault":
		return readVault(ctx, ref)
	case "aws":
		return readAWS(ctx, ref)
	case "azure":
		return r.readAzure(ctx, ref)
	default:
		return "", refused(catalog.CodeInvalid, "", "there are no references of this kind")
	}
}

func (r Resolver) env(name string) (string, error) {
	getenv := r.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	value := getenv(name)
	if value == "" {
		return "", refused(catalog.CodeInvalid, "Set it for the account and the service that this program runs as.",
			"the environment variable %s is not set", name)
	}
	return value, nil
}

// refused is an error before Resolve has said what was read.
func refused(code catalog.Code, cure, format string, args ...any) error {
	return &catalog.Error{Code: code, Cure: cure, Err: fmt.Errorf(format, args...)}
}

// unreached puts a failure of the network into words: the cause without the URL around it, which may
// hold credentials.
func unreached(scheme string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return refused(catalog.CodeUnreachable, reachCure(scheme), "%s can't be reached: %w", managerOf(scheme), u.Err)
	}
	return refused(catalog.CodeUnreachable, reachCure(scheme), "%s gave no answer that its client understands", managerOf(scheme))
}

func managerOf(scheme string) string {
	return map[string]string{"vault": "Vault", "aws": "AWS Secrets Manager", "azure": "Azure Key Vault"}[scheme]
}

func reachCure(scheme string) string {
	return map[string]string{
		"vault": "Check VAULT_ADDR, VAULT_CACERT, and that this machine may reach it.",
		"aws":   "Check AWS_REGION, the proxy variables, and that this machine may reach the region's endpoint (443).",
		"azure": "Check the vault's name, its firewall, the proxy variables, and that this machine may reach it and the login host (443).",
	}[scheme]
}

// fieldOf picks a text out of a JSON object.
func fieldOf(object map[string]any, field string) (string, error) {
	x, ok := object[field]
	if !ok {
		return "", refused(catalog.CodeNotFound, "See the secret's fields; they are told apart by case.", "the secret has no field %q", field)
	}
	switch v := x.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	default:
		return "", refused(catalog.CodeInvalid, "Store the field as a text.", "the field %q is no text", field)
	}
}
