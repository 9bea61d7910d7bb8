package secret

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const (
	azureTenant = "11111111-2222-3333-4444-555555555555"
	azureKey    = "planted-client-secret"
	azureToken  = "planted-access-token"
)

// A fakeAzure answers as Microsoft Entra (login.microsoftonline.com) and a key vault do. It is reached
// under their own names: its client dials it for every host.
type fakeAzure struct {
	t *testing.T

	mu     sync.Mutex
	asked  []string
	status int    // the key vault's answer to everything, if set
	code   string // its code
}

// hosts are the names that the fake answers for.
var azureHosts = []string{"login.microsoftonline.com", "login.microsoft.com", "acme-vault.vault.azure.net"}

func newFakeAzure(t *testing.T) (*fakeAzure, Resolver, *httptest.Server) {
	t.Helper()
	f := &fakeAzure{t: t}
	srv := httptest.NewTLSServer(f)
	t.Cleanup(srv.Close)
	client := srv.Client()
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	transport.TLSClientConfig.ServerName = "example.com" // the name in httptest's certificate
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, srv.Listener.Addr().String())
	}
	for name, value := range map[string]string{
		"AZURE_TENANT_ID": azureTenant, "AZURE_CLIENT_ID": "66666666-7777-8888-9999-000000000000", "AZURE_CLIENT_SECRET": azureKey,
		"AZURE_CLIENT_CERTIFICATE_PATH": "", "AZURE_FEDERATED_TOKEN_FILE": "", "AZURE_AUTHORITY_HOST": "",
	} {
		t.Setenv(name, value)
	}
	return f, Resolver{azure: client}, srv
}

func (f *fakeAzure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.Method+" "+r.Host+r.URL.Path)
	base := "https://login.microsoftonline.com/" + azureTenant
	switch r.Host + r.URL.Path {
	case "login.microsoft.com/common/discovery/instance", "login.microsoftonline.com/common/discovery/instance":
		answer(w, http.StatusOK, map[string]any{
			"tenant_discovery_endpoint": base + "/v2.0/.well-known/openid-configuration", "api-version": "1.1",
			"metadata": []map[string]any{{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": azureHosts[:1]}},
		})
	case "login.microsoftonline.com/" + azureTenant + "/v2.0/.well-known/openid-configuration":
		answer(w, http.StatusOK, map[string]any{
			"token_endpoint": base + "/oauth2/v2.0/token", "issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		})
	case "login.microsoftonline.com/" + azureTenant + "/oauth2/v2.0/token":
		f.token(w, r)
	default:
		if r.Host != azureHosts[2] {
			f.t.Errorf("asked %s%s", r.Host, r.URL.Path)
		}
		f.vault(w, r)
	}
}

func (f *fakeAzure) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.Form.Get("grant_type") != "client_credentials" ||
		!strings.HasPrefix(r.Form.Get("scope"), "https://vault.azure.net/.default") {
		f.t.Errorf("token request %v, %v", r.Form, err)
	}
	if secret := r.Form.Get("client_secret"); secret != azureKey {
		answer(w, http.StatusUnauthorized, map[string]any{
			"error": "invalid_client", "error_codes": []int{7000215}, "error_description": "AADSTS7000215: Invalid client secret provided: " + secret,
		})
		return
	}
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": azureToken})
}

func (f *fakeAzure) vault(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Query().Get("api-version") == "" {
		f.t.Errorf("%s %s: not a GetSecret", r.Method, r.URL)
	}
	if r.Header.Get("Authorization") != "Bearer "+azureToken {
		w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/`+azureTenant+`", resource="https://vault.azure.net"`)
		vaultFailure(w, http.StatusUnauthorized, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
		return
	}
	if f.status != 0 {
		vaultFailure(w, f.status, f.code, "planted words")
		return
	}
	const id = "https://acme-vault.vault.azure.net/secrets/"
	attributes := map[string]any{"enabled": true, "created": 1767323045, "updated": 1767323045, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
	switch r.URL.Path {
	case "/secrets/qlik-token", "/secrets/qlik-token/":
		answer(w, http.StatusOK, map[string]any{"value": "planted-azure", "id": id + "qlik-token/4387e9f3d6e14c459867679a90fd0f79", "attributes": attributes})
	case "/secrets/empty", "/secrets/empty/":
		answer(w, http.StatusOK, map[string]any{"value": "", "id": id + "empty/4387e9f3d6e14c459867679a90fd0f79", "attributes": attributes})
	default:
		vaultFailure(w, http.StatusNotFound, "SecretNotFound", "A secret with (name/id) was not found in this key vault.")
	}
}

func vaultFailure(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func TestAzure(t *testing.T) {
	f, r, _ := newFakeAzure(t)
	wantValue(t, r, "azure:acme-vault/qlik-token", "planted-azure")
	wantValue(t, r, "azure:acme-vault.vault.azure.net/qlik-token", "planted-azure")
	wantRefusal(t, r, "azure:acme-vault/none", refusal{catalog.CodeNotFound, "SecretNotFound", "names"}, "planted")
	wantRefusal(t, r, "azure:acme-vault/empty", refusal{catalog.CodeInvalid, "empty", "Store"}, "planted")
	for status, want := range map[int]refusal{
		http.StatusForbidden:   {catalog.CodeForbidden, "Forbidden", "Key Vault Secrets User"},
		http.StatusBadRequest:  {catalog.CodeInvalid, "400", "names"},
		http.StatusNotModified: {catalog.CodeInvalid, "304", "names"},
	} {
		f.status, f.code = status, "Forbidden"
		wantRefusal(t, r, "azure:acme-vault/qlik-token", want, "planted")
	}
}

func TestAzureWithoutWhatItNeeds(t *testing.T) {
	_, r, srv := newFakeAzure(t)
	const text = "azure:acme-vault/qlik-token"
	t.Setenv("AZURE_CLIENT_SECRET", "planted-wrong-secret")
	wantRefusal(t, r, text, refusal{catalog.CodeUnauthorized, "AADSTS7000215", "AZURE_CLIENT_SECRET"}, "planted")
	t.Setenv("AZURE_TENANT_ID", "")
	wantRefusal(t, r, text, refusal{catalog.CodeUnauthorized, "no login", "AZURE_TENANT_ID"}, "planted")
	t.Setenv("AZURE_TENANT_ID", azureTenant)
	srv.Close()
	wantRefusal(t, r, text, refusal{catalog.CodeUnreachable, "can't be reached", "firewall"}, "planted")
}

func TestTheHostOfAKeyVaultFollowsTheCloud(t *testing.T) {
	for authority, want := range map[string]string{
		"": "v1x.vault.azure.net", "https://login.microsoftonline.com/": "v1x.vault.azure.net",
		"https://login.chinacloudapi.cn/": "v1x.vault.azure.cn", "https://login.microsoftonline.us/": "v1x.vault.usgovcloudapi.net",
	} {
		t.Setenv("AZURE_AUTHORITY_HOST", authority)
		if got := vaultHost("v1x"); got != want {
			t.Errorf("%q: %s, want %s", authority, got, want)
		}
	}
}
