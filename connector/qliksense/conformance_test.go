package qliksense

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/connectortest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestConformance(t *testing.T) {
	server := qliktest.New(t, qliktest.Generate(qliktest.GenerateOptions{Apps: 6, Seed: 7}), qliktest.Options{})
	id := func(u catalog.Unit) string { return string(u.Key[len("q/"):]) }
	must := func(tb testing.TB, found bool) {
		if !found {
			tb.Fatal("the site has no such app")
		}
	}
	_, token := testConnection(t, server, nil)
	edits := 0
	connectortest.Run(t, connectortest.Probe{
		Open: func(tb testing.TB, log *slog.Logger) connector.Connector { return openSite(tb, server, nil, log) },
		Change: func(tb testing.TB, u catalog.Unit) {
			edits++
			must(tb, server.EditScript(id(u), fmt.Sprintf("LET v = %d;", edits)))
		},
		Remove: func(tb testing.TB, u catalog.Unit) { server.Heal(id(u)); must(tb, server.DeleteApp(id(u))) },
		Deny:   func(_ testing.TB, u catalog.Unit) { server.Fail(id(u), qliktest.AccessDenied4000) },
		Hang:   func(_ testing.TB, u catalog.Unit) { server.Fail(id(u), qliktest.HangInTheMiddle) },

		Secrets: []string{token},
	})
}
