package postgres

import (
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

func BenchmarkTerms(b *testing.B) {
	s := catalog.Snapshot{Fields: []catalog.ReportField{{
		Key: "prod/0a1b2c3d-4f6c-4b6e-9d0a-0123456789ab/measure-1", Type: catalog.Measure, Origin: catalog.OriginMaster, Name: "Sales of the year",
		Formula: "Sum({<Year={$(vYear)}>} Sales)", Description: "What it tells", Tags: []string{"finance"},
	}}}
	rows, err := rowsOf(&s)
	if err != nil {
		b.Fatal(err)
	}
	var t termer
	b.ReportAllocs()
	for b.Loop() {
		t.terms(fields, &rows[fields][0])
	}
}
