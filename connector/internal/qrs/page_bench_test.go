package qrs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkPage decodes a page of 1,000 app objects: "ours" as a listing does, "encoding/json" into rows of anything, which is
// the least that the standard decoder can be asked for.
func BenchmarkPage(b *testing.B) {
	const rows = 1000
	var list []string
	for i := range rows {
		list = append(list, fmt.Sprintf(
			`["%08x-5a5a-4b4b-8c8c-%012x","%08x-0000-4000-8000-00000000aaaa","7f000000-0000-4000-8000-%012x","ann.smith","ACME","Ann Smith",true,true,"2025-03-04T05:06:%02d.%03dZ","JYN=:!C*9![5NG%032x"]`,
			i*7919, i, i%640, i%12, i%60, i%1000, i))
	}
	page := []byte(`{"id":"x","type":"App.Object","columnNames":["id","appId","ownerId","ownerUserId","ownerDirectory","ownerName",` +
		`"published","approved","modifiedDate","contentHash"],"rows":[` + strings.Join(list, ",") + `],"schemaPath":"Table"}`)
	b.Run("ours", func(b *testing.B) {
		t := markTable()
		b.ReportAllocs()
		b.SetBytes(int64(len(page)))
		for b.Loop() {
			if got, err := t.decode(page, rows); err != nil || len(got) != rows {
				b.Fatal(len(got), err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(page)))
		for b.Loop() {
			var got struct{ Rows [][]any }
			if err := json.Unmarshal(page, &got); err != nil || len(got.Rows) != rows {
				b.Fatal(len(got.Rows), err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	})
}
