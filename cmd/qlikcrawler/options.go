package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// runOptions are the options of a connection that steer a crawl rather than its source. The source has
// checked their form.
type runOptions struct {
	Workers         int
	MassRetireLimit float64
}

func crawlOptions(conn catalog.Connection) (runOptions, error) {
	var s struct {
		Options struct {
			Workers         int    `json:"workers"`
			MassRetireLimit string `json:"mass_retire_limit"`
		} `json:"options"`
	}
	if err := json.Unmarshal(conn.Settings, &s); err != nil {
		return runOptions{}, fmt.Errorf("read the options of connection %s: %w", conn.Code, err)
	}
	o := runOptions{Workers: s.Options.Workers}
	if text := s.Options.MassRetireLimit; text != "" {
		n, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
		if err != nil {
			return o, wrongUse("connection %s: options.mass_retire_limit: %q is not a percentage", conn.Code, text)
		}
		o.MassRetireLimit = n / 100
	}
	return o, nil
}
