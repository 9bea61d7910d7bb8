package foreign_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// TestWhatPublicCrawlersRelyOn replays the frames of OpenMetadata's client and of Google's
// connector (facts A.3a, C.2, G 55).
func TestWhatPublicCrawlersRelyOn(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	app := find(t, site, "Sales Overview 📈")
	var got struct {
		OpenMetadata struct {
			Greeting     string
			Docs, Sheets []string
			Handles      []int
			Delta        object
		}
		Google struct {
			Layouts    map[string][]string
			Dimensions []string
		}
		Stranger struct {
			Method string
			Params object
		}
		PingThroughProxy, PingDirect bool
	}
	run(t, srv, "acceptance.mjs", task{"app": app.ID}, &got)

	c := app.Content()
	if got.OpenMetadata.Greeting != "OnConnected" || !slices.Equal(got.OpenMetadata.Handles, []int{1, 2, 3}) {
		t.Errorf("on the Engine's port: greeted with %s, handles %v, want 1 2 3", got.OpenMetadata.Greeting, got.OpenMetadata.Handles)
	}
	if len(got.OpenMetadata.Docs) != len(site.Apps) || got.OpenMetadata.Delta["op"] != "add" || got.OpenMetadata.Delta["path"] != "/" {
		t.Errorf("%d apps listed; the first delta is %v, want an add of / (facts C.3)", len(got.OpenMetadata.Docs), got.OpenMetadata.Delta)
	}
	admin := &qliktest.User{Directory: "INTERNAL", Name: "sa_api", Roles: []string{"RootAdmin"}}
	sameSet(t, "sheets", ids(top(visible(site, admin, app, c.Objects)), "sheet"), got.OpenMetadata.Sheets)
	want := map[string][]string{"qDimensionList": ids(top(c.Dimensions)), "qMeasureList": ids(top(c.Measures))}
	if d := cmp.Diff(want, got.Google.Layouts); d != "" {
		t.Error(d)
	}
	sameSet(t, "dimensions", ids(top(c.Dimensions)), got.Google.Dimensions)
	login, _ := got.Stranger.Params["loginUri"].(string)
	if got.Stranger.Method != "OnAuthenticationInformation" || got.Stranger.Params["mustAuthenticate"] != true || !strings.Contains(login, "internal_windows_authentication") || !strings.Contains(login, "engine-api-explorer") {
		t.Errorf("a socket without a session is told %+v", got.Stranger)
	}
	if got.PingThroughProxy || !got.PingDirect {
		t.Errorf("answered after a ping: through the proxy %v, direct %v (facts C.2)", got.PingThroughProxy, got.PingDirect)
	}
}
