package qliktest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// GenerateOptions says how big a generated site is. The counts are per app, but for Apps, Streams
// and ChartsPerSheet. Zero is the default in brackets, below zero is none.
type GenerateOptions struct {
	Apps           int   // [0]
	Seed           int64 // the same seed gives the same site
	Streams        int   // [one for every 25 apps]
	Dimensions     int   // [10] master dimensions
	Measures       int   // [10] master measures
	MasterObjects  int   // [3]
	Sheets         int   // [3]
	ChartsPerSheet int   // [5] cells of a sheet; filter panes and containers have children besides
	Variables      int   // [5] made by users; the script makes some more
	ScriptLines    int   // [60] at least so many
}

func (o GenerateOptions) withDefaults() GenerateOptions {
	for _, count := range []struct {
		value    *int
		standard int
	}{
		{&o.Apps, 0},
		{&o.Streams, 1 + o.Apps/25},
		{&o.Dimensions, 10},
		{&o.Measures, 10},
		{&o.MasterObjects, 3},
		{&o.Sheets, 3},
		{&o.ChartsPerSheet, 5},
		{&o.Variables, 5},
		{&o.ScriptLines, 60},
	} {
		*count.value = max(0, cmp.Or(*count.value, count.standard))
	}
	return o
}

// epoch is the day on which generated sites begin.
var epoch = time.Date(2023, 1, 9, 6, 0, 0, 0, time.UTC)

// Generate makes a site of any size, the same one for the same options: extract apps that read
// databases and store QVD files, transform apps between QVD files, and apps that show them. Every
// tenth app is unpublished. What is in an app is a function of the options and the app's number: it is made when
// it is asked for, and kept of few apps at a time, so that a site may have very many.
//
// The first user is an administrator; nothing on the site is refused to him but other people's
// private sheets.
func Generate(o GenerateOptions) *Site {
	o = o.withDefaults()
	g := &generator{o: o, site: &Site{
		BuildVersion:  "31.62.0.0",
		EngineVersion: "12.2056.15",
		MigrationHash: "98d482c3ba4c11e7a3f5c0d8b1e94a7d5c0f2b66",
	}}
	g.salt = fmt.Sprint(o)
	g.common = sync.OnceValue(g.makeCommon)
	g.users()
	g.labels()
	g.streams()
	g.connections()
	for i := range o.Apps {
		g.app(i)
	}
	return g.site
}

// A generator makes one site.
type generator struct {
	o    GenerateOptions
	site *Site

	salt   string             // of content hashes
	common func() commonItems // what is alike in all apps
	recent recentContents
}

// random is a source of numbers for one thing of the site, so that each thing is made alone.
func (g *generator) random(kind, i int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(g.o.Seed), uint64(kind)<<32|uint64(i)))
}

func (g *generator) id(kind string, i int) string {
	return DeriveID("generated", fmt.Sprint(g.o.Seed), kind, fmt.Sprint(i))
}

func (g *generator) users() {
	g.site.Users = []*User{{
		ID: g.id("user", 0), Directory: "ACME", Name: "svc-qlik", Password: "svc-qlik's pässword", DisplayName: "Qlik service account",
		Email: "svc-qlik@acme.example", Roles: []string{"RootAdmin"},
	}}
	for i, name := range people {
		account := accountOf(name)
		g.site.Users = append(g.site.Users, &User{
			ID: g.id("user", i+1), Directory: "ACME", Name: account, DisplayName: name,
			Email: account + "@acme.example", Groups: []string{"Qlik users", departments[i%len(departments)]},
			RemovedExternal: i == len(people)-1, Inactive: i == len(people)-1,
		})
	}
}

func (g *generator) labels() {
	for i, name := range []string{"certified", "daily", "GDPR", "deprecated", "für Vorstand"} {
		g.site.Tags = append(g.site.Tags, &Tag{ID: g.id("tag", i), Name: name})
	}
	g.site.CustomPropertyDefinitions = []*CustomPropertyDefinition{
		{ID: g.id("property", 0), Name: "Department", Description: "Who pays for it", Choices: departments, ObjectTypes: []string{"App", "Stream"}},
		{ID: g.id("property", 1), Name: "Criticality", Choices: []string{"low", "medium", "high"}, ObjectTypes: []string{"App"}},
	}
}

