package qliksense

import (
	"errors"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

var errNoVariable = errors.New("a variable without an id")

// mapVariables makes the rows of variables. What is reserved or a configuration is said by the
// Engine's flags, never by a list of names (contract §4).
func (m *mapper) mapVariables() {
	for _, v := range m.read.Variables {
		id := v.get("qInfo", "qId").str()
		if id == "" {
			m.gap(catalog.PartVariables, m.app, unreadable("read variables of", m.app, errNoVariable))
			continue
		}
		if m.opts.SystemVariables || !v.get("qIsReserved").truth() && !v.get("qIsConfig").truth() {
			m.out.Fields = append(m.out.Fields, m.variable(id, v))
		}
	}
}

// variable is the row of one item of the variable list (facts C.7, C.8). Its definition is kept as
// it is: an expression when it starts with "=", else text for $-expansion.
func (m *mapper) variable(id string, v jsonValue) catalog.ReportField {
	listed := meta{v.get("qMeta")}
	origin := catalog.OriginMaster
	if v.get("qIsScriptCreated").truth() {
		origin = catalog.OriginScript
	}
	a := catalog.Attributes{}
	put(a, "owner", listed.owner(m.read.People).attributes())
	put(a, "number_format", v.get("qData", "numberPresentation"))
	put(a, "reserved", v.get("qIsReserved").truth())
	put(a, "config", v.get("qIsConfig").truth())
	return catalog.ReportField{
		Key:         catalog.ItemKey(m.app, id),
		Report:      m.app,
		Type:        catalog.Variable,
		Origin:      origin,
		Name:        v.get("qName").str(),
		Formula:     textOf(v.get("qDefinition")),
		Description: textOf(v.get("qDescription")),
		Tags:        v.get("qData", "tags").strs(),
		Attributes:  none(a),
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
		Name:     m.read.App.Name,
		Type:     catalog.TypeScript,
		Language: catalog.LanguageLoadScript,
		Code:     m.read.Script,
	})
}
