package web

import (
	"container/list"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"golang.org/x/time/rate"

	"github.com/qlikcrawler/qlikcrawler/web/api"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// The default rates, in requests a second.
const (
	defaultPerPrincipal = 200
	defaultPerAddress   = 20
)

// mostBuckets is how many users, tokens and addresses are remembered at a time; who asked longest ago
// is forgotten first.
const mostBuckets = 10_000

// limits hold how much each user, token and address may still ask.
type limits struct {
	perPrincipal, perAddress float64

	mu      sync.Mutex
	buckets map[string]*list.Element
	order   *list.List // of *bucket; who asked last is in front
}

type bucket struct {
	who     string
	limiter *rate.Limiter
}

func newLimits(l Limits) *limits {
	if l.PerPrincipal == 0 {
		l.PerPrincipal = defaultPerPrincipal
	}
	if l.PerAddress == 0 {
		l.PerAddress = defaultPerAddress
	}
	return &limits{perPrincipal: l.PerPrincipal, perAddress: l.PerAddress, buckets: map[string]*list.Element{}, order: list.New()}
}

// wait is how many seconds somebody has to wait before the next request; 0: none.
func (l *limits) wait(who string, perSecond float64) int {
	if perSecond < 0 {
		return 0
	}
	r := l.limiter(who, perSecond).Reserve()
	delay := r.Delay()
	if delay == 0 {
		return 0
	}
	r.Cancel()
	return int(math.Ceil(delay.Seconds()))
}

func (l *limits) limiter(who string, perSecond float64) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.buckets[who]; ok {
		l.order.MoveToFront(e)
		return e.Value.(*bucket).limiter
	}
	b := &bucket{who, rate.NewLimiter(rate.Limit(perSecond), max(1, int(2*perSecond)))}
	l.buckets[who] = l.order.PushFront(b)
	if l.order.Len() > mostBuckets {
		last := l.order.Remove(l.order.Back()).(*bucket)
		delete(l.buckets, last.who)
	}
	return b.limiter
}

// limited answers 429 to who asks too much. Who watches over the service may always ask how it is.
func (s *server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		who, rate := "address "+network(auth.Address(r.Context())), s.limits.perAddress
		if p := auth.From(r.Context()); p.Known() {
			who, rate = p.Via(), s.limits.perPrincipal
		}
		if seconds := s.limits.wait(who, rate); seconds > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			api.WriteTooMany(w, "That was too many requests.", "Wait "+strconv.Itoa(seconds)+" s, then ask more slowly.", api.RequestID(r.Context()))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// network is the address itself, or the /64 of an IPv6 address, of which one machine has them all.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() || ip.Is4In6() {
		return address
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
