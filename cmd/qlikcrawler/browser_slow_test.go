package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// onASlowLine is a line on which a page comes in pieces: its beginning to what shows, the top of the page by and by, and the
// rest in quarters. The browser has time to paint between them.
func onASlowLine(site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, "/static/") || strings.HasPrefix(r.URL.Path, "/api/") {
			site.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		r.Header.Del("Accept-Encoding")
		site.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		for _, piece := range inPieces(answer.Body.Bytes()) {
			if _, err := w.Write(piece); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-time.After(150 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	})
}

func inPieces(page []byte) [][]byte {
	var pieces [][]byte
	for _, end := range []string{"</nav>", "</form>", "<summary", "</header>"} {
		if i := bytes.Index(page, []byte(end)); i >= 0 {
			pieces, page = append(pieces, page[:i]), page[i:]
		}
	}
	for n := len(page)/4 + 1; len(page) > n; page = page[n:] {
		pieces = append(pieces, page[:n])
	}
	return append(pieces, page)
}

// TestPagesThatComeInSlowlyDontMove looks at pages with tables on a slow line: what was painted stays where it is.
func TestPagesThatComeInSlowlyDontMove(t *testing.T) {
	bin, found := launcher.LookPath()
	if !found {
		t.Skip("no Chromium or Chrome is installed: the pages are not tried in a real browser")
	}
	o := newOffice(t, nil)
	v := &visit{t: t, line: onASlowLine}
	v.serve(o)
	v.open(bin)
	crawled(v, o)
	v.enter()
	for _, size := range sizes {
		v.resize(size.width)
		for _, path := range []string{"/", "/crawls", "/catalog/apps", "/search?q=sales", "/connections/shop", "/changes"} {
			v.goTo(path)
			v.still(fmt.Sprintf("%s at %d, on a slow line", path, size.width))
		}
	}
	v.quiet()
}

// TestCountsThatTakeLongComeLater looks at pages while nobody can count the rows of a connection, and waits until they
// have their counts without being loaded again.
func TestCountsThatTakeLongComeLater(t *testing.T) {
	bin, found := launcher.LookPath()
	if !found {
		t.Skip("no Chromium or Chrome is installed: the pages are not tried in a real browser")
	}
	for _, path := range []string{"/", "/connections/prod"} {
		t.Run(path, func(t *testing.T) {
			o := newOffice(t, nil)
			must(t, o.db.AddConnection(t.Context(), catalog.Connection{Code: "prod", Name: "Prod", Type: "qlik-sense", URL: "https://sense.example.com", Settings: []byte(`{"authentication":"jwt"}`)}))
			warehouse(t, o, 2, 1)
			tx, err := o.db.Pool().Begin(t.Context())
			must(t, err)
			_, err = tx.Exec(t.Context(), "lock table qlikcrawler.report_field in access exclusive mode")
			must(t, err)
			v := &visit{t: t}
			v.serve(o)
			v.open(bin)
			v.goTo("/sign-in?to=" + url.QueryEscape(path))
			v.write("#user", firstUser)
			v.write("#password", v.password)
			v.press(v.with("button", "Sign in"))
			v.with("[data-counting]", "being counted")
			v.picture("counting")
			must(t, tx.Rollback(t.Context()))
			v.run("wait until all is counted", v.page.Timeout(30*time.Second).Wait(rod.Eval(`() => !document.querySelector("[data-counting]") && document.querySelector("main").textContent.includes("1 app") || document.querySelector(".tile a[href*='apps'] b")?.textContent === "1"`)))
			v.still(path)
			v.quiet()
		})
	}
}
