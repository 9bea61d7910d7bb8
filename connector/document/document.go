// Package document reads and writes connections as people and programs give them: a tree of keys, the
// same whether it came as YAML (a file), as JSON (the API) or from a form (contract §2).
package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Reader makes connections of trees.
type Reader struct {
	Sources connector.Sources
	// Dir is the folder that relative file names are meant from; "" refuses them.
	Dir string
	// Old is the connection that is being edited: secrets that the tree leaves out, or has empty, stay as
	// they are there. The zero value: there is none.
	Old catalog.Connection
	// NullForgets makes a secret that the tree has as null be forgotten. Otherwise null is as good as
	// leaving it out.
	NullForgets bool
	// CheckSchedule fills in what a schedule leaves out, says when it is due, and what is wrong with it.
	// nil: schedules are refused.
	CheckSchedule func(*catalog.Schedule) catalog.FieldErrors
}

// Read makes a connection of a tree of keys and checks all of it, the source's part too, without any
// network call. The connection is of use only without errors. Its Secrets have a value where the tree
// gives one, and are empty where the old one stays. The tree isn't changed.
func (r Reader) Read(tree map[string]any) (catalog.Connection, connector.FieldErrors) {
	var errs connector.FieldErrors
	common, own := map[string]any{}, map[string]any{}
	for k, v := range tree {
		if k == "schedule" {
			continue
		}
		if slices.Contains(commonNames, k) {
			common[k] = v
		} else {
			own[k] = cloned(v)
		}
	}
	var keys commonKeys
	errs = append(errs, connector.DecodeSettings(common, &keys)...)
	errs = append(errs, keys.check(common)...)
	errs = append(errs, checkShared(tree)...)
	schedule, wrong := r.schedule(tree)
	errs = append(errs, wrong...)

	source, ok := r.Sources.Find(keys.Type)
	if !ok {
		if keys.Type != "" {
			errs.Add("type", "%q is no type of source that this version reads; use one of %s", keys.Type, strings.Join(typesOf(r.Sources), ", "))
		}
		if source, ok = r.likely(keys.Type); !ok {
			return catalog.Connection{}, errs
		}
	}
	errs = append(errs, unknownKeys(own, source)...)
	conn := catalog.Connection{
		Code: keys.Code, Name: strings.TrimSpace(keys.Name), Type: source.Type, Environment: keys.Environment, Description: keys.Description, URL: keys.URL,
		AccessInstructions: keys.AccessInstructions, Governance: keys.Governance, Secrets: catalog.Secrets{},
		Schedule: schedule,
	}
	errs = append(errs, r.absoluteFiles(own, source)...)
	forget := r.forgotten(own, source.Secrets)
	takeSecrets(own, source.Secrets, conn.Secrets)
	keepReferences(own, source.Secrets, r.Old, conn.Secrets, forget)
	settings, err := json.Marshal(own)
	if err != nil {
		errs.Add("", "%v", err)
		return catalog.Connection{}, errs
	}
	conn.Settings = settings
	keepSecrets(&conn, own, source, r.Old.Secrets, forget)
	errs = append(errs, leftBehind(Redirected(r.Old, tree, source), keptOf(conn, tree, own, source))...)
	for _, e := range source.Validate(conn) {
		if e.Path == "" || !told(errs, e.Path) {
			errs = append(errs, e)
		}
	}
	return conn, errs
}

// commonKeys are the keys of a connection that belong to no source (contract §2) and have a place of their
// own in a catalog.Connection.
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

var codeForm = regexp.MustCompile(`^[a-z0-9-]+$`)

// The longest texts that a list or a page still shows well.
const (
	maxName = 200
	maxCode = 63
	maxText = 20_000
)

func (k commonKeys) check(given map[string]any) connector.FieldErrors {
	var errs connector.FieldErrors
	for _, need := range []struct{ key, value, example string }{
		{"name", k.Name, "Qlik Sense PROD"}, {"code", k.Code, "qlik-prod"}, {"type", k.Type, "qlik-sense"},
	} {
		if _, isText := given[need.key].(string); strings.TrimSpace(need.value) == "" && (isText || given[need.key] == nil) {
			errs.Add(need.key, "is missing; for example: %s: %s", need.key, need.example)
		}
	}
	if k.Code != "" && !codeForm.MatchString(k.Code) {
		errs.Add("code", "%q can't be the first part of every key; use lower-case letters, digits and hyphens only", k.Code)
	}
	for _, text := range []struct {
		key, value string
		most       int
	}{{"name", k.Name, maxName}, {"code", k.Code, maxCode}, {"environment", k.Environment, maxName}, {"description", k.Description, maxText}, {"access_instructions", k.AccessInstructions, maxText}} {
		if n := len([]rune(text.value)); n > text.most {
			errs.Add(text.key, "has %d characters; at most %d are allowed", n, text.most)
		}
	}
	if strings.ContainsFunc(k.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		errs.Add("name", "has a line break or a control character; it is one line of text")
	}
	for _, role := range slices.Sorted(maps.Keys(k.Governance)) {
		if !slices.Contains(governanceRoles, role) {
			errs.Add("governance."+role, "there is no such key here; known are %s", strings.Join(governanceRoles, ", "))
		}
	}
	return errs
}

