package document

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// The keys of this file belong to no source either, and are kept among a connection's settings.

// sharedKeys are their forms.
type sharedKeys struct {
	Retention retentionKeys  `json:"retention"`
	Admins    catalog.Admins `json:"admins"`
	Notify    notifyKeys     `json:"notify"`
}

type retentionKeys struct {
	Runs    string `json:"runs"`
	Changes string `json:"changes"`
	Retired string `json:"retired"`
}

type notifyKeys struct {
	Recipients []string `json:"recipients"`
	Webhooks   []string `json:"webhooks"`
	On         []string `json:"on"`
}

// forever is what a retention says that has no end.
const forever = "forever"

// minRetention keeps a slip of the pen from emptying the history.
const minRetention = 24 * time.Hour

func sharedDefaults() sharedKeys {
	on := make([]string, len(catalog.Events))
	for i, e := range catalog.Events {
		on[i] = string(e)
	}
	return sharedKeys{
		Retention: retentionKeys{Runs: "90d", Changes: forever, Retired: forever},
		Notify:    notifyKeys{On: on},
	}
}

// readShared decodes the shared keys of a tree. Keys that it doesn't know are the source's.
func readShared(tree map[string]any) (sharedKeys, connector.FieldErrors) {
	keys := sharedDefaults()
	mine := map[string]any{}
	for _, k := range []string{"retention", "admins", "notify"} {
		if x, ok := tree[k]; ok {
			mine[k] = x
		}
	}
	errs := connector.DecodeSettings(mine, &keys)
	return keys, errs
}

// checkShared tells everything that is wrong with the shared keys.
func checkShared(tree map[string]any) connector.FieldErrors {
	keys, errs := readShared(tree)
	for _, r := range []struct{ path, text string }{
		{"retention.runs", keys.Retention.Runs}, {"retention.changes", keys.Retention.Changes}, {"retention.retired", keys.Retention.Retired},
	} {
		if _, why := keepFor(r.text); why != "" {
			errs.Add(r.path, "%s", why)
		}
	}
	checkNames(&errs, "admins.integration", keys.Admins.Integration)
	checkNames(&errs, "admins.security", keys.Admins.Security)
	keys.Notify.check(&errs)
	return errs
}

// told says whether something is told of a key already.
func told(errs connector.FieldErrors, path string) bool {
	return slices.ContainsFunc(errs, func(e catalog.FieldError) bool { return e.Path == path })
}

// addNew notes what is wrong with an entry of a list, unless it is of the wrong kind altogether.
func addNew(errs *connector.FieldErrors, path, why string) {
	if !told(*errs, path) {
		errs.Add(path, "%s", why)
	}
}

// keepFor reads a retention; 0 is for ever. why says what is wrong.
func keepFor(text string) (d time.Duration, why string) {
	if text == forever {
		return 0, ""
	}
	d, err := connector.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Sprintf("%q is no time to keep things; write 90d, 52w or forever", text)
	case d < minRetention:
		return 0, "must be at least 1d, or forever"
	}
	return d, ""
}

// checkNames checks a list of user names.
func checkNames(errs *connector.FieldErrors, path string, names []string) {
	for i, name := range names {
		switch {
		case strings.TrimSpace(name) == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' }):
			addNew(errs, fmt.Sprintf("%s[%d]", path, i), "must be a user name, without spaces")
		case slices.Contains(names[:i], name):
			addNew(errs, fmt.Sprintf("%s[%d]", path, i), name+" is in the list twice")
		}
	}
}

// maxTargets is how many people or programs a connection may tell.
const maxTargets = 50

func (n notifyKeys) check(errs *connector.FieldErrors) {
	for _, list := range []struct {
		path  string
		items []string
		wrong func(string) string
	}{{"notify.recipients", n.Recipients, wrongRecipient}, {"notify.webhooks", n.Webhooks, wrongWebhook}, {"notify.on", n.On, wrongEvent}} {
		if len(list.items) > maxTargets {
			errs.Add(list.path, "has %d entries; at most %d are allowed", len(list.items), maxTargets)
			continue
		}
		for i, item := range list.items {
			why := list.wrong(item)
			if why == "" && slices.Contains(list.items[:i], item) {
				why = "is in the list twice"
			}
			if why != "" {
				addNew(errs, fmt.Sprintf("%s[%d]", list.path, i), why)
			}
		}
	}
}

func wrongRecipient(text string) string {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || strings.ContainsAny(text, "\r\n") {
		return "is no mail address; write it as anna@example.com"
	}
	return ""
}

// wrongWebhook never repeats the address: there may be a key in it.
func wrongWebhook(text string) string {
	if _, ok := connector.SecretReference(text); ok {
		return connector.CheckReference(text)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "is no address; write it as https://hooks.example.com/qlik, or as a reference to it, such as env:QLIK_WEBHOOK"
	case u.User != nil:
		return "holds a user name or password; messages are signed instead"
	case u.Fragment != "":
		return "has something after #; leave that out"
	}
	return ""
}

func wrongEvent(text string) string {
	for _, e := range catalog.Events {
		if text == string(e) {
			return ""
		}
	}
	return fmt.Sprintf("%q is no event; known are added, changed, retired and failed", text)
}

// sharedOf reads the shared keys of a stored connection.
func sharedOf(conn catalog.Connection) (sharedKeys, error) {
	tree := map[string]any{}
	if len(conn.Settings) > 0 {
		if err := json.Unmarshal(conn.Settings, &tree); err != nil {
			return sharedKeys{}, fmt.Errorf("read the settings of connection %s: %w", conn.Code, err)
		}
	}
	keys, errs := readShared(tree)
	if len(errs) > 0 {
		return keys, fmt.Errorf("connection %s: %w", conn.Code, errs)
	}
	return keys, nil
}

// AdminsOf tells who holds a role on a stored connection only.
func AdminsOf(conn catalog.Connection) (catalog.Admins, error) {
	keys, err := sharedOf(conn)
	return keys.Admins, err
}

// RetentionOf tells how long a stored connection's past is kept.
func RetentionOf(conn catalog.Connection) (catalog.Retention, error) {
	keys, err := sharedOf(conn)
	if err != nil {
		return catalog.Retention{}, err
	}
	var r catalog.Retention
	for _, x := range []struct {
		text string
		into *time.Duration
	}{{keys.Retention.Runs, &r.Runs}, {keys.Retention.Changes, &r.Changes}, {keys.Retention.Retired, &r.Retired}} {
		d, why := keepFor(x.text)
		if why != "" {
			return catalog.Retention{}, fmt.Errorf("connection %s: retention: %s", conn.Code, why)
		}
		*x.into = d
	}
	return r, nil
}

// NotifyOf tells who wants to know of a stored connection's crawls.
func NotifyOf(conn catalog.Connection) (catalog.Notify, error) {
	keys, err := sharedOf(conn)
	n := catalog.Notify{Recipients: keys.Notify.Recipients, Webhooks: keys.Notify.Webhooks}
	for _, e := range keys.Notify.On {
		n.On = append(n.On, catalog.Event(e))
	}
	return n, err
}
