package notify

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Links make links to the pages of this service.
type Links struct {
	Base string // QLIKCRAWLER_PUBLIC_URL; "": there are none
}

// of are the links of a digest.
func (l Links) of(d catalog.Digest) map[string]string {
	if l.Base == "" {
		return nil
	}
	return map[string]string{"connection": l.Connection(d), "run": l.Run(d)}
}

// Connection is the page of a digest's connection.
func (l Links) Connection(d catalog.Digest) string {
	return l.to("/connections/" + url.PathEscape(d.Connection.Code))
}

// Run is the page of a digest's crawl.
func (l Links) Run(d catalog.Digest) string { return l.to(fmt.Sprintf("/crawls/%d", d.Run.ID)) }

// Item is the page of an app in the catalog.
func (l Links) Item(i catalog.DigestItem) string {
	return l.to("/report?key=" + url.QueryEscape(string(i.Key)))
}

func (l Links) to(path string) string {
	if l.Base == "" {
		return ""
	}
	return strings.TrimRight(l.Base, "/") + path
}

//go:embed templates
var templates embed.FS

// A view is what the templates see.
type view struct {
	catalog.Digest
	Subject  string
	Sections []section
	Links    Links
}

// A section is the apps that one event is about.
type section struct {
	Title string
	Count int
	Items []catalog.DigestItem
	More  int // apps that aren't named
}

var titles = map[catalog.Event]string{
	catalog.OnAdded: "Added", catalog.OnChanged: "Changed", catalog.OnRetired: "Retired", catalog.OnFailed: "Failed",
}

var functions = map[string]any{
	"when": func(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 MST") },
	"rows": rows,
}

// rows says in words how many rows of an app changed.
func rows(r *catalog.RowChanges) string {
	if r == nil {
		return ""
	}
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{r.Added, "added"}, {r.Changed, "changed"}, {r.Retired, "retired"}, {r.Restored, "restored"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "rows: " + strings.Join(parts, ", ")
}

func viewOf(d catalog.Digest, l Links) view {
	v := view{Digest: d, Subject: subject(d), Links: l}
	for _, e := range []catalog.Event{catalog.OnFailed, catalog.OnAdded, catalog.OnChanged, catalog.OnRetired} {
		items := d.Items[e]
		if len(items) > 0 {
			v.Sections = append(v.Sections, section{titles[e], d.Counts[e], items, d.Counts[e] - len(items)})
		}
	}
	return v
}

// subject says the most in a line.
func subject(d catalog.Digest) string {
	name := oneLine(d.Connection.Name)
	if d.Connection.Environment != "" {
		name += " (" + oneLine(d.Connection.Environment) + ")"
	}
	if d.Run.State == catalog.Failed {
		return name + ": the crawl failed"
	}
	var parts []string
	for _, e := range catalog.Events {
		if n := d.Counts[e]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, e))
		}
	}
	return name + ": " + strings.Join(parts, ", ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// message writes a mail (RFC 5322) with a text and an HTML part.
func (m *Mailer) message(n catalog.Notification) ([]byte, error) {
	v := viewOf(n.Digest, m.links)
	text, err := texttemplate.New("digest.txt").Funcs(functions).ParseFS(templates, "templates/digest.txt")
	if err != nil {
		return nil, err
	}
	html, err := htmltemplate.New("digest.html").Funcs(functions).ParseFS(templates, "templates/digest.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	if err := parts.SetBoundary(boundary(n.ID)); err != nil {
		return nil, err
	}
	m.head(&b, n, v.Subject, parts.Boundary())
	for _, p := range []struct {
		typ string
		run func(*bytes.Buffer) error
	}{
		{"text/plain", func(w *bytes.Buffer) error { return text.Execute(w, v) }},
		{"text/html", func(w *bytes.Buffer) error { return html.Execute(w, v) }},
	} {
		var body bytes.Buffer
		if err := p.run(&body); err != nil {
			return nil, err
		}
		if err := writePart(parts, p.typ, body.Bytes()); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (m *Mailer) head(b *bytes.Buffer, n catalog.Notification, subject, boundary string) {
	_, host, _ := strings.Cut(m.from.Address, "@")
	to := mail.Address{Address: n.Target}
	for _, line := range [][2]string{
		{"From", m.from.String()},
		{"To", to.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", m.now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + n.ID + "@" + host + ">"}, // the same on every attempt
		{"Auto-Submitted", "auto-generated"},
		{"X-Qlikcrawler-Run", fmt.Sprint(n.Run)},
		{"MIME-Version", "1.0"},
		{"Content-Type", `multipart/alternative; boundary="` + boundary + `"`},
	} {
		fmt.Fprintf(b, "%s: %s\r\n", line[0], line[1])
	}
	b.WriteString("\r\n")
}

// boundary is the same for the same notification, and in no text.
func boundary(id string) string {
	sum := sha256.Sum256([]byte("boundary " + id))
	return hex.EncodeToString(sum[:20])
}

func writePart(parts *multipart.Writer, typ string, body []byte) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type": {typ + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(w)
	if _, err := q.Write(body); err != nil {
		return err
	}
	return q.Close()
}
