package catalog_test

import (
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func TestMaskTakesCredentialsOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"password is", "ODBC CONNECT TO Prod (UserId is sa, Password is Tiger1);", "ODBC CONNECT TO Prod (UserId is ***, Password is ***);"},
		{"scrambled", "CONNECT TO [Provider=X] (XUserId is aBcD, XPassword is QdZfG);", "CONNECT TO [Provider=X] (XUserId is ***, XPassword is ***);"},
		{"quoted", `CONNECT TO 'X' (USERID IS 'sa', PASSWORD IS 'a b;c');`, `CONNECT TO 'X' (USERID IS '***', PASSWORD IS '***');`},
		{"bracketed", `(Password is [a b]);`, `(Password is [***]);`},
		{"connect string", "CONNECT TO [Provider=SQLOLEDB.1;Data Source=db;Initial Catalog=Sales;User ID=sa;Password=Tiger1;Timeout=3];", "CONNECT TO [Provider=SQLOLEDB.1;Data Source=db;Initial Catalog=Sales;User ID=sa;Password=***;Timeout=3];"},
		{"pwd", "DRIVER={PG};SERVER=db;UID=sa;PWD={a;b};DATABASE=x", "DRIVER={PG};SERVER=db;UID=sa;PWD={***};DATABASE=x"},
		{"spaces around", "Password = Tiger1 ; x", "Password = *** ; x"},
		{"last of the text", "pwd=Tiger1", "pwd=***"},
		{"azure", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abc+/==;EndpointSuffix=y", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=***;EndpointSuffix=y"},
		{"url token", "FROM [https://x.example/api?format=csv&access_token=abc123&y=1] (txt);", "FROM [https://x.example/api?format=csv&access_token=***&y=1] (txt);"},
		{"url key", "https://x.example/?api_key=abc&apikey=def&sig=ghi%2B&sv=1", "https://x.example/?api_key=***&apikey=***&sig=***&sv=1"},
		{"url user", "[https://ada:Tiger1@x.example/y.csv]", "[https://ada:***@x.example/y.csv]"},
		{"bearer", `HTTPHEADER "Authorization" "Bearer abcdefgh"`, `HTTPHEADER "Authorization" "***"`},
		{"header with a key", `WITH CONNECTION (HTTPHEADER "X-Api-Key" "k1", QUERY "limit" "10")`, `WITH CONNECTION (HTTPHEADER "X-Api-Key" "***", QUERY "limit" "10")`},
		{"bearer alone", "Bearer abcdefghij", "Bearer ***"},
		{"jwt", "x eyJhbGciOi.eyJzdWIi.abc-_ y", "x *** y"},
		{"let", "LET vDbPassword = 'Tiger1';\nLET vX = 1;", "LET vDbPassword = '***';\nLET vX = 1;"},
		{"set", "SET vApiToken = abc def;", "SET vApiToken = ***;"},
		{"json", `{"client_secret": "abc", "id": "x"}`, `{"client_secret": "***", "id": "x"}`},
		{"aws", "aws_secret_access_key=abc/def", "aws_secret_access_key=***"},
		{"two lines", "Password=a\nPassword=b\n", "Password=***\nPassword=***\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := catalog.Mask(c.in)
			if got != c.want {
				t.Fatalf("got  %s\nwant %s", got, c.want)
			}
			if again := catalog.Mask(got); again != got {
				t.Errorf("masked twice: %s", again)
			}
		})
	}
}

func TestMaskLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"LOAD OrderID, Token, Password, [Secret Santa] FROM [lib://Sales/orders.qvd] (qvd);",
		"LET vYear = Year(Today());",
		"SET vTokens = ;",
		"Password=$(vPassword);",
		"(Password is $(vPwd))",
		"LOAD * WHERE TokenCount = 3 and Signed = 'x';",
		"Sum({<Key={1}>} Sales) // sign=1",
		"FROM [https://x.example:8443/y.csv?z=1&page=2];",
		"SELECT * FROM t WHERE design='x' AND passwords > 2",
	} {
		if got := catalog.Mask(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestMaskKeepsLines(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Password=\nPWD='x\ny'\r\nLET vToken = 'a\nb';\n", 5)
	if got, want := strings.Count(catalog.Mask(text), "\n"), strings.Count(text, "\n"); got != want {
		t.Errorf("%d lines became %d", want, got)
	}
}

func FuzzMask(f *testing.F) {
	f.Add("Password is x, pwd='a' https://a:b@c Bearer abcdefgh")
	f.Fuzz(func(t *testing.T, text string) {
		once := catalog.Mask(text)
		if strings.Count(once, "\n") != strings.Count(text, "\n") {
			t.Errorf("lines were lost: %q → %q", text, once)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	text := strings.Repeat("LOAD OrderID, Customer, Amount FROM [lib://Sales/orders.qvd] (qvd);\n", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		catalog.Mask(text)
	}
}

func TestMaskOfALongTextIsThatOfItsPieces(t *testing.T) {
	t.Parallel()
	harmless := strings.Repeat("LOAD OrderID, Amount, Date = Today() FROM [lib://Sales/orders.qvd] (qvd);\n\n", 100)
	for _, secret := range []string{
		"LET vDbPassword = 'Tiger1';", "LET\n\n vDbPassword\n\n=\n \n'Tiger1';", "Password\n=\nTiger1 ; x", "pwd=Tiger1",
		"\"token\"\n\n:\n\"Tiger1\"", "x\nToken=Tiger1\ny\nz\nSecret\n=Tiger1\nw\nkey\nv",
		`HTTPHEADER "Authorization" "Bearer Tiger1xyz"`, "https://x.example/?api_key=Tiger1&y=1", "paſſword=Tiger1",
	} {
		masked := catalog.Mask(secret)
		if strings.Contains(masked, "Tiger1") {
			t.Errorf("%q masked: %q", secret, masked)
		}
		for _, text := range []struct{ before, behind string }{
			{harmless, "\n" + harmless}, {"", "\n" + harmless}, {harmless, ""}, {harmless, "\n" + harmless + secret + "\n" + harmless},
		} {
			got, want := catalog.Mask(text.before+secret+text.behind), text.before+masked+strings.ReplaceAll(text.behind, secret, masked)
			if got != want {
				t.Errorf("%q in a long text: it is masked in another way than alone", secret)
			}
		}
	}
	if got := catalog.Mask(harmless); got != harmless {
		t.Error("a text without credentials is changed")
	}
}

// BenchmarkMaskCalm masks what has no secret in it: a load script, and a formula.
func BenchmarkMaskCalm(b *testing.B) {
	script := strings.Repeat("Orders:\nLOAD OrderID, CustomerKey, Amount, Date(OrderDate) as Date FROM [lib://Sales/orders.qvd] (qvd) WHERE Year >= $(vFrom);\n", 2000)
	for name, text := range map[string]string{"script": script, "formula": "Sum({<Year={$(vYear)}, Region={'North'}>} Sales * Price)"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				catalog.Mask(text)
			}
		})
	}
}
