package ui

import (
	"context"
	"net/http"
)

// A trail is what a handler says of a form for its audit row.
type trail struct {
	words      []string
	connection string // where the path doesn't name it
	status     int    // of the answer; 0: 200
}

type trailKey struct{}

func withTrail(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), trailKey{}, &trail{}))
}

func trailOf(r *http.Request) *trail {
	if t, ok := r.Context().Value(trailKey{}).(*trail); ok {
		return t
	}
	return &trail{}
}

// note adds words to the audit row of a form: what was changed, never a secret.
func note(r *http.Request, words string) {
	t := trailOf(r)
	t.words = append(t.words, words)
}
