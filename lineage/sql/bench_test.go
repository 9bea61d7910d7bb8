package sql_test

import (
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/lineage/sql"
)

// BenchmarkRead reads all samples of dialects one after the other: bytes per second of SQL text.
func BenchmarkRead(b *testing.B) {
	size := 0
	for _, s := range statements {
		size += len(s.sql)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range statements {
			sql.Read(s.sql)
		}
	}
}

// BenchmarkReadWide reads one statement of the kind that a warehouse has: hundreds of columns, some joins.
func BenchmarkReadWide(b *testing.B) {
	text := wide(400)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		sql.Read(text)
	}
}

// wide returns a SELECT of many columns out of five joined tables.
func wide(columns int) string {
	var t strings.Builder
	t.WriteString("SELECT\n")
	for i := range columns {
		if i > 0 {
			t.WriteString(",\n")
		}
		t.WriteString("    CASE WHEN o.[Status Code] = 'A' THEN COALESCE(o.AmountNet, 0) * r.Rate ELSE c.CreditLimit END AS [Amount ")
		t.WriteString(strings.Repeat("x", 1+i%20))
		t.WriteString("]")
	}
	t.WriteString(`
FROM dbo.Orders o WITH (NOLOCK)
LEFT JOIN dbo.Customers c ON c.CustomerID = o.CustomerID
JOIN dbo.Rates r ON r.Currency = o.Currency AND r.ValidFrom <= o.OrderDate
JOIN (SELECT OrderID, SUM(Quantity) AS Quantity FROM dbo.OrderLines GROUP BY OrderID) l ON l.OrderID = o.OrderID
WHERE o.OrderDate >= '2020-01-01'`)
	return t.String()
}
