package qliktest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkObjectListing is what a page of 1,000 app objects costs the simulated site, on a site of 1,000 apps.
func BenchmarkObjectListing(b *testing.B) {
	site := Generate(GenerateOptions{Apps: 1000})
	server := New(b, site, Options{})
	const body = `{"entity":"App.Object","columns":[{"name":"id","columnType":"Property","definition":"id"},` +
		`{"name":"appId","columnType":"Property","definition":"app.id"},{"name":"ownerId","columnType":"Property","definition":"owner.id"},` +
		`{"name":"ownerUserId","columnType":"Property","definition":"owner.userId"},{"name":"published","columnType":"Property","definition":"published"},` +
		`{"name":"modifiedDate","columnType":"Property","definition":"modifiedDate"},{"name":"contentHash","columnType":"Property","definition":"contentHash"}]}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/qrs/app/object/table?skip=5000&take=1000&sortColumn=id&xrfkey=0123456789abcdef", strings.NewReader(body))
		r.Header.Set("X-Qlik-Xrfkey", "0123456789abcdef")
		w := httptest.NewRecorder()
		server.serveQRS(w, r, site.Users[0], r.URL.Path)
		if w.Code != http.StatusCreated || strings.Count(w.Body.String(), "[") < 1000 {
			b.Fatal(w.Code, w.Body)
		}
	}
}
