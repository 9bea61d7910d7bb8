package qliktest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// serveEngineREST answers /api/v1/apps/{id}/data/metadata and …/data/lineage, which the Engine
// answers from the stored app without opening it; no xrfkey is needed (facts B.9).
func (s *Server) serveEngineREST(w http.ResponseWriter, r *http.Request, vp virtualProxy, rest string) {
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if len(parts) != 6 || !strings.EqualFold(strings.Join(parts[:3], "/"), "api/v1/apps") || parts[4] != "data" ||
		parts[5] != "metadata" && parts[5] != "lineage" {
		s.note(r, "/api/{unknown}")
		if s.enter(w, r, vp) != nil {
			plain(w, http.StatusNotFound, "Not Found")
		}
		return
	}
	id, what := parts[3], parts[5]
	s.note(r, "/api/v1/apps/{id}/data/"+what)
	x := s.enter(w, r, vp)
	if x == nil {
		return
	}
	pause(r.Context(), s.options.Latency.REST)
	if s.strike(w, r, id) {
		return
	}
	body, status := s.stored(x.user, id, what)
	if status != http.StatusOK {
		plain(w, status, http.StatusText(status))
		return
	}
	if what == "metadata" && s.has(id, MetadataBroken) {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = s.body(w, r, id).Write(body)
}

// stored gives what the last reload stored with the app, or how it is refused. An app that was never
// reloaded here has nothing. Lineage needs the right to reload, as on the Engine (facts C.6).
func (s *Server) stored(u *User, id, what string) (body []byte, status int) {
	status = http.StatusNotFound
	s.view(func(site *Site) {
		a := site.FindApp(id)
		if a == nil || !site.Can(u, Read, a) || s.has(id, MetadataMissing) || a.inside().Metadata == nil {
			return
		}
		switch {
		case what == "metadata":
			body, status = append(body, a.inside().Metadata...), http.StatusOK
		case !site.Can(u, Reload, a):
			status = http.StatusForbidden
		default:
			body, status = lineageJSON(a.inside().Lineage), http.StatusOK
		}
	})
	return body, status
}

// lineageJSON is the REST shape of lineage; an empty statement is left out.
func lineageJSON(items []LineageItem) []byte {
	type item struct {
		Discriminator string `json:"discriminator"`
		Statement     string `json:"statement,omitempty"`
	}
	list := make([]item, len(items))
	for i, x := range items {
		list[i] = item(x)
	}
	b, _ := json.Marshal(list) // strings can always be encoded
	return b
}
