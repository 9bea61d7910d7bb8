package api

import (
	"encoding/json"
	"net/http"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// WriteProblem answers outside of an operation with a problem of ours, of which the log has more.
func WriteProblem(w http.ResponseWriter, code catalog.Code, requestID string) {
	writeProblem(w, newProblem(statusOf(code), code, "Something failed inside; the log has it under this request's id.", "Try again in a moment."), requestID)
}

// WriteForbidden answers outside of an operation that something may not be done.
func WriteForbidden(w http.ResponseWriter, detail, cure, requestID string) {
	writeProblem(w, newProblem(http.StatusForbidden, catalog.CodeForbidden, detail, cure), requestID)
}

// WriteTooMany answers outside of an operation that too much was asked. The caller sets Retry-After.
func WriteTooMany(w http.ResponseWriter, detail, cure, requestID string) {
	writeProblem(w, newProblem(http.StatusTooManyRequests, catalog.CodeThrottled, detail, cure), requestID)
}

func writeProblem(w http.ResponseWriter, p *Problem, requestID string) {
	p.RequestID = requestID
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	// A client that went away needs no answer.
	_ = json.NewEncoder(w).Encode(p)
}
