package unbuilt

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// maxFolders is how many folders one connection may have.
const maxFolders = 100

// A folder is one that the connection names. Its own name is the first part of what keys say of it; where it
// lies is not, so that a checkout may move.
type folder struct {
	Path string
	Name string
	Key  string // of the connection, where it is named
}

// A config is a connection's settings, checked.
type config struct {
	Code             string
	Folders          []folder
	Include, Exclude connector.Globs
	settings
}

// settings are the keys of a connection file that are the source's, and those of the crawler, so that they
// aren't unknown: it reads them itself.
type settings struct {
	Unbuilt struct {
		Folders []string `json:"folders"`
	} `json:"unbuilt"`
	Options options `json:"options"`

	Retention map[string]any `json:"retention"`
	Admins    map[string]any `json:"admins"`
	Notify    map[string]any `json:"notify"`
	Schedule  map[string]any `json:"schedule"`
}

type options struct {
	IncludeApps     []string          `json:"include_apps"`
	ExcludeApps     []string          `json:"exclude_apps"`
	Workers         int               `json:"workers" min:"1" max:"64"`
	SystemVariables bool              `json:"system_variables"`
	AutoLineage     bool              `json:"auto_lineage"`
	MassRetireLimit connector.Percent `json:"mass_retire_limit"`
	QuietHours      string            `json:"quiet_hours"`
	QVSPath         string            `json:"qvs_path"`
}

// validate tells everything that is wrong with a connection's settings. It looks at no file.
func validate(c catalog.Connection) connector.FieldErrors {
	_, errs := parseConfig(c)
	return errs
}

// parseConfig reads and checks a connection's settings. The config is of use only without errors.
func parseConfig(c catalog.Connection) (config, connector.FieldErrors) {
	cfg := config{Code: c.Code, settings: settings{Options: options{Workers: 4, AutoLineage: true, MassRetireLimit: 50}}}
	keys := map[string]any{}
	if len(c.Settings) > 0 {
		if err := json.Unmarshal(c.Settings, &keys); err != nil {
			return cfg, connector.FieldErrors{{Message: "the settings are no JSON object"}}
		}
	}
	unread := connector.DecodeSettings(keys, &cfg.settings)
	var errs connector.FieldErrors
	if strings.TrimSpace(c.URL) != "" {
		errs.Add("url", "has no meaning here: apps in folders have no address; leave the key out")
	}
	misspelled := slices.ContainsFunc(unread, func(e connector.FieldError) bool { return strings.HasPrefix(e.Path, "unbuilt.") })
	cfg.folders(&errs, misspelled)
	cfg.options(&errs)
	return cfg, connector.Besides(unread, errs)
}

// folders takes the folders. Those that are missing since their key is misspelled are told there.
func (cfg *config) folders(errs *connector.FieldErrors, misspelled bool) {
	const key = "unbuilt.folders"
	given := cfg.Unbuilt.Folders
	switch {
	case len(given) == 0 && !misspelled:
		errs.Add(key, "is missing: name the folders that hold unbuilt apps, such as [/srv/git/qlik-apps]")
	case len(given) > maxFolders:
		errs.Add(key, "has %d folders; at most %d are allowed", len(given), maxFolders)
		return
	}
	for i, text := range given {
		at := fmt.Sprintf("%s[%d]", key, i)
		f := folder{Path: filepath.Clean(text), Name: filepath.Base(filepath.Clean(text)), Key: at}
		if strings.TrimSpace(text) == "" || strings.ContainsRune(text, 0) {
			errs.Add(at, "is no folder")
			continue
		}
		if f.Name == "." || f.Name == ".." || f.Name == string(filepath.Separator) {
			errs.Add(at, "%s has no name of its own, which keys begin with; name a folder such as /srv/git/qlik-apps", text)
			continue
		}
		if why := clash(f, cfg.Folders); why != "" {
			errs.Add(at, "%s", why)
			continue
		}
		cfg.Folders = append(cfg.Folders, f)
	}
}

// clash says why a folder can't stand beside others.
func clash(f folder, others []folder) string {
	for _, o := range others {
		switch {
		case f.Path == o.Path:
			return "is in the list twice"
		case below(f.Path, o.Path) || below(o.Path, f.Path):
			return fmt.Sprintf("%s and %s lie in each other: their apps would be listed twice", f.Path, o.Path)
		case strings.EqualFold(f.Name, o.Name):
			return fmt.Sprintf("is called %s like %s: keys couldn't tell their apps apart; name the folder above both, or make a second connection", f.Name, o.Path)
		}
	}
	return ""
}

func below(inner, outer string) bool {
	return strings.HasPrefix(inner, strings.TrimSuffix(outer, string(filepath.Separator))+string(filepath.Separator))
}

func (cfg *config) options(errs *connector.FieldErrors) {
	for _, x := range []struct {
		key      string
		patterns []string
		into     *connector.Globs
	}{{"options.include_apps", cfg.Options.IncludeApps, &cfg.Include}, {"options.exclude_apps", cfg.Options.ExcludeApps, &cfg.Exclude}} {
		globs, err := connector.NewGlobs(x.patterns)
		if err != nil {
			errs.Add(x.key, "%v", err)
		}
		*x.into = globs
	}
	if _, err := catalog.ParseQuietHours(cfg.Options.QuietHours); err != nil {
		errs.Add("options.quiet_hours", "%v", err)
	}
}
