// Package demo is a Qlik Sense site to look at: the apps of a shop for mountain gear. Three apps
// read databases into QVD files, two make a model of them, and reports in three streams show it;
// two people have apps of their own.
//
// The apps are unbuilt apps in the folder apps; site.json says who owns them and where they are
// published.
package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

//go:embed site.json apps
var files embed.FS

// Site is the demo site. Its first user is an administrator to whom no app is refused. Each call
// makes a site of its own.
//
// It panics if the files in this package are wrong, which its tests would have shown.
func Site() *qliktest.Site {
	site, err := load(files)
	if err != nil {
		panic(err.Error())
	}
	return site
}

// WithGenerated is the demo site with n generated apps besides, with users, streams and
// connections of their own; seed says which ones.
func WithGenerated(n int, seed int64) *qliktest.Site {
	site := Site()
	if n <= 0 {
		return site
	}
	more := qliktest.Generate(qliktest.GenerateOptions{Apps: n, Seed: seed})
	for _, s := range more.Streams {
		if s.ID == qliktest.EveryoneStreamID {
			s.ID, s.Name = qliktest.DeriveID("demo", "generated stream"), "Generated"
		}
	}
	site.Users = append(site.Users, more.Users...)
	site.Streams = append(site.Streams, more.Streams...)
	site.Tags = append(site.Tags, more.Tags...)
	site.CustomPropertyDefinitions = append(site.CustomPropertyDefinitions, more.CustomPropertyDefinitions...)
	for _, c := range more.DataConnections { // names are unique on a site
		if !slices.ContainsFunc(site.DataConnections, func(d *qliktest.DataConnection) bool { return d.Name == c.Name }) {
			site.DataConnections = append(site.DataConnections, c)
		}
	}
	site.ReloadTasks = append(site.ReloadTasks, more.ReloadTasks...)
	site.Apps = append(site.Apps, more.Apps...)
	return site
}

func load(files fs.FS) (*qliktest.Site, error) {
	b, err := fs.ReadFile(files, "site.json")
	if err != nil {
		return nil, fmt.Errorf("demo site: %w", err)
	}
	var plan sitePlan
	if err := json.Unmarshal(b, &plan); err != nil {
		return nil, fmt.Errorf("demo site: site.json: %w", err)
	}
	site := unbuilt.NewSite()
	site.Users, site.Streams = nil, nil
	m := maker{site: site, files: files}
	m.users(plan.Users)
	m.labels(plan.Tags, plan.Properties)
	m.streams(plan.Streams)
	m.connections(plan.Connections)
	m.apps(plan.Apps)
	return site, m.err
}
