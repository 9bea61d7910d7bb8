package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// identify gives a request its id, says where it is from and who asks, sets the headers that every
// answer has, and logs the answer.
func (s *server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.now()
		id := r.Header.Get("X-Request-Id")
		if !requestID.MatchString(id) {
			id = rand.Text()
		}
		address, secure := s.origin(r)
		ctx := api.WithRequestID(auth.WithAddress(r.Context(), address, secure), id)
		setHeaders(w.Header(), id, secure)
		seen := &recorder{ResponseWriter: w}
		who, err := s.Guard.Authenticate(r.WithContext(ctx))
		if err != nil {
			s.Log.ErrorContext(ctx, "the request's session or token can't be looked up", "request_id", id, "error", err)
			api.WriteProblem(seen, catalog.CodeUnreachable, id)
		} else {
			asked := r.WithContext(auth.With(ctx, who))
			next.ServeHTTP(seen, asked)
			r.Pattern = asked.Pattern // on the request that came in: whoever traces it looks there
		}
		if seen.status == 0 {
			seen.status = http.StatusOK // nothing was written: net/http sends this
		}
		took := time.Since(began)
		s.logged(ctx, r, seen, id, address, who, took)
		if s.Answered != nil {
			s.Answered(Answer{Method: r.Method, Route: r.Pattern, Status: seen.status, Took: took})
		}
	})
}

// requestID is what is taken over of a client's id; anything else is replaced.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// origin is the address that a request comes from, and whether it came by https. The last proxy's word
// is taken if there is one.
func (s *server) origin(r *http.Request) (address string, secure bool) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	secure = r.TLS != nil
	if !s.BehindProxy {
		return address, secure
	}
	// The proxy appends: what stands before the last comma is the client's own claim.
	if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
		parts := strings.Split(all[len(all)-1], ",")
		if ip := net.ParseIP(strings.TrimSpace(parts[len(parts)-1])); ip != nil {
			address = ip.String()
		}
	}
	proto := r.Header.Get("X-Forwarded-Proto")
	return address, secure || strings.EqualFold(proto, "https") || proto == "" && strings.HasPrefix(s.PublicURL, "https:")
}

// setHeaders sets what every answer has; a page may loosen the content policy for itself.
func setHeaders(h http.Header, id string, secure bool) {
	h.Set("X-Request-Id", id)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (s *server) logged(ctx context.Context, r *http.Request, seen *recorder, id, address string, who auth.Principal, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case seen.status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		level = slog.LevelInfo
	}
	// The query is left out: it may hold what people search for.
	s.Log.LogAttrs(context.WithoutCancel(ctx), level, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", seen.status), slog.Duration("took", took), slog.String("user", who.Name()),
		slog.String("address", address), slog.String("request_id", id))
}

// recovered turns a panic of a handler into a 500 that the log explains.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler { //nolint:errorlint // the value itself, as net/http compares it
				panic(fault)
			}
			id := api.RequestID(r.Context())
			s.Log.ErrorContext(r.Context(), "a handler panicked", "path", r.URL.Path, "request_id", id, "panic", fault, "stack", string(debug.Stack()))
			if seen, ok := w.(*recorder); !ok || seen.status == 0 {
				api.WriteProblem(w, catalog.CodeInternal, id)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// refuseOrigin answers a page of another site that wants something changed.
func (s *server) refuseOrigin(w http.ResponseWriter, r *http.Request) {
	s.Log.WarnContext(r.Context(), "a request from another site was refused", "path", r.URL.Path, "origin", r.Header.Get("Origin"))
	api.WriteForbidden(w, "A page of another site may not do this.", "Use the service's own pages, or set QLIKCRAWLER_PUBLIC_URL to the address that people's browsers show.", api.RequestID(r.Context()))
}

// origin is the scheme and host of a URL, as browsers write an origin.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// A recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Flush and Unwrap let handlers stream.
func (r *recorder) Flush() {
	// What can't be flushed is sent when the answer ends.
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
