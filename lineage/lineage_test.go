package lineage_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage"
)

const app = catalog.Key("prod/a")

var connections = []catalog.DataConnection{
	{ID: "1", Name: "QVD", Type: "folder", ConnectString: `\\Files.acme.example\Qlik\QVD\`},
	{ID: "2", Name: "Same files", Type: "folder", ConnectString: `\\files.acme.example\qlik`},
	{ID: "3", Name: "Local", Type: "folder", ConnectString: `C:\Data`},
	{ID: "4", Name: "ERP (acme_ann)", Type: "QvOdbcConnectorPackage.exe", ConnectString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=mssql;host=ERP.acme.example;port=1433;db=ERP"`},
	{ID: "5", Name: "DWH", Type: "QvOdbcConnectorPackage.exe", ConnectString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=postgres;host=dwh;db=dwh"`},
	{ID: "6", Name: "SAP", Type: "ODBC", ConnectString: `ODBC CONNECT TO "SAP_FI"`},
	{ID: "7", Name: "Old", Type: "OLEDB", ConnectString: `OLEDB CONNECT TO "Provider=SQLOLEDB.1;Initial Catalog=Sales;Data Source=srv,1500"`},
	{ID: "8", Name: "HR", Type: "OLEDB", ConnectString: `OLEDB CONNECT TO "Provider=OraOLEDB.Oracle.1;Data Source=HRPROD"`},
	{ID: "9", Name: "Ora", Type: "QvOdbcConnectorPackage.exe", ConnectString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=oracle;host=ora;port=1521;sid=PROD"`},
	{ID: "10", Name: "Snow", Type: "QvOdbcConnectorPackage.exe", ConnectString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=snowflake;server=acme-eu1.snowflakecomputing.com;database=DB"`},
	{ID: "11", Name: "Page", Type: "internet", ConnectString: "https://rates.acme.example/fx.csv"},
	{ID: "12", Name: "My", Type: "QvOdbcConnectorPackage.exe", ConnectString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=mysql;host=my;db=shop"`},
}

// An appOf makes a snapshot of a script and of what stands in the app.
func appOf(script string, add ...func(*catalog.Snapshot)) *catalog.Snapshot {
	s := &catalog.Snapshot{Unit: catalog.Unit{Key: app, Name: "App"}}
	s.Reports = []catalog.Report{{Key: app, Kind: catalog.ReportApp, Name: "App"}}
	if script != "" {
		s.Sources = []catalog.SourceCode{{Key: catalog.ScriptKey(app), Report: app, Code: script}}
	}
	for _, a := range add {
		a(s)
	}
	return s
}

func fields(names ...string) func(*catalog.Snapshot) {
	return func(s *catalog.Snapshot) {
		for _, n := range names {
			name, tables, _ := strings.Cut(n, "@")
			f := catalog.ModelField{Key: catalog.ModelFieldKey(app, name), Report: app, Name: name}
			if tables != "" {
				f.Tables = strings.Split(tables, ",")
			}
			s.Columns = append(s.Columns, f)
		}
	}
}

func master(typ catalog.FieldType, id, name, formula string) func(*catalog.Snapshot) {
	return func(s *catalog.Snapshot) {
		s.Fields = append(s.Fields, catalog.ReportField{
			Key: catalog.ItemKey(app, id), Report: app, Type: typ, Origin: catalog.OriginMaster, Name: name, Formula: formula,
		})
	}
}

// cell is a chart on sheet s with one measure and one dimension; a formula "@id" uses a master item.
func cell(id, measure, dimension string) func(*catalog.Snapshot) {
	return func(s *catalog.Snapshot) {
		sheet := catalog.SheetKey(app, "s")
		if !slices.ContainsFunc(s.Reports, func(r catalog.Report) bool { return r.Key == sheet }) {
			s.Reports = append(s.Reports, catalog.Report{Key: sheet, Parent: app, Kind: catalog.ReportSheet, Name: "Sheet"})
		}
		key := catalog.CellKey(sheet, id)
		s.Reports = append(s.Reports, catalog.Report{Key: key, Parent: sheet, Kind: catalog.ReportCell, Type: "barchart", Name: id})
		inline := func(k catalog.Key, typ catalog.FieldType, formula string) {
			f := catalog.ReportField{Key: k, Report: key, Type: typ, Origin: catalog.OriginInline, Name: formula, Formula: formula}
			if id, uses := strings.CutPrefix(formula, "@"); uses {
				f.Master = catalog.ItemKey(app, id)
			}
			if formula != "" {
				s.Fields = append(s.Fields, f)
			}
		}
		inline(catalog.InlineMeasureKey(key, 0), catalog.Measure, measure)
		inline(catalog.InlineDimensionKey(key, 0), catalog.Dimension, dimension)
	}
}

// edges gives those edges of a lineage that lead to keys which start with to, as "FROM -> TO".
func edges(l catalog.Lineage, level catalog.Level, to string) []string {
	out := []string{}
	for _, e := range l.Edges {
		if e.Level != level || !strings.HasPrefix(string(e.To), to) {
			continue
		}
		arrow := "->"
		if e.How == catalog.Indirect {
			arrow = "~>"
		}
		line := fmt.Sprintf("%s %s %s", e.From, arrow, e.To)
		if e.Confidence != 1 {
			line += fmt.Sprintf(" %g", e.Confidence)
		}
		out = append(out, line)
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestDatasetsAreNamedAsOpenLineageDoes holds the names of OpenLineage's naming specification.
func TestDatasetsAreNamedAsOpenLineageDoes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script string
		key    catalog.Key
		shared bool
		gap    string
	}{
		"a share":               {"LOAD x FROM [lib://QVD/Raw/A.qvd] (qvd);", "dataset:file://files.acme.example/qlik/qvd/raw/a.qvd", true, ""},
		"by another connection": {`LOAD x FROM [lib://Same files/qvd\\raw/a.QVD] (qvd);`, "dataset:file://files.acme.example/qlik/qvd/raw/a.qvd", true, ""},
		"by its path":           {`LOAD x FROM [\\FILES.acme.example\qlik\qvd\raw\..\raw\a.qvd] (qvd);`, "dataset:file://files.acme.example/qlik/qvd/raw/a.qvd", true, ""},
		"a local drive":         {"LOAD x FROM [lib://local/a.qvd] (qvd);", "dataset:file://local.prod/c:/data/a.qvd", false, ""},
		"an unknown connection": {"LOAD x FROM [lib://Secret/a.qvd] (qvd);", "dataset:lib://prod/secret/a.qvd", false, "Secret"},
		"an attached file":      {"LOAD x FROM [lib://AttachedFiles/a.csv] (txt);", "dataset:lib://prod/a/attachedfiles/a.csv", false, ""},
		"a sheet":               {"LOAD x FROM [lib://QVD/a.xlsx] (ooxml, embedded labels, table is Plan);", "dataset:file://files.acme.example/qlik/qvd/a.xlsx%23plan", true, ""},
		"a page":                {"LOAD x FROM [lib://Page/fx.csv] (txt);", "dataset:https://rates.acme.example/fx.csv", true, ""},
		"an address":            {"LOAD x FROM [https://ann:hunter2@Web.example/a.csv?token=hunter2] (txt);", "dataset:https://web.example/a.csv", true, ""},
		"SQL Server":            {"LIB CONNECT TO 'ERP (acme_ann)'; SQL SELECT x FROM [Sales DB].dbo.[Order Lines];", "dataset:mssql://erp.acme.example:1433/Sales DB.dbo.Order Lines", true, ""},
		"SQL Server, no names":  {"LIB CONNECT TO 'erp (ACME_ann)'; SQL SELECT x FROM Orders;", "dataset:mssql://erp.acme.example:1433/ERP.dbo.Orders", true, ""},
		"SQL Server, OLE DB":    {"LIB CONNECT TO 'Old'; SQL SELECT x FROM crm..Orders;", "dataset:mssql://srv:1500/crm.dbo.Orders", true, ""},
		"Postgres":              {"LIB CONNECT TO 'DWH'; SQL SELECT x FROM sales.orders;", "dataset:postgres://dwh:5432/dwh.sales.orders", true, ""},
		"Oracle":                {"LIB CONNECT TO 'Ora'; SQL SELECT x FROM HR.EMP;", "dataset:oracle://ora:1521/PROD.HR.EMP", true, ""},
		"Oracle by TNS":         {"LIB CONNECT TO 'HR'; SQL SELECT x FROM HR.EMP;", "dataset:oracle://prod/hrprod/HR.EMP", false, ""},
		"MySQL":                 {"LIB CONNECT TO 'My'; SQL SELECT x FROM `orders`;", "dataset:mysql://my:3306/shop.orders", true, ""},
		"Snowflake":             {"LIB CONNECT TO 'Snow'; SQL SELECT x FROM PUBLIC.ORDERS;", "dataset:snowflake://acme-eu1/DB.PUBLIC.ORDERS", true, ""},
		"a DSN":                 {"LIB CONNECT TO 'SAP'; SQL SELECT x FROM SAPSR3.BSEG;", "dataset:odbc://prod/sap_fi/SAPSR3.BSEG", false, ""},
		"an unknown database":   {"LIB CONNECT TO 'Nowhere'; SQL SELECT x FROM a.b;", "dataset:lib://prod/nowhere/a.b", false, "Nowhere"},
	} {
		l := lineage.Build(lineage.Input{App: appOf("T: " + strings.TrimSpace(test.script)), Connections: connections})
		if strings.Contains(test.script, "CONNECT") {
			l = lineage.Build(lineage.Input{App: appOf(test.script), Connections: connections})
		}
		i := slices.IndexFunc(l.Nodes, func(n catalog.LineageNode) bool { return n.Kind == catalog.NodeDataset })
		if i < 0 {
			t.Errorf("%s: there is no dataset; gaps %+v", name, l.Gaps)
			continue
		}
		n := l.Nodes[i]
		if n.Key != test.key || (n.Connection == "") != test.shared {
			t.Errorf("%s: %s (connection %q), want %s", name, n.Key, n.Connection, test.key)
		}
		text := fmt.Sprint(l.Gaps)
		if (len(l.Gaps) > 0) != (test.gap != "") || !strings.Contains(text, test.gap) {
			t.Errorf("%s: gaps %s", name, text)
		}
		if all := fmt.Sprintf("%+v", l); strings.Contains(all, "hunter2") {
			t.Errorf("%s: a secret is told: %s", name, all)
		}
	}
}

func TestFieldsComeFromColumnsThroughTheScript(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{Connections: connections, App: appOf(`///$tab Load
LIB CONNECT TO 'DWH';
raw:
SQL SELECT id, amount FROM sales.orders WHERE state = 'paid';
Orders:
LOAD id AS OrderID, amount * 1.2 AS Gross RESIDENT raw;
DROP TABLE raw;
STORE Orders INTO [lib://QVD/orders.qvd] (qvd);`, fields("OrderID@Orders", "Gross@Orders"))})
	const orders = "dataset:postgres://dwh:5432/dwh.sales.orders"
	same(t, "fields", edges(l, catalog.ColumnLevel, "prod/a/field/"), []string{
		"prod/a/script/Orders#Gross -> prod/a/field/Gross", "prod/a/script/Orders#OrderID -> prod/a/field/OrderID",
	})
	same(t, "the dropped table", edges(l, catalog.ColumnLevel, "prod/a/script/raw#amount"), []string{
		orders + "#amount -> prod/a/script/raw#amount", "prod/a/script/raw ~> prod/a/script/raw#amount",
	})
	same(t, "the table that stays", edges(l, catalog.ColumnLevel, "prod/a/script/Orders#Gross"), []string{
		"prod/a/script/Orders ~> prod/a/script/Orders#Gross", "prod/a/script/raw#amount -> prod/a/script/Orders#Gross",
	})
	same(t, "what is stored", edges(l, catalog.ColumnLevel, "dataset:file:"), []string{
		"prod/a/script/Orders#Gross -> dataset:file://files.acme.example/qlik/qvd/orders.qvd#Gross",
		"prod/a/script/Orders#OrderID -> dataset:file://files.acme.example/qlik/qvd/orders.qvd#OrderID",
	})
	same(t, "tables", edges(l, catalog.TableLevel, ""), []string{
		orders + " -> prod/a/script/raw", "prod/a/script/Orders -> dataset:file://files.acme.example/qlik/qvd/orders.qvd",
		"prod/a/script/Orders -> prod/a", "prod/a/script/raw -> prod/a/script/Orders",
	})
	for _, e := range l.Edges {
		if e.To == "prod/a/script/Orders#Gross" && e.How == catalog.Direct {
			if e.Tab != "Load" || e.Line != 6 || !strings.Contains(e.Statement, "amount * 1.2") || e.Source != "prod/a/script" {
				t.Errorf("the statement is %+v", e)
			}
		}
	}
	if l.Columns != 2 || l.Unresolved != 0 || len(l.Gaps) > 0 {
		t.Errorf("%d columns, %d unresolved, gaps %+v", l.Columns, l.Unresolved, l.Gaps)
	}
}

func TestStarsAreReadWithTheDataModel(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{Connections: connections, App: appOf(`
A: LOAD * FROM [lib://QVD/a.qvd] (qvd);
B: LOAD x AS Key, * FROM [lib://QVD/b.qvd] (qvd);`, fields("Key@B", "Name@A", "Both@A,B", "$Nowhere@C"))})
	const a, b = "dataset:file://files.acme.example/qlik/qvd/a.qvd", "dataset:file://files.acme.example/qlik/qvd/b.qvd"
	for field, want := range map[string][]string{
		"prod/a/script/A#Name": {a + "#Name -> prod/a/script/A#Name 0.8"},
		"prod/a/script/A#Both": {a + "#Both -> prod/a/script/A#Both 0.5"},
		"prod/a/script/B#Both": {b + "#Both -> prod/a/script/B#Both 0.5"},
		"prod/a/script/B#Key":  {b + "#x -> prod/a/script/B#Key"},
	} {
		same(t, field, edges(l, catalog.ColumnLevel, field), want)
	}
}

func TestADatasetThatIsStoredWholeIsAStar(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{Connections: connections, App: appOf(`LIB CONNECT TO 'ERP (acme_ann)';
T: LOAD *, 1 AS One; SQL SELECT * FROM ERP.dbo.Customers;
STORE T INTO [lib://QVD/c.qvd] (qvd);
DROP TABLE T;`)})
	want := []catalog.LineageStar{{From: "dataset:mssql://erp.acme.example:1433/ERP.dbo.Customers", To: "dataset:file://files.acme.example/qlik/qvd/c.qvd"}}
	if d := cmp.Diff(want, l.Stars); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if want := []string{"erp (acme_ann)", "qvd"}; !slices.Equal(l.Uses, want) {
		t.Errorf("it uses %v, want %v", l.Uses, want)
	}
}

func TestFilesByAMaskHaveOne(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{Connections: connections, App: appOf("T: LOAD x FROM [lib://QVD/sales_*.qvd] (qvd);")})
	i := slices.IndexFunc(l.Nodes, func(n catalog.LineageNode) bool { return n.Mask != "" })
	if i < 0 || l.Nodes[i].Mask != `^dataset:file://files\.acme\.example/qlik/qvd/sales_[^/]*\.qvd$` {
		t.Errorf("the nodes are %+v", l.Nodes)
	}
}

