package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Reference says where a secret is (contract §2). It is kept in a connection's settings, and what it
// points to is read when it is needed and never stored.
type Reference struct {
	Scheme string // env, file, vault, aws or azure
	Place  string // NAME, PATH, MOUNT/PATH, SECRET_ID or VAULT/SECRET
	Field  string // of vault and aws; "" for all of an aws secret
}

// String writes a reference as it stands in a connection file. It isn't a secret.
func (r Reference) String() string {
	if r.Field == "" {
		return r.Scheme + ":" + r.Place
	}
	return r.Scheme + ":" + r.Place + "#" + r.Field
}

// A ResolveFunc reads what a reference points to.
type ResolveFunc func(context.Context, Reference) (string, error)

func referenceForm(scheme string) (form string, ok bool) {
	form, ok = map[string]string{
		"env":   "env:NAME, such as env:QLIK_TOKEN",
		"file":  "file:PATH, such as file:/run/secrets/qlik-token",
		"vault": "vault:MOUNT/PATH#FIELD, such as vault:secret/qlik/prod#token",
		"aws":   "aws:SECRET_ID#FIELD, such as aws:qlik/prod#token; without #FIELD it is the whole secret",
		"azure": "azure:VAULT/SECRET, such as azure:acme-vault/qlik-token",
	}[scheme]
	return form, ok
}

// SecretReference reports whether a secret's text is a reference ("env:NAME") and not the value, and
// its scheme. References are kept in a connection's settings, values in its secrets.
func SecretReference(text string) (scheme string, ok bool) {
	scheme, _, _ = strings.Cut(text, ":")
	if _, ok = referenceForm(scheme); !ok || scheme == text {
		return "", false
	}
	return scheme, true
}

// ParseReference reads a reference. The error says how one is written, and never what was given: it
// could be a password that begins like a reference.
func ParseReference(text string) (Reference, error) {
	scheme, ok := SecretReference(text)
	if !ok {
		return Reference{}, errors.New("is no reference; write env:NAME, file:PATH, vault:MOUNT/PATH#FIELD, aws:SECRET_ID#FIELD or azure:VAULT/SECRET")
	}
	r := Reference{Scheme: scheme, Place: text[len(scheme)+1:]}
	if i := strings.LastIndexByte(r.Place, '#'); i >= 0 && (scheme == "vault" || scheme == "aws") {
		r.Place, r.Field = r.Place[:i], r.Place[i+1:]
		if r.Field == "" {
			return Reference{}, malformed(scheme, "it has no field after the #")
		}
	}
	if why := r.wrong(); why != "" {
		return Reference{}, malformed(scheme, why)
	}
	return r, nil
}

func malformed(scheme, why string) error {
	form, _ := referenceForm(scheme)
	return fmt.Errorf("the reference to %s can't be used: %s; write %s", scheme, why, form)
}

var (
	awsSecretID = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!:-]+$`)
	azureVault  = regexp.MustCompile(`^[A-Za-z0-9-]{3,24}(\.vault\.azure\.net|\.vault\.azure\.cn|\.vault\.usgovcloudapi\.net)?$`)
	azureSecret = regexp.MustCompile(`^[A-Za-z0-9-]{1,127}$`)
)

// wrong says what keeps a reference from being used, "" if nothing does.
func (r Reference) wrong() string {
	if r.Place == "" {
		return "it names nothing"
	}
	if strings.ContainsAny(r.Place+r.Field, "\r\n\x00") {
		return "it has a line break"
	}
	switch r.Scheme {
	case "env":
		if strings.ContainsAny(r.Place, "= \t") {
			return "no environment variable has such a name"
		}
	case "vault":
		parts := strings.Split(r.Place, "/")
		if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return p == "" || p == "." || p == ".." }) {
			return "it lacks the mount or the path of the secret"
		}
		if r.Field == "" {
			return "it has no #FIELD"
		}
	case "aws":
		if !awsSecretID.MatchString(r.Place) {
			return "Secrets Manager knows no such names"
		}
	case "azure":
		vault, name, _ := strings.Cut(r.Place, "/")
		if !azureVault.MatchString(vault) || !azureSecret.MatchString(name) {
			return "it is not the name of a key vault, a slash and the name of a secret"
		}
	}
	return ""
}

// CheckReference says in a sentence why a reference can't be used; "" if it can. It reads nothing.
func CheckReference(text string) string {
	if _, err := ParseReference(text); err != nil {
		return err.Error()
	}
	return ""
}

// SecretsOf makes Env.Secret for a connection: its own secret values, and what the references in its
// settings point to, read with resolve each time they are asked for. nil resolves no reference.
func SecretsOf(c catalog.Connection, resolve ResolveFunc) func(ctx context.Context, path string) (string, error) {
	return func(ctx context.Context, path string) (string, error) {
		if s, ok := c.Secrets[path]; ok {
			return s.Reveal(), nil
		}
		var tree map[string]any
		if err := json.Unmarshal(c.Settings, &tree); err != nil {
			return "", fmt.Errorf("secret %s: the connection's settings are no JSON", path)
		}
		text := TextAt(tree, path)
		if text == "" {
			return "", fmt.Errorf("secret %s is not set", path)
		}
		if _, ok := SecretReference(text); !ok {
			return text, nil
		}
		ref, err := ParseReference(text)
		if err == nil && resolve == nil {
			err = errors.New("references are not read here")
		}
		if err != nil {
			return "", fmt.Errorf("secret %s: %w", path, err)
		}
		value, err := resolve(ctx, ref)
		if err != nil {
			return "", fmt.Errorf("secret %s: %w", path, err)
		}
		return value, nil
	}
}

// TextsAt are the texts at a dotted path of a settings tree: of a list, or the one that stands there.
func TextsAt(tree map[string]any, path string) []string {
	var x any = tree
	for key := range strings.SplitSeq(path, ".") {
		m, ok := x.(map[string]any)
		if !ok {
			return nil
		}
		x = m[key]
	}
	var texts []string
	switch v := x.(type) {
	case string:
		texts = append(texts, v)
	case []string:
		texts = v
	case []any:
		for _, item := range v {
			s, _ := item.(string)
			texts = append(texts, s)
		}
	}
	return texts
}

// TextAt is the text at a dotted path of a settings tree, "" if there is none.
func TextAt(tree map[string]any, path string) string {
	var x any = tree
	for key := range strings.SplitSeq(path, ".") {
		m, ok := x.(map[string]any)
		if !ok {
			return ""
		}
		x = m[key]
	}
	s, _ := x.(string)
	return s
}
