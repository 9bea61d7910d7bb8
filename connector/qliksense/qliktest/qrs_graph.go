package qliktest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// A row is an entity as one of the Repository's listings has it, with who may read it.
type row struct {
	*record
	see  func(*User) bool
	hub  func(*User) bool // for apps: is it in the user's hub?
	full func(*User) bool // may the user change it? (privileges)
}

// A rowCache holds the site's entities until the site is edited.
type rowCache struct {
	mu      sync.Mutex
	stamp   int
	graph   *graph
	results map[string]found    // by query, see query.key
	places  int                 // in all results
	titles  map[*byte]itemTitle // of property trees, by the address of their JSON: edits replace it
}

// current gives the entities of the site as it is. The caller holds Server.mu for reading and the
// cache's own lock.
func (c *rowCache) current(s *Server) *graph {
	if c.titles == nil {
		c.titles = map[*byte]itemTitle{}
	}
	if c.graph == nil || c.stamp != s.stamp {
		c.graph, c.stamp, c.results, c.places = newGraph(s.site, c.titles), s.stamp, map[string]found{}, 0
	}
	return c.graph
}

// forget lets go of what is known of an app that was edited, and of the results that it may be in. The caller holds
// Server.mu; stamp is the site's after the edit.
func (c *rowCache) forget(a *App, stamp int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.graph == nil || c.stamp != stamp-1 {
		return // all is made anew
	}
	delete(c.graph.apps, a)
	delete(c.graph.inside, a)
	c.stamp = stamp
	maps.DeleteFunc(c.results, func(_ string, f found) bool {
		if !f.lasts {
			c.places -= len(f.order)
		}
		return !f.lasts
	})
}

// A graph is all entities of a site, each made when it is first needed.
type graph struct {
	site    *Site
	titles  map[*byte]itemTitle
	users   map[*User]*record
	streams map[*Stream]*record
	tags    map[*Tag]*record
	defs    map[*CustomPropertyDefinition]*record
	apps    map[*App]*record
	inside  map[*App][]row
}

func newGraph(site *Site, titles map[*byte]itemTitle) *graph {
	return &graph{
		site: site, titles: titles,
		users: map[*User]*record{}, streams: map[*Stream]*record{}, tags: map[*Tag]*record{},
		defs: map[*CustomPropertyDefinition]*record{}, apps: map[*App]*record{}, inside: map[*App][]row{},
	}
}

// once makes the object of a thing when it is asked for the first time.
func once[K comparable](made map[K]*record, thing K, build func() *record) *record {
	if o, ok := made[thing]; ok {
		return o
	}
	o := build()
	made[thing] = o
	return o
}

// Members of entities where others refer to them: the condensed form (facts B.2).
var (
	condensedUser       = []string{"id", "userId", "userDirectory", "userDirectoryConnectorName", "name", "privileges"}
	condensedNamed      = []string{"id", "name", "privileges"}
	condensedDefinition = []string{"id", "name", "valueType", "choiceValues", "privileges"}
	condensedApp        = []string{
		"id", "name", "appId", "publishTime", "published", "stream", "savedInProductVersion",
		"migrationHash", "availabilityStatus", "privileges",
	}
)

// installed is the date of what the site's data gives no date for.
var installed = time.Date(2019, 1, 4, 19, 40, 6, 191_000_000, time.UTC)

// head is what every entity begins with.
func head(id string, created, modified time.Time, by *User) []member {
	return []member{
		{"id", guid(id)},
		{"createdDate", date{Time: created}},
		{"modifiedDate", date{Time: modified}},
		{"modifiedByUserName", accountName(by)},
	}
}

// accountName is modifiedByUserName; what nobody made, the installation did.
func accountName(u *User) string {
	if u == nil {
		return `INTERNAL\sa_repository`
	}
	return u.Account()
}

// entity closes an object with what every entity ends with.
func entity(schema string, members ...[]member) *record {
	members = append(members, []member{{"privileges", nil}, {"schemaPath", schema}})
	return &record{schema: schema, members: slices.Concat(members...)}
}

func (g *graph) user(u *User) *record {
	return once(g.users, u, func() *record {
		var attributes []*record
		attribute := func(kind, value string) {
			attributes = append(attributes, &record{members: []member{
				{"attributeType", kind}, {"attributeValue", value}, {"externalId", ""},
			}})
		}
		if u.Email != "" {
			attribute("Email", u.Email)
		}
		for _, group := range u.Groups {
			attribute("Group", group)
		}
		return entity("User", head(idOr(u.ID, "user", u.Account()), installed, installed, nil), []member{
			{"customProperties", []*record(nil)},
			{"userId", u.Name},
			{"userDirectory", u.Directory},
			{"userDirectoryConnectorName", u.Directory},
			{"name", orElse(u.DisplayName, u.Name)},
			{"roles", slices.Clone(u.Roles)},
			{"attributes", attributes},
			{"inactive", u.Inactive},
			{"removedExternally", u.RemovedExternal},
			{"blacklisted", false},
			{"deleteProhibited", false},
			{"tags", []ref(nil)},
		})
	})
}

