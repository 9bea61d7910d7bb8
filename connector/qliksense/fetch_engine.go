package qliksense

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

var errNoAnswer = errors.New("the Engine gave an empty answer")

// A reader reads one app from the Engine on one socket. Each step sends all its calls before it waits
// for the first answer, so that an app costs six dependent round trips whatever is in it: the token for the
// socket, the socket with its greeting, OpenDoc, then everything that needs only the open app, the
// objects that were listed, and their properties.
type reader struct {
	ctx    context.Context
	key    catalog.Key
	system bool // system_variables
	engine *qix.Session
	doc    *qix.Doc
	out    *qixmap.App

	json  jsontree.Parser
	known map[string]bool // what the lists of objects named, by type and id
}

func (s *site) newReader(app *listedApp, key catalog.Key) *reader {
	return &reader{key: key, system: s.cfg.Options.SystemVariables, out: s.newRead(app), known: map[string]bool{}}
}

// run reads the app. An error means that the Engine refused it or that the connection broke; what is refused
// within an open app is a gap.
func (r *reader) run(ctx context.Context, engine *qix.Session) error {
	r.ctx, r.engine = ctx, engine
	doc, err := engine.OpenDoc(ctx, r.out.Row.ID, true)
	var null *qix.NullHandleError
	if errors.As(err, &null) {
		return unreadable("open app", r.key, errNoAnswer)
	}
	if err != nil {
		return err
	}
	r.doc = doc
	first := r.askDoc()
	wanted, err := r.listObjects(first)
	if err != nil {
		return err
	}
	second := r.askObjects(wanted)
	return errors.Join(
		r.takeMetas(first, second),
		r.takeObjects(second),
		r.takeVariables(first.variables),
		r.takeScript(first.script),
	)
}

// Replies that need only the open app.
type docReplies struct {
	objects    *qix.Reply[json.RawMessage] // sheets and master objects
	infos      *qix.Reply[json.RawMessage] // all objects, dimensions and measures
	dimensions *qix.Reply[json.RawMessage] // layouts of lists
	measures   *qix.Reply[json.RawMessage]
	variables  *qix.Reply[json.RawMessage]
	script     *qix.Reply[json.RawMessage]
}

func (r *reader) askDoc() docReplies {
	return docReplies{
		objects:    r.call("GetObjects", objectOptions()),
		infos:      r.call("GetAllInfos"),
		script:     r.call("GetScriptEx"),
		dimensions: r.doc.SessionLayout(r.ctx, listProps("DimensionList", "qDimensionListDef", "dimension")),
		measures:   r.doc.SessionLayout(r.ctx, listProps("MeasureList", "qMeasureListDef", "measure")),
		variables:  r.doc.SessionLayout(r.ctx, variableListProps(r.system)),
	}
}

// call sends a call to the open app. Its reply is the whole result as the Engine sent it.
func (r *reader) call(method string, params ...any) *qix.Reply[json.RawMessage] {
	return qix.Send[json.RawMessage](r.ctx, r.engine, r.doc.ID, method, params...)
}

func objectOptions() any {
	return map[string]any{
		"qTypes": []string{typeSheet, typeMaster}, "qIncludeSessionObjects": false, "qData": struct{}{},
	}
}

// The types of app objects that the catalog has rows for.
const (
	typeSheet     = "sheet"
	typeMaster    = "masterobject"
	typeDimension = "dimension"
	typeMeasure   = "measure"
)

// listProps is a list object (facts C.7). Its items' qMeta is what we want of it: expressions are in
// the properties only.
func listProps(qType, member, of string) any {
	return map[string]any{
		"qInfo": map[string]any{"qType": qType},
		member:  map[string]any{"qType": of, "qData": map[string]any{"title": "/qMetaDef/title"}},
	}
}

func variableListProps(system bool) any {
	return map[string]any{
		"qInfo": map[string]any{"qType": "VariableList"},
		"qVariableListDef": map[string]any{
			"qType": "variable", "qShowReserved": system, "qShowConfig": system,
			"qData": map[string]any{"tags": "/tags", "numberPresentation": "/qNumberPresentation"},
		},
	}
}

