package qvs_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

func tableOf(t *testing.T, res *qvs.Result, name string) *qvs.Table {
	t.Helper()
	for _, table := range slices.Backward(res.Tables) {
		if table.Name == name {
			return table
		}
	}
	t.Fatalf("there is no table %q", name)
	return nil
}

func fieldOf(t *testing.T, table *qvs.Table, name string) *qvs.Field {
	t.Helper()
	for _, f := range table.Fields {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("table %q has no field %q", table.Name, name)
	return nil
}

func columnTexts(list []qvs.Column) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Object.Name+"."+c.Name)
	}
	slices.Sort(out)
	return out
}

const stepsScript = `///$tab Main
SET vQ = lib://Q;
Map: MAPPING LOAD code, text FROM m.qvd (qvd);
Tmp:
LOAD k, x, y FROM [$(vQ)/x.qvd] (qvd) WHERE z > 1;
///$tab Model
	Fact: LOAD k, x + y AS total, ApplyMap('Map', y) AS label RESIDENT Tmp WHERE y > 0;
DROP TABLE Tmp;
INNER JOIN (Fact) LOAD k, w FROM w.qvd (qvd);
STORE Fact INTO [$(vQ)/fact.qvd];
`

func TestTheStepBeforeAndWhatDecidesAreKept(t *testing.T) {
	t.Parallel()
	res := qvs.Run(stepsScript, qvs.Options{})
	fact, tmp, m := tableOf(t, res, "Fact"), tableOf(t, res, "Tmp"), tableOf(t, res, "Map")
	if fact.Fate != qvs.Data || tmp.Fate != qvs.Dropped || m.Fate != qvs.Mapping {
		t.Errorf("fates are %s, %s, %s", fact.Fate, tmp.Fate, m.Fate)
	}
	if !slices.Contains(fact.Inputs, tmp) || !slices.Contains(fact.Inputs, m) || len(fact.Inputs) != 2 {
		t.Errorf("Fact is made of %v, want Tmp and Map", fact.Inputs)
	}
	total := fieldOf(t, fact, "total")
	if x, y := (qvs.Input{Table: tmp, Field: "x"}), (qvs.Input{Table: tmp, Field: "y"}); len(total.Inputs) != 2 || !slices.Contains(total.Inputs, x) || !slices.Contains(total.Inputs, y) {
		t.Errorf("total is made of %v, want Tmp.x and Tmp.y", total.Inputs)
	}
	if in := fieldOf(t, tmp, "x").Inputs; len(in) != 1 || in[0].Table != nil || in[0].Column.Name != "x" || in[0].Column.Object.Name != "lib://Q/x.qvd" {
		t.Errorf("Tmp.x is made of %v, want the column x of lib://Q/x.qvd", in)
	}
	if diff := cmp.Diff([]string{"lib://Q/x.qvd.k", "lib://Q/x.qvd.y", "lib://Q/x.qvd.z", "w.qvd.k"}, columnTexts(total.Filters)); diff != "" {
		t.Errorf("what decides about total (-want +got)\n%s", diff)
	}
	if got := fieldOf(t, tmp, "x").Filters; len(got) != 1 {
		t.Errorf("the join of a later table decides about Tmp.x: %v", got)
	}
	if want := (qvs.Pos{Tab: "Model", Line: 7, Column: 16}); total.At != want || total.Expression != "x + y" {
		t.Errorf("total is %q at %+v, want x + y at %+v", total.Expression, total.At, want)
	}
	var steps []string
	for _, s := range fact.Steps {
		steps = append(steps, s.What)
	}
	if diff := cmp.Diff([]string{"load", "inner join"}, steps); diff != "" {
		t.Errorf("steps of Fact (-want +got)\n%s", diff)
	}
	if s := tmp.Steps[0]; s.Statement != "Tmp:\nLOAD k, x, y FROM [lib://Q/x.qvd] (qvd) WHERE z > 1" || s.At.Line != 4 || s.At.Tab != "Main" {
		t.Errorf("the step of Tmp is %+v", s)
	}
	if s := res.Stores[0]; s.Table != fact || s.Format != "qvd" || s.Connection != "Q" || len(s.Fields) != 4 || s.At.Line != 10 {
		t.Errorf("the store is %+v", s)
	}
}

func TestCommentsAndTagsAreKept(t *testing.T) {
	t.Parallel()
	res := qvs.Run(`T: LOAD a, b FROM x.qvd (qvd);
COMMENT FIELD a WITH 'Net, in euros';
COMMENT TABLE T WITH 'Facts';
CM: MAPPING LOAD * INLINE [
f, c
b, Gross
];
COMMENT FIELDS USING CM;
TAG FIELDS a, b WITH '$key', 'x';`, qvs.Options{})
	table := tableOf(t, res, "T")
	a, b := fieldOf(t, table, "a"), fieldOf(t, table, "b")
	if table.Comment != "Facts" || a.Comment != "Net, in euros" || b.Comment != "Gross" || !slices.Equal(a.Tags, []string{"$key", "x"}) {
		t.Errorf("got %q, %q, %q, %q", table.Comment, a.Comment, b.Comment, a.Tags)
	}
}

