package connector

import (
	"fmt"
	"regexp"
	"strings"
)

// Globs are patterns over a name or an id, compared without case: * is any text, ? any character, and
// […] one of several.
type Globs []*regexp.Regexp

// NewGlobs reads patterns; an error names one that is no glob.
func NewGlobs(patterns []string) (Globs, error) {
	var all Globs
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

// Match reports whether a pattern fits the id or the name.
func (g Globs) Match(id, name string) bool {
	for _, re := range g {
		if re.MatchString(id) || re.MatchString(name) {
			return true
		}
	}
	return false
}

// Allow is Match, and true without patterns.
func (g Globs) Allow(id, name string) bool { return len(g) == 0 || g.Match(id, name) }
