package qliksense

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// An objectsDigest is what the version of an app says about its app objects: how many there are, the newest
// date among them, and a sum over the marks of each, which doesn't depend on their order. A site has a
// million of them: the rows themselves are never kept.
type objectsDigest struct {
	count  int
	newest time.Time
	sum    [2]uint64
	owners []qixmap.Person // each once: their names stand in the rows of what they own
}

// add takes one more app object in.
func (d *objectsDigest) add(o qrs.ObjectMark) {
	d.count++
	if o.Modified.After(d.newest) {
		d.newest = o.Modified.Time
	}
	d.addOwner(o.Owner)
	mark := make([]byte, 0, 256)
	for _, part := range [...]string{o.ID, o.Owner.ID, o.ContentHash} {
		mark = append(append(mark, part...), 0)
	}
	mark = strconv.AppendBool(mark, o.Published)
	mark = strconv.AppendBool(mark, o.Approved)
	mark = binary.LittleEndian.AppendUint64(mark, uint64(o.Modified.Unix()))
	mark = binary.LittleEndian.AppendUint32(mark, uint32(o.Modified.Nanosecond()))
	digest := sha256.Sum256(mark)
	d.sum[0] += binary.LittleEndian.Uint64(digest[:])
	d.sum[1] += binary.LittleEndian.Uint64(digest[8:])
}

func (d *objectsDigest) addOwner(p qrs.Person) {
	for i := range d.owners { // nearly always the first one
		if o := &d.owners[i]; o.ID == p.ID && o.Directory == p.UserDirectory && o.User == p.UserID && o.Name == p.Name {
			return
		}
	}
	if owner := newPerson(p); !slices.Contains(d.owners, owner) {
		d.owners = append(d.owners, owner)
	}
}

// people are the owners of the app objects, as far as anything is known of them, by id.
func (d *objectsDigest) people(known map[string]qixmap.Person) []qixmap.Person {
	all := make([]qixmap.Person, len(d.owners))
	for i, p := range d.owners {
		all[i] = qixmap.Complete(p, known)
	}
	slices.SortFunc(all, func(a, b qixmap.Person) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// appVersion says whether anything about an app has changed since it was read: equal strings mean that
// there is nothing to fetch. Several clocks go into it, since no single date of the Repository
// moves on every edit (facts B.4), and what of our own side changes the rows.
func (s *site) appVersion(app *listedApp, objects objectsDigest) string {
	o := s.cfg.Options
	content, err := json.Marshal(struct {
		Mapper     int
		Options    versionOptions
		Model      string
		Migrate    bool
		App        qixmap.AppRow
		Outdated   bool
		Objects    int
		Newest     time.Time
		ObjectsSum [2]uint64
		Owners     []qixmap.Person
	}{
		qixmap.Version, s.versionOptions(), o.DataModel, o.MigrateApps, app.row, app.outdated,
		objects.count, objects.newest.UTC(), objects.sum, objects.people(s.known()),
	})
	if err != nil {
		return "" // strings, numbers and dates always marshal; "" would only mean: read it again
	}
	sum := sha256.Sum256(content)
	return strconv.Itoa(qixmap.Version) + "-" + hex.EncodeToString(sum[:16])
}

// versionOptions are the settings of a connection that change the rows of its apps.
type versionOptions struct {
	Code            string
	LinkBase        string
	Streams         bool
	PrivateSheets   bool
	SystemVariables bool
}

func (s *site) versionOptions() versionOptions {
	o := s.options()
	return versionOptions{o.Code, o.LinkBase, s.cfg.Options.CrawlStreams, o.PrivateSheets, o.SystemVariables}
}

// A generation tells which apps opening would upgrade (contract §4, Would migrate): the migration
// hashes of the apps that the newest Engine saved.
type generation struct {
	version []int
	hashes  map[string]bool
}

// see takes one app of the site in, whether or not the connection reads it.
func (g *generation) see(productVersion, hash string) {
	if hash == "" {
		return
	}
	v := versionNumbers(productVersion)
	switch compareVersions(v, g.version) {
	case 1:
		g.version, g.hashes = v, map[string]bool{hash: true}
	case 0:
		if g.hashes == nil {
			g.hashes = map[string]bool{}
		}
		g.hashes[hash] = true
	}
}

// outdated reports whether opening an app would upgrade it. One without a hash tells nothing; an
// older version alone never means outdated.
func (g *generation) outdated(hash string) bool {
	return hash != "" && !g.hashes[hash]
}

// versionNumbers are the numbers of a version such as 12.2056.15.
func versionNumbers(v string) []int {
	var all []int
	for part := range strings.SplitSeq(v, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		all = append(all, n)
	}
	return all
}

func compareVersions(a, b []int) int {
	for i := range max(len(a), len(b)) {
		x, y := 0, 0
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return map[bool]int{true: 1, false: -1}[x > y]
		}
	}
	return 0
}