func TestChartsComeFromFields(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{App: appOf("Sales: LOAD Amount, Year, [Sales Rep], Region FROM [lib://QVD/s.qvd] (qvd);",
		fields("Amount@Sales", "Year@Sales", "Sales Rep@Sales", "Region@Sales"),
		master(catalog.Measure, "m", "Revenue", "Sum({<Year={$(vYear)}>} Amount)"),
		master(catalog.Measure, "share", "Share", "[Revenue] / Count(DISTINCT [Sales Rep])"),
		master(catalog.Dimension, "drill", "Where", "Region\n=Upper([Sales Rep])"),
		master(catalog.Variable, "vYear", "vYear", "=Max(Year)"),
		cell("c1", "@m", "Sales Rep"), cell("c2", "Sum(If(Region = 'N', Amount))", "@drill"), cell("c3", "@gone", ""),
	), Connections: connections})
	for to, want := range map[string][]string{
		"prod/a/m":                {"prod/a/field/Amount -> prod/a/m", "prod/a/field/Year ~> prod/a/m", "prod/a/vYear ~> prod/a/m"},
		"prod/a/vYear":            {"prod/a/field/Year -> prod/a/vYear"},
		"prod/a/share":            {"prod/a/field/Sales Rep -> prod/a/share", "prod/a/m -> prod/a/share"},
		"prod/a/drill":            {"prod/a/field/Region -> prod/a/drill", "prod/a/field/Sales Rep -> prod/a/drill"},
		"prod/a/s/c1/measure/0":   {"prod/a/m -> prod/a/s/c1/measure/0"},
		"prod/a/s/c1/dimension/0": {"prod/a/field/Sales Rep -> prod/a/s/c1/dimension/0"},
		"prod/a/s/c2/measure/0":   {"prod/a/field/Amount -> prod/a/s/c2/measure/0", "prod/a/field/Region ~> prod/a/s/c2/measure/0"},
		"prod/a/s/c2/dimension/0": {"prod/a/drill -> prod/a/s/c2/dimension/0"},
	} {
		got := slices.DeleteFunc(edges(l, catalog.ColumnLevel, to), func(line string) bool { return strings.Contains(line, " -> "+to+"/") })
		if to == "prod/a/vYear" {
			got = edges(l, catalog.ColumnLevel, to)
		}
		same(t, to, got, want)
	}
	same(t, "tables", edges(l, catalog.TableLevel, "prod/a/s"), []string{
		"dataset:file://files.acme.example/qlik/qvd/s.qvd -> prod/a/script/Sales",
		"prod/a/s/c1 -> prod/a/s", "prod/a/s/c2 -> prod/a/s", "prod/a/s/c3 -> prod/a/s",
		"prod/a/script/Sales -> prod/a/s/c1", "prod/a/script/Sales -> prod/a/s/c2",
	})
	if len(l.Gaps) != 1 || l.Gaps[0].What != "prod/a/gone" {
		t.Errorf("the gaps are %+v", l.Gaps)
	}
}