// fatal reports an error after which nothing more can be read of the app: the session is over, or the time
// is up.
func (r *reader) fatal(err error) bool {
	var closed *qix.ClosedError
	return errors.As(err, &closed) || err != nil && r.ctx.Err() != nil
}

// parsed waits for an answer, which must be an object: a null says nothing, where an empty list would
// be left out of an object (facts C.3).
func (r *reader) parsed(reply *qix.Reply[json.RawMessage]) (jsontree.Value, error) {
	raw, err := reply.Get(r.ctx)
	if err != nil {
		return jsontree.Value{}, err
	}
	v, err := r.json.Parse(raw)
	if err == nil && v.Kind != jsontree.Object {
		err = errNoAnswer
	}
	if err != nil {
		return jsontree.Value{}, unreadable("read", r.key, err)
	}
	return v, nil
}

// A want is an app object to be read.
type want struct {
	typ, id string
	meta    jsontree.Value
}

// listObjects says which objects to read. Two lists are asked, since some servers give nothing for one of
// them (facts C.7); what either names counts.
func (r *reader) listObjects(first docReplies) ([]want, error) {
	objects, objectsErr := r.parsed(first.objects)
	infos, infosErr := r.parsed(first.infos)
	var wanted []want
	for _, err := range []error{objectsErr, infosErr} {
		if r.fatal(err) {
			return nil, err
		}
	}
	for _, o := range objects.Get("qList").Items {
		wanted = r.want(wanted, o.Get("qInfo", "qType").Str(), o.Get("qInfo", "qId").Str(), o.Get("qMeta"))
	}
	for _, info := range infos.Get("qInfos").Items {
		wanted = r.want(wanted, info.Get("qType").Str(), info.Get("qId").Str(), jsontree.Value{})
	}
	if err := errors.Join(objectsErr, infosErr); objectsErr != nil && infosErr != nil {
		err = explain("list objects of", r.key, err)
		for _, part := range []catalog.Part{catalog.PartSheet, catalog.PartMasterObjects, catalog.PartDimensions, catalog.PartMeasures} {
			r.out.AddGap(part, r.key, err)
		}
	}
	return wanted, nil
}

// want adds an object that the catalog has rows for, once.
func (r *reader) want(all []want, typ, id string, meta jsontree.Value) []want {
	switch typ {
	case typeSheet, typeMaster, typeDimension, typeMeasure:
	default:
		return all
	}
	if id == "" || r.known[typ+" "+id] {
		return all
	}
	r.known[typ+" "+id] = true
	return append(all, want{typ, id, meta})
}

// An objectReply is an object on its way.
type objectReply struct {
	want
	entry  *qix.Reply[json.RawMessage]
	layout *qix.Reply[json.RawMessage] // of an object whose listing said nothing of it; else nil
}

// askObjects asks for the properties of all objects.
func (r *reader) askObjects(wanted []want) []objectReply {
	replies := make([]objectReply, len(wanted))
	for i, w := range wanted {
		o := objectReply{want: w}
		switch w.typ {
		case typeDimension:
			o.entry = r.doc.DimensionProperties(r.ctx, w.id)
		case typeMeasure:
			o.entry = r.doc.MeasureProperties(r.ctx, w.id)
		default:
			o.entry = r.doc.ObjectEntry(r.ctx, w.id)
			if w.meta.Kind == jsontree.Absent {
				o.layout = r.doc.ObjectLayout(r.ctx, w.id)
			}
		}
		replies[i] = o
	}
	return replies
}

// takeMetas adds what the lists of dimensions and measures say of each. An item that only the list names
// is read too.
func (r *reader) takeMetas(first docReplies, second []objectReply) error {
	for _, l := range []struct {
		typ, member string
		reply       *qix.Reply[json.RawMessage]
		part        catalog.Part
	}{
		{typeDimension, "qDimensionList", first.dimensions, catalog.PartDimensions},
		{typeMeasure, "qMeasureList", first.measures, catalog.PartMeasures},
	} {
		layout, err := r.parsed(l.reply)
		if r.fatal(err) {
			return err
		}
		if err != nil {
			r.out.AddGap(l.part, r.key, explain("list "+string(l.part)+" of", r.key, err))
		}
		metas := map[string]jsontree.Value{}
		var more []want
		for _, item := range layout.Get(l.member, "qItems").Items {
			id := item.Get("qInfo", "qId").Str()
			metas[id] = item.Get("qMeta")
			more = r.want(more, l.typ, id, item.Get("qMeta"))
		}
		for i := range second {
			if second[i].typ == l.typ {
				second[i].meta = metas[second[i].id]
			}
		}
		if err := r.takeObjects(r.askObjects(more)); err != nil {
			return err
		}
	}
	return nil
}

