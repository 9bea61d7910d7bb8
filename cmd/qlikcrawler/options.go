package main

import (
	"encoding/json"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// runOptions are the options of a connection that steer a crawl rather than its source. Zero values
// are the crawler's defaults.
type runOptions struct {
	Workers         int               `json:"workers"`
	MassRetireLimit connector.Percent `json:"mass_retire_limit"`
}

// crawlOptions reads them from a connection whose source has checked all of its options.
func crawlOptions(conn catalog.Connection) (runOptions, error) {
	var settings struct {
		Options map[string]any `json:"options"`
	}
	if err := json.Unmarshal(conn.Settings, &settings); err != nil {
		return runOptions{}, fmt.Errorf("read the options of connection %s: %w", conn.Code, err)
	}
	var o runOptions
	mine := map[string]any{"workers": settings.Options["workers"], "mass_retire_limit": settings.Options["mass_retire_limit"]}
	if errs := connector.DecodeSettings(mine, &o); len(errs) > 0 {
		return o, fmt.Errorf("connection %s: options: %w", conn.Code, errs)
	}
	return o, nil
}
