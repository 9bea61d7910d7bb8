package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

const (
	awsKeyID   = "AKIDEXAMPLE"
	awsKey     = "planted/aws+secret+key"
	awsSession = "planted-session-token"
	awsARN     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:qlik/other-AbCdEf"
)

// A fakeAWS answers GetSecretValue as Secrets Manager does (JSON 1.1), and checks each request's
// signature by the rules of Signature Version 4.
type fakeAWS struct {
	t      *testing.T
	region string // that requests have to be signed for
	fails  string // the error to answer with, if set
}

func newFakeAWS(t *testing.T) (*fakeAWS, *httptest.Server) {
	t.Helper()
	f := &fakeAWS{t: t, region: "eu-west-1"}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": srv.URL, "AWS_REGION": f.region, "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_MAX_ATTEMPTS": "1",
		"AWS_ACCESS_KEY_ID": awsKeyID, "AWS_SECRET_ACCESS_KEY": awsKey, "AWS_SESSION_TOKEN": awsSession,
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return f, srv
}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" ||
		r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
		f.t.Errorf("%s %s, %v: not a GetSecretValue", r.Method, r.URL, r.Header)
	}
	canonical, ok := f.signed(r, body)
	switch {
	case f.fails != "":
		awsFailure(w, f.fails, "planted words")
	case !ok:
		awsFailure(w, "InvalidSignatureException", "The Canonical String for this request should have been\n"+canonical)
	default:
		f.value(w, body)
	}
}

func (f *fakeAWS) value(w http.ResponseWriter, body []byte) {
	var in struct{ SecretId, VersionStage, VersionId string }
	if err := json.Unmarshal(body, &in); err != nil || in.VersionStage+in.VersionId != "" {
		f.t.Errorf("%s, %v: want the current version", body, err)
	}
	out := map[string]any{
		"ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:qlik/prod-AbCdEf", "Name": in.SecretId, "CreatedDate": 1767323045.678,
		"VersionId": "a721affd-28a8-4c8a-8c2e-1e6b4f5b0b6a", "VersionStages": []string{"AWSCURRENT"},
	}
	switch in.SecretId {
	case "qlik/prod", awsARN:
		out["SecretString"] = `{"token": "planted-aws", "port": 4242, "more": {"a": "planted-aws"}}`
	case "qlik-key":
		out["SecretString"] = "-----BEGIN PRIVATE KEY-----\nplanted-aws\n-----END PRIVATE KEY-----\n"
	case "binary":
		out["SecretBinary"] = "AAEC"
	case "denied":
		awsFailure(w, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/planted is not authorized to perform: secretsmanager:GetSecretValue")
		return
	default:
		awsFailure(w, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

func awsFailure(w http.ResponseWriter, code, message string) {
	status := http.StatusBadRequest
	if code == "InternalServiceError" {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "Message": message})
}

var awsAuthorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/secretsmanager/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// signed works the signature out anew ("Create a signed AWS API request" in the IAM manual).
func (f *fakeAWS) signed(r *http.Request, body []byte) (canonical string, ok bool) {
	m := awsAuthorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		f.t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		return "", false
	}
	names := strings.Split(m[4], ";")
	var headers strings.Builder
	for _, name := range names {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	for _, need := range []string{"host", "x-amz-date", "x-amz-security-token", "x-amz-target"} {
		if !slices.Contains(names, need) {
			f.t.Errorf("%s is not signed", need)
		}
	}
	sum := sha256.Sum256(body)
	canonical = strings.Join([]string{r.Method, "/", "", headers.String(), m[4], hex.EncodeToString(sum[:])}, "\n")
	hash := sha256.Sum256([]byte(canonical))
	scope := m[2] + "/" + m[3] + "/secretsmanager/aws4_request"
	key := []byte("AWS4" + awsKey)
	for _, part := range []string{m[2], m[3], "secretsmanager", "aws4_request"} {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+scope+"\n"+hex.EncodeToString(hash[:])))
	if m[3] != f.region {
		f.t.Errorf("signed for %s, want %s", m[3], f.region)
	}
	return canonical, m[1] == awsKeyID && m[5] == want && r.Header.Get("X-Amz-Security-Token") == awsSession
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func TestAWS(t *testing.T) {
	f, _ := newFakeAWS(t)
	wantValue(t, Resolver{}, "aws:qlik/prod#token", "planted-aws")
	wantValue(t, Resolver{}, "aws:qlik/prod#port", "4242")
	wantValue(t, Resolver{}, "aws:qlik-key", "-----BEGIN PRIVATE KEY-----\nplanted-aws\n-----END PRIVATE KEY-----\n")
	for text, want := range map[string]refusal{
		"aws:qlik/prod#password": {catalog.CodeNotFound, `no field "password"`, "fields"},
		"aws:qlik/prod#more":     {catalog.CodeInvalid, "no text", "text"},
		"aws:qlik-key#token":     {catalog.CodeInvalid, "no JSON object", "key/value"},
		"aws:binary":             {catalog.CodeInvalid, "binary", "text"},
		"aws:none#x":             {catalog.CodeNotFound, "no such secret", "AWS_REGION"},
		"aws:denied#x":           {catalog.CodeForbidden, "AccessDeniedException", "secretsmanager:GetSecretValue"},
	} {
		wantRefusal(t, Resolver{}, text, want, "planted", awsKeyID)
	}
	f.region = "eu-central-1"
	wantValue(t, Resolver{}, "aws:"+awsARN+"#token", "planted-aws")
}

func TestAWSRefusals(t *testing.T) {
	f, _ := newFakeAWS(t)
	for code, want := range map[string]refusal{
		"ExpiredTokenException":       {catalog.CodeUnauthorized, "ExpiredTokenException", "clock"},
		"UnrecognizedClientException": {catalog.CodeUnauthorized, "UnrecognizedClientException", "AWS_ACCESS_KEY_ID"},
		"DecryptionFailure":           {catalog.CodeForbidden, "decrypt", "kms:Decrypt"},
		"InvalidRequestException":     {catalog.CodeNotFound, "InvalidRequestException", "deletion"},
		"ThrottlingException":         {catalog.CodeThrottled, "too many", "Wait"},
		"InternalServiceError":        {catalog.CodeUnreachable, "InternalServiceError", "AWS_REGION"},
		"InvalidParameterException":   {catalog.CodeInvalid, "InvalidParameterException", "AWS_REGION"},
		"planted <b>words</b>":        {catalog.CodeInvalid, "no name", "AWS_REGION"},
	} {
		f.fails = code
		wantRefusal(t, Resolver{}, "aws:qlik/prod#token", want, "planted")
	}
}

func TestAWSWithoutWhatItNeeds(t *testing.T) {
	_, srv := newFakeAWS(t)
	const text = "aws:qlik/prod#token"
	t.Setenv("AWS_SECRET_ACCESS_KEY", "planted-wrong-key")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeUnauthorized, "InvalidSignatureException", "AWS_SECRET_ACCESS_KEY"}, "planted")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeUnauthorized, "no AWS credentials", "AWS_ACCESS_KEY_ID"}, "planted")
	t.Setenv("AWS_REGION", "")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeInvalid, "no AWS region", "AWS_REGION"})
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", awsKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", awsKey)
	srv.Close()
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeUnreachable, "refused", "AWS_REGION"}, "planted", awsKeyID)
	t.Setenv("AWS_PROFILE", "planted-profile-that-is-nowhere")
	wantRefusal(t, Resolver{}, text, refusal{catalog.CodeInvalid, "AWS configuration", "AWS_PROFILE"}, "planted")
}
