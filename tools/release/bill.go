package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/tools/internal/license"
)

// The parts of CycloneDX 1.5 that a bill of ours has.
type (
	bom struct {
		Format       string      `json:"bomFormat"`
		Spec         string      `json:"specVersion"`
		Serial       string      `json:"serialNumber"`
		Version      int         `json:"version"`
		Metadata     metadata    `json:"metadata"`
		Components   []component `json:"components"`
		Dependencies []depends   `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type       string          `json:"type"`
		Ref        string          `json:"bom-ref,omitempty"`
		Name       string          `json:"name"`
		Version    string          `json:"version"`
		PURL       string          `json:"purl,omitempty"`
		Hashes     []hash          `json:"hashes,omitempty"`
		Licenses   []licenseChoice `json:"licenses,omitempty"`
		Properties []property      `json:"properties,omitempty"`
		Components []component     `json:"components,omitempty"`
	}
	hash          struct{ Alg, Content string }
	licenseChoice struct {
		Expression string `json:"expression"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	depends struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// MarshalJSON writes the names as CycloneDX has them.
func (h hash) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"alg": h.Alg, "content": h.Content})
}

// bill writes what a binary is made of (SBOM, CycloneDX 1.5), as the binary itself tells it.
func (r *release) bill(b binary) error {
	info, err := buildinfo.ReadFile(b.path)
	if err != nil {
		return fmt.Errorf("read what %s is made of: %w", b.path, err)
	}
	sum, err := sumOf(b.path)
	if err != nil {
		return err
	}
	self := component{
		Type: "application", Ref: "qlikcrawler", Name: "qlikcrawler", Version: r.version,
		PURL:   "pkg:golang/" + info.Main.Path + "@v" + r.version,
		Hashes: []hash{{"SHA-256", hex.EncodeToString(sum)}}, Licenses: spdx("Apache-2.0"),
	}
	for _, s := range info.Settings {
		self.Properties = append(self.Properties, property{"go:build:" + s.Key, s.Value})
	}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	parts := []component{{
		Type: "library", Ref: "std", Name: "std", Version: goVersion,
		PURL: "pkg:golang/std@" + goVersion, Licenses: spdx("BSD-3-Clause"),
	}}
	for _, dep := range info.Deps {
		parts = append(parts, r.part(dep.Path, dep.Version, dep.Sum))
	}
	doc := bom{
		Format: "CycloneDX", Spec: "1.5", Version: 1, Serial: serial(sum),
		Metadata: metadata{Timestamp: r.moment.Format(time.RFC3339), Component: self}, Components: parts,
	}
	all := depends{Ref: self.Ref}
	for _, p := range parts {
		all.On = append(all.On, p.Ref)
	}
	doc.Dependencies = []depends{all}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, r.title(b)+".cdx.json"), append(text, '\n'), 0o644)
}

// part is a module as a component, with its license and what it has inside.
func (r *release) part(path, version, sum string) component {
	c := component{Type: "library", Ref: path, Name: path, Version: version, PURL: "pkg:golang/" + path + "@" + version}
	if sum != "" {
		c.Properties = []property{{"go:sum", sum}}
	}
	for _, m := range r.modules {
		if m.Path != path {
			continue
		}
		c.Licenses = spdx(m.License)
		for _, in := range m.Inside {
			c.Components = append(c.Components, within(path, in))
		}
	}
	return c
}

func within(path string, in license.Inside) component {
	return component{
		Type: "library", Ref: path + "#" + in.Name, Name: in.Name, Version: in.Version, Licenses: spdx(in.License),
		Properties: []property{{"source", in.Source}},
	}
}

func spdx(expression string) []licenseChoice {
	return []licenseChoice{{Expression: expression}}
}

// serial makes a UUID of a binary's checksum: one binary has one bill.
func serial(sum []byte) string {
	u := sha256.Sum256(append([]byte("bill of materials "), sum...))
	u[6] = u[6]&0x0f | 0x80 // version 8: made in a way of our own
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
