package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A streamOf is a server's answers to those who follow a crawl, one after another; then it is away.
type streamOf struct{ answers []io.Reader }

var errServerAway = errors.New("connection refused")

func (s *streamOf) RoundTrip(*http.Request) (*http.Response, error) {
	if len(s.answers) == 0 {
		return nil, errServerAway
	}
	body := s.answers[0]
	s.answers = s.answers[1:]
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
}

// slowly says that it lives every 15 seconds, for a while, and has no news.
type slowly struct{ times int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.times--; s.times < 0 {
		return 0, io.EOF
	}
	time.Sleep(15 * time.Second) // of the bubble's clock
	return copy(p, ": alive\n\n"), nil
}

func following(t *testing.T, answers ...io.Reader) (catalog.RunRow, error) {
	t.Helper()
	r := &remote{base: "http://server/api/v1", client: &http.Client{Transport: &streamOf{answers}}}
	return r.follow(t.Context(), catalog.RunRow{ID: 7, State: "queued"}, func(catalog.RunRow) {})
}

func TestACrawlThatWaitsLongIsFollowedOverABrokenStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := "event: end\ndata: {\"id\":7,\"state\":\"done\",\"finished_at\":\"2024-05-01T00:00:00Z\"}\n\n"
		row, err := following(t, &slowly{times: 40}, &slowly{times: 1}, strings.NewReader(end)) // ten minutes in a queue
		if err != nil || row.State != "done" {
			t.Errorf("the crawl is %q, %v", row.State, err)
		}
	})
}

func TestAServerThatStaysAwayIsWaitedForTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := following(t, &slowly{times: 40})
		if err == nil || !strings.Contains(err.Error(), "crawl 7 goes on, but the server doesn't answer any more") || !errors.Is(err, errServerAway) {
			t.Errorf("it said %v", err)
		}
		if away := time.Since(began) - 10*time.Minute; away < awayTime || away > awayTime+10*time.Second {
			t.Errorf("it was waited for %s", away)
		}
	})
}
