package qliksense

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// A listedApp is what Fetch needs to know of an app: connector.Listed.Source.
type listedApp struct {
	row      qixmap.AppRow
	outdated bool // opening it would upgrade it

	// people own the app's objects: what a process that didn't list must be told.
	people []qixmap.Person
}

// Groups lists the streams, and the personal groups of those who own unpublished apps.
func (s *site) Groups(ctx context.Context) iter.Seq2[catalog.ReportGroup, error] {
	return func(yield func(catalog.ReportGroup, error) bool) {
		groups, err := s.groups(ctx)
		if err != nil {
			yield(catalog.ReportGroup{}, explain("list report groups", "", err))
			return
		}
		for _, g := range groups {
			if !yield(g, nil) {
				return
			}
		}
	}
}

func (s *site) groups(ctx context.Context) ([]catalog.ReportGroup, error) {
	streams, err := s.streams(ctx)
	if err != nil {
		return nil, err
	}
	apps, err := s.listApps(ctx)
	if err != nil {
		return nil, err
	}
	s.keepApps(apps)
	owners := map[string]qixmap.Person{}
	for _, app := range apps {
		switch row := app.row; {
		case row.StreamID == "":
			owners[row.Owner.ID] = row.Owner
		case s.cfg.Options.CrawlStreams && streams[row.StreamID].ID == "":
			// The app says that there is such a stream, but the account may not see its row.
			streams[row.StreamID] = qrs.Stream{ID: row.StreamID, Name: row.StreamName}
		}
	}
	people, err := s.lookUp(ctx, slices.Concat(slices.Collect(maps.Keys(owners)), streamOwners(streams)))
	if err != nil {
		return nil, err
	}
	var groups []catalog.ReportGroup
	for _, id := range slices.Sorted(maps.Keys(streams)) {
		groups = append(groups, s.streamGroup(streams[id], people))
	}
	for _, id := range slices.Sorted(maps.Keys(owners)) {
		groups = append(groups, s.personalGroup(qixmap.Complete(owners[id], people)))
	}
	return groups, nil
}

// streams are those that the connection reads, by id.
func (s *site) streams(ctx context.Context) (map[string]qrs.Stream, error) {
	all := map[string]qrs.Stream{}
	if !s.cfg.Options.CrawlStreams {
		return all, nil
	}
	for stream, err := range s.session.qrs().Streams(ctx) {
		if err != nil {
			return nil, err
		}
		if s.filter.stream(stream.ID, stream.Name) {
			all[stream.ID] = stream
		}
	}
	return all, nil
}

func streamOwners(streams map[string]qrs.Stream) []string {
	var ids []string
	for _, x := range streams {
		ids = append(ids, x.Owner.ID)
	}
	return ids
}

func (s *site) streamGroup(x qrs.Stream, people map[string]qixmap.Person) catalog.ReportGroup {
	owner := qixmap.Complete(newPerson(x.Owner), people)
	a := catalog.Attributes{}
	qixmap.Put(a, "owner", owner.Attributes())
	qixmap.Put(a, "modified_by", x.ModifiedBy)
	qixmap.Put(a, "custom_properties", propertyValues(x.CustomProperties))
	return catalog.ReportGroup{
		Key:        catalog.StreamKey(s.cfg.Code, x.ID),
		Kind:       catalog.GroupStream,
		Name:       clean(x.Name),
		Owner:      owner.Account(),
		Tags:       tagNames(x.Tags),
		Attributes: qixmap.None(a),
		CreatedAt:  x.Created.Time,
		ModifiedAt: x.Modified.Time,
	}
}

// personalGroup is the group of a person's own apps.
func (s *site) personalGroup(p qixmap.Person) catalog.ReportGroup {
	a := catalog.Attributes{}
	qixmap.Put(a, "owner", p.Attributes())
	return catalog.ReportGroup{
		Key:        catalog.PersonalKey(s.cfg.Code, p.ID),
		Kind:       catalog.GroupPersonal,
		Name:       qixmap.FirstText(p.Name, p.User),
		Owner:      p.Account(),
		Attributes: qixmap.None(a),
	}
}

// Units lists the apps that the connection reads, with their versions.
func (s *site) Units(ctx context.Context) iter.Seq2[connector.Listed, error] {
	return func(yield func(connector.Listed, error) bool) {
		l, err := s.list(ctx)
		if err != nil {
			yield(connector.Listed{}, explain("list apps", "", err))
			return
		}
		for i := range l.apps {
			app := l.apps[i] // for itself: whoever lets go of one app needn't hold them all
			l.apps[i] = listedApp{}
			if !yield(s.listed(&app, l.digest(app.row.ID)), nil) {
				return
			}
		}
	}
}

// digest is what the listing of app objects said of an app; an app may have none.
func (l list) digest(app string) objectsDigest {
	if d := l.objects[app]; d != nil {
		return *d
	}
	return objectsDigest{}
}

