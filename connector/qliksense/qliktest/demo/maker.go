package demo

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/unbuilt"
)

// A maker turns plans into a site. It keeps the first error: a name in site.json that nothing has.
type maker struct {
	site  *qliktest.Site
	files fs.FS
	err   error
}

func (m *maker) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf("demo site: "+format, args...)
	}
}

func id(kind, name string) string { return qliktest.DeriveID("demo", kind, name) }

func (m *maker) users(plans []userPlan) {
	for _, p := range plans {
		directory, name, _ := strings.Cut(p.Account, `\`)
		m.site.Users = append(m.site.Users, &qliktest.User{
			ID: id("user", p.Account), Directory: directory, Name: name, DisplayName: p.Name, Email: p.Email,
			Password: name + "'s password", Groups: p.Groups, Roles: p.Roles, Inactive: p.Removed, RemovedExternal: p.Removed,
		})
	}
}

func (m *maker) user(account string) *qliktest.User {
	directory, name, _ := strings.Cut(account, `\`)
	u := m.site.FindUser(directory, name)
	if u == nil {
		m.fail("no user %s", account)
	}
	return u
}

func (m *maker) userList(accounts []string) []*qliktest.User {
	list := []*qliktest.User{}
	for _, a := range accounts {
		list = append(list, m.user(a))
	}
	return list
}

func (m *maker) labels(tags []string, properties []propertyPlan) {
	for _, name := range tags {
		m.site.Tags = append(m.site.Tags, &qliktest.Tag{ID: id("tag", name), Name: name})
	}
	for _, p := range properties {
		m.site.CustomPropertyDefinitions = append(m.site.CustomPropertyDefinitions, &qliktest.CustomPropertyDefinition{
			ID: id("property", p.Name), Name: p.Name, Description: p.Description, Choices: p.Choices, ObjectTypes: p.ObjectTypes,
		})
	}
}

func (m *maker) tags(names []string) []*qliktest.Tag {
	var list []*qliktest.Tag
	for _, name := range names {
		i := slices.IndexFunc(m.site.Tags, func(t *qliktest.Tag) bool { return t.Name == name })
		if i < 0 {
			m.fail("no tag %s", name)
			continue
		}
		list = append(list, m.site.Tags[i])
	}
	return list
}

func (m *maker) properties(values map[string][]string) []qliktest.CustomProperty {
	var list []qliktest.CustomProperty
	for _, name := range slices.Sorted(maps.Keys(values)) {
		definitions := m.site.CustomPropertyDefinitions
		i := slices.IndexFunc(definitions, func(d *qliktest.CustomPropertyDefinition) bool { return d.Name == name })
		if i < 0 {
			m.fail("no custom property %s", name)
			continue
		}
		for _, v := range values[name] {
			if !slices.Contains(definitions[i].Choices, v) {
				m.fail("custom property %s has no value %s", name, v)
			}
			list = append(list, qliktest.CustomProperty{Definition: definitions[i], Value: v})
		}
	}
	return list
}

func (m *maker) streams(plans []streamPlan) {
	for _, p := range plans {
		s := &qliktest.Stream{
			ID: p.ID, Name: p.Name, Owner: m.user(p.Owner), Created: p.Created, Modified: p.Created,
			Tags: m.tags(p.Tags), CustomProperties: m.properties(p.Properties),
		}
		if s.ID == "" {
			s.ID = id("stream", p.Name)
		}
		if p.Readers != nil {
			s.Readers = m.userList(*p.Readers)
		}
		m.site.Streams = append(m.site.Streams, s)
	}
}

func (m *maker) connections(plans []connectionPlan) {
	for _, p := range plans {
		since := time.Date(2023, 3, 2, 11, 0, 0, 0, time.UTC)
		m.site.DataConnections = append(m.site.DataConnections, &qliktest.DataConnection{
			ID: id("connection", p.Name), Name: p.Name, Type: p.Type, ConnectionString: p.String, Username: p.Username,
			Owner: m.site.Users[0], Tags: m.tags(p.Tags), Created: since, Modified: since,
		})
	}
}

func (m *maker) apps(plans []appPlan) {
	for _, p := range plans {
		sub, err := fs.Sub(m.files, "apps/"+p.Folder)
		if err == nil && !unbuilt.IsApp(sub) {
			err = fs.ErrNotExist
		}
		if err != nil {
			m.fail("app %s: %w", p.Folder, err)
			continue
		}
		app, err := unbuilt.LoadFS(sub, p.Folder, id("app", p.Folder))
		if err != nil {
			m.fail("app %s: %w", p.Folder, err)
			continue
		}
		m.app(app, p)
	}
}

func (m *maker) app(app *qliktest.App, p appPlan) {
	app.Owner = m.user(p.Owner)
	app.ModifiedBy = app.Owner
	app.MigrationHash = m.site.MigrationHash
	app.AvailabilityStatus = 1
	app.Tags, app.CustomProperties = m.tags(p.Tags), m.properties(p.Properties)
	if p.SectionUsers != nil {
		app.SectionAccess, app.SectionUsers = true, m.userList(p.SectionUsers)
	}
	if p.Stream != "" {
		i := slices.IndexFunc(m.site.Streams, func(s *qliktest.Stream) bool { return s.Name == p.Stream })
		if i < 0 {
			m.fail("app %s: no stream %s", p.Folder, p.Stream)
			return
		}
		unbuilt.Publish(app, m.site.Streams[i], app.Created.AddDate(0, 0, 7))
	}
	for sheet, plan := range p.Sheets {
		m.sheet(app, sheet, plan)
	}
	m.task(app, p.Task)
	m.site.Apps = append(m.site.Apps, app)
}

// sheet makes a base sheet of a published app a community sheet or a private one (facts B.2).
func (m *maker) sheet(app *qliktest.App, sheetID string, p sheetPlan) {
	objects := app.Content().Objects
	i := slices.IndexFunc(objects, func(it qliktest.Item) bool {
		id, typ := it.Tree.Info()
		return typ == "sheet" && id == sheetID
	})
	if i < 0 {
		m.fail("app %s: no sheet %s", app.Name, sheetID)
		return
	}
	it := &objects[i]
	it.Owner, it.Approved = m.user(p.Owner), false
	switch p.State {
	case "community":
	case "private":
		it.Published, it.PublishTime = false, time.Time{}
	default:
		m.fail("app %s: sheet %s is neither community nor private", app.Name, sheetID)
	}
}

// task gives the app a reload task with that last result (facts B.2, ExecutionResult).
func (m *maker) task(app *qliktest.App, result string) {
	statuses := map[string]int{"finished": 7, "failed": 8}
	if result == "" {
		return
	}
	t := &qliktest.ReloadTask{ID: id("task", app.ID), Name: "Reload " + app.Name, App: app, Enabled: true}
	if status, ran := statuses[result]; ran {
		t.Last = &qliktest.ExecutionResult{
			ID: id("execution", app.ID), Status: status, Start: app.LastReload.Add(-95 * time.Second), Stop: app.LastReload,
		}
	} else if result != "never" {
		m.fail("app %s: no task result %s", app.Name, result)
	}
	m.site.ReloadTasks = append(m.site.ReloadTasks, t)
}
