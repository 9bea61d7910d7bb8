package api

import (
	"fmt"
	"net/http"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// missing is a 404: it names what wasn't found, and says where to look. What may not be seen and what isn't there can't
// be told apart.
func missing(what, cure string) *Problem {
	return newProblem(http.StatusNotFound, catalog.CodeNotFound, "There is no "+what+", or you may not see it.", cure)
}

// unfound is an error of a store, which is the 404 where it says that something isn't there.
func unfound(err error, what, cure string) error {
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		return err
	}
	return missing(what, cure)
}

// listed is the cure of a key that nothing has: the list that has them.
func listed(things, path string) string {
	return fmt.Sprintf("List the %s that you may see with GET %s%s, or look for it with GET %s/search?q=.", things, Prefix, path, Prefix)
}

// unfoundKey is the error of a thing that was asked for by its key, and that a list has.
func unfoundKey(err error, what, key, path string) error {
	return unfound(err, fmt.Sprintf("%s with the key %q", what, key), listed("keys", path))
}

func unknownConnection(code string) *Problem {
	return missing(fmt.Sprintf("connection %q", code), "List the connections that you may see with GET "+Prefix+"/connections.")
}

// unfoundConnection is the error of what was asked of a connection.
func unfoundConnection(err error, code string) error {
	if catalog.CodeOf(err) != catalog.CodeNotFound {
		return err
	}
	return unknownConnection(code)
}
