// Package qrs is a read-only client of the Qlik Sense Repository Service (QRS), and of the few other
// REST addresses that a proxy answers on the same host. It knows the wire; what the answers mean for
// a catalog is its caller's business.
//
// It never follows redirects (a redirect is how the proxy says that nobody is logged in, facts G 4),
// never takes a page of HTML for an answer (facts G 3), and never cuts a listing short silently.
package qrs
