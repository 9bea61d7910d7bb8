package secret

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A fakeVault answers as Vault's HTTP API does: a version 2 store at secret/, a version 1 store at
// team/old/ (a mount with a slash), a PKI at pki/, and AppRole at auth/approle. What isn't asked as the
// API wants it is an error of the test.
type fakeVault struct {
	t *testing.T

	mu     sync.Mutex
	tokens map[string]bool // valid ones
	asked  []string
	status int // answered to everything, if set
}

const (
	vaultRoot     = "hvs.planted-vault-token"
	vaultSecretID = "planted-secret-id"
	vaultBare     = "hvs.token-without-rights"
)

func newFakeVault(t *testing.T) (*fakeVault, *httptest.Server) {
	t.Helper()
	f := &fakeVault{t: t, tokens: map[string]bool{vaultRoot: true, vaultBare: true}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	t.Setenv("VAULT_ADDR", srv.URL)
	for _, name := range []string{"VAULT_TOKEN", "VAULT_ROLE_ID", "VAULT_SECRET_ID", "VAULT_NAMESPACE", "VAULT_AGENT_ADDR"} {
		t.Setenv(name, "")
	}
	t.Setenv("VAULT_MAX_RETRIES", "0")
	return f, srv
}

func (f *fakeVault) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fakeVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	f.asked = append(f.asked, r.Method+" "+path)
	token := r.Header.Get("X-Vault-Token")
	switch {
	case f.status != 0:
		refuse(w, f.status, "planted words of the server with "+token)
	case r.Header.Get("X-Vault-Request") != "true":
		f.t.Errorf("%s: no X-Vault-Request", path)
		refuse(w, http.StatusPreconditionFailed, "required 'X-Vault-Request' header is missing")
	case path == "auth/approle/login":
		f.login(w, r)
	case !f.tokens[token]:
		refuse(w, http.StatusForbidden, "permission denied", "invalid token "+token)
	case path == "auth/token/revoke-self" && r.Method == http.MethodPut:
		delete(f.tokens, token)
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodGet:
		refuse(w, http.StatusMethodNotAllowed, "unsupported operation")
	case token == vaultBare:
		refuse(w, http.StatusForbidden, "preflight capability check returned 403, please ensure client's policies grant access to path")
	case strings.HasPrefix(path, "sys/internal/ui/mounts/"):
		f.mount(w, strings.TrimPrefix(path, "sys/internal/ui/mounts/"))
	default:
		f.read(w, path)
	}
}

