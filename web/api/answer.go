package api

import "net/http"

// An answer remembers its status.
type answer struct {
	http.ResponseWriter
	status int
}

// Status is the answer's status; 500 if the handler gave none.
func (a *answer) Status() int {
	if a.status == 0 {
		return http.StatusInternalServerError
	}
	return a.status
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what is written so far.
func (a *answer) Flush() {
	// What can't be flushed is sent when the answer ends.
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}