// takeObjects waits for the properties of objects.
func (r *reader) takeObjects(replies []objectReply) error {
	for _, o := range replies {
		entry, err := o.entry.Get(r.ctx)
		if r.fatal(err) {
			return err
		}
		read := qixmap.Object{ID: o.id, Meta: o.meta, Entry: entry}
		if err != nil {
			read.Err = explain("read "+o.typ, catalog.ItemKey(r.key, o.id), err)
		}
		if o.layout != nil {
			if layout, err := r.parsed(o.layout); err == nil {
				read.Meta = layout.Get("qMeta")
			} else if r.fatal(err) {
				return err
			}
		}
		switch o.typ {
		case typeSheet:
			r.out.Sheets = append(r.out.Sheets, read)
		case typeMaster:
			r.out.Masters = append(r.out.Masters, read)
		case typeDimension:
			r.out.Dimensions = append(r.out.Dimensions, read)
		case typeMeasure:
			r.out.Measures = append(r.out.Measures, read)
		}
	}
	return nil
}

// takeVariables waits for the list of variables; when it is refused, another call may give them.
func (r *reader) takeVariables(reply *qix.Reply[json.RawMessage]) error {
	layout, err := r.parsed(reply)
	if err == nil {
		r.out.Variables = layout.Get("qVariableList", "qItems").Items
		return nil
	}
	if r.fatal(err) {
		return err
	}
	options := map[string]any{
		"qType": "variable", "qShowReserved": r.system, "qShowConfig": r.system, "qData": map[string]any{"tags": "/tags"},
	}
	result, again := r.parsed(r.call("GetVariables", options))
	switch {
	case again == nil:
		r.out.Variables = result.Get("qList").Items
	case r.fatal(again):
		return again
	default:
		r.out.AddGap(catalog.PartVariables, r.key, explain("list variables of", r.key, err))
	}
	return nil
}

// takeScript waits for the load script. GetScriptEx needs less rights than GetScript (facts C.6); old
// Engines have only the latter. There are three outcomes: a text, an empty text, and a refusal.
func (r *reader) takeScript(reply *qix.Reply[json.RawMessage]) error {
	var withMeta struct {
		Script struct {
			Text string `json:"qScript"`
		} `json:"qScript"`
	}
	err := r.decoded(reply, &withMeta)
	if err == nil {
		r.out.Script = withMeta.Script.Text
		return nil
	}
	if r.fatal(err) {
		return err
	}
	var plain struct {
		Text string `json:"qScript"`
	}
	err = r.decoded(r.call("GetScript"), &plain)
	switch {
	case err == nil:
		r.out.Script = plain.Text
	case r.fatal(err):
		return err
	default:
		r.out.AddGap(catalog.PartScript, catalog.ScriptKey(r.key), noScript(explain("read script of", r.key, err)))
	}
	return nil
}

// noScript names the right that a refused script needs (facts C.6).
func noScript(err error) error {
	var refused *catalog.Error
	if errors.As(err, &refused) && refused.Code == catalog.CodeForbidden {
		refused.Cure = "Let the account read the app object app_appscript (App.Object_*) in the QMC, under Security rules; docs/how-to/connecting.md has the rule."
	}
	return err
}

// decoded is parsed for texts that are kept as they are sent, NUL too.
func (r *reader) decoded(reply *qix.Reply[json.RawMessage], into any) error {
	raw, err := reply.Get(r.ctx)
	if err != nil {
		return err
	}
	if err = json.Unmarshal(raw, into); err == nil && string(raw) == "null" {
		err = errNoAnswer
	}
	if err != nil {
		return unreadable("read", r.key, err)
	}
	return nil
}