// owner refers to a user; nobody is sa_repository, as for what the installation made.
func (g *graph) owner(u *User) ref {
	if u == nil {
		u = &User{Directory: "INTERNAL", Name: "sa_repository"}
	}
	return ref{g.user(u), condensedUser}
}

func (g *graph) tag(t *Tag) *record {
	return once(g.tags, t, func() *record {
		return entity("Tag", head(t.ID, installed, installed, nil), []member{{"name", t.Name}})
	})
}

func (g *graph) tagged(tags []*Tag) []ref {
	if len(tags) == 0 {
		return nil
	}
	refs := make([]ref, len(tags))
	for i, t := range tags {
		refs[i] = ref{g.tag(t), condensedNamed}
	}
	return refs
}

func (g *graph) definition(d *CustomPropertyDefinition) *record {
	return once(g.defs, d, func() *record {
		return entity("CustomPropertyDefinition", head(d.ID, installed, installed, nil), []member{
			{"name", d.Name},
			{"valueType", "Text"},
			{"choiceValues", slices.Clone(d.Choices)},
			{"objectTypes", slices.Clone(d.ObjectTypes)},
			{"description", d.Description},
		})
	})
}

// customProperties gives one entry per value (facts B.2).
func (g *graph) customProperties(holder string, values []CustomProperty) []*record {
	list := make([]*record, len(values))
	for i, v := range values {
		id := idOr("", holder, v.Definition.ID, v.Value)
		list[i] = &record{schema: "CustomPropertyValue", members: append(
			head(id, installed, installed, nil),
			member{"value", v.Value},
			member{"definition", ref{g.definition(v.Definition), condensedDefinition}},
			member{"schemaPath", "CustomPropertyValue"},
		)}
	}
	return list
}

func (g *graph) stream(st *Stream) *record {
	return once(g.streams, st, func() *record {
		return entity("Stream", head(st.ID, st.Created, st.Modified, st.Owner), []member{
			{"customProperties", g.customProperties(st.ID, st.CustomProperties)},
			{"owner", g.owner(st.Owner)},
			{"name", st.Name},
			{"tags", g.tagged(st.Tags)},
		})
	})
}

// mostApps is how many apps' entities are kept at a time.
const mostApps = 5000

func (g *graph) app(a *App) *record {
	if len(g.apps) >= mostApps && g.apps[a] == nil {
		clear(g.apps)
	}
	return once(g.apps, a, func() *record {
		stream := ref{}
		if a.Stream != nil {
			stream = ref{g.stream(a.Stream), condensedNamed}
		}
		return entity("App", head(a.ID, a.Created, a.Modified, a.ModifiedBy), []member{
			{"customProperties", g.customProperties(a.ID, a.CustomProperties)},
			{"owner", g.owner(a.Owner)},
			{"name", a.Name},
			{"appId", ""}, // always empty
			{"sourceAppId", guid("")},
			{"targetAppId", guid("")},
			{"publishTime", date{Time: a.PublishTime}},
			{"published", a.Published()},
			{"tags", g.tagged(a.Tags)},
			{"description", a.Description},
			{"stream", stream},
			{"fileSize", a.FileSize},
			{"lastReloadTime", date{Time: a.LastReload}},
			{"thumbnail", a.Thumbnail},
			{"savedInProductVersion", a.SavedInProductVersion},
			{"migrationHash", a.MigrationHash},
			{"dynamicColor", a.DynamicColor},
			{"availabilityStatus", int64(a.AvailabilityStatus)},
			{"lastDataDistribution", date{}},
			{"staticByteSize", a.StaticByteSize},
		})
	})
}

// An itemTitle is what the Repository keeps of an object's properties.
type itemTitle struct{ id, typ, title, description, hash string }

// title reads an item's properties, once for each JSON text.
func (g *graph) title(property json.RawMessage) itemTitle {
	if len(property) == 0 {
		return itemTitle{}
	}
	if t, ok := g.titles[&property[0]]; ok {
		return t
	}
	var p struct {
		Info struct {
			ID   string `json:"qId"`
			Type string `json:"qType"`
		} `json:"qInfo"`
		Meta struct {
			Title       string `json:"title"`
			Description string `json:"description"`
		} `json:"qMetaDef"`
		Name string `json:"qName"` // of variables
	}
	_ = json.Unmarshal(property, &p) // what doesn't fit stays empty
	t := itemTitle{
		p.Info.ID, p.Info.Type, orElse(p.Meta.Title, p.Name), p.Meta.Description, contentHash(property),
	}
	g.titles[&property[0]] = t
	return t
}

// contentHash changes when the content does.
func contentHash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// idOr is id, or else a GUID made of the parts: the same parts give the same GUID.
func idOr(id string, parts ...string) string {
	if id != "" {
		return id
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
