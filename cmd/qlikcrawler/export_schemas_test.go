package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validBySchemas checks each event of an export, and each facet in it, against OpenLineage's official schemas.
func validBySchemas(t *testing.T, lines string) {
	dir := os.Getenv("QLIKCRAWLER_OPENLINEAGE_SCHEMAS")
	if dir == "" {
		t.Skip("QLIKCRAWLER_OPENLINEAGE_SCHEMAS names no folder with OpenLineage's schemas")
	}
	schemas, main := readSchemas(t, dir)
	events, facets := 0, map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := main.Validate(event); err != nil {
			t.Errorf("%v\n%.500s", err, line)
		}
		events++
		eachFacet(event, func(name, url string, facet any) {
			facets[name]++
			id, _, _ := strings.Cut(url, "#")
			if schema := schemas[id]; schema == nil {
				t.Errorf("there is no schema %s", url)
			} else if err := schema.Validate(map[string]any{name: facet}); err != nil {
				t.Errorf("facet %s: %v", name, err)
			}
		})
	}
	if events == 0 || facets["columnLineage"] == 0 || facets["schema"] == 0 {
		t.Errorf("%d events with the facets %v; want columnLineage and schema among them", events, facets)
	}
}

// readSchemas reads the official schemas of a folder, by their ids, and that of an event.
func readSchemas(t *testing.T, dir string) (all map[string]*jsonschema.Schema, event *jsonschema.Schema) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "facets", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no facets in %s: %v", dir, err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	var ids []string
	for _, file := range append(files, filepath.Join(dir, "OpenLineage.json")) {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		id := doc.(map[string]any)["$id"].(string)
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	all = map[string]*jsonschema.Schema{}
	for _, id := range ids {
		if all[id], err = c.Compile(id); err != nil {
			t.Fatal(err)
		}
	}
	return all, all[ids[len(ids)-1]]
}

// eachFacet visits what names the schema that it follows.
func eachFacet(doc any, visit func(name, url string, facet any)) {
	switch doc := doc.(type) {
	case []any:
		for _, x := range doc {
			eachFacet(x, visit)
		}
	case map[string]any:
		for name, x := range doc {
			if facet, ok := x.(map[string]any); ok {
				if url, ok := facet["_schemaURL"].(string); ok {
					visit(name, url, x)
				}
			}
			eachFacet(x, visit)
		}
	}
}
