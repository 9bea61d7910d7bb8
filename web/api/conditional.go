package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// An ETag has two parts, "VERSION.ANSWER". VERSION changes with what can be edited: an edit is held against it alone,
// since what else an answer tells, such as when a crawl runs next, may change at any time. ANSWER changes with
// anything that the answer tells: a GET with If-None-Match needs both. Handlers give the version; register adds
// the rest.

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
		if tag = strings.TrimSpace(tag); tag == "*" || versionOf(tag) == versionOf(current) {
			return nil
		}
	}
	p := newProblem(http.StatusPreconditionFailed, catalog.CodeConflict,
		"Somebody has changed it since you read it.", "Read it again, and edit what it is now.")
	if current != "" {
		p.headers.Set("ETag", current)
	}
	return p
}

// etag is the ETag of something whose every change changes one of the parts: a version, a time.
func etag(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%v\x00", p)
	}
	return `"` + short(h.Sum(nil)) + `"`
}

func short(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:12]) }

// versionOf is the part of an ETag that edits are held against.
func versionOf(tag string) string {
	version, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
	return version
}

type conditionKey struct{}

// withCondition keeps the If-None-Match of a GET.
func withCondition(ctx context.Context, r *http.Request) context.Context {
	tags := r.Header.Values("If-None-Match")
	if r.Method != http.MethodGet || len(tags) == 0 {
		return ctx
	}
	return context.WithValue(ctx, conditionKey{}, strings.Join(tags, ","))
}

// tagged completes the ETag of an answer, if it has one. It gives a notModified if the client has the same already.
func tagged(ctx context.Context, out any) error {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil
	}
	tag, body := v.Elem().FieldByName("ETag"), v.Elem().FieldByName("Body")
	if !tag.IsValid() || !body.IsValid() || tag.String() == "" {
		return nil
	}
	text, err := json.Marshal(body.Interface())
	if err != nil {
		return fmt.Errorf("make an ETag: %w", err)
	}
	sum := sha256.Sum256(text)
	whole := `"` + versionOf(tag.String()) + "." + short(sum[:]) + `"`
	tag.SetString(whole)
	condition, _ := ctx.Value(conditionKey{}).(string)
	for known := range strings.SplitSeq(condition, ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == whole || known == "*" {
			return &notModified{whole}
		}
	}
	return nil
}

// A notModified is the answer to a GET whose client has what it asks for: 304, without a body.
type notModified struct{ tag string }

func (n *notModified) Error() string           { return "not modified" }
func (n *notModified) GetStatus() int          { return http.StatusNotModified }
func (n *notModified) GetHeaders() http.Header { return http.Header{"Etag": {n.tag}} }

// tellConditions writes into the OpenAPI document that a GET with an ETag knows If-None-Match.
func (a *API) tellConditions(o op, out reflect.Type) {
	if _, has := out.FieldByName("ETag"); !has || o.Method != http.MethodGet {
		return
	}
	r := a.registered(o)
	r.Parameters = append(r.Parameters, &huma.Param{
		Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "ETags of answers that you have, separated by commas: if one of them is what the answer would be, it is 304 without a body.",
	})
	r.Responses["304"] = &huma.Response{Description: "You have it already: nothing has changed."}
}
