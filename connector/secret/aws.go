package secret

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// readAWS reads the current version (AWSCURRENT) of a secret: a field of its JSON object, or all of it.
func readAWS(ctx context.Context, ref connector.Reference) (string, error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if region := regionOf(ref.Place); region != "" {
		options = append(options, config.WithRegion(region))
	}
	conf, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return "", refused(catalog.CodeInvalid, "Check AWS_PROFILE, AWS_CONFIG_FILE and AWS_CA_BUNDLE.", "the AWS configuration can't be used")
	}
	if conf.Region == "" {
		return "", refused(catalog.CodeInvalid, "Set AWS_REGION, or name the secret by its ARN.", "no AWS region is set")
	}
	if _, err := conf.Credentials.Retrieve(ctx); err != nil {
		return "", refused(catalog.CodeUnauthorized, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role gives them.",
			"there are no AWS credentials that work")
	}
	out, err := secretsmanager.NewFromConfig(conf).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &ref.Place})
	if err != nil {
		return "", awsError(err)
	}
	if out.SecretString == nil {
		return "", refused(catalog.CodeInvalid, "Store it as a text.", "the secret is binary")
	}
	return awsField(*out.SecretString, ref.Field)
}

// regionOf gives the region of an ARN (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME), "" for a name.
func regionOf(id string) string {
	if parts := strings.Split(id, ":"); len(parts) >= 7 && parts[0] == "arn" && parts[2] == "secretsmanager" {
		return parts[3]
	}
	return ""
}

func awsField(text, field string) (string, error) {
	if field == "" {
		return text, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var object map[string]any
	// The decoder's error may quote the secret.
	if err := dec.Decode(&object); err != nil || object == nil {
		return "", refused(catalog.CodeInvalid, "Store it as key/value pairs, or leave out #FIELD.", "the secret is no JSON object, and has no field %q", field)
	}
	return fieldOf(object, field)
}

// awsError goes by the code alone: the message of a wrong signature repeats the session token.
func awsError(err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return unreached("aws", err)
	}
	switch code := answer.ErrorCode(); code {
	case "ResourceNotFoundException":
		return refused(catalog.CodeNotFound, "Check the secret's name and AWS_REGION; name a secret of another account by its ARN.",
			"Secrets Manager has no such secret in this region, or no current version of it")
	case "AccessDeniedException", "AccessDenied":
		return refused(catalog.CodeForbidden, "Allow the account secretsmanager:GetSecretValue on this secret, and kms:Decrypt on its key if it is not the default one.",
			"AWS refused it (%s)", code)
	case "DecryptionFailure", "DecryptionFailureException":
		return refused(catalog.CodeForbidden, "Allow the account kms:Decrypt on the secret's key, and check that the key is enabled.", "AWS can't decrypt it (%s)", code)
	case "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
		"ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId", "MissingAuthenticationToken":
		return refused(catalog.CodeUnauthorized, "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and this machine's clock.",
			"AWS refused the credentials (%s)", code)
	case "InvalidRequestException":
		return refused(catalog.CodeNotFound, "Restore the secret if it is marked for deletion.", "the secret can't be read in its state (%s)", code)
	case "ThrottlingException", "TooManyRequestsException":
		return refused(catalog.CodeThrottled, "Wait a little.", "AWS answered that there are too many requests (%s)", code)
	case "InternalServiceError", "ServiceUnavailable", "InternalFailure":
		return refused(catalog.CodeUnreachable, reachCure("aws"), "Secrets Manager failed (%s)", code)
	default:
		return refused(catalog.CodeInvalid, "Check the secret's name, AWS_REGION and the account's rights.", "AWS answered with %s", printable(code))
	}
}

// printable keeps what looks like a code.
func printable(code string) string {
	if len(code) > 60 || strings.ContainsFunc(code, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }) {
		return "an error that has no name"
	}
	return code
}
