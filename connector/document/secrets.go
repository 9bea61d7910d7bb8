package document

import (
	"encoding/json"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// takeSecrets moves secret values out of the settings; references stay.
func takeSecrets(tree map[string]any, paths []string, secrets catalog.Secrets) {
	for _, path := range paths {
		parent, key := at(tree, path)
		value, ok := parent[key].(string)
		if !ok {
			continue
		}
		if value == "" {
			delete(parent, key)
			continue
		}
		if _, reference := connector.SecretReference(value); reference {
			continue
		}
		secrets[path] = catalog.NewSecret(value)
		delete(parent, key)
	}
}

// forgotten are the secrets that the tree has as null, if that means something.
func (r Reader) forgotten(tree map[string]any, paths []string) map[string]bool {
	forget := map[string]bool{}
	for _, path := range paths {
		parent, key := at(tree, path)
		if x, given := parent[key]; given && x == nil {
			forget[path] = r.NullForgets
			delete(parent, key)
		}
	}
	return forget
}

// keepReferences gives a tree the references of the old connection's secrets that it leaves out, where
// their group still stands.
func keepReferences(tree map[string]any, paths []string, old catalog.Connection, given catalog.Secrets, forget map[string]bool) {
	var before map[string]any
	if json.Unmarshal(old.Settings, &before) != nil {
		return // there is no old one
	}
	for _, path := range paths {
		parent, key := at(tree, path)
		text := connector.TextAt(before, path)
		_, reference := connector.SecretReference(text)
		if _, fresh := given[path]; !reference || fresh || parent == nil || parent[key] != nil || forget[path] || rivalGiven(tree, given, path) {
			continue
		}
		parent[key] = text
	}
}

// rivalGiven reports whether the tree gives the secret that takes the place of another: a token and a
// private key exclude each other.
func rivalGiven(tree map[string]any, given catalog.Secrets, path string) bool {
	rival := map[string]string{"jwt.token": "jwt.private_key", "jwt.private_key": "jwt.token"}[path]
	_, fresh := given[rival]
	return fresh || connector.TextAt(tree, rival) != ""
}

// keepSecrets gives a connection the old secrets that the tree leaves out, but for those that don't go
// with what it says (a token beside a private key).
func keepSecrets(conn *catalog.Connection, tree map[string]any, source connector.Source, old catalog.Secrets, forget map[string]bool) {
	for _, path := range source.Secrets {
		_, had := old[path]
		_, given := conn.Secrets[path]
		if parent, key := at(tree, path); parent[key] != nil {
			given = true
		}
		if !had || given || forget[path] {
			continue
		}
		without := len(source.Validate(*conn))
		conn.Secrets[path] = catalog.Secret{}
		if len(source.Validate(*conn)) > without {
			delete(conn.Secrets, path)
		}
	}
}

// Edit tells a store what an edited connection's secrets become: fresh are those with a new value, and
// drop the paths of old ones that it no longer has. All others stay.
func Edit(edited, old catalog.Connection) (fresh catalog.Secrets, drop []string) {
	fresh = catalog.Secrets{}
	for path := range old.Secrets {
		if _, kept := edited.Secrets[path]; !kept {
			drop = append(drop, path)
		}
	}
	for path, value := range edited.Secrets {
		if value.Reveal() != "" {
			fresh[path] = value
		}
	}
	return fresh, drop
}
