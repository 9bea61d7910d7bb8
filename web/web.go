// Package web is what the program serves over HTTP: the API, health checks, and the pages.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
	"github.com/qlikcrawler/qlikcrawler/web/ui"
)

// Deps are what New needs.
type Deps struct {
	Log   *slog.Logger
	Guard *auth.Guard // who is asking
	API   api.Deps
	// Ready tells why requests can't be answered just now, or nil.
	Ready func(context.Context) error
	// Metrics is served at /metrics to loopback, and with a token to others; nil: no metrics.
	Metrics http.Handler
	// Answered is told of each answer; nil: nobody is. It must not block.
	Answered func(Answer)
	// Pages are the pages for people; nil: none.
	Pages *ui.Deps

	PublicURL   string // how people reach the service, if not by its own address
	BehindProxy bool   // X-Forwarded-For and X-Forwarded-Proto say who asks, and how
	Limits      Limits
}

// An Answer is what became of a request.
type Answer struct {
	Method string
	Route  string // as it was registered; "": there is none
	Status int
	Took   time.Duration
}

// Limits are how much one may ask. Zero values are the defaults.
type Limits struct {
	// PerPrincipal is how many requests a second a user or a token may make, over some time; twice as many
	// at once. PerAddress is the same for those who are not logged in. Negative: no limit.
	PerPrincipal, PerAddress float64
}

// A Site is the program's HTTP face.
type Site struct {
	http.Handler
	API   *api.API
	Pages []string // the patterns under which pages for people are read
}

// New makes the program's HTTP face.
func New(d Deps) (*Site, error) {
	s := &server{Deps: d, limits: newLimits(d.Limits), now: time.Now}
	csrf := http.NewCrossOriginProtection()
	if d.PublicURL != "" {
		if err := csrf.AddTrustedOrigin(origin(d.PublicURL)); err != nil {
			return nil, err
		}
	}
	csrf.SetDenyHandler(http.HandlerFunc(s.refuseOrigin))
	routes, err := s.routes()
	if err != nil {
		return nil, err
	}
	return &Site{s.identify(s.recovered(csrf.Handler(s.limited(routes)))), s.api, s.pages}, nil
}

// A server has the parts of the HTTP face.
type server struct {
	Deps
	limits *limits
	now    func() time.Time
	api    *api.API
	pages  []string
}

// routes is the list of everything that is served.
func (s *server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	s.api = api.New(mux, s.API)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.Metrics != nil {
		mux.HandleFunc("GET /metrics", s.metrics)
	}
	if s.Pages == nil {
		mux.Handle("GET /{$}", http.RedirectHandler(api.Prefix+"/", http.StatusFound))
		return mux, nil
	}
	pages := *s.Pages
	pages.Log, pages.Guard, pages.Version = s.Log, s.Guard, s.API.Version
	pages.RequestID = func(r *http.Request) string { return api.RequestID(r.Context()) }
	u, err := ui.New(mux, pages)
	if err != nil {
		return nil, err
	}
	s.pages = u.Pages()
	return mux, nil
}

// healthz says that the process is alive, whatever the database does.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// readyTimeout is how long a check of readiness may take.
const readyTimeout = 3 * time.Second

// readyz says whether requests can be answered: the database is reachable and has this program's schema.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "error", err)
		say(w, http.StatusServiceUnavailable, "not ready: the database is not reachable or not migrated; the log says why")
		return
	}
	say(w, http.StatusOK, "ok")
}

// metrics are for loopback, and for others with a token.
func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	address, err := netip.ParseAddr(auth.Address(r.Context()))
	if (err != nil || !address.IsLoopback()) && !auth.From(r.Context()).Known() {
		w.Header().Set("WWW-Authenticate", `Bearer realm="qlikcrawler"`)
		say(w, http.StatusUnauthorized, "metrics need an API token, except from this machine")
		return
	}
	s.Metrics.ServeHTTP(w, r)
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// A client that went away needs no answer.
	_, _ = w.Write([]byte(text + "\n"))
}
