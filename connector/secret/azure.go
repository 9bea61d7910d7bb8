package secret

import (
	"context"
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// readAzure reads the current version of a secret of a key vault.
func (r Resolver) readAzure(ctx context.Context, ref connector.Reference) (string, error) {
	vault, name, _ := strings.Cut(ref.Place, "/")
	options := azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: 300 * time.Millisecond}}
	if r.azure != nil {
		options.Transport = r.azure
	}
	credential, err := azureCredential(options)
	if err != nil {
		return "", err
	}
	client, err := azsecrets.NewClient("https://"+vaultHost(vault)+"/", credential, &azsecrets.ClientOptions{ClientOptions: options})
	if err != nil {
		return "", refused(catalog.CodeInvalid, "Check the variables AZURE_….", "there can be no client for this key vault")
	}
	secret, err := client.GetSecret(ctx, name, "", nil)
	if err != nil {
		return "", azureError(err)
	}
	if secret.Value == nil {
		return "", nil
	}
	return *secret.Value, nil
}

// vaultHost gives the host name of a vault in the cloud of AZURE_AUTHORITY_HOST, unless it is one already.
func vaultHost(vault string) string {
	if strings.Contains(vault, ".") {
		return vault
	}
	authority := os.Getenv("AZURE_AUTHORITY_HOST")
	switch {
	case strings.Contains(authority, "login.chinacloudapi.cn"), strings.Contains(authority, "login.partner.microsoftonline.cn"):
		return vault + ".vault.azure.cn"
	case strings.Contains(authority, "login.microsoftonline.us"):
		return vault + ".vault.usgovcloudapi.net"
	default:
		return vault + ".vault.azure.net"
	}
}

const azureLoginCure = "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH), or run where there is a workload identity or a managed identity."

// azureCredential is what the environment says: a service principal, a workload identity, else the
// managed identity of the machine. The logins of developers' tools, which start other programs, are not
// asked.
func azureCredential(options azcore.ClientOptions) (azcore.TokenCredential, error) {
	var credential azcore.TokenCredential
	var err error
	switch id := os.Getenv("AZURE_CLIENT_ID"); {
	case os.Getenv("AZURE_CLIENT_SECRET") != "" || os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH") != "":
		credential, err = azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: options})
	case os.Getenv("AZURE_FEDERATED_TOKEN_FILE") != "":
		credential, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options})
	default:
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if id != "" {
			managed.ID = azidentity.ClientID(id)
		}
		credential, err = azidentity.NewManagedIdentityCredential(managed)
	}
	if err != nil {
		return nil, refused(catalog.CodeUnauthorized, azureLoginCure, "the variables AZURE_… make no login")
	}
	return credential, nil
}

// entraCode is the code by which Microsoft Entra says why it refused a login.
var entraCode = regexp.MustCompile(`AADSTS[0-9]{4,9}`)

// azureError goes by status and code alone: an answer's text is not ours to show.
func azureError(err error) error {
	var login *azidentity.AuthenticationFailedError
	if errors.As(err, &login) {
		return azureLoginError(login)
	}
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return unreached("azure", err)
	}
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound:
		return refused(catalog.CodeNotFound, "Check the names of the key vault and of the secret.", "the key vault has no such secret (%s)", printable(answer.ErrorCode))
	case status == http.StatusForbidden:
		return refused(catalog.CodeForbidden, "Give the identity the role Key Vault Secrets User on this secret (or the access policy Get), let the vault's firewall "+
			"admit this machine, and check that the secret is enabled and not expired.", "Azure refused it (%s)", printable(answer.ErrorCode))
	case status == http.StatusUnauthorized:
		return refused(catalog.CodeUnauthorized, "Check that AZURE_TENANT_ID is the tenant of the key vault.", "the key vault refused the login (status 401)")
	case status == http.StatusTooManyRequests:
		return refused(catalog.CodeThrottled, "Wait a little.", "the key vault answered that there are too many requests (status 429)")
	case status >= http.StatusInternalServerError:
		return refused(catalog.CodeUnreachable, reachCure("azure"), "the key vault failed (status %d)", status)
	default:
		return refused(catalog.CodeInvalid, "Check the names of the key vault and of the secret.", "the key vault answered with status %d", status)
	}
}

func azureLoginError(login *azidentity.AuthenticationFailedError) error {
	if login.RawResponse == nil {
		return refused(catalog.CodeUnauthorized, azureLoginCure+" "+reachCure("azure"), "the login to Azure failed without an answer")
	}
	// Payload gives the body that the client has read.
	body, _ := runtime.Payload(login.RawResponse)
	code := entraCode.FindString(string(body))
	if code == "" {
		code = http.StatusText(login.RawResponse.StatusCode)
	}
	return refused(catalog.CodeUnauthorized, azureLoginCure, "Microsoft Entra refused the login (%s)", code)
}
