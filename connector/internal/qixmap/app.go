package qixmap

import (
	"net/url"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// mapGroup makes the app's own report group, under its stream or its owner's personal group.
func (m *mapper) mapGroup() {
	app := m.read.Row
	a := catalog.Attributes{}
	Put(a, "owner", app.Owner.Attributes())
	Put(a, "modified_by", app.ModifiedBy)
	Put(a, "custom_properties", app.CustomProperties)
	m.out.Groups = append(m.out.Groups, catalog.ReportGroup{
		Key:         m.appGroup(),
		Parent:      m.read.Parent,
		Kind:        catalog.GroupApp,
		Name:        app.Name,
		Description: app.Description,
		Owner:       app.Owner.Account(),
		Tags:        app.Tags,
		Attributes:  None(a),
		CreatedAt:   app.Created,
		ModifiedAt:  app.Modified,
	})
}

// mapAppReport makes the app's report. It is made of what the Repository says and of the stored
// metadata: an app that the Engine refuses has the same row.
func (m *mapper) mapAppReport() {
	app := m.read.Row
	m.out.Reports = append(m.out.Reports, catalog.Report{
		Key:               m.app,
		Group:             m.appGroup(),
		Kind:              catalog.ReportApp,
		Type:              catalog.TypeApp,
		Name:              app.Name,
		SourceDescription: app.Description,
		Owner:             app.Owner.Account(),
		URL:               appURL(m.opts.LinkBase, app.ID),
		Published:         app.Published,
		Tags:              app.Tags,
		Attributes:        None(m.appAttributes()),
		CreatedAt:         app.Created,
		ModifiedAt:        app.Modified,
		PublishedAt:       app.PublishTime,
		ReloadedAt:        app.LastReload,
	})
}

func (m *mapper) appAttributes() catalog.Attributes {
	app := m.read.Row
	a := catalog.Attributes{}
	Put(a, "owner", app.Owner.Attributes())
	Put(a, "modified_by", app.ModifiedBy)
	Put(a, "stream", app.StreamName)
	Put(a, "product_version", app.ProductVersion)
	Put(a, "file_size", app.FileSize)
	Put(a, "thumbnail", app.Thumbnail)
	Put(a, "dynamic_color", app.DynamicColor)
	Put(a, "custom_properties", app.CustomProperties)
	metadata := m.metadata // absent when it isn't JSON: mapModel notes the gap
	Put(a, "static_byte_size", metadata.Get("static_byte_size"))
	Put(a, "section_access", metadata.Get("has_section_access").Truth())
	Put(a, "direct_query", metadata.Get("is_direct_query_mode").Truth())
	Put(a, "usage", metadata.Get("usage"))
	return a
}

func (m *mapper) appGroup() catalog.Key {
	return catalog.AppGroupKey(m.opts.Code, m.read.Row.ID)
}

// appURL is where a person opens an app, sheetURL a sheet (facts F); "" where there are no links.
func appURL(base, app string) string {
	if base == "" {
		return ""
	}
	return base + "/sense/app/" + url.PathEscape(app) + "/overview"
}

func sheetURL(base, app, sheet string) string {
	if base == "" {
		return ""
	}
	return base + "/sense/app/" + url.PathEscape(app) + "/sheet/" + url.PathEscape(sheet) + "/state/analysis"
}
