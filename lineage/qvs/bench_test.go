package qvs_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// typicalScript is about size bytes of what scripts of companies look like.
func typicalScript(size int) string {
	var b strings.Builder
	b.WriteString("///$tab Main\r\nSET vRaw='lib://QVD/raw';\r\nLIB CONNECT TO 'ERP';\r\n")
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, `
///$tab Part %[1]d
/* ------------------------------------------------------------------
   Orders of a region, joined with their customers. Cancelled orders
   stay in, marked as such: finance wants to see them.
   2024-03-01  segments come from the CRM now
   ------------------------------------------------------------------ */
Map%[1]d:
MAPPING LOAD Code, Upper(Name) as Name FROM [$(vRaw)/map%[1]d.qvd] (qvd);

Orders%[1]d:
LOAD
    OrderID%[1]d,
    CustomerID,
    // ShopID,
    Date(Floor(OrderDate))                          AS [Order Date],
    If(IsCancelled = 1, 'cancelled', 'valid')       AS OrderState, /* as in the ERP */
    ApplyMap('Map%[1]d', Country, 'n/a')            AS Country,
    Quantity * UnitPrice * (1 - Alt(Discount, 0))   AS [Net Amount]
FROM [$(vRaw)/orders%[1]d.qvd] (qvd)
WHERE OrderDate >= '2024-01-01' AND Match(Region, 'North', 'South');

LEFT JOIN (Orders%[1]d)
LOAD CustomerID, CustomerName, Segment;
SQL SELECT c.CustomerID, c.CustomerName, s.Segment
FROM dbo.Customers c INNER JOIN dbo.Segments s ON s.ID = c.SegmentID
WHERE c.Deleted = 0;

Facts%[1]d:
NOCONCATENATE LOAD *, [Net Amount] * 0.19 AS [VAT %[1]d] RESIDENT Orders%[1]d;
DROP TABLE Orders%[1]d;
STORE Facts%[1]d INTO [lib://QVD/model/facts%[1]d.qvd] (qvd);
`, n)
	}
	return b.String()
}

// BenchmarkRun reads a script of 2 MB; BenchmarkLength tells whether longer ones take as long for each byte. Both
// tell the user time, too, which a busy machine changes less than the clock's; compare lengths with -cpu 1.
func BenchmarkRun(b *testing.B) { benchmarkRun(b, 2<<20) }

func BenchmarkLength(b *testing.B) {
	for _, size := range []int{300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000} {
		b.Run(fmt.Sprintf("%.1fMB", float64(size)/1e6), func(b *testing.B) { benchmarkRun(b, size) })
	}
}

// benchmarkRun reads a script of the size so often that all sizes read as many bytes in a round.
func benchmarkRun(b *testing.B, size int) {
	b.Helper()
	script := typicalScript(size)
	rounds := max(30_000_000/size, 1)
	b.SetBytes(int64(rounds * len(script)))
	b.ReportAllocs()
	runtime.GC()
	start := userTime()
	for b.Loop() {
		for range rounds {
			if res := qvs.Run(script, qvs.Options{}); len(res.Stores) == 0 {
				b.Fatal("no stores")
			}
		}
	}
	read := float64(b.N) * float64(rounds) * float64(len(script)) / 1e6
	b.ReportMetric(read/(userTime()-start).Seconds(), "MB/user-s")
}
