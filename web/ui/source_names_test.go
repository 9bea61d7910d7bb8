package ui

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestNamesOfTablesAndFilesInAScriptLeadToTheirLineage(t *testing.T) {
	t.Parallel()
	script := strings.Join([]string{
		"SET x = 1;",
		"Orders:",
		"LOAD Orders, Amount;",
		"SQL SELECT Orders FROM ERP.dbo.Orders",
		"WHERE Orders > 1;",
		"STORE Orders INTO [$(vLayer)/orders.qvd] (qvd); Plan: LOAD * FROM 'c:\\Plans\\Budget.xlsx' (ooxml);",
		"LEFT JOIN (Orders) LOAD a RESIDENT Plan;",
		"DROP TABLES Orders, Plan;",
	}, "\n")
	link := func(line int, kind catalog.NodeKind, node, name string) catalog.ScriptLink {
		return catalog.ScriptLink{Line: line, Kind: kind, Node: catalog.Key(node), Name: name}
	}
	table, data := catalog.NodeScriptTable, catalog.NodeDataset
	html := coloredScript(script, []catalog.ScriptLink{
		link(2, data, "db", "ERP.dbo.Orders"), link(2, table, "T", "Orders"),
		link(6, table, "T", "Orders"), link(6, data, "qvd", "orders.qvd"), link(6, data, "xls", "Budget.xlsx#Plan"), link(6, table, "P", "Plan"),
		link(7, table, "P", "Plan"), link(7, table, "T", "Orders"),
	})
	var got []string
	for i, line := range strings.Split(html, "\n") {
		for _, a := range regexp.MustCompile(`<a [^>]*href="/lineage\?key=([^"]*)"[^>]*>([^<]*)</a>`).FindAllStringSubmatch(line, -1) {
			got = append(got, strings.Join([]string{string(rune('1' + i)), a[1], a[2]}, " "))
		}
	}
	want := []string{
		"2 T Orders", "4 db ERP.dbo.Orders", "6 T Orders", "6 qvd [$(vLayer)/orders.qvd]", "6 P Plan", "6 xls &#39;c:\\Plans\\Budget.xlsx&#39;",
		"7 T Orders", "7 P Plan", "8 T Orders", "8 P Plan",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", diff, html)
	}
}
