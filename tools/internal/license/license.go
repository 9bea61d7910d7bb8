// Package license finds out under which licenses the modules that are built into the program may be
// passed on. It reads the modules' own license files; it knows no list of modules.
package license

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Module is what some binary of ours has in it.
type Module struct {
	Path, Version string
	License       string   // SPDX expression, such as "MIT AND BSD-3-Clause"; "" if no file says one that we know
	Files         []string // paths of its license and notice files
	Inside        []Inside // works of others inside, under licenses of their own
}

// An Inside is a work that a module carries in itself.
type Inside struct {
	Name, Version, License, Source string
	Terms                          string // where the license's text is
}

// inside names what license files don't tell.
var inside = map[string][]Inside{
	// Its README and the files of its folder internal/wasm/build say so.
	"github.com/goccy/go-graphviz": {
		{
			Name: "Graphviz", Version: "12.1.2", License: "EPL-1.0",
			Source: "https://gitlab.com/graphviz/graphviz/-/tree/12.1.2",
			Terms:  "https://www.eclipse.org/legal/epl-v10.html",
		},
		{
			Name: "Expat", Version: "2.6.3", License: "MIT",
			Source: "https://github.com/libexpat/libexpat/tree/R_2_6_3",
			Terms:  "https://github.com/libexpat/libexpat/blob/R_2_6_3/expat/COPYING",
		},
	},
}

// compatible are the licenses of works that may be parts of a program under the Apache License 2.0,
// as long as they stay as they are and their notices go along. MPL-2.0 and EPL-1.0 hold for their own
// files only, and want the way to the source said.
var compatible = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "EPL-1.0", "FTL", "ISC", "MIT", "MPL-2.0", "Unlicense"}

// Problems tells what keeps the modules from being passed on; none is good.
func Problems(modules []Module) []string {
	var out []string
	for _, m := range modules {
		licenses := []string{m.License}
		for _, in := range m.Inside {
			licenses = append(licenses, in.License)
		}
		for _, l := range licenses {
			for one := range strings.SplitSeq(l, " AND ") {
				if !slices.Contains(compatible, one) {
					out = append(out, fmt.Sprintf("%s %s: license %q isn't known to be compatible", m.Path, m.Version, one))
				}
			}
		}
	}
	return out
}

// Modules lists the modules that the package is built of on any of the systems ("linux/amd64"), and Go's own
// library. root is the folder of the main module.
func Modules(ctx context.Context, root, pkg string, systems []string) ([]Module, error) {
	found := map[string]Module{}
	for _, system := range systems {
		if err := addModules(ctx, root, pkg, system, found); err != nil {
			return nil, err
		}
	}
	modules := make([]Module, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		modules = append(modules, found[key])
	}
	return modules, nil
}

// addModules adds those of one system.
func addModules(ctx context.Context, root, pkg, system string, found map[string]Module) error {
	goos, goarch, _ := strings.Cut(system, "/")
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the modules for %s: %w: %s", system, err, stderr.Bytes())
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		part := strings.Split(lines.Text(), "\t")
		if len(part) != 3 || found[part[0]].Path != "" {
			continue
		}
		m, err := Read(part[0], part[1], part[2])
		if err != nil {
			return err
		}
		found[m.Path] = m
	}
	return lines.Err()
}

// fileNames are those of files with licenses and notices.
var fileNames = regexp.MustCompile(`(?i)^(licen[cs]e|unlicense|copying|notice|copyright)(-[a-z0-9]+)?(\.(md|txt|rst))?$`)

// Read reads the license files in the folder of a module.
func Read(path, version, dir string) (Module, error) {
	m := Module{Path: path, Version: version, Inside: inside[path]}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return m, fmt.Errorf("read the licenses of %s: %w", path, err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || !fileNames.MatchString(e.Name()) {
			continue
		}
		file := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(file)
		if err != nil {
			return m, fmt.Errorf("read the licenses of %s: %w", path, err)
		}
		m.Files = append(m.Files, file)
		if name := Name(string(text)); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	m.License = strings.Join(names, " AND ")
	return m, nil
}

// marks are words that only one license has; the first that fits says which.
var marks = []struct {
	name  string
	words []string // all of them, lower case, with single spaces
}{
	{"Apache-2.0", []string{"apache license", "version 2.0"}},
	{"MPL-2.0", []string{"mozilla public license", "2.0"}},
	{"FTL", []string{"your choice of", "the freetype license"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"ISC", []string{"permission to use, copy, modify, and", "distribute this software for any purpose with or without fee is hereby granted"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "endorse or promote products"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms", "this list of conditions"}},
	{"MIT", []string{"permission is hereby granted, free of charge", "the software is provided \"as is\""}},
}

// Name tells the SPDX name of the license with this text; "" if it is none that we know, or no license.
func Name(text string) string {
	flat := strings.ToLower(strings.Join(strings.Fields(text), " "))
	flat = strings.NewReplacer("“", `"`, "”", `"`, "``", `"`, "''", `"`).Replace(flat)
	for _, m := range marks {
		if !slices.ContainsFunc(m.words, func(w string) bool { return !strings.Contains(flat, w) }) {
			return m.name
		}
	}
	return ""
}
