package qliksense

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A filter tells which apps and streams a connection reads.
type filter struct {
	unpublished                    bool // apps outside streams too
	includeApps, excludeApps       globs
	includeStreams, excludeStreams globs
}

func newFilter(o options) (filter, error) {
	f := filter{unpublished: !o.ExcludeUnpublishedApps}
	for _, x := range []struct {
		name     string
		patterns []string
		into     *globs
	}{
		{"include_apps", o.IncludeApps, &f.includeApps},
		{"exclude_apps", o.ExcludeApps, &f.excludeApps},
		{"include_streams", o.IncludeStreams, &f.includeStreams},
		{"exclude_streams", o.ExcludeStreams, &f.excludeStreams},
	} {
		g, err := newGlobs(x.patterns)
		if err != nil {
			return filter{}, &catalog.Error{Code: catalog.CodeInvalid, Op: "read options." + x.name, Err: err}
		}
		*x.into = g
	}
	return f, nil
}

// stream reports whether a stream is read.
func (f filter) stream(id, name string) bool {
	return f.includeStreams.allow(id, name) && !f.excludeStreams.match(id, name)
}

// app reports whether an app is read. With include_streams an app outside streams isn't: it is in none of
// those that were asked for.
func (f filter) app(a appRow) bool {
	switch {
	case !f.includeApps.allow(a.ID, a.Name), f.excludeApps.match(a.ID, a.Name):
		return false
	case a.StreamID == "":
		return f.unpublished && len(f.includeStreams) == 0
	default:
		return f.stream(a.StreamID, a.StreamName)
	}
}

// globs are patterns over a name or an id, compared without case: * is any text, ? any character, and
// […] one of several.
type globs []*regexp.Regexp

func newGlobs(patterns []string) (globs, error) {
	var all globs
	for _, p := range patterns {
		re, err := regexp.Compile(globExpression(p))
		if err != nil {
			return nil, fmt.Errorf("%q is not a glob", p)
		}
		all = append(all, re)
	}
	return all, nil
}

var globWords = strings.NewReplacer(`\*`, `.*`, `\?`, `.`, `\[!`, `[^`, `\[`, `[`, `\]`, `]`)

func globExpression(pattern string) string {
	return `(?is)^` + globWords.Replace(regexp.QuoteMeta(pattern)) + `$`
}

func (g globs) match(id, name string) bool {
	for _, re := range g {
		if re.MatchString(id) || re.MatchString(name) {
			return true
		}
	}
	return false
}

// allow is match, and true without patterns.
func (g globs) allow(id, name string) bool { return len(g) == 0 || g.match(id, name) }