func (g *generator) streams() {
	for i := range g.o.Streams {
		s := &Stream{
			ID: g.id("stream", i), Name: fmt.Sprintf("%s %d", departments[i%len(departments)], i/len(departments)+1),
			Owner: g.site.Users[i%3], Created: epoch.AddDate(0, 0, i), Modified: epoch.AddDate(0, 1, i),
		}
		if i == 0 {
			s.ID, s.Name = EveryoneStreamID, "Everyone"
		}
		if i%4 == 1 {
			s.Tags = g.site.Tags[:1]
			s.CustomProperties = []CustomProperty{{g.site.CustomPropertyDefinitions[0], departments[i%len(departments)]}}
		}
		g.site.Streams = append(g.site.Streams, s)
	}
}

func (g *generator) connections() {
	for i, c := range []DataConnection{
		{Name: "QVD", Type: "folder", ConnectionString: `\\files.acme.example\qvd\`},
		{Name: "ERP (acme_svc-qlik)", Type: "QvOdbcConnectorPackage.exe", ConnectionString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=mssql;host=erp.acme.example;port=1433;db=ERP;"`},
		{Name: "DWH", Type: "QvOdbcConnectorPackage.exe", ConnectionString: `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=postgres;host=dwh.acme.example;port=5432;db=dwh;"`},
	} {
		c.ID, c.Owner, c.Created, c.Modified = g.id("connection", i), g.site.Users[0], epoch, epoch
		g.site.DataConnections = append(g.site.DataConnections, &c)
	}
}

// app adds app number i: what the Repository knows of it; its content comes later.
func (g *generator) app(i int) {
	r := g.random('a', i)
	created := epoch.Add(time.Duration(i) * 37 * time.Minute)
	owner := g.site.Users[1+r.IntN(len(people)-1)]
	a := &App{
		ID: g.id("app", i), Name: appName(i), Description: fmt.Sprintf("%s for %s, app %d.", layerOf(i), subjects[i%len(subjects)], i),
		Owner: owner, ModifiedBy: owner, Created: created, Modified: created.AddDate(0, 0, r.IntN(400)),
		FileSize: int64(100_000 + r.IntN(40_000_000)), StaticByteSize: int64(30_000 + r.IntN(9_000_000)),
		DynamicColor:          fmt.Sprintf("hsla(%d,18%%,43%%,1)", r.IntN(360)),
		SavedInProductVersion: g.site.EngineVersion, MigrationHash: g.site.MigrationHash, AvailabilityStatus: 1,
	}
	a.LastReload = a.Modified.Add(time.Duration(r.IntN(86_400_000)) * time.Millisecond)
	if i%3 == 0 {
		a.Thumbnail = "/appcontent/" + a.ID + "/thumbnail.png"
	}
	if i%10 != 9 && len(g.site.Streams) > 0 {
		a.Stream = g.site.Streams[r.IntN(len(g.site.Streams))]
		a.PublishTime = created.AddDate(0, 0, 3)
	}
	for k, tag := range g.site.Tags {
		if (i+k)%5 == 0 {
			a.Tags = append(a.Tags, tag)
		}
	}
	for k, def := range g.site.CustomPropertyDefinitions {
		if (i+k)%2 == 0 {
			a.CustomProperties = append(a.CustomProperties, CustomProperty{def, def.Choices[r.IntN(len(def.Choices))]})
		}
	}
	a.made = &generated{by: g, number: i}
	g.site.Apps = append(g.site.Apps, a)
	if i%10 != 9 {
		g.task(a, i, r)
	}
}

func (g *generator) task(a *App, i int, r *rand.Rand) {
	const finishedSuccess, finishedFail = 7, 8 // facts B.2
	status := finishedSuccess
	if i%17 == 0 {
		status = finishedFail
	}
	g.site.ReloadTasks = append(g.site.ReloadTasks, &ReloadTask{
		ID: g.id("task", i), Name: "Reload " + a.Name, App: a, Enabled: i%7 != 0,
		Last: &ExecutionResult{
			ID: g.id("execution", i), Status: status, Start: a.LastReload.Add(-time.Duration(5+r.IntN(600)) * time.Second), Stop: a.LastReload,
		},
	})
}
