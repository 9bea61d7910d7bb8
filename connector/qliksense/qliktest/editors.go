package qliktest

// Edit changes the site while it runs: nobody reads it meanwhile. It moves no dates; the named
// editors do. f must not call other methods of the Server.
func (s *Server) Edit(f func(*Site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.site)
	s.stamp++
}
