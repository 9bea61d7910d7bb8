package license

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const pageHead = `# Licenses

qlikcrawler itself is under the Apache License 2.0 ([LICENSE](../../LICENSE)). Its binaries hold the modules below, unchanged, and Go's standard
library (BSD-3-Clause). Their texts are in the file ` + "`LICENSES-of-modules.txt`" + ` of each package.

**Graphviz is inside**: ` + "`github.com/goccy/go-graphviz`" + ` is MIT, and carries Graphviz compiled to WebAssembly, which is under the
Eclipse Public License 1.0, and Expat (MIT), which Graphviz uses. Modules under MPL-2.0 and EPL-1.0 keep these
licenses; their sources are at the addresses that their paths and the last table name. The Postgres server that ` + "`demo`" + ` may
fetch is in no package of ours.

` + "`make licenses`" + ` writes this page. A test fails when it isn't what go.mod says, or when a module's license isn't one that is
known to be compatible.

| module | version | license |
|---|---|---|
`

const pageInside = `
| inside a module | version | license | source |
|---|---|---|---|
`

// Page is the page about the modules' licenses, in Markdown.
func Page(modules []Module) string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, m := range modules {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Path, m.Version, m.License)
	}
	b.WriteString(pageInside)
	for _, m := range modules {
		for _, in := range m.Inside {
			fmt.Fprintf(&b, "| %s, in %s | %s | [%s](%s) | [%s](%s) |\n", in.Name, m.Path, in.Version, in.License, in.Terms, in.Source, in.Source)
		}
	}
	return b.String()
}

// Texts are all license and notice files of the modules, one after the other: what goes into packages.
func Texts(modules []Module) (string, error) {
	var b strings.Builder
	for _, m := range modules {
		fmt.Fprintf(&b, "%s\n%s %s: %s\n", strings.Repeat("=", 78), m.Path, m.Version, m.License)
		for _, in := range m.Inside {
			fmt.Fprintf(&b, "with %s %s: %s\n  terms:  %s\n  source: %s\n", in.Name, in.Version, in.License, in.Terms, in.Source)
		}
		for _, file := range m.Files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", fmt.Errorf("read the license of %s: %w", m.Path, err)
			}
			fmt.Fprintf(&b, "%s\n%s\n\n%s\n\n", strings.Repeat("-", 78), filepath.Base(file), strings.TrimSpace(string(text)))
		}
	}
	return b.String(), nil
}
