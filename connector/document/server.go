package document

import (
	"net/url"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// Redirected gives the keys by which an edit sends a connection's login to another server, or no longer makes
// sure which one it is. None for a new connection.
func Redirected(old catalog.Connection, tree map[string]any, source connector.Source) []string {
	before, err := Tree(old)
	if err != nil || old.Code == "" {
		return nil
	}
	var changed []string
	if server(connector.TextAt(before, "url")) != server(connector.TextAt(tree, "url")) {
		changed = append(changed, "url")
	}
	for _, path := range source.Server {
		was, is := valueAt(before, path), valueAt(tree, path)
		if _, isFlag := is.(bool); isFlag {
			if is == true && was != true {
				changed = append(changed, path)
			}
			continue
		}
		if connector.TextAt(before, path) != connector.TextAt(tree, path) {
			changed = append(changed, path)
		}
	}
	return changed
}

// server is the part of an address that says which server it is of: a path on it doesn't matter.
func server(address string) string {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}

func valueAt(tree map[string]any, path string) any {
	parent, key := at(tree, path)
	return parent[key]
}

// leftBehind refuses an edit that would send secrets which it doesn't give itself to another server: who may
// edit a connection need not know them. kept are their paths.
func leftBehind(changed, kept []string) connector.FieldErrors {
	var errs connector.FieldErrors
	if len(changed) == 0 {
		return nil
	}
	what := strings.Join(changed, " and ")
	for _, path := range kept {
		errs.Add(path, "must be given again, since %s changes: a stored secret doesn't go to another server; give it, or put %s back", what, what)
	}
	return errs
}

// keptOf are the secrets of a connection that go to its server and that the edit in given didn't give: stored
// ones, and references that the tree got from the old connection.
func keptOf(conn catalog.Connection, given, own map[string]any, source connector.Source) []string {
	var kept []string
	for _, path := range source.Sent {
		s, has := conn.Secrets[path]
		stored := has && s.Reveal() == ""
		reference := connector.TextAt(own, path) != "" && connector.TextAt(given, path) == ""
		if stored || reference {
			kept = append(kept, path)
		}
	}
	return kept
}
