package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// references are the ways in which a connection may name a secret instead of holding it (contract §2).
// The value says why a way can't be taken in this version; "" means that it can.
var references = map[string]string{
	"env":   "",
	"file":  "",
	"vault": "secrets in Vault are not in this version",
	"aws":   "secrets in AWS are not in this version",
	"azure": "secrets in Azure are not in this version",
}

// isReference tells a reference from the secret itself.
func isReference(value string) bool {
	scheme, _, ok := strings.Cut(value, ":")
	_, known := references[scheme]
	return ok && known
}

// secretOf gives a function that resolves the secrets of a connection when they are needed. Nothing that
// it returns is kept, and its errors name the key and the reference, never a value.
func secretOf(conn catalog.Connection, getenv func(string) string) func(context.Context, string) (string, error) {
	return func(_ context.Context, path string) (string, error) {
		if s, ok := conn.Secrets[path]; ok {
			return s.Reveal(), nil
		}
		var tree map[string]any
		if err := json.Unmarshal(conn.Settings, &tree); err != nil {
			return "", fmt.Errorf("read the settings of connection %s: %w", conn.Code, err)
		}
		parent, key := at(tree, path)
		ref, _ := parent[key].(string)
		value, err := resolve(ref, getenv)
		if err != nil {
			return "", &catalog.Error{Code: catalog.CodeInvalid, Op: "read secret " + path, Err: err}
		}
		return value, nil
	}
}

func resolve(ref string, getenv func(string) string) (string, error) {
	scheme, rest, _ := strings.Cut(ref, ":")
	switch scheme {
	case "env":
		if v := getenv(rest); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the environment variable %s is not set", rest)
	case "file":
		b, err := os.ReadFile(rest)
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	case "":
		return "", errors.New("the connection holds no value for it")
	}
	if why := references[scheme]; why != "" {
		return "", errors.New(why)
	}
	return "", errors.New("the connection holds no value for it")
}
