package ui

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A changeLine is a change with what of its texts differs.
type changeLine struct {
	catalog.ChangeRow
	Before, After string
	Lines         []valueChange // of a column that holds several values, those that changed
}

// A valueChange is one value of several.
type valueChange struct{ Name, Before, After string }

func changeLines(rows []catalog.ChangeRow) []changeLine {
	lines := make([]changeLine, len(rows))
	for i, c := range rows {
		lines[i] = changeLine{ChangeRow: c}
		l := &lines[i]
		if l.Lines = valuesChanged(c.Old, c.New); l.Lines == nil {
			l.Before, l.After = apart(c.Old, c.New)
		}
	}
	return lines
}

// valuesChanged compares two texts of JSON objects, by name; nil if they aren't two, or one was cut.
func valuesChanged(before, after string) []valueChange {
	var a, b map[string]any
	if !strings.HasPrefix(before, "{") || json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(after), &b) != nil {
		return nil
	}
	var all []valueChange
	for name := range merged(a, b) {
		x, y := "", ""
		if v, ok := a[name]; ok {
			x = plain(v)
		}
		if v, ok := b[name]; ok {
			y = plain(v)
		}
		if x != y {
			x, y = apart(x, y)
			all = append(all, valueChange{strings.ReplaceAll(name, "_", " "), x, y})
		}
	}
	slices.SortFunc(all, func(x, y valueChange) int { return strings.Compare(x.Name, y.Name) })
	return all
}

func merged(a, b map[string]any) map[string]bool {
	names := map[string]bool{}
	for n := range a {
		names[n] = true
	}
	for n := range b {
		names[n] = true
	}
	return names
}

// around is how many letters stand around what differs between two long texts; shown, how many of a text
// are shown.
const (
	around   = 40
	shown    = 160
	longText = 80 // shorter ones are shown whole
)

// apart gives what differs between two texts, with some letters around it.
func apart(before, after string) (string, string) {
	a, b := []rune(before), []rune(after)
	if len(a) <= longText && len(b) <= longText || len(a) == 0 || len(b) == 0 {
		return short(shown, before), short(shown, after)
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	from := max(0, head-around)
	cut := func(r []rune) string {
		to := min(len(r), max(from, len(r)-tail)+around)
		text := short(shown, string(r[from:to]))
		if from > 0 {
			text = "…" + text
		}
		if to < len(r) && !strings.HasSuffix(text, "…") {
			text += "…"
		}
		return text
	}
	return cut(a), cut(b)
}

// changesOf are the last changes of a thing itself.
func (u *UI) changesOf(r *http.Request, key catalog.Key) ([]changeLine, error) {
	q := under(r, "key", key, 200)
	q.Sort = []catalog.Order{{Column: "id", Descending: true}}
	rows, err := items(u.Catalog.Changes(r.Context(), q))
	return changeLines(rows), err
}

// A changesPage is what templates/changes.html shows.
type changesPage struct {
	Changes     []changeLine
	Names       map[catalog.Key]catalog.Name
	Chosen      url.Values
	Next, First string
}

// changes lists what crawls found changed, the newest first.
func (u *UI) changes(w http.ResponseWriter, r *http.Request) error {
	chosen := r.URL.Query()
	q := catalog.Query{Scope: scopeOf(r), Limit: listLimit, Cursor: chosen.Get("cursor"), Sort: []catalog.Order{{Column: "id", Descending: true}}}
	for _, name := range []string{"connection", "what", "run", "column_name"} {
		if v := strings.TrimSpace(chosen.Get(name)); v != "" {
			q.Filters = append(q.Filters, catalog.Filter{Column: name, Op: catalog.Equals, Values: []string{v}})
		}
	}
	if key := chosen.Get("key"); key != "" { // and what stands under it
		q.Filters = append(q.Filters, catalog.Filter{Column: "key", Op: catalog.Contains, Values: []string{key}})
	}
	p, err := u.Catalog.Changes(r.Context(), q)
	if err != nil {
		return err
	}
	var keys []catalog.Key
	for _, c := range p.Items {
		keys = append(keys, c.Key)
	}
	d := changesPage{Changes: changeLines(p.Items), Chosen: chosen}
	if d.Names, err = u.Catalog.Names(r.Context(), scopeOf(r), keys); err != nil {
		return err
	}
	if p.Next != "" {
		d.Next = changed(r.URL, "cursor", p.Next)
	}
	if chosen.Get("cursor") != "" {
		d.First = changed(r.URL, "cursor", "")
	}
	return u.show(w, r, page{Template: "changes", Title: "Changes", Nav: "changes", Data: d})
}