func (f *fakeVault) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		RoleID   string `json:"role_id"`
		SecretID string `json:"secret_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPut || in.RoleID != "qlik-role" || in.SecretID != vaultSecretID {
		refuse(w, http.StatusBadRequest, "invalid role or secret ID "+in.SecretID)
		return
	}
	token := fmt.Sprintf("hvs.approle-%d", len(f.tokens))
	f.tokens[token] = true
	answer(w, http.StatusOK, map[string]any{"request_id": "r", "lease_id": "", "data": nil, "auth": map[string]any{
		"client_token": token, "accessor": "a", "policies": []string{"qlikcrawler"}, "lease_duration": 1200, "renewable": true, "token_type": "service",
	}})
}

func (f *fakeVault) mount(w http.ResponseWriter, place string) {
	for path, info := range map[string]map[string]any{
		"secret/":   {"path": "secret/", "type": "kv", "options": map[string]any{"version": "2"}},
		"team/old/": {"path": "team/old/", "type": "kv", "options": map[string]any{"version": "1"}},
		"pki/":      {"path": "pki/", "type": "pki", "options": nil},
	} {
		if strings.HasPrefix(place, path) {
			answer(w, http.StatusOK, map[string]any{"request_id": "r", "lease_id": "", "data": info})
			return
		}
	}
	refuse(w, http.StatusForbidden, "preflight capability check returned 403, please ensure client's policies grant access to path "+place)
}

func (f *fakeVault) read(w http.ResponseWriter, path string) {
	meta := map[string]any{"created_time": "2026-01-02T03:04:05.678901234Z", "custom_metadata": nil, "deletion_time": "", "destroyed": false, "version": 7}
	switch path {
	case "secret/data/qlik/prod":
		answer(w, http.StatusOK, map[string]any{"request_id": "r", "lease_duration": 0, "data": map[string]any{
			"data": map[string]any{"token": "planted-v2", "port": 4242, "list": []string{"planted-v2"}, "empty": "", "null": nil}, "metadata": meta,
		}})
	case "secret/data/deleted":
		gone := maps.Clone(meta)
		gone["deletion_time"] = "2026-02-02T03:04:05.678901234Z"
		answer(w, http.StatusNotFound, map[string]any{"request_id": "r", "data": map[string]any{"data": nil, "metadata": gone}})
	case "secret/data/denied":
		refuse(w, http.StatusForbidden, "1 error occurred:\n\t* permission denied\n\n")
	case "team/old/qlik":
		answer(w, http.StatusOK, map[string]any{"request_id": "r", "lease_duration": 2764800, "data": map[string]any{"token": "planted-v1"}})
	default:
		answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	}
}

func refuse(w http.ResponseWriter, status int, errors ...string) {
	answer(w, status, map[string]any{"errors": errors})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func TestVaultByToken(t *testing.T) {
	f, _ := newFakeVault(t)
	t.Setenv("VAULT_TOKEN", vaultRoot)
	wantValue(t, Resolver{}, "vault:secret/qlik/prod#token", "planted-v2")
	wantValue(t, Resolver{}, "vault:secret/qlik/prod#port", "4242")
	wantValue(t, Resolver{}, "vault:team/old/qlik#token", "planted-v1")
	if !f.tokens[vaultRoot] {
		t.Error("a token that was given was revoked")
	}
	for text, want := range map[string]refusal{
		"vault:secret/qlik/prod#password":   {catalog.CodeNotFound, `no field "password"`, "fields"},
		"vault:secret/qlik/prod#Token":      {catalog.CodeNotFound, `no field "Token"`, "case"},
		"vault:secret/qlik/prod#list":       {catalog.CodeInvalid, "no text", "text"},
		"vault:secret/qlik/prod#null":       {catalog.CodeInvalid, "no text", "text"},
		"vault:secret/qlik/prod#empty":      {catalog.CodeInvalid, "empty", "Store a value"},
		"vault:secret/none#x":               {catalog.CodeNotFound, "no such secret", "mount and the path"},
		"vault:secret/data/qlik/prod#token": {catalog.CodeNotFound, "no such secret", "Leave out data/"},
		"vault:secret/deleted#token":        {catalog.CodeNotFound, "deleted", "Restore"},
		"vault:secret/denied#token":         {catalog.CodeForbidden, "403", "policy"},
		"vault:elsewhere/x#token":           {catalog.CodeForbidden, "403", "policy"},
		"vault:pki/cert/x#token":            {catalog.CodeInvalid, "no key-value store", "kv"},
	} {
		wantRefusal(t, Resolver{}, text, want, vaultRoot, "planted", "preflight")
	}
}

func TestVaultByAppRoleRevokesItsToken(t *testing.T) {
	f, _ := newFakeVault(t)
	t.Setenv("VAULT_ROLE_ID", "qlik-role")
	t.Setenv("VAULT_SECRET_ID", vaultSecretID)
	wantValue(t, Resolver{}, "vault:secret/qlik/prod#token", "planted-v2")
	want := []string{"PUT auth/approle/login", "GET sys/internal/ui/mounts/secret/qlik/prod", "GET secret/data/qlik/prod", "PUT auth/token/revoke-self"}
	if got := f.requests(); !slices.Equal(got, want) || len(f.tokens) != 2 {
		t.Errorf("asked %v, want %v; tokens left: %d", got, want, len(f.tokens))
	}
	t.Setenv("VAULT_SECRET_ID", "planted-wrong-id")
	wantRefusal(t, Resolver{}, "vault:secret/qlik/prod#token", refusal{catalog.CodeUnauthorized, "AppRole", "VAULT_SECRET_ID"}, "planted")
}

func TestVaultWithoutWhatItNeeds(t *testing.T) {
	_, srv := newFakeVault(t)
	const text = "vault:secret/qlik/prod#token"
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeUnauthorized, "no token", "VAULT_TOKEN"})
	t.Setenv("VAULT_TOKEN", "hvs.planted-expired")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeForbidden, "403", "token is valid"}, "planted")
	t.Setenv("VAULT_TOKEN", vaultBare)
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeForbidden, "403", "policy"}, vaultBare)
	t.Setenv("VAULT_ADDR", strings.Replace(srv.URL, "http://", "http://user:planted-url-password@", 1))
	t.Setenv("VAULT_CACERT", "/no/such/ca.pem")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeInvalid, "", "VAULT_CACERT"}, "planted")
	t.Setenv("VAULT_CACERT", "")
	srv.Close()
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeUnreachable, "refused", "VAULT_ADDR"}, "planted", vaultBare)
	t.Setenv("VAULT_ADDR", "")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeInvalid, "VAULT_ADDR is not set", "VAULT_ADDR"})
}

func TestVaultInTrouble(t *testing.T) {
	f, _ := newFakeVault(t)
	t.Setenv("VAULT_TOKEN", vaultRoot)
	for status, want := range map[int]refusal{
		http.StatusServiceUnavailable:  {catalog.CodeUnreachable, "sealed", "Unseal"},
		http.StatusInternalServerError: {catalog.CodeUnreachable, "500", "VAULT_ADDR"},
		http.StatusTooManyRequests:     {catalog.CodeThrottled, "429", "quota"},
		http.StatusBadRequest:          {catalog.CodeInvalid, "400", "VAULT_ADDR"},
	} {
		f.status = status
		wantRefusal(t, Resolver{}, "vault:secret/qlik/prod#token", want, vaultRoot, "planted words")
	}
}

// TestAManagerThatHangsEndsInTime: the fake accepts the connection and never answers.
func TestAManagerThatHangsEndsInTime(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(release) })
	t.Setenv("VAULT_ADDR", srv.URL)
	t.Setenv("VAULT_TOKEN", vaultRoot)
	t.Setenv("AWS_ENDPOINT_URL", srv.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "planted")
	r := Resolver{Timeout: 200 * time.Millisecond}
	wantRefusal(t, r, "vault:secret/qlik/prod#token", refusal{catalog.CodeTimeout, "no answer within 200ms", "VAULT_ADDR"})
	wantRefusal(t, r, "aws:qlik/prod#token", refusal{catalog.CodeTimeout, "no answer within 200ms", "AWS_REGION"})
}
