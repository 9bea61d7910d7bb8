package qliktest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// awayRequests is how many requests the fault AwayAWhile refuses: more than a client that asks four times
// gets over with three apps at a time and two listings beside them.
const awayRequests = 16

// awayAWhile reports whether the fault AwayAWhile refuses a request. It begins when data of an app is asked
// for, so that the listing is through, and it heals when it has struck.
func (s *Server) awayAWhile(r *http.Request) bool {
	if strings.Contains(r.URL.Path, "/data/") && s.take("", AwayAWhile) {
		s.faults.mu.Lock()
		s.faults.away = awayRequests
		s.faults.mu.Unlock()
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.away == 0 {
		return false
	}
	s.faults.away--
	return true
}

// body is where the body of an answer about an app is written: drop by drop with the fault DripREST.
func (s *Server) body(w http.ResponseWriter, r *http.Request, appID string) http.ResponseWriter {
	if !s.has(appID, DripREST) {
		return w
	}
	return dripping{ResponseWriter: w, ctx: r.Context(), every: s.options.SlowBy / drops}
}

// drops is how many pieces a dripping answer comes in.
const drops = 16

// A dripping writer sends what it is given in small pieces.
type dripping struct {
	http.ResponseWriter
	ctx   context.Context // of the request
	every time.Duration
}

func (d dripping) Write(b []byte) (n int, err error) {
	flusher := http.NewResponseController(d.ResponseWriter)
	for piece := range slices.Chunk(b, len(b)/drops+1) {
		pause(d.ctx, d.every)
		written, err := d.ResponseWriter.Write(piece)
		n += written
		if err == nil {
			err = flusher.Flush()
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// spoilRows is what the faults DuplicateRows and IDCase do to a page of a listing.
func (q *request) spoilRows(rows []row) []row {
	if q.entity.schema != "App" {
		return rows
	}
	var spoiled []row
	for _, r := range rows {
		spoiled = append(spoiled, r)
		if q.server.has(r.id(), DuplicateRows) {
			spoiled = append(spoiled, r)
		}
	}
	return spoiled
}

// spoilCell writes the id of an app with the fault IDCase in upper case.
func (q *request) spoilCell(value any) any {
	if id, ok := value.(string); ok && isGUID(id) && q.server.has(id, IDCase) {
		return strings.ToUpper(id)
	}
	return value
}
