package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Policy says which files and secrets of this machine, and which addresses, a connection may name that
// comes through the API. Who writes connection files on this machine isn't bound by it: it is the same
// person who runs the program.
type Policy struct {
	Roots      []string // folders; none: no file at all
	References []string // patterns of references, such as env:QLIK_* and vault:secret/qlik/*
	Network    Network
}

// DefaultReferences are the references that the API takes unless a person says otherwise. Secret managers
// have rules of their own on what this program may read; the environment has not.
var DefaultReferences = []string{"env:QLIK_*", "vault:*", "aws:*", "azure:*"}

// NewPolicy makes a policy of lists as they stand in the environment: roots separated as in PATH,
// references by commas; an empty list of references is DefaultReferences.
func NewPolicy(roots, references string, n Network) (Policy, error) {
	p := Policy{Network: n, References: DefaultReferences}
	for _, root := range filepath.SplitList(roots) {
		if root = strings.TrimSpace(root); root == "" {
			continue
		}
		if !filepath.IsAbs(root) {
			return p, fmt.Errorf("%q is no whole path", root)
		}
		p.Roots = append(p.Roots, filepath.Clean(root))
	}
	if strings.TrimSpace(references) == "" {
		return p, nil
	}
	p.References = nil
	for pattern := range strings.SplitSeq(references, ",") {
		pattern = strings.TrimSpace(pattern)
		if _, ok := connector.SecretReference(pattern); !ok || strings.HasPrefix(pattern, "file:") {
			return p, fmt.Errorf("%q is no pattern of references: write env:QLIK_*, vault:secret/qlik/*, aws:* or azure:*; files are named by their roots", pattern)
		}
		p.References = append(p.References, pattern)
	}
	return p, nil
}

// Check tells everything in a tree of keys that it may not name. What stands in before, the tree that is
// being edited, was allowed by somebody, and may stay as it is.
func (p Policy) Check(tree, before map[string]any, source connector.Source) connector.FieldErrors {
	var errs connector.FieldErrors
	for _, key := range source.Files {
		given := connector.TextsAt(tree, key)
		for i, text := range given {
			if text == "" || slices.Contains(connector.TextsAt(before, key), text) {
				continue
			}
			if why := p.file(text); why != "" {
				errs.Add(placeIn(tree, key, i), "%s", why)
			}
		}
	}
	for _, key := range source.Secrets {
		if text := connector.TextAt(tree, key); text != connector.TextAt(before, key) {
			if why := p.reference(text); why != "" {
				errs.Add(key, "%s", why)
			}
		}
	}
	known := textsAt(before, "notify", "webhooks")
	for i, text := range textsAt(tree, "notify", "webhooks") {
		why := p.reference(text)
		if why == "" {
			why = p.address(text)
		}
		if why != "" && !slices.Contains(known, text) {
			errs.Add(fmt.Sprintf("notify.webhooks[%d]", i), "%s", why)
		}
	}
	for _, key := range []string{"url", "proxy.url"} {
		if text := connector.TextAt(tree, key); text != connector.TextAt(before, key) {
			if why := p.address(text); why != "" {
				errs.Add(key, "%s", why)
			}
		}
	}
	return errs
}

// placeIn is the path of the i-th text at a key: the key itself, unless it holds a list.
func placeIn(tree map[string]any, key string, i int) string {
	if connector.TextAt(tree, key) != "" {
		return key
	}
	return fmt.Sprintf("%s[%d]", key, i)
}

func textsAt(tree map[string]any, group, key string) []string {
	inner, _ := tree[group].(map[string]any)
	list, _ := inner[key].([]any)
	var texts []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// reference says why a text may not be given: it is a reference that is kept to oneself.
func (p Policy) reference(text string) (why string) {
	scheme, ok := connector.SecretReference(text)
	if !ok {
		return ""
	}
	place := strings.TrimPrefix(text, scheme+":")
	if scheme == "file" {
		return p.file(place)
	}
	if scheme == "env" && strings.HasPrefix(strings.ToUpper(place), "QLIKCRAWLER_") {
		return "names a variable of this program's own; give the secret another place"
	}
	for _, pattern := range p.References {
		if matches(pattern, text) {
			return ""
		}
	}
	return fmt.Sprintf("references of this kind may not be made here; allowed are %s. Whoever runs qlikcrawler may allow more with QLIKCRAWLER_API_REFERENCES", strings.Join(p.References, ", "))
}

// matches compares with a pattern in which * stands for anything, slashes too.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// address says why an address may not be given.
func (p Policy) address(text string) (why string) {
	text = strings.TrimSpace(text)
	if _, after, ok := strings.Cut(text, "://"); ok {
		text = after
	}
	host, _, _ := strings.Cut(text, "/")
	if strings.HasPrefix(host, "[") {
		host, _, _ = strings.Cut(host[1:], "]")
	} else if strings.Count(host, ":") == 1 {
		host, _, _ = strings.Cut(host, ":")
	}
	return p.Network.CheckHost(host)
}

// file says why a path may not be given: it, or what its links lead to, is below no root. What doesn't
// exist is judged by the folders above it that do.
func (p Policy) file(text string) (why string) {
	if len(p.Roots) == 0 {
		return "files may not be named here: whoever runs qlikcrawler says below which folders with QLIKCRAWLER_FILE_ROOTS"
	}
	if !filepath.IsAbs(text) || strings.ContainsRune(text, 0) {
		return "must be a whole path on the machine that runs qlikcrawler"
	}
	outside := fmt.Sprintf("is not below %s, the folders that QLIKCRAWLER_FILE_ROOTS names", strings.Join(p.Roots, ", "))
	if strings.HasPrefix(text, "//") || strings.HasPrefix(text, `\\`) || path.Clean(text) != text && strings.Contains(text, "..") {
		return outside
	}
	real, err := resolved(filepath.Clean(text))
	if err != nil {
		return outside
	}
	for _, root := range p.Roots {
		if realRoot, err := filepath.EvalSymlinks(root); err == nil && below(real, realRoot) {
			return ""
		}
	}
	return outside
}

// resolved follows the links of a path as far as it exists.
func resolved(text string) (string, error) {
	real, err := filepath.EvalSymlinks(text)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if info, err := os.Lstat(text); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return "", errors.New("a link that leads nowhere") // and one day perhaps somewhere
	}
	parent := filepath.Dir(text)
	if parent == text {
		return text, nil
	}
	above, err := resolved(parent)
	return filepath.Join(above, filepath.Base(text)), err
}

func below(file, root string) bool {
	rel, err := filepath.Rel(root, file)
	return err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
