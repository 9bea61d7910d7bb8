package qliktest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Edit changes the site while it runs: nobody reads it meanwhile. It moves no dates; the named
// editors do. f must not call other methods of the Server, and it must replace JSON texts rather
// than change their bytes.
func (s *Server) Edit(f func(*Site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.site.byID.Store(nil)
	f(s.site)
	s.site.settle()
	s.stamp++
}

// editApp changes an app that exists and reports whether it does.
func (s *Server) editApp(id string, f func(site *Site, a *App, now time.Time)) (found bool) {
	now := s.now().UTC()
	s.Edit(func(site *Site) {
		if a := site.FindApp(id); a != nil {
			found = true
			f(site, a, now)
		}
	})
	return found
}

// editOne is editApp for the app's own members, but who may see it: what the Repository has of others stays as it is.
func (s *Server) editOne(id string, f func(a *App, now time.Time)) bool {
	now := s.now().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.site.FindApp(id)
	if a == nil {
		return false
	}
	if a.made != nil {
		a.made.settle(a)
	}
	f(a, now)
	s.stamp++
	s.rows.forget(a, s.stamp)
	return true
}

// The editors below report whether the app, and what else they name, exists. The dates they move are
// those of the table in facts B.4.

// touched is when an app is modified that an object of was edited at that time.
func (s *Server) touched(a *App, now time.Time) time.Time {
	if s.options.AppDateStays {
		return a.Modified
	}
	return now
}

// TouchApp moves the app's modifiedDate and nothing else.
func (s *Server) TouchApp(id string) bool {
	return s.editOne(id, func(a *App, now time.Time) { a.Modified = now })
}

// RenameApp gives the app another name.
func (s *Server) RenameApp(id, name string) bool {
	return s.editOne(id, func(a *App, now time.Time) { a.Name, a.Modified = name, now })
}

// DescribeApp gives the app another description.
func (s *Server) DescribeApp(id, description string) bool {
	return s.editOne(id, func(a *App, now time.Time) { a.Description, a.Modified = description, now })
}

// SetProperties gives the app other custom properties.
func (s *Server) SetProperties(id string, properties ...CustomProperty) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		a.CustomProperties, a.Modified = slices.Clone(properties), now
	})
}

// TagApp gives the app other tags.
func (s *Server) TagApp(id string, tags ...*Tag) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) { a.Tags, a.Modified = slices.Clone(tags), now })
}

// SetOwner gives the app another owner.
func (s *Server) SetOwner(id string, owner *User) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) { a.Owner, a.Modified = owner, now })
}

// DeleteApp takes the app off the site, with its tasks. No date tells (facts B.4).
func (s *Server) DeleteApp(id string) bool {
	return s.editApp(id, func(site *Site, a *App, _ time.Time) {
		site.Apps = slices.DeleteFunc(slices.Clone(site.Apps), func(x *App) bool { return x == a })
		site.ReloadTasks = slices.DeleteFunc(slices.Clone(site.ReloadTasks), func(t *ReloadTask) bool { return t.App == a })
	})
}

// AddApp adds an app, which keeps the dates that it has.
func (s *Server) AddApp(a *App) {
	s.Edit(func(site *Site) { site.Apps = append(slices.Clone(site.Apps), a) })
}

// AddStream adds a stream, which keeps the dates that it has.
func (s *Server) AddStream(st *Stream) {
	s.Edit(func(site *Site) { site.Streams = append(slices.Clone(site.Streams), st) })
}

// RenameStream gives a stream another name; its apps' dates stay.
func (s *Server) RenameStream(id, name string) (found bool) {
	now := s.now().UTC()
	s.Edit(func(site *Site) {
		for _, st := range site.Streams {
			if strings.EqualFold(st.ID, id) {
				st.Name, st.Modified, found = name, now, true
			}
		}
	})
	return found
}

// DeleteStream takes a stream off the site; its apps become unpublished.
func (s *Server) DeleteStream(id string) (found bool) {
	now := s.now().UTC()
	s.Edit(func(site *Site) {
		site.Streams = slices.DeleteFunc(slices.Clone(site.Streams), func(st *Stream) bool {
			if !strings.EqualFold(st.ID, id) {
				return false
			}
			for _, a := range site.Apps {
				if a.Stream == st {
					a.Stream, a.PublishTime, a.Modified = nil, time.Time{}, now
				}
			}
			found = true
			return true
		})
	})
	return found
}

// PublishApp publishes the app to a stream: all that is in it is published and approved, and its
// rows move (facts B.2, B.4).
func (s *Server) PublishApp(id string, to *Stream) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		a.Stream, a.PublishTime, a.Modified = to, now, now
		c := a.Content()
		c.ScriptModified = now
		for _, list := range []*[]Item{&c.Objects, &c.Dimensions, &c.Measures, &c.Bookmarks} {
			*list = slices.Clone(*list)
			for i := range *list {
				it := &(*list)[i]
				it.Published, it.Approved, it.PublishTime, it.Modified = true, true, now, now
			}
		}
	})
}

