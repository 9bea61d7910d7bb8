package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// commonKeys are the keys of a connection that belong to no source (contract §2).
type commonKeys struct {
	Name               string            `json:"name"`
	Code               string            `json:"code"`
	Type               string            `json:"type"`
	Environment        string            `json:"environment"`
	Description        string            `json:"description"`
	URL                string            `json:"url"`
	AccessInstructions string            `json:"access_instructions"`
	Governance         map[string]string `json:"governance"`
}

var commonNames = []string{"name", "code", "type", "environment", "description", "url", "access_instructions", "governance"}

// laterKeys are keys whose feature this version lacks: refused with a sentence, never silently taken.
var laterKeys = map[string]string{
	"schedule":  "schedules are not in this version: run `qlikcrawler crawl CODE` from cron or a timer",
	"notify":    "notifications are not in this version: remove the key",
	"retention": "retention is not in this version: everything is kept; remove the key",
	"admins":    "roles are not in this version: remove the key",
}

// readConnection reads a connection file; "-" is standard input. Secrets that the file leaves out are
// taken from keep. Everything that is wrong comes at once, with line numbers, as FieldErrors.
func readConnection(file string, stdin io.Reader, sources connector.Sources, keep catalog.Secrets) (catalog.Connection, error) {
	text, dir, err := readFile(file, stdin)
	if err != nil {
		return catalog.Connection{}, wrongUse("%w", err)
	}
	tree, lines, err := parseYAML(text)
	if err != nil {
		return catalog.Connection{}, wrongUse("%s: %w", file, err)
	}
	conn, errs := connectionOf(tree, dir, sources, keep)
	if len(errs) == 0 {
		return conn, nil
	}
	for i, e := range errs {
		errs[i].Line = lines.find(e.Path)
	}
	sort.SliceStable(errs, func(i, j int) bool { return errs[i].Line < errs[j].Line })
	return catalog.Connection{}, fmt.Errorf("%s:\n%w", file, errs)
}

func readFile(file string, stdin io.Reader) (text []byte, dir string, err error) {
	if file == "-" {
		text, err = io.ReadAll(stdin)
		return text, ".", err
	}
	text, err = os.ReadFile(file)
	return text, filepath.Dir(file), err
}

// lineTable says on which line each key of a file stands, by path.
type lineTable map[string]int

// find gives the line of a path, or that of the nearest key above it.
func (t lineTable) find(path string) int {
	for path != "" {
		if n, ok := t[path]; ok {
			return n
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return 0
		}
		path = path[:i]
	}
	return 0
}

func parseYAML(text []byte) (map[string]any, lineTable, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, nil, syntaxError(err)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
		return nil, nil, errors.New("the file is empty; `qlikcrawler connection template` prints one to start from")
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, nil, syntaxError(err)
	}
	lines := lineTable{}
	lines.collect("", file.Docs[0].Body)
	return tree, lines, nil
}

// yamlPlace is how the YAML library says where a mistake is.
var yamlPlace = regexp.MustCompile(`^\[(\d+):\d+\] `)

// syntaxError says what is wrong with a file and on which line. The line itself stays hidden: a secret
// may be on it. So do words that the library quotes.
func syntaxError(err error) error {
	text := yaml.FormatError(err, false, false)
	place := yamlPlace.FindStringSubmatch(text)
	text = yamlPlace.ReplaceAllString(text, "")
	if !strings.HasPrefix(text, "mapping key ") { // which has the name of a key
		text = quotedWords.ReplaceAllString(text, "…")
	}
	if place == nil {
		return errors.New(text)
	}
	return fmt.Errorf("line %s: %s", place[1], text)
}

// quotedWords are words of the file in the library's messages: of more than one character.
var quotedWords = regexp.MustCompile("\"[^\"]{2,}\"|'[^']{2,}'|`[^`]{2,}`")

func (t lineTable) collect(prefix string, n ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			t.collect(prefix, v)
		}
	case *ast.MappingValueNode:
		path := prefix + n.Key.GetToken().Value
		t[path] = n.Key.GetToken().Position.Line
		t.collect(path+".", n.Value)
	}
}