func (s *site) listed(app *listedApp, objects objectsDigest) connector.Listed {
	app.people = objects.people(s.known())
	group := catalog.AppGroupKey(s.cfg.Code, app.row.ID)
	groups := []catalog.Key{group}
	if parent := s.parentGroup(app.row); parent != "" {
		groups = []catalog.Key{parent, group}
	}
	return connector.Listed{
		Unit:    catalog.Unit{Key: catalog.AppKey(s.cfg.Code, app.row.ID), Name: app.row.Name},
		Version: s.appVersion(app, objects),
		Groups:  groups,
		Source:  app,
	}
}

// parentGroup is the group that an app's group stands in: none for a published app of a connection
// that doesn't read streams.
func (s *site) parentGroup(app qixmap.AppRow) catalog.Key {
	switch {
	case app.StreamID == "":
		return catalog.PersonalKey(s.cfg.Code, app.Owner.ID)
	case s.cfg.Options.CrawlStreams:
		return catalog.StreamKey(s.cfg.Code, app.StreamID)
	default:
		return ""
	}
}

// A list is what one listing of the site found.
type list struct {
	apps    []listedApp // that the connection reads, by id
	objects map[string]*objectsDigest
}

func (s *site) list(ctx context.Context) (list, error) {
	apps, err := s.takeApps(ctx)
	if err != nil {
		return list{}, err
	}
	l := list{apps: apps}
	owners := map[string]bool{}
	for _, app := range l.apps {
		owners[app.row.Owner.ID] = true
	}
	if l.objects, err = s.digests(ctx, owners); err != nil {
		return list{}, err
	}
	people, err := s.lookUp(ctx, slices.Collect(maps.Keys(owners)))
	if err != nil {
		return list{}, err
	}
	for i := range l.apps {
		l.apps[i].row.Owner = qixmap.Complete(l.apps[i].row.Owner, people)
	}
	return l, nil
}

// listApps reads the listing of apps, and leaves out those that the connection doesn't read.
func (s *site) listApps(ctx context.Context) ([]listedApp, error) {
	var apps []listedApp
	var newest generation
	alike := sharing{}
	for app, err := range s.session.qrs().Apps(ctx, "") {
		if err != nil {
			return nil, err
		}
		newest.see(app.SavedInProductVersion, app.MigrationHash)
		if row := newAppRow(app); s.filter.app(row) {
			alike.share(&row)
			apps = append(apps, listedApp{row: row})
		}
	}
	outdated, unknown := 0, 0
	for i := range apps {
		app := &apps[i]
		switch app.outdated = newest.outdated(app.row.MigrationHash); {
		case app.outdated:
			outdated++
		case app.row.MigrationHash == "":
			unknown++
		}
	}
	if outdated+unknown > 0 {
		s.log.Info("some apps may be upgraded by opening", "outdated", outdated, "without_migration_hash", unknown,
			"migrate_apps", s.cfg.Options.MigrateApps)
	}
	return apps, nil
}

// keepApps keeps the apps that Groups listed for the Units that follows: a crawl asks for each app once, and
// its groups and units fit together.
func (s *site) keepApps(apps []listedApp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps = apps
}

// takeApps gives the apps that were kept, once; else it lists them.
func (s *site) takeApps(ctx context.Context) ([]listedApp, error) {
	s.mu.Lock()
	apps := s.apps
	s.apps = nil
	s.mu.Unlock()
	if apps != nil {
		return apps, nil
	}
	return s.listApps(ctx)
}

// digests reads the one listing of app objects for the whole site, and notes who owns them.
func (s *site) digests(ctx context.Context, owners map[string]bool) (map[string]*objectsDigest, error) {
	all := map[string]*objectsDigest{}
	for o, err := range s.session.qrs().ObjectMarks(ctx) {
		if err != nil {
			return nil, err
		}
		d := all[o.AppID]
		if d == nil { // the first of the app, or its id is written in another way
			app := appID(o.AppID)
			if d = all[app]; d == nil {
				d = &objectsDigest{}
				all[app] = d
			}
		}
		d.add(o)
	}
	for _, d := range all {
		for _, p := range d.owners {
			owners[p.ID] = true
		}
	}
	return all, nil
}

// lookUp asks for people whom nobody asked for yet, and gives all that are known by now. An account
// that may not read users does without their e-mail addresses.
func (s *site) lookUp(ctx context.Context, ids []string) (map[string]qixmap.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids = slices.DeleteFunc(ids, func(id string) bool { _, known := s.people[id]; return known || id == "" })
	found := maps.Clone(s.people)
	for u, err := range s.session.qrs().Users(ctx, ids) {
		if qrs.KindOf(err) == qrs.Forbidden {
			s.log.Warn("the account may not read users: owners have no e-mail address", "error", err)
			break
		}
		if err != nil {
			return nil, err
		}
		found[u.ID] = qixmap.Person{
			ID: u.ID, Directory: clean(u.UserDirectory), User: clean(u.UserID), Name: clean(u.Name), Email: clean(u.Email()),
		}
	}
	s.people = found
	return found, nil
}

// known are the people that the listing asked for.
func (s *site) known() map[string]qixmap.Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people
}
