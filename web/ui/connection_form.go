package ui

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A form is made of the fields that a source describes, and read back the same way: a key that a source
// gets tomorrow is in it without a change here.
type form struct {
	Sections []section
	General  []string // what is wrong with no field of the form
	Secrets  bool     // a secret was typed, and is not shown again
}

// A section is a group of inputs with a heading.
type section struct {
	ID, Title, Help string
	When            string // the authentication that it belongs to; "": all
	Chosen          bool   // shown first; another way to log in is chosen otherwise
	Inputs, More    []input
	Open            bool // one of More has something to show
}

// An input is one field as the page shows it.
type input struct {
	catalog.Field
	ID      string
	Value   string   // as it is written
	Picked  []string // of a list with choices
	Kept    bool     // a secret is stored
	Marked  bool     // must be given
	Locked  bool     // never changes
	Proves  bool     // a change of it makes a check necessary
	Errors  []string
	Options []string
}

// On reports whether a switch is on.
func (i input) On() bool { return i.Value == "true" }

// Placeholder is what stands in an empty input.
func (i input) Placeholder() string {
	switch {
	case i.Kept:
		return "kept: leave empty to keep it"
	case i.Example != "":
		return i.Example
	case i.Default != nil && i.Kind != catalog.KindSwitch && i.Kind != catalog.KindChoice:
		return fmt.Sprint(i.Default)
	}
	return ""
}

// A formPlan says which keys are in which section.
type formPlan struct {
	ID, Title, Help string
	Groups          []string // "jwt": its keys; "name": the key itself
	When            string
}

// connectPlan is how one gets in; settingsPlan is the rest. What is in neither (the schedule) has a page of
// its own.
var (
	connectPlan = []formPlan{
		{ID: "about", Title: "About", Groups: []string{"name", "code", "type", "environment", "description"}},
		{ID: "address", Title: "Address", Groups: []string{"url", "link_url", "alias_host_name"}},
		{ID: "folders", Title: "Folders", Groups: []string{"unbuilt"}},
		{ID: "login", Title: "Log in", Groups: []string{"authentication"}},
		{ID: "jwt", Title: "JWT", Groups: []string{"jwt"}, When: "jwt"},
		{ID: "windows", Title: "Windows account", Groups: []string{"windows"}, When: "windows"},
		{ID: "header", Title: "Header", Groups: []string{"header"}, When: "header"},
		{ID: "certificate", Title: "Certificate", Groups: []string{"certificate"}, When: "certificate"},
		{ID: "tls", Title: "TLS", Groups: []string{"tls"}, Help: "Only where the server's certificate isn't signed by an authority that this machine trusts."},
		{ID: "proxy", Title: "Proxy", Groups: []string{"proxy"}},
	}
	settingsPlan = []formPlan{
		{ID: "access", Title: "Access instructions", Groups: []string{"access_instructions"}},
		{ID: "crawler", Title: "Crawler", Groups: []string{"options"}},
		{ID: "governance", Title: "Governance", Groups: []string{"governance"}},
		{ID: "notify", Title: "Notifications", Groups: []string{"notify"}},
		{ID: "retention", Title: "How long the past is kept", Groups: []string{"retention"}},
	}
	grantsPlan = formPlan{
		ID: "admins", Title: "Administrators of this connection", Groups: []string{"admins"},
		Help: "Users who hold a role here, whatever their role is elsewhere. Only security administrators change this.",
	}
)

// settingGroups are the groups of keys that say nothing of how to get in.
var settingGroups = []string{"options", "retention", "access_instructions", "governance", "notify", "admins", "schedule", "name", "code", "environment", "description", "link_url"}

func groupOf(path string) string {
	group, _, _ := strings.Cut(path, ".")
	return group
}

// planned are the fields of a plan.
func planned(fields []catalog.Field, plan []formPlan) []catalog.Field {
	var out []catalog.Field
	for _, p := range plan {
		for _, f := range fields {
			if slices.Contains(p.Groups, groupOf(f.Path)) {
				out = append(out, f)
			}
		}
	}
	return out
}

// A filling is what the inputs of a form show.
type filling struct {
	Keys    map[string]any // of the connection, without secrets
	Secrets []string       // paths of those that are stored
	Typed   url.Values     // what was sent; nil: nothing yet
	Errors  catalog.FieldErrors
	Edit    bool // of a connection that is there
}