// connectionOf makes a connection of a tree of keys and checks all of it, the source's part too.
// Relative file names are meant from dir; secrets that the tree leaves out are taken from keep.
func connectionOf(tree map[string]any, dir string, sources connector.Sources, keep catalog.Secrets) (catalog.Connection, connector.FieldErrors) {
	var errs connector.FieldErrors
	common, own := map[string]any{}, map[string]any{}
	for k, v := range tree {
		if why, later := laterKeys[k]; later {
			errs.Add(k, "%s", why)
		} else if slices.Contains(commonNames, k) {
			common[k] = v
		} else {
			own[k] = v
		}
	}
	var keys commonKeys
	errs = append(errs, connector.DecodeSettings(common, &keys)...)
	errs = append(errs, keys.check(common)...)

	source, ok := sources.Find(keys.Type)
	if !ok {
		if keys.Type != "" {
			errs.Add("type", "%q is no type of source; this version reads: %s", keys.Type, typesOf(sources))
		}
		return catalog.Connection{}, errs
	}
	conn := catalog.Connection{
		Code: keys.Code, Name: keys.Name, Type: keys.Type, Environment: keys.Environment, Description: keys.Description, URL: keys.URL,
		AccessInstructions: keys.AccessInstructions, Governance: keys.Governance, Secrets: catalog.Secrets{},
	}
	absoluteFiles(own, slices.Concat(source.Files, source.Secrets), source.Secrets, dir)
	takeSecrets(own, source.Secrets, conn.Secrets)
	settings, err := json.Marshal(own)
	if err != nil {
		errs.Add("", "%v", err)
		return catalog.Connection{}, errs
	}
	conn.Settings = settings
	keepSecrets(&conn, own, source, keep)
	return conn, append(errs, source.Validate(conn)...)
}

// keepSecrets gives a connection the old secrets that the tree leaves out, but for those that don't go
// with what it says (a token beside a private key).
func keepSecrets(conn *catalog.Connection, tree map[string]any, source connector.Source, keep catalog.Secrets) {
	for _, path := range source.Secrets {
		old, had := keep[path]
		_, given := conn.Secrets[path]
		if parent, key := at(tree, path); parent[key] != nil {
			given = true
		}
		if !had || given {
			continue
		}
		without := len(source.Validate(*conn))
		conn.Secrets[path] = old
		if len(source.Validate(*conn)) > without {
			delete(conn.Secrets, path)
		}
	}
}

var codeForm = regexp.MustCompile(`^[a-z0-9-]+$`)

func (k commonKeys) check(given map[string]any) connector.FieldErrors {
	var errs connector.FieldErrors
	for _, need := range []struct{ key, value, example string }{
		{"name", k.Name, "Qlik Sense PROD"}, {"code", k.Code, "qlik-prod"}, {"type", k.Type, "qlik-sense"},
	} {
		if _, isText := given[need.key].(string); need.value == "" && (isText || given[need.key] == nil) {
			errs.Add(need.key, "is missing; for example: %s: %s", need.key, need.example)
		}
	}
	if k.Code != "" && !codeForm.MatchString(k.Code) {
		errs.Add("code", "%q: use lower-case letters, digits and hyphens only; it is the first part of every key", k.Code)
	}
	return errs
}

func typesOf(sources connector.Sources) string {
	var names []string
	for _, s := range sources {
		names = append(names, s.Type)
	}
	return strings.Join(names, ", ")
}

// at finds the map that holds the last key of a dotted path.
func at(tree map[string]any, path string) (parent map[string]any, key string) {
	parts := strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		next, ok := tree[p].(map[string]any)
		if !ok {
			return nil, ""
		}
		tree = next
	}
	return tree, parts[len(parts)-1]
}

// takeSecrets moves secret values out of the settings; references stay.
func takeSecrets(tree map[string]any, paths []string, secrets catalog.Secrets) {
	for _, path := range paths {
		parent, key := at(tree, path)
		value, ok := parent[key].(string)
		if _, reference := connector.SecretReference(value); !ok || value == "" || reference {
			continue
		}
		secrets[path] = catalog.NewSecret(value)
		delete(parent, key)
	}
}

// absoluteFiles makes relative file names absolute; of a secret only a reference to a file (file:PATH).
func absoluteFiles(tree map[string]any, paths, secrets []string, dir string) {
	for _, path := range paths {
		parent, key := at(tree, path)
		value, ok := parent[key].(string)
		prefix := ""
		if slices.Contains(secrets, path) {
			value, ok = strings.CutPrefix(value, "file:")
			prefix = "file:"
		}
		if !ok || value == "" {
			continue
		}
		if abs, err := filepath.Abs(resolvePath(dir, value)); err == nil {
			parent[key] = prefix + abs
		}
	}
}

func resolvePath(dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}
