package unbuilt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
)

// Bounds of the search for apps.
const (
	maxDepth  = 32
	maxInside = 100_000 // folders below one of the connection's
)

// A place is where an app is: connector.Listed.Source.
type place struct {
	Folder string `json:"folder"` // the name of the connection's folder
	Dir    string `json:"dir"`    // from there, with slashes; "." for the folder itself
	ID     string `json:"id"`     // APP in keys
	Title  string `json:"title"`
}

// path is the app's path from the folder's own name on.
func (p place) path() string { return path.Join(p.Folder, p.Dir) }

// group is the path of the folder that the app stands in. An app that is itself one of the connection's folders
// stands in a group of that name.
func (p place) group() string {
	if p.Dir == "." {
		return p.Folder
	}
	return path.Dir(p.path())
}

// Groups lists the connection's folders, and the folders below that hold apps.
func (s *site) Groups(ctx context.Context) iter.Seq2[catalog.ReportGroup, error] {
	return func(yield func(catalog.ReportGroup, error) bool) {
		places, err := s.find(ctx)
		if err != nil {
			yield(catalog.ReportGroup{}, err)
			return
		}
		s.mu.Lock()
		s.kept = places
		s.mu.Unlock()
		for _, g := range s.groups(places) {
			if !yield(g, nil) {
				return
			}
		}
	}
}

func (s *site) groups(places []place) []catalog.ReportGroup {
	known := map[string]bool{}
	for _, f := range s.cfg.Folders {
		known[f.Name] = true
	}
	for _, p := range places {
		for _, g := range ancestors(p.group()) {
			known[g] = true
		}
	}
	var groups []catalog.ReportGroup
	for g := range known {
		row := catalog.ReportGroup{
			Key: s.groupKey(g), Kind: catalog.GroupStream, Name: clean(g), // the whole path: lists show groups without their parents
		}
		if above := path.Dir(g); above != "." {
			row.Parent = s.groupKey(above)
		}
		groups = append(groups, row)
	}
	slices.SortFunc(groups, func(a, b catalog.ReportGroup) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return groups // a path sorts before what is below it
}

// ancestors are a path and those above it, from the top.
func ancestors(p string) []string {
	var all []string
	for ; p != "."; p = path.Dir(p) {
		all = append(all, p)
	}
	slices.Reverse(all)
	return all
}

func (s *site) groupKey(p string) catalog.Key {
	return catalog.StreamKey(s.cfg.Code, safeID(p))
}

// Units lists the apps, with versions made of what their files hold.
func (s *site) Units(ctx context.Context) iter.Seq2[connector.Listed, error] {
	return func(yield func(connector.Listed, error) bool) {
		s.mu.Lock()
		places := s.kept
		s.kept = nil
		s.mu.Unlock()
		if places == nil {
			var err error
			if places, err = s.find(ctx); err != nil {
				yield(connector.Listed{}, err)
				return
			}
		}
		for i := range places {
			l, err := s.listed(ctx, &places[i])
			if errors.Is(err, fs.ErrNotExist) {
				continue // it went away since
			}
			if err != nil {
				yield(connector.Listed{}, explain("list apps", "", err))
				return
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (s *site) listed(ctx context.Context, p *place) (connector.Listed, error) {
	l := connector.Listed{Unit: catalog.Unit{Key: catalog.AppKey(s.cfg.Code, p.ID), Name: p.Title}, Source: p}
	for _, g := range ancestors(p.group()) {
		l.Groups = append(l.Groups, s.groupKey(g))
	}
	l.Groups = append(l.Groups, catalog.AppGroupKey(s.cfg.Code, p.ID))
	f, ok := s.folder(p.Folder)
	if !ok {
		return l, errForeign
	}
	err := s.within(ctx, f, func(t tree) error {
		var err error
		l.Version, err = s.version(t.in(p.Dir), *p)
		return err
	})
	return l, err
}

func (s *site) folder(name string) (folder, bool) {
	i := slices.IndexFunc(s.cfg.Folders, func(f folder) bool { return f.Name == name })
	if i < 0 {
		return folder{}, false
	}
	return s.cfg.Folders[i], true
}

// find finds the apps of all folders that the connection reads, in the order of folders and paths. A folder that
// isn't there, or can't be looked into, is an error: what was in it is unknown, and must not be retired.
func (s *site) find(ctx context.Context) ([]place, error) {
	places := []place{}
	for _, f := range s.cfg.Folders {
		more, err := s.findIn(ctx, f)
		if err != nil {
			return nil, explainFolder(f, err)
		}
		places = append(places, more...)
	}
	taken := map[string]string{}
	kept := places[:0]
	for _, p := range places {
		if of, twice := taken[p.ID]; twice {
			s.log.Warn("two apps have the same id: the second is known by its path", "id", p.ID, "first", of, "second", p.path())
			p.ID = safeID(p.path())
		}
		taken[p.ID] = p.path()
		if s.cfg.Include.Allow(p.ID, p.Title) && !s.cfg.Exclude.Match(p.ID, p.Title) {
			kept = append(kept, p)
		}
	}
	return kept, nil
}

func (s *site) findIn(ctx context.Context, f folder) ([]place, error) {
	var places []place
	err := s.within(ctx, f, func(t tree) error {
		w := walker{ctx: ctx, tree: t}
		if err := w.visit(".", 0); err != nil {
			return err
		}
		for _, dir := range w.apps {
			places = append(places, placeOf(f, dir, t.in(dir)))
		}
		return ctx.Err()
	})
	return places, err
}

// placeOf reads what names an app: the id and the title that its properties have, else its path.
func placeOf(f folder, dir string, t tree) place {
	p := place{Folder: f.Name, Dir: dir}
	properties, faults := appfiles.ReadProperties(t)
	p.ID, p.Title = clean(properties.ID), clean(properties.Title)
	if len(faults) > 0 {
		p.ID = idInBroken(t) // an edit gone wrong must not make another app of it
	}
	if p.ID != safeID(p.ID) || p.ID == "" {
		p.ID = safeID(p.path())
	}
	if p.Title == "" {
		p.Title = clean(path.Base(p.path()))
	}
	return p
}

var idMember = regexp.MustCompile(`"id"\s*:\s*"([^"\\]+)"`)

// idInBroken finds the id in properties that are no JSON.
func idInBroken(t tree) string {
	file, _, err := appfiles.Open(t, appfiles.PropertiesFile)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 64<<10)
	n, _ := file.Read(head)
	if m := idMember.FindSubmatch(head[:n]); m != nil {
		return string(m[1])
	}
	return ""
}

// A walker looks for apps below a folder.
type walker struct {
	ctx    context.Context //nolint:containedctx // of one search
	tree   tree
	apps   []string // sorted
	inside int
}

// visit goes into a folder, unless it is an app: nothing below an app is another one. Links to folders aren't
// followed, and folders whose name begins with a dot, such as .git, are left alone.
func (w *walker) visit(dir string, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if w.inside++; w.inside > maxInside || depth > maxDepth {
		return fmt.Errorf("%w: more than %d folders, or deeper than %d, at %s", appfiles.ErrTooLarge, maxInside, maxDepth, dir)
	}
	entries, err := w.tree.ReadDir(dir)
	if err != nil {
		return err
	}
	if appfiles.IsApp(w.tree.in(dir)) {
		w.apps = append(w.apps, dir)
		return nil
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			if err := w.visit(path.Join(dir, e.Name()), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
