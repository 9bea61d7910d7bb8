package qliksense

import (
	"net/url"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// mapGroup makes the app's own report group, under its stream or its owner's personal group.
func (m *mapper) mapGroup() {
	app := m.read.App
	a := catalog.Attributes{}
	put(a, "owner", app.Owner.attributes())
	put(a, "modified_by", app.ModifiedBy)
	put(a, "custom_properties", app.CustomProperties)
	m.out.Groups = append(m.out.Groups, catalog.ReportGroup{
		Key:         m.appGroup(),
		Parent:      parentGroup(m.opts, app),
		Kind:        catalog.GroupApp,
		Name:        app.Name,
		Description: app.Description,
		Owner:       app.Owner.account(),
		Tags:        app.Tags,
		Attributes:  none(a),
		CreatedAt:   app.Created,
		ModifiedAt:  app.Modified,
	})
}

// parentGroup is the group that an app's group stands in: none for a published app of a connection
// that doesn't read streams.
func parentGroup(opts mapOptions, app appRow) catalog.Key {
	switch {
	case app.StreamID == "":
		return catalog.PersonalKey(opts.Code, app.Owner.ID)
	case opts.Streams:
		return catalog.StreamKey(opts.Code, app.StreamID)
	default:
		return ""
	}
}

// mapAppReport makes the app's report. It is made of what the Repository says and of the stored
// metadata: an app that the Engine refuses has the same row.
func (m *mapper) mapAppReport() {
	app := m.read.App
	m.out.Reports = append(m.out.Reports, catalog.Report{
		Key:               m.app,
		Group:             m.appGroup(),
		Kind:              catalog.ReportApp,
		Type:              catalog.TypeApp,
		Name:              app.Name,
		SourceDescription: app.Description,
		Owner:             app.Owner.account(),
		URL:               appURL(m.opts.LinkBase, app.ID),
		Published:         &app.Published,
		Tags:              app.Tags,
		Attributes:        none(m.appAttributes()),
		CreatedAt:         app.Created,
		ModifiedAt:        app.Modified,
		PublishedAt:       app.PublishTime,
		ReloadedAt:        app.LastReload,
	})
}

func (m *mapper) appAttributes() catalog.Attributes {
	app := m.read.App
	a := catalog.Attributes{}
	put(a, "owner", app.Owner.attributes())
	put(a, "modified_by", app.ModifiedBy)
	put(a, "stream", app.StreamName)
	put(a, "product_version", app.ProductVersion)
	put(a, "file_size", app.FileSize)
	put(a, "thumbnail", app.Thumbnail)
	put(a, "dynamic_color", app.DynamicColor)
	put(a, "custom_properties", app.CustomProperties)
	metadata := m.metadata // absent when it isn't JSON: mapModel notes the gap
	put(a, "static_byte_size", metadata.get("static_byte_size"))
	put(a, "section_access", metadata.get("has_section_access").truth())
	put(a, "direct_query", metadata.get("is_direct_query_mode").truth())
	put(a, "usage", metadata.get("usage"))
	return a
}

func (m *mapper) appGroup() catalog.Key {
	return catalog.AppGroupKey(m.opts.Code, m.read.App.ID)
}

// appURL is where a person opens an app, sheetURL a sheet (facts F).
func appURL(base, app string) string {
	return base + "/sense/app/" + url.PathEscape(app) + "/overview"
}

func sheetURL(base, app, sheet string) string {
	return base + "/sense/app/" + url.PathEscape(app) + "/sheet/" + url.PathEscape(sheet) + "/state/analysis"
}