var governanceRoles = []string{"owner", "steward", "custodian"}

func typesOf(sources connector.Sources) []string {
	var names []string
	for _, s := range sources {
		names = append(names, s.Type)
	}
	return names
}

// likely is the source that a tree without a right type is most likely of: that of the connection that is being edited,
// that of the most similar type, the first. So the rest of what is wrong can be told, too.
func (r Reader) likely(typ string) (connector.Source, bool) {
	for _, guess := range []string{r.Old.Type, catalog.Closest(typ, typesOf(r.Sources))} {
		if s, ok := r.Sources.Find(guess); ok {
			return s, true
		}
	}
	if len(r.Sources) == 0 {
		return connector.Source{}, false
	}
	return r.Sources[0], true
}

// unknownKeys takes the keys out of a source's tree that there aren't, whether of the source or of all connections, and
// tells them: the source, which doesn't know the others, would name its own as all that there are.
func unknownKeys(own map[string]any, source connector.Source) connector.FieldErrors {
	var known []string
	for _, f := range Fields(source) {
		top, _, _ := strings.Cut(f.Path, ".")
		if !slices.Contains(known, top) {
			known = append(known, top)
		}
	}
	var errs connector.FieldErrors
	for _, key := range slices.Sorted(maps.Keys(own)) {
		if slices.Contains(known, key) {
			continue
		}
		delete(own, key)
		e := catalog.FieldError{Path: catalog.Step(key), Message: "there is no such key here; known are " + strings.Join(known, ", "), Cure: catalog.OneOf(key, known)}
		if like := catalog.Closest(key, known); like != "" {
			e.Message = "there is no such key; did you mean " + like + "?"
		}
		errs = append(errs, e)
	}
	return errs
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

// cloned copies the mappings of a tree.
func cloned(x any) any {
	m, ok := x.(map[string]any)
	if !ok {
		return x
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = cloned(v)
	}
	return out
}

// absoluteFiles makes relative file names absolute; of a secret only a reference to a file (file:PATH).
func (r Reader) absoluteFiles(tree map[string]any, source connector.Source) connector.FieldErrors {
	var errs connector.FieldErrors
	for _, path := range slices.Concat(source.Files, source.Secrets) {
		parent, key := at(tree, path)
		if list, ok := parent[key].([]any); ok {
			parent[key] = r.absoluteList(list, path, &errs)
			continue
		}
		value, ok := parent[key].(string)
		prefix := ""
		if slices.Contains(source.Secrets, path) {
			value, ok = strings.CutPrefix(value, "file:")
			prefix = "file:"
		}
		if !ok || value == "" || filepath.IsAbs(value) {
			continue
		}
		if r.Dir == "" {
			errs.Add(path, "%s", withoutFolder)
			continue
		}
		if abs, err := filepath.Abs(filepath.Join(r.Dir, value)); err == nil {
			parent[key] = prefix + abs
		}
	}
	return errs
}

const withoutFolder = "is a path without its folder; give the whole path on the machine that runs qlikcrawler"

// absoluteList is absoluteFiles of a key that holds a list.
func (r Reader) absoluteList(list []any, path string, errs *connector.FieldErrors) []any {
	out := slices.Clone(list)
	for i, x := range list {
		value, ok := x.(string)
		if !ok || value == "" || filepath.IsAbs(value) {
			continue
		}
		if r.Dir == "" {
			errs.Add(fmt.Sprintf("%s[%d]", path, i), "%s", withoutFolder)
			continue
		}
		if abs, err := filepath.Abs(filepath.Join(r.Dir, value)); err == nil {
			out[i] = abs
		}
	}
	return out
}

// Tree is what a connection is written as, without its secrets: the inverse of Read.
func Tree(conn catalog.Connection) (map[string]any, error) {
	tree := map[string]any{}
	if len(conn.Settings) > 0 {
		if err := json.Unmarshal(conn.Settings, &tree); err != nil {
			return nil, fmt.Errorf("read the settings of connection %s: %w", conn.Code, err)
		}
	}
	tree["name"], tree["code"], tree["type"] = conn.Name, conn.Code, conn.Type
	for key, value := range map[string]string{
		"url":         conn.URL,
		"environment": conn.Environment, "description": conn.Description, "access_instructions": conn.AccessInstructions,
	} {
		if value != "" {
			tree[key] = value
		}
	}
	if len(conn.Governance) > 0 {
		roles := map[string]any{}
		for k, v := range conn.Governance {
			roles[k] = v
		}
		tree["governance"] = roles
	}
	if conn.Schedule != nil {
		tree["schedule"] = scheduleTree(*conn.Schedule)
	}
	return tree, nil
}

// Order gives the top keys of a tree in the order of contract §2.
func Order(tree map[string]any) []string {
	var keys []string
	for _, k := range topKeys {
		if _, ok := tree[k]; ok {
			keys = append(keys, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(tree)) {
		if !slices.Contains(topKeys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

var topKeys = []string{
	"name", "code", "type", "environment", "description", "url", "link_url", "alias_host_name", "authentication",
	"windows", "jwt", "header", "certificate", "tls", "proxy", "unbuilt", "options", "retention", "access_instructions", "governance", "admins", "notify", "schedule",
}
