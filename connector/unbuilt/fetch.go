package unbuilt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
)

// Fetch reads the files of one app. Without its own properties an app fails; any other file that can't be read is
// a gap.
func (s *site) Fetch(ctx context.Context, l connector.Listed) (*catalog.Snapshot, error) {
	p, ok := l.Source.(*place)
	var f folder
	if ok {
		f, ok = s.folder(p.Folder)
	}
	if !ok {
		return nil, &catalog.Error{Code: catalog.CodeInternal, Op: "fetch", Key: l.Unit.Key, Err: errForeign}
	}
	var files *appfiles.App
	err := s.within(ctx, f, func(t tree) error {
		t = t.in(p.Dir)
		if !appfiles.IsApp(t) {
			return fs.ErrNotExist
		}
		files = appfiles.Read(t)
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("fetch %s: %w", l.Unit.Key, context.Cause(ctx))
	case errors.Is(err, fs.ErrNotExist):
		return nil, s.gone(ctx, f, l, err)
	case err != nil:
		return nil, explain("read app", l.Unit.Key, err)
	}
	for _, fault := range files.Faults {
		if fault.File == appfiles.PropertiesFile {
			return nil, explain("read app", l.Unit.Key, fault)
		}
	}
	opts := qixmap.Options{Code: s.cfg.Code, PrivateSheets: true, SystemVariables: s.cfg.Options.SystemVariables}
	return qixmap.Map(opts, s.reading(*p, l, files)), nil
}

// gone tells an app that went away from a folder that did: a disk that was taken off retires nothing.
func (s *site) gone(ctx context.Context, f folder, l connector.Listed, err error) error {
	if there := s.within(ctx, f, func(tree) error { return nil }); there != nil {
		return explainFolder(f, there)
	}
	return &catalog.Error{Code: catalog.CodeNotFound, Op: "read app", Key: l.Unit.Key, Err: err}
}

// reading is what the files say of an app, as the mapping takes it.
func (s *site) reading(p place, l connector.Listed, files *appfiles.App) *qixmap.App {
	own := files.Properties
	read := &qixmap.App{
		Row: qixmap.AppRow{
			ID: p.ID, Name: p.Title, Description: clean(own.Description), Thumbnail: clean(own.Thumbnail), DynamicColor: clean(own.DynamicColor),
			ProductVersion: clean(own.ProductVersion), MigrationHash: clean(own.MigrationHash),
			Created: own.Created, Modified: own.Modified, LastReload: own.LastReload,
		},
		Parent: s.groupKey(p.group()), Version: l.Version, Metadata: files.Metadata, Cure: cureFile,
	}
	for _, o := range files.Objects {
		switch o.Type {
		case "sheet":
			read.Sheets = append(read.Sheets, qixmap.Object{ID: o.ID, Entry: o.Tree})
		case "masterobject":
			read.Masters = append(read.Masters, qixmap.Object{ID: o.ID, Entry: o.Tree})
		}
	}
	for _, o := range files.Dimensions {
		read.Dimensions = append(read.Dimensions, qixmap.Object{ID: o.ID, Entry: o.Properties})
	}
	for _, o := range files.Measures {
		read.Measures = append(read.Measures, qixmap.Object{ID: o.ID, Entry: o.Properties})
	}
	for _, v := range files.Variables {
		read.Variables = append(read.Variables, variable(v))
	}
	takeScript(read, l.Unit.Key, files.Script)
	for _, fault := range files.Faults {
		s.takeFault(read, l.Unit.Key, fault)
	}
	return read
}

// takeScript takes a script that is text, without the mark that some editors put before it.
func takeScript(read *qixmap.App, app catalog.Key, script string) {
	if !utf8.ValidString(script) {
		read.AddGap(catalog.PartScript, catalog.ScriptKey(app), &catalog.Error{
			Code: catalog.CodeUnreadable, Op: "read script of", Key: app, Err: errors.New(appfiles.ScriptFile + " is not UTF-8"),
			Cure: "Save the file as UTF-8, as Qlik writes it.",
		})
		return
	}
	read.Script = strings.TrimPrefix(script, "\ufeff")
}

// variable is an item of the variable list (facts C.7), made of a variable's properties.
func variable(v appfiles.Variable) jsontree.Value {
	p, err := jsontree.Parse(v.Properties)
	if err != nil {
		return jsontree.Value{} // which the mapping reports
	}
	object := func(members ...jsontree.Member) jsontree.Value {
		return jsontree.Value{Kind: jsontree.Object, Members: members}
	}
	flag := func(set bool) jsontree.Value {
		return jsontree.Value{Kind: jsontree.Bool, Text: map[bool]string{true: "true", false: "false"}[set]}
	}
	return object(
		jsontree.Member{Name: "qInfo", Value: p.Get("qInfo")},
		jsontree.Member{Name: "qName", Value: p.Get("qName")},
		jsontree.Member{Name: "qDescription", Value: p.Get("qComment")},
		jsontree.Member{Name: "qDefinition", Value: p.Get("qDefinition")},
		jsontree.Member{Name: "qIsScriptCreated", Value: flag(v.ScriptCreated)},
		jsontree.Member{Name: "qIsReserved", Value: flag(v.Reserved)},
		jsontree.Member{Name: "qIsConfig", Value: flag(v.Config)},
		jsontree.Member{Name: "qData", Value: object(
			jsontree.Member{Name: "tags", Value: p.Get("tags")},
			jsontree.Member{Name: "numberPresentation", Value: p.Get("qNumberPresentation")},
		)},
	)
}

// takeFault notes what is missing without a file. The names of objects' files are TYPE-ID.json.
func (s *site) takeFault(read *qixmap.App, app catalog.Key, fault appfiles.Fault) {
	gap := func(part catalog.Part, key catalog.Key) {
		read.AddGap(part, key, explain("read", key, fault))
	}
	switch fault.File {
	case appfiles.DimensionsFile:
		gap(catalog.PartDimensions, app)
	case appfiles.MeasuresFile:
		gap(catalog.PartMeasures, app)
	case appfiles.VariablesFile:
		gap(catalog.PartVariables, app)
	case appfiles.ScriptFile:
		gap(catalog.PartScript, catalog.ScriptKey(app))
	case appfiles.MetadataFile:
		gap(catalog.PartDataModel, app)
	case appfiles.ObjectsFolder:
		gap(catalog.PartSheet, app)
		gap(catalog.PartMasterObjects, app)
	case appfiles.LineageFile, appfiles.ConnectionsFile: // no row is made of them
		s.log.Warn("a file can't be read", "app", string(app), "error", fault)
	default:
		s.takeObjectFault(read, app, fault, gap)
	}
}

func (s *site) takeObjectFault(read *qixmap.App, app catalog.Key, fault appfiles.Fault, gap func(catalog.Part, catalog.Key)) {
	base := path.Base(fault.File)
	typ, id, named := strings.Cut(strings.TrimSuffix(base, path.Ext(base)), "-")
	switch {
	case !named:
		gap(catalog.PartSheet, app) // it may have been one
	case typ == "sheet":
		gap(catalog.PartSheet, catalog.SheetKey(app, clean(id)))
	case typ == "masterobject":
		key := catalog.ItemKey(app, clean(id))
		read.Masters = append(read.Masters, qixmap.Object{ID: clean(id), Err: explain("read", key, fault)})
	case typ == "dimension":
		gap(catalog.PartDimensions, catalog.ItemKey(app, clean(id)))
	case typ == "measure":
		gap(catalog.PartMeasures, catalog.ItemKey(app, clean(id)))
	default: // of a type that has no rows
		s.log.Warn("a file can't be read", "app", string(app), "error", fault)
	}
}