// ReplaceApp puts the content of another app in the place of the app's own, as replacing a published
// app does: the ids of its objects come with it, all are base objects, and the reload is the source's
// (facts B.4).
func (s *Server) ReplaceApp(id string, with *App) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		c := *with.inside()
		c.ScriptModified = now
		for _, list := range []*[]Item{&c.Objects, &c.Dimensions, &c.Measures, &c.Bookmarks} {
			*list = slices.Clone(*list)
			for i := range *list {
				it := &(*list)[i]
				it.RowID, it.Owner, it.Published, it.Approved, it.PublishTime, it.Modified = newGUID(), nil, true, true, now, now
			}
		}
		a.once.Do(func() {})
		a.kept.Store(&c)
		a.LastReload, a.PublishTime, a.Modified = with.LastReload, now, now
	})
}

// ReloadApp is what a reload moves: the app's dates and, when metadata is not nil, what is stored of
// the data model. Rows of objects stay.
func (s *Server) ReloadApp(id string, metadata json.RawMessage) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		a.LastReload, a.Modified = now, now
		if metadata != nil {
			a.Content().Metadata = metadata
		}
	})
}

// EditScript replaces the load script; the row of the script moves and the app's too.
func (s *Server) EditScript(id, script string) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		c := a.Content()
		c.Script, c.ScriptModified, a.Modified = script, now, now
	})
}

// PutObject replaces the object that has the tree's qId, or adds it, private to owner (nil: the
// app's owner) unless the app is unpublished anyway. The row and the app move.
func (s *Server) PutObject(id string, tree Tree, owner *User) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		a.Modified = s.touched(a, now)
		c := a.Content()
		c.Objects = slices.Clone(c.Objects)
		qID, _ := tree.Info()
		for i := range c.Objects {
			if known, _ := c.Objects[i].Tree.Info(); known == qID {
				c.Objects[i].Tree, c.Objects[i].Modified, c.Objects[i].ContentHash = tree, now, ""
				return
			}
		}
		c.Objects = append(c.Objects, Item{Tree: tree, RowID: newGUID(), Owner: owner, Created: now, Modified: now})
	})
}

// DeleteObject takes an object, a master item or a bookmark out of the app; the app moves.
func (s *Server) DeleteObject(id, qID string) (found bool) {
	s.editApp(id, func(_ *Site, a *App, now time.Time) {
		c := a.Content()
		for _, list := range []*[]Item{&c.Objects, &c.Dimensions, &c.Measures, &c.Bookmarks} {
			*list = slices.DeleteFunc(slices.Clone(*list), func(it Item) bool {
				known, _ := it.Tree.Info()
				found = found || known == qID
				return known == qID
			})
		}
		if found {
			a.Modified = s.touched(a, now)
		}
	})
	return found
}

// PublishSheet makes an object community (not approved) or base (approved); its row moves, and the
// app does not: that is not guaranteed in published apps (facts B.4).
func (s *Server) PublishSheet(id, qID string, approved bool) (found bool) {
	s.editApp(id, func(_ *Site, a *App, now time.Time) {
		c := a.Content()
		c.Objects = slices.Clone(c.Objects)
		for i := range c.Objects {
			if known, _ := c.Objects[i].Tree.Info(); known == qID {
				it := &c.Objects[i]
				it.Published, it.Approved, it.PublishTime, it.Modified, found = true, approved, now, now, true
			}
		}
	})
	return found
}

// PutMeasure and PutDimension replace the master item that has the property's qId, or add it; its
// row and the app move.
func (s *Server) PutMeasure(id string, property json.RawMessage) bool {
	return s.putItem(id, property, func(c *Content) *[]Item { return &c.Measures })
}

// PutDimension: see PutMeasure.
func (s *Server) PutDimension(id string, property json.RawMessage) bool {
	return s.putItem(id, property, func(c *Content) *[]Item { return &c.Dimensions })
}

func (s *Server) putItem(id string, property json.RawMessage, list func(*Content) *[]Item) bool {
	return s.editApp(id, func(_ *Site, a *App, now time.Time) {
		a.Modified = s.touched(a, now)
		items := list(a.Content())
		*items = slices.Clone(*items)
		tree := Tree{Property: property}
		qID, _ := tree.Info()
		for i := range *items {
			if known, _ := (*items)[i].Tree.Info(); known == qID {
				(*items)[i].Tree, (*items)[i].Modified, (*items)[i].ContentHash = tree, now, ""
				return
			}
		}
		*items = append(*items, Item{
			Tree: tree, RowID: newGUID(), Created: now, Modified: now, Published: a.Published(), Approved: a.Published(),
		})
	})
}
