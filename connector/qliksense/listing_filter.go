package qliksense

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// A filter tells which apps and streams a connection reads.
type filter struct {
	unpublished                    bool // apps outside streams too
	includeApps, excludeApps       connector.Globs
	includeStreams, excludeStreams connector.Globs
}

func newFilter(o options) (filter, error) {
	f := filter{unpublished: !o.ExcludeUnpublishedApps}
	for _, x := range []struct {
		name     string
		patterns []string
		into     *connector.Globs
	}{
		{"include_apps", o.IncludeApps, &f.includeApps},
		{"exclude_apps", o.ExcludeApps, &f.excludeApps},
		{"include_streams", o.IncludeStreams, &f.includeStreams},
		{"exclude_streams", o.ExcludeStreams, &f.excludeStreams},
	} {
		g, err := connector.NewGlobs(x.patterns)
		if err != nil {
			return filter{}, &catalog.Error{Code: catalog.CodeInvalid, Op: "read options." + x.name, Err: err}
		}
		*x.into = g
	}
	return f, nil
}

// stream reports whether a stream is read.
func (f filter) stream(id, name string) bool {
	return f.includeStreams.Allow(id, name) && !f.excludeStreams.Match(id, name)
}

// app reports whether an app is read. With include_streams an app outside streams isn't: it is in none of
// those that were asked for.
func (f filter) app(a qixmap.AppRow) bool {
	switch {
	case !f.includeApps.Allow(a.ID, a.Name), f.excludeApps.Match(a.ID, a.Name):
		return false
	case a.StreamID == "":
		return f.unpublished && len(f.includeStreams) == 0
	default:
		return f.stream(a.StreamID, a.StreamName)
	}
}
