package qliksense

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

// noStoredModel reports whether an app's stored metadata isn't there or is of no use, so that only the Engine
// can tell the data model (facts B.9). A server that is merely away or slow is no reason to open an app with
// its data.
func noStoredModel(metadata json.RawMessage, err error) bool {
	if err == nil {
		return !bytes.HasPrefix(bytes.TrimSpace(metadata), []byte("{"))
	}
	switch qrs.KindOf(err) {
	case qrs.NotFound, qrs.NotQlik, qrs.BadAnswer, qrs.Forbidden:
		return true
	}
	return false
}

// openForModel opens an app with its data and reads its data model, as metadata of the shape of facts B.9.
// That loads the app into the Engine's memory and may push users' apps out of it (facts G 36): one app of
// the connection at a time, with a pause after each, and only with options.data_model: open.
func (s *site) openForModel(ctx context.Context, app *listedApp) (json.RawMessage, error) {
	key := catalog.AppKey(s.cfg.Code, app.row.ID)
	if err := s.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer s.endTurn()
	var model json.RawMessage
	for try := 1; ; try++ {
		ticket, err := s.gate.enter(ctx)
		if err != nil {
			return nil, err
		}
		model, err = s.readModel(ctx, app.row.ID, key)
		s.gate.leave(ticket, err)
		if _, again := busy(err); !again || try >= s.gate.pace.tries || ctx.Err() != nil {
			return model, err
		}
	}
}

// takeTurn waits until no other app of the connection is open with its data, and for the pause after the
// last one.
func (s *site) takeTurn(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := pause(ctx, time.Until(s.rested), nil); err != nil {
		<-s.turn
		return err
	}
	return nil
}

func (s *site) endTurn() {
	s.rested = time.Now().Add(s.gate.pace.dataPause)
	<-s.turn
}

// readModel opens the app on a socket, and so in an Engine session, of its own: one that is open without data
// can't be opened with it (facts C.1, error 1009).
func (s *site) readModel(ctx context.Context, appID string, key catalog.Key) (json.RawMessage, error) {
	ctx, cancel := s.withAppTimeout(ctx)
	defer cancel()
	var model json.RawMessage
	err := s.session.onApp(ctx, appID, func(engine *qix.Session) error {
		doc, err := engine.OpenDoc(ctx, appID, false)
		if err != nil {
			return err
		}
		m := modelReader{ctx: ctx, engine: engine, doc: doc, key: key, fields: map[string]*qrs.MetadataField{}}
		if err := m.run(); err != nil {
			return err
		}
		model, err = json.Marshal(m.out)
		return err
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return model, explain("read data model of", key, err)
}

// A modelReader reads the data model of an app that is open with its data (facts C.10). It never asks for
// values.
type modelReader struct {
	ctx    context.Context
	engine *qix.Session
	doc    *qix.Doc
	key    catalog.Key

	out    qrs.Metadata
	names  []string // of fields, in the order of the tables
	fields map[string]*qrs.MetadataField
}

func (m *modelReader) run() error {
	size := func(n int) any { return map[string]int{"qcx": n, "qcy": n} }
	answer, err := m.wait(m.call("GetTablesAndKeys", size(1000), size(0), 30, false, false))
	if err != nil {
		return err
	}
	for _, t := range answer.Get("qtr").Items {
		m.table(t)
	}
	replies := make([]*qix.Reply[json.RawMessage], len(m.names))
	for i, name := range m.names {
		replies[i] = m.call("GetFieldDescription", name)
	}
	for i, name := range m.names {
		described, err := m.wait(replies[i])
		if err != nil && m.ctx.Err() != nil {
			return err
		}
		f := m.fields[name]
		if described = described.Get("qReturn"); err == nil && described.Kind == jsontree.Object {
			describe(f, described)
		}
		m.out.Fields = append(m.out.Fields, *f)
	}
	return nil
}

func (m *modelReader) call(method string, params ...any) *qix.Reply[json.RawMessage] {
	return qix.Send[json.RawMessage](m.ctx, m.engine, m.doc.ID, method, params...)
}

func (m *modelReader) wait(reply *qix.Reply[json.RawMessage]) (jsontree.Value, error) {
	raw, err := reply.Get(m.ctx)
	if err != nil {
		return jsontree.Value{}, err
	}
	v, err := jsontree.Parse(raw)
	if err != nil {
		return jsontree.Value{}, unreadable("read data model of", m.key, err)
	}
	return v, nil
}

// table takes a table with what it says of its fields.
func (m *modelReader) table(t jsontree.Value) {
	name, fields := t.Get("qName").Str(), t.Get("qFields").Items
	table := qrs.MetadataTable{
		Name: name, IsLoose: t.Get("qLoose").Truth(), Comment: t.Get("qComment").Str(),
		NoOfRows: t.Get("qNoOfRows").Count(), NoOfFields: int64(len(fields)),
	}
	for _, v := range fields {
		if kind := v.Get("qKeyType").Str(); kind != "" && kind != "NOT_KEY" {
			table.NoOfKeys++
		}
		id := v.Get("qName").Str()
		f := m.fields[id]
		if f == nil {
			f = &qrs.MetadataField{
				Name: id, Comment: v.Get("qComment").Str(), Tags: v.Get("qTags").Strs(), Cardinal: v.Get("qnTotalDistinctValues").Count(),
			}
			m.fields[id] = f
			m.names = append(m.names, id)
		}
		f.SrcTables = append(f.SrcTables, name)
	}
	m.out.Tables = append(m.out.Tables, table)
}

// describe adds what only a field's description says.
func describe(f *qrs.MetadataField, v jsontree.Value) {
	if tables := v.Get("qSrcTables").Strs(); len(tables) > 0 {
		f.SrcTables = tables
	}
	f.IsSystem, f.IsHidden, f.IsSemantic = v.Get("qIsSystem").Truth(), v.Get("qIsHidden").Truth(), v.Get("qIsSemantic").Truth()
	f.DistinctOnly, f.IsNumeric = v.Get("qDistinctOnly").Truth(), v.Get("qIsNumeric").Truth()
	f.IsLocked, f.AlwaysOne = v.Get("qIsLocked").Truth(), v.Get("qAlwaysOneSelected").Truth()
	f.Cardinal, f.TotalCount, f.ByteSize = v.Get("qCardinal").Count(), v.Get("qTotalCount").Count(), v.Get("qByteSize").Count()
	f.Comment, f.Tags = v.Get("qComment").Str(), v.Get("qTags").Strs()
}
