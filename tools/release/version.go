package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// name finds out which commit this is, when it was made, and what version that is.
func (r *release) name(ctx context.Context, changed bool) error {
	said, err := r.command(ctx, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return err
	}
	commit, stamp, _ := strings.Cut(said, " ")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("the commit's time: %w", err)
	}
	r.commit, r.moment = commit, time.Unix(seconds, 0).UTC()
	// Without a tag there is an error, and the tag is "".
	tag, _ := r.command(ctx, "git", "describe", "--tags", "--match", "v[0-9]*", "--abbrev=0")
	exact := false
	if tag != "" {
		// Likewise where the tag is older than the commit.
		at, _ := r.command(ctx, "git", "describe", "--tags", "--match", "v[0-9]*", "--exact-match")
		exact = at == tag
	}
	r.version, err = versionOf(tag, exact, commit, r.moment)
	if changed {
		r.version += "+dirty"
	}
	return err
}

var tagged = regexp.MustCompile(`^v(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$`)

// versionOf is the version of a commit, without v, as Go itself names it: that of its tag, or one that comes after the
// last tag (or 0.0.0) and tells time and commit.
func versionOf(tag string, exact bool, commit string, moment time.Time) (string, error) {
	if exact {
		if !tagged.MatchString(tag) {
			return "", fmt.Errorf("the tag %s is no version: want v1.2.3 or v1.2.3-rc.1", tag)
		}
		return strings.TrimPrefix(tag, "v"), nil
	}
	rest := moment.Format("20060102150405") + "-" + commit[:12]
	part := tagged.FindStringSubmatch(tag)
	if part == nil {
		return "0.0.0-" + rest, nil
	}
	if part[4] != "" {
		return strings.TrimPrefix(tag, "v") + ".0." + rest, nil
	}
	patch, err := strconv.Atoi(part[3])
	if err != nil {
		return "", fmt.Errorf("the tag %s: %w", tag, err)
	}
	return fmt.Sprintf("%s.%s.%d-0.%s", part[1], part[2], patch+1, rest), nil
}
