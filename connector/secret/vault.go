package secret

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	vault "github.com/hashicorp/vault/api"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// readVault reads a field of a secret in a key-value store of Vault or OpenBao, version 1 or 2.
// Where the store is mounted, and its version, is asked as `vault kv get` does.
func readVault(ctx context.Context, ref connector.Reference) (string, error) {
	client, err := newVault()
	if err != nil {
		return "", err
	}
	logout, err := vaultLogin(ctx, client)
	if err != nil {
		return "", err
	}
	defer logout()
	mount, path, version, err := vaultMount(ctx, client, ref.Place)
	if err != nil {
		return "", err
	}
	var found *vault.KVSecret
	if version == "2" {
		found, err = client.KVv2(mount).Get(ctx, path)
	} else {
		found, err = client.KVv1(mount).Get(ctx, path)
	}
	if err != nil {
		return "", vaultError(err, path)
	}
	if found.Data == nil {
		return "", refused(catalog.CodeNotFound, "Restore it, or write it anew.", "the secret's latest version was deleted")
	}
	return fieldOf(found.Data, ref.Field)
}

// newVault makes a client from Vault's own environment variables.
func newVault() (*vault.Client, error) {
	config := vault.DefaultConfig()
	if os.Getenv(vault.EnvVaultAddress) == "" && config.AgentAddress == "" {
		return nil, refused(catalog.CodeInvalid, "Set VAULT_ADDR, such as https://vault.example.com:8200.", "VAULT_ADDR is not set")
	}
	client, err := vault.NewClient(config)
	if err != nil {
		var file *os.PathError
		if errors.As(err, &file) {
			return nil, refused(catalog.CodeInvalid, "Check VAULT_CACERT, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY.", "%w", file)
		}
		return nil, refused(catalog.CodeInvalid, "Check VAULT_ADDR, VAULT_CACERT and the other variables VAULT_….", "the variables VAULT_… can't be used")
	}
	client.SetCloneHeaders(true)
	return client, nil
}

const vaultLoginCure = "Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID for a login by AppRole, or VAULT_AGENT_ADDR."

// logoutTimeout is how long a token that was made for one reading may take to be revoked.
const logoutTimeout = 3 * time.Second

// vaultLogin sees that the client has a token: VAULT_TOKEN, else one by AppRole (at auth/approle), which
// logout revokes. An agent brings its own.
func vaultLogin(ctx context.Context, client *vault.Client) (logout func(), err error) {
	role, secret := os.Getenv("VAULT_ROLE_ID"), os.Getenv("VAULT_SECRET_ID")
	switch {
	case client.Token() != "" || role == "" && os.Getenv(vault.EnvVaultAgentAddr) != "":
		return func() {}, nil
	case role == "":
		return nil, refused(catalog.CodeUnauthorized, vaultLoginCure, "there is no token for Vault")
	}
	login, err := client.Logical().WriteWithContext(ctx, "auth/approle/login", map[string]any{"role_id": role, "secret_id": secret})
	var answer *vault.ResponseError
	if errors.As(err, &answer) && answer.StatusCode < http.StatusInternalServerError {
		return nil, refused(catalog.CodeUnauthorized, "Check VAULT_ROLE_ID and VAULT_SECRET_ID; a secret id may have expired or been used up.",
			"Vault refused the login by AppRole (status %d)", answer.StatusCode)
	}
	if err != nil {
		return nil, vaultError(err, "")
	}
	if login == nil || login.Auth == nil || login.Auth.ClientToken == "" {
		return nil, refused(catalog.CodeUnauthorized, vaultLoginCure, "Vault's login by AppRole gave no token")
	}
	client.SetToken(login.Auth.ClientToken)
	return func() {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTimeout)
		defer cancel()
		// A token that can't be revoked ends by its time to live.
		_ = client.Auth().Token().RevokeSelfWithContext(own, "")
	}, nil
}

// vaultMount splits a place into the mount, which may have slashes, and the path of the secret.
func vaultMount(ctx context.Context, client *vault.Client, place string) (mount, path, version string, err error) {
	info, err := client.Logical().ReadWithContext(ctx, "sys/internal/ui/mounts/"+place)
	if err != nil {
		return "", "", "", vaultError(err, place)
	}
	if info == nil { // older than 0.10: only version 1
		mount, path, _ = strings.Cut(place, "/")
		return mount, path, "1", nil
	}
	mount, _ = info.Data["path"].(string)
	mount = strings.TrimSuffix(mount, "/")
	path, under := strings.CutPrefix(place, mount+"/")
	kind, _ := info.Data["type"].(string)
	if mount == "" || !under || kind != "kv" && kind != "generic" {
		return "", "", "", refused(catalog.CodeInvalid, "Name a secret in a key-value store (kv).", "there is no key-value store at its mount")
	}
	options, _ := info.Data["options"].(map[string]any)
	return mount, path, fmt.Sprint(options["version"]), nil
}

func vaultError(err error, path string) error {
	var answer *vault.ResponseError
	if errors.Is(err, vault.ErrSecretNotFound) {
		cure := "Check the mount and the path."
		if strings.HasPrefix(path, "data/") {
			cure = "Leave out data/: write the path as `vault kv get` takes it."
		}
		return refused(catalog.CodeNotFound, cure, "Vault has no such secret")
	}
	if !errors.As(err, &answer) {
		return unreached("vault", err)
	}
	switch status := answer.StatusCode; {
	case status == http.StatusForbidden:
		return refused(catalog.CodeForbidden, "Give the token a policy with the capability read on this path (on a version 2 store: MOUNT/data/PATH), "+
			"and check that the token is valid and of the right VAULT_NAMESPACE.", "Vault refused it (status 403)")
	case status == http.StatusServiceUnavailable:
		return refused(catalog.CodeUnreachable, "Unseal Vault, or wait until it is active.", "Vault is sealed or in standby (status 503)")
	case status == http.StatusTooManyRequests:
		return refused(catalog.CodeThrottled, "Wait, or raise the quota.", "Vault answered that there are too many requests (status 429)")
	case status >= http.StatusInternalServerError:
		return refused(catalog.CodeUnreachable, reachCure("vault"), "Vault failed (status %d)", status)
	default:
		return refused(catalog.CodeInvalid, "Check VAULT_ADDR, VAULT_NAMESPACE and the path.", "Vault answered with status %d", status)
	}
}
