package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// runOptions are the options of a connection that steer a crawl rather than its source.
type runOptions struct {
	Workers         int               `json:"workers"`
	MaxSessions     int               `json:"max_sessions"`
	MassRetireLimit connector.Percent `json:"mass_retire_limit"`
	QuietHours      string            `json:"quiet_hours"`
	AutoLineage     bool              `json:"auto_lineage"`
	QVSPath         string            `json:"qvs_path"`
	QVDsPath        string            `json:"qvds_path"`

	quiet catalog.QuietHours
	zone  *time.Location // of quiet
}

// crawlOptions reads them from a connection whose source has checked all of its options.
func crawlOptions(conn catalog.Connection) (runOptions, error) {
	o := runOptions{Workers: 4, MaxSessions: 2, MassRetireLimit: 50, AutoLineage: true} // contract §2
	var settings struct {
		Options map[string]any `json:"options"`
	}
	if err := unmarshalSettings(conn, &settings); err != nil {
		return o, err
	}
	mine := map[string]any{}
	for _, key := range []string{"workers", "max_sessions", "mass_retire_limit", "quiet_hours", "auto_lineage", "qvs_path", "qvds_path"} {
		mine[key] = settings.Options[key]
	}
	if errs := connector.DecodeSettings(mine, &o); len(errs) > 0 {
		return o, fmt.Errorf("connection %s: options: %w", conn.Code, errs)
	}
	var err error
	if o.quiet, err = catalog.ParseQuietHours(o.QuietHours); err != nil {
		return o, fmt.Errorf("connection %s: options.quiet_hours: %w", conn.Code, err)
	}
	return o, nil
}

func unmarshalSettings(conn catalog.Connection, into any) error {
	if len(conn.Settings) == 0 {
		return nil
	}
	if err := json.Unmarshal(conn.Settings, into); err != nil {
		return fmt.Errorf("read the settings of connection %s: %w", conn.Code, err)
	}
	return nil
}

// massRetireLimit is the share of the known apps that may go without being asked.
func (o runOptions) massRetireLimit() *float64 {
	share := float64(o.MassRetireLimit) / 100
	return &share
}

func (o runOptions) limit() catalog.Limit {
	return catalog.Limit{Workers: o.Workers, Sessions: o.MaxSessions}
}
