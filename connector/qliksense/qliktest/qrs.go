package qliktest

import "net/http"

type (
	rowCache       struct{}
	selectionTable struct{}
)

func (s *Server) serveQRS(w http.ResponseWriter, r *http.Request, u *User, path string) {
	plain(w, http.StatusNotFound, "Not Found")
}

func (s *Server) serveEngineREST(w http.ResponseWriter, r *http.Request, vp virtualProxy, rest string) {
	plain(w, http.StatusNotFound, "Not Found")
}