func TestPlacesAreThoseOfTheScript(t *testing.T) {
	t.Parallel()
	script := "\uFEFF///$tab Eins\r\nSET v = x y;\r\n/* ä */ NONSENSE 1;\r\n///$tab Zwei\r\nLOAD a, ü, $(v) FROM b.qvd (qvd); NONSENSE 2;\r$(Include=inc.qvs)"
	res := qvs.Run(script, qvs.Options{Include: func(string) (string, error) { return "\n  NONSENSE 3;", nil }})
	var got []qvs.Pos
	for _, d := range res.Diagnostics {
		got = append(got, d.At)
	}
	want := []qvs.Pos{
		{Tab: "Eins", Line: 3, Column: 9},
		{Tab: "Zwei", Line: 5, Column: 12}, // within $(v): where that stands
		{Tab: "Zwei", Line: 5, Column: 35},
		{Tab: "Zwei", Line: 6, Column: 1, Included: "inc.qvs:2:3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got)\n%s", diff)
	}
}

func TestALoopThatDoesNotEndIsToldWhereItBegins(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script string
		line   int
	}{
		"with a body":    {"LET a = 1;\nDO\nLET x = 1;\nLOOP\n", 2},
		"without a body": {"LET a = 1;\n\nDO\nLOOP\n", 3},
		"for":            {"LET a = 1;\n\n\nFOR i = 1 TO 1000000000\nNEXT\n", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := qvs.Run(tc.script, qvs.Options{MaxStatements: 100})
			if len(res.Diagnostics) != 1 || res.Diagnostics[0].Kind != "limit" {
				t.Fatalf("%+v", res.Diagnostics)
			}
			if at := res.Diagnostics[0].At.Line; at < tc.line || at > tc.line+1 { // the loop, or the statement in it that was one too many
				t.Errorf("told at line %d, want %d", at, tc.line)
			}
		})
	}
}

func TestSecretsAreNowhereInTheResult(t *testing.T) {
	t.Parallel()
	res := qvs.Run(`ODBC CONNECT TO [DSN=Erp;UID=sa;PWD=hunter1] (UserId is hunter0, Password is 'hunter2', XPassword is hunter3);
CUSTOM CONNECT TO "Provider=Rest;url=https://api/x?apikey=hunter4;password=hunter5;Data Source=X" (nonsense;
LET vPwd = 'hunter6';
SET vUrl = https://u:hunter7@host/p?access_token=hunter8;
SET vConn = 'Provider=SQLOLEDB;Password=hunter9;Data Source=S';
LIB CONNECT TO 'Rest';
T: SQL SELECT a FROM JSON (wrap on) "root" WITH CONNECTION (URL "https://x/y?key=hunter10", HTTPHEADER "Authorization" "Bearer hunter11", QUERY "sig" "hunter12", BODY "{""pw"":""hunter13""}");
U: LOAD a FROM [$(vUrl)] (txt);
V: LOAD 'password=hunter14' as p FROM [https://x/y?token=hunter15] (html, table is @1);
STORE T INTO [https://x/z?sig=hunter16] (txt);
W: SQL SELECT * FROM OPENROWSET('SQLNCLI', 'Server=s;Uid=u;Pwd=hunter17;', 'SELECT 1');
X: LOAD a FROM [https://x/y?token=hunter18 (txt);
$(Include=https://u:hunter19@x/y.qvs);
`, qvs.Options{Include: func(string) (string, error) { return "", errors.New("no") }})
	all := strings.Join(show(res), "\n")
	for _, table := range res.Tables {
		for _, s := range table.Steps {
			all += "\n" + s.Statement
		}
		for _, f := range table.Fields {
			all += "\n" + f.Expression
		}
	}
	for _, s := range res.Stores {
		all += "\n" + s.Statement + s.Target
	}
	for _, d := range res.Diagnostics {
		all += "\n" + d.What + d.Why
	}
	for _, line := range strings.Split(all, "\n") {
		if strings.Contains(line, "hunter") {
			t.Errorf("a secret is left: %s", line)
		}
	}
	if !strings.Contains(all, "T from web Rest https://x/y#root") {
		t.Errorf("what is read from the REST connector isn't told:\n%s", all)
	}
}

func TestScriptsOfRealApps(t *testing.T) {
	dir := os.Getenv("QLIKCRAWLER_REAL_APPS")
	if dir == "" {
		t.Skip("QLIKCRAWLER_REAL_APPS names no folder")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "script.qvs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		res := qvs.Run(string(text), qvs.Options{})
		for _, d := range res.Diagnostics {
			if d.Kind == "syntax" || d.Kind == "limit" {
				t.Errorf("%s:%d:%d: %s %s", file, d.At.Line, d.At.Column, d.Why, d.What)
			}
		}
	}
}
