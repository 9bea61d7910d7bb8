package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// IfMatch is embedded in the input of an edit. The edit must be conditional in the store, too, or two
// edits at once may both pass: give the version that was compared to the statement that writes.
//
//	if err := in.unless(etag(user.Version)); err != nil { return nil, err }
type IfMatch struct {
	IfMatch []string `header:"If-Match" doc:"ETags of what was read: the edit is refused if it has changed since. Left out: the edit is made whatever has happened."`
}

// unless is the problem to return if the thing isn't any more what the client has read.
func (m IfMatch) unless(current string) error {
	if len(m.IfMatch) == 0 {
		return nil
	}
	for _, tag := range m.IfMatch {
		if tag = strings.TrimSpace(tag); tag == current || tag == "*" {
			return nil
		}
	}
	p := newProblem(http.StatusPreconditionFailed, catalog.CodeConflict,
		"Somebody has changed it since you read it.", "Read it again, and edit what it is now.")
	p.headers.Set("ETag", current)
	return p
}

// etag is the ETag of something whose every change changes one of the parts: a version, a time.
func etag(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%v\x00", p)
	}
	sum := h.Sum(nil)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}
