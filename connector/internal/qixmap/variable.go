package qixmap

import (
	"errors"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/jsontree"
)

var errNoVariable = errors.New("a variable without an id")

// mapVariables makes the rows of variables. What is reserved or a configuration is said by the
// Engine's flags, never by a list of names (contract §4).
func (m *mapper) mapVariables() {
	for _, v := range m.read.Variables {
		id := v.Get("qInfo", "qId").Str()
		if id == "" {
			m.gap(catalog.PartVariables, m.app, m.unreadable("read variables of", m.app, errNoVariable))
			continue
		}
		if m.opts.SystemVariables || !v.Get("qIsReserved").Truth() && !v.Get("qIsConfig").Truth() {
			m.out.Fields = append(m.out.Fields, m.variable(id, v))
		}
	}
}

// variable is the row of one item of the variable list (facts C.7, C.8). Its definition is kept as
// it is: an expression when it starts with "=", else text for $-expansion.
func (m *mapper) variable(id string, v jsontree.Value) catalog.ReportField {
	listed := meta{v.Get("qMeta")}
	origin := catalog.OriginMaster
	if v.Get("qIsScriptCreated").Truth() {
		origin = catalog.OriginScript
	}
	a := catalog.Attributes{}
	Put(a, "owner", listed.owner(m.read.People).Attributes())
	Put(a, "number_format", v.Get("qData", "numberPresentation"))
	Put(a, "reserved", v.Get("qIsReserved").Truth())
	Put(a, "config", v.Get("qIsConfig").Truth())
	return catalog.ReportField{
		Key:         catalog.ItemKey(m.app, id),
		Report:      m.app,
		Type:        catalog.Variable,
		Origin:      origin,
		Name:        v.Get("qName").Str(),
		Formula:     textOf(v.Get("qDefinition")),
		Description: textOf(v.Get("qDescription")),
		Tags:        v.Get("qData", "tags").Strs(),
		Attributes:  None(a),
		CreatedAt:   listed.time("createdDate"),
		ModifiedAt:  listed.time("modifiedDate"),
	}
}

// mapScript makes the row of the load script; an empty script has none.
func (m *mapper) mapScript() {
	if m.read.Script == "" {
		return
	}
	m.out.Sources = append(m.out.Sources, catalog.SourceCode{
		Key:      catalog.ScriptKey(m.app),
		Report:   m.app,
		Name:     m.read.Row.Name,
		Type:     catalog.TypeScript,
		Language: catalog.LanguageLoadScript,
		Code:     m.read.Script,
	})
}
