package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

// readConnection reads a connection file; "-" is standard input. Secrets that the file leaves out are
// those of old, the connection that it edits; its zero value is none. Everything that is wrong comes at once, with line numbers, as FieldErrors.
func readConnection(file string, stdin io.Reader, sources connector.Sources, old catalog.Connection) (catalog.Connection, error) {
	text, dir, err := readFile(file, stdin)
	if err != nil {
		return catalog.Connection{}, wrongUse("%w", err)
	}
	tree, lines, err := parseYAML(text)
	if err != nil {
		return catalog.Connection{}, wrongUse("%s: %w", file, err)
	}
	conn, errs := document.Reader{Sources: sources, Dir: dir, Old: old, CheckSchedule: checkSchedule}.Read(tree)
	if len(errs) == 0 {
		return conn, nil
	}
	for i, e := range errs {
		errs[i].Line = lines.find(e.Path)
	}
	sort.SliceStable(errs, func(i, j int) bool { return errs[i].Line < errs[j].Line })
	return catalog.Connection{}, fmt.Errorf("%s:\n%w", file, errs)
}

// checkSchedule checks a schedule as of now.
func checkSchedule(s *catalog.Schedule) catalog.FieldErrors {
	return scheduler.CheckSchedule(s, time.Now())
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

func typesOf(sources connector.Sources) string {
	var names []string
	for _, s := range sources {
		names = append(names, s.Type)
	}
	return strings.Join(names, ", ")
}
