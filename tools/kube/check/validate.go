package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// schemas are those of one version of Kubernetes.
type schemas struct {
	dir      string
	compiler *jsonschema.Compiler
	loaded   map[string]map[string]string // group and version → kind → name of the schema
}

// unknown are kinds of others, whose schemas aren't at hand.
var unknown = []string{"monitoring.coreos.com/v1 ServiceMonitor"}

func openSchemas(version string) (*schemas, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kubectl-validate").Output()
	if err != nil {
		return nil, fmt.Errorf("find the schemas of Kubernetes: %w", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "pkg/openapiclient/builtins", version)
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("find the schemas of Kubernetes %s: %w", version, err)
	}
	return &schemas{dir: dir, compiler: jsonschema.NewCompiler(), loaded: map[string]map[string]string{}}, nil
}

// validate tells what is wrong with an object. That it can't be checked is a fault, too, but for the unknown.
func (s *schemas) validate(object map[string]any) error {
	version, kind := fmt.Sprint(object["apiVersion"]), fmt.Sprint(object["kind"])
	for _, u := range unknown {
		if u == version+" "+kind {
			return nil
		}
	}
	kinds, err := s.load(version)
	if err != nil {
		return err
	}
	schema, ok := kinds[kind]
	if !ok {
		return fmt.Errorf("%s has no %s", version, kind)
	}
	compiled, err := s.compiler.Compile(address(version) + "#/components/schemas/" + schema)
	if err != nil {
		return err
	}
	return compiled.Validate(object)
}

// notices tells which faults the schemas don't see: none, or the check is worth nothing.
func (s *schemas) notices() []error {
	var errs []error
	for _, wrong := range []string{
		"{apiVersion: v1, kind: Service, spec: {ports: [{port: eighty}]}}",
		"{apiVersion: v1, kind: Service, spec: {prots: []}}",
		"{apiVersion: apps/v1, kind: Deployment, spec: {selector: {}, template: {spec: {containers: [{name: a, readynessProbe: {}}]}}}}",
		"{apiVersion: apps/v2, kind: Deployment}",
		"{apiVersion: apps/v1, kind: Deploiment}",
	} {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(wrong), &object); err != nil {
			return []error{err}
		}
		if s.validate(object) == nil {
			errs = append(errs, fmt.Errorf("the schemas take %s", wrong))
		}
	}
	return errs
}

func address(version string) string { return "kubernetes:///" + version + ".json" }

// load reads the schemas of a group and version.
func (s *schemas) load(version string) (map[string]string, error) {
	if kinds := s.loaded[version]; kinds != nil {
		return kinds, nil
	}
	folder := "apis"
	if !strings.Contains(version, "/") {
		folder = "api"
	}
	text, err := os.ReadFile(filepath.Join(s.dir, folder, filepath.FromSlash(version)+".json"))
	if err != nil {
		return nil, fmt.Errorf("no schema of %s: %w", version, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	all, ok := at(doc, "components.schemas").(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the schemas of %s are of another form", version)
	}
	for name, schema := range all {
		strict(schema)
		for _, gvk := range list(at(schema, "x-kubernetes-group-version-kind")) {
			group, _ := at(gvk, "group").(string)
			if strings.TrimPrefix(group+"/"+fmt.Sprint(at(gvk, "version")), "/") == version {
				kinds[fmt.Sprint(at(gvk, "kind"))] = name
			}
		}
	}
	if err := s.compiler.AddResource(address(version), doc); err != nil {
		return nil, err
	}
	s.loaded[version] = kinds
	return kinds, nil
}

// strict makes schemas refuse keys that they don't name, and drops what JSON schemas don't have.
func strict(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, has := n["properties"]; has && n["additionalProperties"] == nil {
			n["additionalProperties"] = false
		}
		delete(n, "format") // int-or-string, and the like
		delete(n, "default")
		for _, v := range n {
			strict(v)
		}
	case []any:
		for _, v := range n {
			strict(v)
		}
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// at is what a path of keys and numbers leads to; nil if to nothing. U+2024 stands for a dot within a key.
func at(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		step = strings.ReplaceAll(step, "\u2024", ".")
		switch n := v.(type) {
		case map[string]any:
			v = n[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(n) {
				return nil
			}
			v = n[i]
		default:
			return nil
		}
	}
	return v
}

func name(object map[string]any) string { return fmt.Sprint(at(object, "metadata.name")) }

// split gives the objects of rendered templates. Two of one kind and name are a fault.
func split(manifests map[string]string) ([]map[string]any, error) {
	var objects []map[string]any
	seen := map[string]bool{}
	for template, text := range manifests {
		if strings.HasSuffix(template, ".txt") || strings.HasSuffix(template, ".tpl") {
			continue
		}
		for part := range strings.SplitSeq("\n"+text, "\n---") {
			asJSON, err := yaml.YAMLToJSONStrict([]byte(part))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", template, err)
			}
			var object map[string]any
			if err := json.Unmarshal(asJSON, &object); err != nil {
				return nil, fmt.Errorf("%s: %w", template, err)
			}
			if object == nil {
				continue
			}
			id := fmt.Sprint(object["kind"], " ", name(object))
			if seen[id] {
				return nil, errors.New(id + " is there twice")
			}
			seen[id] = true
			objects = append(objects, object)
		}
	}
	return objects, nil
}
