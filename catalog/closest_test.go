package catalog_test

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestClosest(t *testing.T) {
	t.Parallel()
	words := []string{"include_apps", "exclude_apps", "url", "tls"}
	for s, want := range map[string]string{"includeApps": "include_apps", "include-apps": "include_apps", "exclud_apps": "exclude_apps", "URL": "url", "uri": "url", "xyz": "", "": "", "password": ""} {
		if got := catalog.Closest(s, words); got != want {
			t.Errorf("%q: %q instead of %q", s, got, want)
		}
	}
}
