package qliksense

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"

	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// newAppRow takes over what the catalog needs of an app. Lists are sorted: the Repository promises no
// order, and versions must not depend on it.
func newAppRow(a qrs.App) qixmap.AppRow {
	return qixmap.AppRow{
		ID:               appID(a.ID),
		Name:             clean(a.Name),
		Description:      clean(a.Description),
		Owner:            newPerson(a.Owner),
		StreamID:         a.StreamID,
		StreamName:       clean(a.StreamName),
		Published:        new(a.Published),
		ModifiedBy:       clean(a.ModifiedBy),
		FileSize:         a.FileSize,
		Thumbnail:        clean(a.Thumbnail),
		DynamicColor:     clean(a.DynamicColor),
		ProductVersion:   a.SavedInProductVersion,
		MigrationHash:    a.MigrationHash,
		Tags:             tagNames(a.Tags),
		CustomProperties: propertyValues(a.CustomProperties),
		Created:          a.Created.Time,
		Modified:         a.Modified.Time,
		PublishTime:      a.PublishTime.Time,
		LastReload:       a.LastReload.Time,
	}
}

// appID is the id of an app as the Engine writes it, whatever the letter case of a listing: GUIDs are in lower
// case (facts, notation). Else the same app would have another key in the next crawl.
func appID(id string) string {
	if len(id) == 36 && strings.Count(id, "-") == 4 {
		return strings.ToLower(id)
	}
	return id
}

func newSheetRow(o qrs.AppObject) qixmap.SheetRow {
	return qixmap.SheetRow{
		ID:          o.EngineObjectID,
		Name:        clean(o.Name),
		Description: clean(o.Description),
		Owner:       newPerson(o.Owner),
		Published:   o.Published,
		Approved:    o.Approved,
		Tags:        tagNames(o.Tags),
		Created:     o.Created.Time,
		Modified:    o.Modified.Time,
		PublishTime: o.PublishTime.Time,
	}
}

func newPerson(p qrs.Person) qixmap.Person {
	return qixmap.Person{ID: p.ID, Directory: clean(p.UserDirectory), User: clean(p.UserID), Name: clean(p.Name)}
}

func tagNames(tags []string) []string {
	var all []string
	for _, t := range tags {
		if t != "" {
			all = append(all, clean(t))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// propertyValues are the values of custom properties by name; one may have several (facts G 23).
func propertyValues(properties []qrs.CustomProperty) map[string][]string {
	if len(properties) == 0 {
		return nil
	}
	all := map[string][]string{}
	for _, p := range properties {
		name := clean(p.Name)
		all[name] = append(all[name], clean(p.Value))
	}
	for _, values := range all {
		slices.Sort(values)
	}
	return all
}

// clean is a text as the catalog keeps it: byte for byte, but for NUL (contract §4).
func clean(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// sharing are custom properties that apps have: those with the same ones share them until the crawl has ended. A map
// of one property takes as much memory as the rest of the row.
type sharing map[string]map[string][]string

// share replaces the row's custom properties by equal ones. Nobody changes them.
func (s sharing) share(row *qixmap.AppRow) {
	if len(row.CustomProperties) == 0 {
		return
	}
	var key []byte
	for _, name := range slices.Sorted(maps.Keys(row.CustomProperties)) {
		key = strconv.AppendQuote(key, name)
		for _, value := range row.CustomProperties[name] {
			key = strconv.AppendQuote(append(key, ' '), value)
		}
		key = append(key, '\n')
	}
	if known, ok := s[string(key)]; ok {
		row.CustomProperties = known
		return
	}
	s[string(key)] = row.CustomProperties
}
