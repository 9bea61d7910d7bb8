package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// BenchmarkFirstCrawlAgainstCopy stores the apps of a site that the catalog doesn't know, whose names are made
// of some thousand words. It does so in turn with bare COPY of the same rows into tables with the same indexes,
// a transaction an app; the words that misspellings are found by are copied with each app that brings them.
// "copy-ratio" is the time of all apps by the one way and by the other.
func BenchmarkFirstCrawlAgainstCopy(b *testing.B) {
	const apps = 200
	db := setup(b)
	run := db.start()
	var saved, copied time.Duration
	rows, n := 0, 0
	for b.Loop() {
		for range apps {
			n++
			app := wordy(n)
			rows += rowsIn(app)
			began := time.Now()
			db.save(run, app, catalog.Added)
			saved += time.Since(began)
		}
		again := rowsOfLast(db, n-apps+1, n)
		began := time.Now()
		for _, app := range again {
			db.must(copyAll(db, app, n))
		}
		copied += time.Since(began)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(saved.Seconds()/copied.Seconds(), "copy-ratio")
	b.ReportMetric(float64(rows)/saved.Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/copied.Seconds(), "copy-rows/s")
}

// wordy is a typical app whose names are words of a vocabulary, some of them new with each app.
func wordy(n int) *catalog.Snapshot {
	s := typical(n)
	word := func(i int) string {
		i = (n*37 + i*i*11) % 4000
		return fmt.Sprintf("%s%s", []string{"sales", "margin", "stock", "order", "region"}[i%5], letters(i/5))
	}
	for i := range s.Reports {
		s.Reports[i].Name = "By " + word(i) + " and " + word(i+1)
	}
	for i := range s.Fields {
		s.Fields[i].Name = word(i+2) + " " + word(i+3)
	}
	return s
}

// letters writes a number with letters.
func letters(n int) string {
	text := ""
	for ; n > 0; n /= 26 {
		text += string(rune('a' + n%26))
	}
	return text
}

// rowsOfLast reads the rows of apps back, and makes bare tables for them where there are none.
func rowsOfLast(db *bench, from, to int) [][]bareCopy {
	var out [][]bareCopy
	for n := from; n <= to; n++ {
		unit := typical(n).Unit.Key
		var app []bareCopy
		for _, name := range []string{"report_group", "report", "report_field", "source_code"} {
			_, err := db.sql.Exec(background(), fmt.Sprintf("create table if not exists bare_%s (like qlikcrawler.%[1]s including all)", name))
			db.must(err)
			where := "key = $1 or key like $1 || '/%'"
			if name == "report_group" {
				where = "unit = $1"
			}
			app = append(app, bareRows(db, name, where, string(unit)))
		}
		out = append(out, app)
	}
	_, err := db.sql.Exec(background(), "create table if not exists bare_search_word (like qlikcrawler.search_word including all)")
	db.must(err)
	words := bareRows(db, "search_word", "not exists (select from bare_search_word b where (b.form, b.word) = (search_word.form, search_word.word))")
	words.key = -1
	share := (len(words.rows) + len(out) - 1) / len(out)
	for i := range out {
		part := words
		part.rows = words.rows[min(i*share, len(words.rows)):min((i+1)*share, len(words.rows))]
		out[i] = append(out[i], part)
	}
	return out
}

// bareRows reads rows of a table.
func bareRows(db *bench, name, where string, args ...any) bareCopy {
	rows, err := db.sql.Query(background(), "select * from qlikcrawler."+name+" where "+where, args...)
	db.must(err)
	c := bareCopy{table: "bare_" + name}
	for i, f := range rows.FieldDescriptions() {
		c.columns = append(c.columns, f.Name)
		if f.Name == "key" {
			c.key = i
		}
	}
	for rows.Next() {
		v, err := rows.Values()
		db.must(err)
		c.rows = append(c.rows, v)
		if name != "search_word" {
			c.keys = append(c.keys, v[c.key].(string))
		}
	}
	db.must(rows.Err())
	return c
}