func TestWhatIsNotUnderstoodIsAGapWithItsPlace(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{Connections: connections, App: appOf(`///$tab Main
$(Must_Include=lib://Scripts/x.qvs);
T: LOAD a FROM [lib://QVD/$(vFile).qvd] (qvd);`, fields("a@T", "ghost@T"), master(catalog.Measure, "m", "M", "Sum(Nothing)"))})
	whats := []string{}
	for _, g := range l.Gaps {
		whats = append(whats, fmt.Sprintf("%s %d %s", g.Source, g.Line, g.What))
	}
	all := strings.Join(whats, "\n")
	for _, want := range []string{"prod/a/script 2 ", "$(vFile)", "ghost", "prod/a/m 1 Nothing"} {
		if !strings.Contains(all, want) {
			t.Errorf("no gap tells of %s:\n%s", want, all)
		}
	}
	if l.Columns != 2 || l.Unresolved != 2 || !l.Includes {
		t.Errorf("%d columns, %d unresolved, includes %v", l.Columns, l.Unresolved, l.Includes)
	}
}

func TestIncludedFilesAreRead(t *testing.T) {
	t.Parallel()
	in := lineage.Input{Connections: connections, App: appOf("$(Must_Include=lib://Scripts/x.qvs);", fields("a@T")), Include: func(path string) (string, error) {
		if path != "lib://Scripts/x.qvs" {
			return "", errors.New("no such file")
		}
		return "T: LOAD a FROM [lib://QVD/x.qvd] (qvd);", nil
	}}
	l := lineage.Build(in)
	if l.Unresolved != 0 || !l.Includes || len(edges(l, catalog.ColumnLevel, "prod/a/field/a")) != 1 {
		t.Errorf("%+v", l)
	}
}

