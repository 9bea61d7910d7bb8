package qliksense

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

var (
	errForeign  = errors.New("the unit is from another connector")
	errOutdated = errors.New("opening the app would upgrade it to the server's version")
	errTimeout  = errors.New("the app took longer than options.app_timeout")
)

// Fetch reads one app: its inside from the Engine and, beside it, the stored data model.
func (s *site) Fetch(ctx context.Context, l connector.Listed) (*catalog.Snapshot, error) {
	app, ok := l.Source.(*listedApp)
	if !ok {
		return nil, &catalog.Error{Code: catalog.CodeInternal, Op: "fetch", Key: l.Unit.Key, Err: errForeign}
	}
	limited, cancel := s.withAppTimeout(ctx)
	defer cancel()

	var metadata json.RawMessage
	var metadataErr error
	var beside sync.WaitGroup
	if s.cfg.Options.DataModel != dataModelNone {
		beside.Go(func() { metadata, metadataErr = s.session.qrs().DataMetadataJSON(limited, app.row.ID) })
	}
	read, err := s.readPatiently(ctx, app)
	beside.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("fetch %s: %w", l.Unit.Key, context.Cause(ctx))
	case err != nil:
		if read, err = s.readRefused(ctx, app, err); err != nil {
			return nil, err
		}
	case s.cfg.Options.DataModel == dataModelOpen && noStoredModel(metadata, metadataErr):
		metadata, metadataErr = s.openForModel(ctx, app)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("fetch %s: %w", l.Unit.Key, context.Cause(ctx))
		}
	}
	read.Version, read.Metadata = l.Version, metadata
	if metadataErr != nil {
		read.AddGap(catalog.PartDataModel, l.Unit.Key, s.noModel(l.Unit.Key, metadataErr))
	}
	return qixmap.Map(s.options(), read), nil
}

// noModel is why an app has no data model. The stored metadata is a service of the proxy (facts B.9):
// the Repository's own port, which certificates lead to, doesn't have it.
func (s *site) noModel(key catalog.Key, err error) error {
	const op = "read data model of"
	if qrs.KindOf(err) != qrs.NotFound {
		return explain(op, key, err)
	}
	cure := "Reload the app on this server once, or set options.data_model to open (opens such apps with their data) or to none."
	if s.cfg.Login == loginCertificate {
		cure = "Stored data models are served by the proxy only: use another login, or set options.data_model to open (opens each app with its data) or to none."
	}
	return &catalog.Error{Code: catalog.CodeNotFound, Op: op, Key: key, Err: err, Cure: cure}
}

// refusedTimeout bounds what is asked of the Repository about an app that the Engine refused.
const refusedTimeout = 30 * time.Second

// readRefused makes the best of an app that the Engine refused: what the Repository has, and a gap
// (contract §4, Refused apps). It returns an error when the app is gone, when the whole site is out
// of reach, or when every other app would fail in the same way.
func (s *site) readRefused(ctx context.Context, app *listedApp, refusal error) (*qixmap.App, error) {
	switch catalog.CodeOf(refusal) {
	case catalog.CodeUnauthorized, catalog.CodeSessionLimit:
		return nil, refusal // every other app would fail in the same way
	}
	key := catalog.AppKey(s.cfg.Code, app.row.ID)
	limited, cancel := context.WithTimeout(ctx, refusedTimeout)
	defer cancel()
	_, err := s.session.qrs().App(limited, app.row.ID)
	read := s.newRead(app)
	if err == nil {
		read.SheetRows, err = s.sheetRows(limited, app.row.ID)
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("fetch %s: %w", key, context.Cause(ctx))
	case qrs.KindOf(err) == qrs.NotFound:
		return nil, explain("read app", key, err)
	case err != nil:
		return nil, refusal // the Repository doesn't answer either
	}
	read.AddGap(catalog.PartApp, key, refusal)
	return read, nil
}

// sheetRows are the sheets that the Repository lists of an app.
func (s *site) sheetRows(ctx context.Context, appID string) ([]qixmap.SheetRow, error) {
	var rows []qixmap.SheetRow
	for o, err := range s.session.qrs().AppObjects(ctx, "app.id eq "+appID+" and objectType eq 'sheet'") {
		if err != nil {
			return nil, err
		}
		if o.EngineObjectID != "" {
			rows = append(rows, newSheetRow(o))
		}
	}
	return rows, nil
}

func (s *site) newRead(app *listedApp) *qixmap.App {
	people := s.known()
	for _, p := range app.people {
		if _, known := people[p.ID]; !known {
			people = withPeople(people, app.people)
			break
		}
	}
	return &qixmap.App{Row: app.row, Parent: s.parentGroup(app.row), People: people, Cure: cureOdd}
}
