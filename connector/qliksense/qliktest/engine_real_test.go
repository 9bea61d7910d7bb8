package qliktest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Real apps are served byte for byte: every property tree, dimension, measure and variable. The folder
// holds unbuilt apps.
func TestEngineServesRealAppsAsTheyAre(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("QLIKCRAWLER_REAL_APPS")
	if folder == "" {
		t.Skip("QLIKCRAWLER_REAL_APPS names no folder of unbuilt apps")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "app-properties.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no unbuilt apps in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			content := unbuiltContent(t, filepath.Dir(file))
			site := engineSite()
			site.Apps[0].Load = func() *Content { return content }
			c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/"+salesID)
			doc := c.openDoc(salesID, false)
			for method, items := range map[string][]Item{"GetObject": content.Objects, "GetDimension": content.Dimensions, "GetMeasure": content.Measures} {
				for _, it := range items {
					c.servesTree(doc, method, it.Tree)
				}
			}
		})
	}
}

// servesTree compares properties and, for objects, the tree with what is stored, and asks for layouts
// down to the leaves.
func (c *rawClient) servesTree(doc int, method string, tree Tree) {
	c.t.Helper()
	id, _ := tree.Info()
	h := c.handle(doc, method, fmt.Sprintf(`[%q]`, id))
	same(c.t, "properties of "+id, c.do(h, "GetProperties", `[]`, "qProp"), string(tree.Property))
	if text(tree.Property, "qExtendsId") == "" {
		c.do(h, "GetLayout", `[]`, "qLayout")
	}
	if method != "GetObject" {
		return
	}
	whole := string(render(propertyTree(&tree), true))
	same(c.t, "tree of "+id, c.do(h, "GetFullPropertyTree", `[]`, "qPropEntry"), whole)
	for _, child := range tree.Children {
		c.servesTree(doc, method, child)
	}
}

// unbuiltContent reads what an unbuilt app's folder says of its objects.
func unbuiltContent(t *testing.T, dir string) *Content {
	t.Helper()
	c := &Content{}
	for name, items := range map[string]*[]Item{"dimensions.json": &c.Dimensions, "measures.json": &c.Measures} {
		var props []json.RawMessage
		readJSON(t, filepath.Join(dir, name), &props)
		for _, p := range props {
			*items = append(*items, Item{Tree: Tree{Property: p}})
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "objects", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var tree Tree
		readJSON(t, file, &tree)
		c.Objects = append(c.Objects, Item{Tree: tree})
	}
	return c
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