func TestTheSameAppGivesTheSameLineage(t *testing.T) {
	t.Parallel()
	in := lineage.Input{App: appOf("Sales: LOAD a, b, c, d FROM [lib://QVD/s.qvd] (qvd); LEFT JOIN LOAD a, e FROM [lib://QVD/t.qvd] (qvd);",
		fields("a", "b", "c", "d", "e"), cell("c1", "Sum(a)+Sum(b)", "c"), cell("c2", "Sum(d)+Sum(e)", "c")), Connections: connections}
	first := lineage.Build(in)
	for range 20 {
		if d := cmp.Diff(first, lineage.Build(in)); d != "" {
			t.Fatal(d)
		}
	}
}

func TestSectionAccessIsNoLineage(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{App: appOf(`SECTION ACCESS; LOAD * INLINE [ACCESS, USERID
ADMIN, ACME\ANN]; SECTION APPLICATION; T: LOAD a FROM [lib://QVD/x.qvd] (qvd);`), Connections: connections})
	for _, n := range l.Nodes {
		if strings.Contains(string(n.Key), "USERID") {
			t.Errorf("there is a node %s", n.Key)
		}
	}
}

func TestAColumnOfOneOfSeveralTablesIsHalfSureOrLess(t *testing.T) {
	t.Parallel()
	l := lineage.Build(lineage.Input{App: appOf(`LIB CONNECT TO 'DWH';
T: LOAD amount, name, name & amount AS both;
SQL SELECT o.amount, name FROM sales.orders o JOIN sales.customers c ON c.id = o.customer WHERE state = 1;
U: LOAD city;
SQL SELECT * FROM sales.a, sales.b, sales.c;
V: NoConcatenate LOAD city AS town RESIDENT U;
`), Connections: connections})
	const db = "dataset:postgres://dwh:5432/dwh.sales."
	same(t, "columns", edges(l, catalog.ColumnLevel, string(catalog.ScriptTableKey(app, "T"))), []string{
		db + "customers#id ~> prod/a/script/T", db + "customers#name -> prod/a/script/T#both 0.5", db + "customers#name -> prod/a/script/T#name 0.5",
		db + "customers#state ~> prod/a/script/T 0.5",
		db + "orders#amount -> prod/a/script/T#amount", db + "orders#amount -> prod/a/script/T#both", db + "orders#customer ~> prod/a/script/T",
		db + "orders#name -> prod/a/script/T#both 0.5", db + "orders#name -> prod/a/script/T#name 0.5", db + "orders#state ~> prod/a/script/T 0.5",
		"prod/a/script/T ~> prod/a/script/T#amount", "prod/a/script/T ~> prod/a/script/T#both", "prod/a/script/T ~> prod/a/script/T#name",
	})
	same(t, "behind stars", edges(l, catalog.ColumnLevel, string(catalog.ScriptTableKey(app, "U"))), []string{
		db + "a#city -> prod/a/script/U#city 0.333", db + "b#city -> prod/a/script/U#city 0.333", db + "c#city -> prod/a/script/U#city 0.333",
	})
}