// newForm makes the page's form of a plan.
func newForm(fields []catalog.Field, plan []formPlan, fill filling) form {
	var f form
	auth := fill.text(catalog.Field{Path: "authentication"})
	if auth == "" {
		auth = firstChoice(fields, "authentication")
	}
	byPath := fill.errorsByPath(fields)
	for _, p := range plan {
		s := section{ID: p.ID, Title: p.Title, Help: p.Help, When: p.When, Chosen: p.When == "" || p.When == auth}
		for _, field := range fields {
			if !slices.Contains(p.Groups, groupOf(field.Path)) {
				continue
			}
			i := fill.input(field, auth)
			i.Errors = byPath[field.Path]
			delete(byPath, field.Path)
			f.Secrets = f.Secrets || field.Secret && fill.Typed.Get(field.Path) != ""
			if field.Advanced {
				s.More = append(s.More, i)
				s.Open = s.Open || len(i.Errors) > 0 || i.Kept || fill.stored(field.Path) != nil
			} else {
				s.Inputs = append(s.Inputs, i)
			}
		}
		if len(s.Inputs)+len(s.More) > 0 {
			f.Sections = append(f.Sections, s)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		for _, text := range byPath[path] {
			f.General = append(f.General, strings.TrimPrefix(path+": "+text, ": "))
		}
	}
	return f
}

func firstChoice(fields []catalog.Field, path string) string {
	for _, f := range fields {
		if f.Path == path && len(f.Choices) > 0 {
			return f.Choices[0]
		}
	}
	return ""
}

// errorsByPath puts each error to the field that it is about: that of its path, or the one above it.
func (fill filling) errorsByPath(fields []catalog.Field) map[string][]string {
	out := map[string][]string{}
	for _, e := range fill.Errors {
		best, _, _ := strings.Cut(e.Path, "[")
		for _, f := range fields {
			if strings.HasPrefix(best, f.Path+".") {
				best = f.Path
			}
		}
		text := e.Message
		if e.Cure != "" {
			text += " " + e.Cure
		}
		out[best] = append(out[best], text)
	}
	return out
}

func (fill filling) stored(path string) any {
	var x any = fill.Keys
	for part := range strings.SplitSeq(path, ".") {
		m, ok := x.(map[string]any)
		if !ok {
			return nil
		}
		x = m[part]
	}
	return x
}

func (fill filling) input(f catalog.Field, auth string) input {
	i := input{Field: f, ID: "f-" + strings.NewReplacer(".", "-", "_", "-").Replace(f.Path), Options: f.Choices}
	i.Proves = !slices.Contains(settingGroups, groupOf(f.Path))
	i.Kept = f.Secret && (slices.Contains(fill.Secrets, f.Path) || fill.stored(f.Path) != nil)
	i.Marked = f.Required || slices.Contains(f.RequiredWhen, auth) || f.When != "" && slices.Contains(f.RequiredWhen, f.When)
	i.Locked = f.Fixed && fill.Edit
	if !f.Secret {
		i.Value, i.Picked = fill.text(f), fill.picked(f)
	}
	return i
}

// text is what an input shows: what was typed, what is stored, or the default.
func (fill filling) text(f catalog.Field) string {
	if fill.Typed != nil {
		if f.Kind == catalog.KindSwitch {
			return strconv.FormatBool(fill.Typed.Has(f.Path))
		}
		return fill.Typed.Get(f.Path)
	}
	x := fill.stored(f.Path)
	if x == nil && (f.Kind == catalog.KindSwitch || f.Kind == catalog.KindChoice) {
		x = f.Default
	}
	return written(x)
}

// written is a value as it stands in an input: lists and mappings one a line.
func written(x any) string {
	switch v := x.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		return strings.Join(lines(v), "\n")
	case []string:
		return strings.Join(v, "\n")
	case map[string]any:
		var all []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, name+": "+written1(v[name]))
		}
		return strings.Join(all, "\n")
	}
	return written1(x)
}

// written1 is a value on one line.
func written1(x any) string {
	if s, ok := x.(string); ok {
		return s
	}
	b, err := json.Marshal(x)
	if err != nil {
		return fmt.Sprint(x)
	}
	return string(b)
}

func lines(list []any) []string {
	out := make([]string, len(list))
	for n, x := range list {
		out[n] = written1(x)
	}
	return out
}

func (fill filling) picked(f catalog.Field) []string {
	if f.Kind != catalog.KindList || len(f.Choices) == 0 {
		return nil
	}
	if fill.Typed != nil {
		return fill.Typed[f.Path]
	}
	switch v := fill.stored(f.Path).(type) {
	case []any:
		return lines(v)
	case []string:
		return v
	}
	all, _ := f.Default.([]string)
	return all
}
