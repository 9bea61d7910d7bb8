package qix

import "context"

// Projection says which values a list carries in qData: member name → path into the object's
// properties or layout (facts C.7).
type Projection map[string]string

// AppObjectList lists the objects of one type, such as sheet or masterobject. Two requests, the
// second sent by itself.
func (d *Doc) AppObjectList(ctx context.Context, qType string, data Projection) *Reply[[]ObjectEntry] {
	return list[ObjectEntry](ctx, d, qType+"List", "qAppObjectList", listDef{Type: qType, Data: data})
}

// SheetList lists the sheets, with the values that Qlik's own client asks for.
func (d *Doc) SheetList(ctx context.Context) *Reply[[]ObjectEntry] {
	return list[ObjectEntry](ctx, d, "SheetList", "qAppObjectList", listDef{Type: "sheet", Data: Projection{
		"title": "/qMetaDef/title", "labelExpression": "/labelExpression", "showCondition": "/showCondition",
		"description": "/qMetaDef/description", "descriptionExpression": "/descriptionExpression",
		"thumbnail": "/thumbnail", "cells": "/cells", "rank": "/rank", "columns": "/columns", "rows": "/rows",
	}})
}

// MasterObjectList lists the master visualizations.
func (d *Doc) MasterObjectList(ctx context.Context) *Reply[[]ObjectEntry] {
	return list[ObjectEntry](ctx, d, "masterobjectList", "qAppObjectList", listDef{Type: "masterobject", Data: Projection{
		"title": "/qMetaDef/title", "description": "/qMetaDef/description", "visualization": "/visualization",
		"tags": "/qMetaDef/tags",
	}})
}

// DimensionList lists the master dimensions. Some servers leave expressions out of it: read them
// from the properties.
func (d *Doc) DimensionList(ctx context.Context) *Reply[[]ObjectEntry] {
	return list[ObjectEntry](ctx, d, "DimensionList", "qDimensionList", listDef{Type: "dimension", Data: Projection{
		"title": "/qMetaDef/title", "tags": "/qMetaDef/tags", "grouping": "/qDim/qGrouping", "info": "/qDimInfos",
		"labelExpression": "/qDim/qLabelExpression",
	}})
}

// MeasureList lists the master measures.
func (d *Doc) MeasureList(ctx context.Context) *Reply[[]ObjectEntry] {
	return list[ObjectEntry](ctx, d, "MeasureList", "qMeasureList", listDef{Type: "measure", Data: Projection{
		"title": "/qMetaDef/title", "tags": "/qMetaDef/tags", "expression": "/qMeasure/qDef",
		"labelExpression": "/qMeasure/qLabelExpression",
	}})
}

// VariableList lists the variables; the Engine's reserved and configuration ones only if asked for.
func (d *Doc) VariableList(ctx context.Context, showReserved, showConfig bool) *Reply[[]VariableEntry] {
	return list[VariableEntry](ctx, d, "VariableList", "qVariableList", listDef{
		Type: "variable", ShowReserved: showReserved, ShowConfig: showConfig,
		Data: Projection{"tags": "/tags", "numberPresentation": "/qNumberPresentation"},
	})
}

// A listDef is the definition of a list object.
type listDef struct {
	Type         string     `json:"qType"`
	ShowReserved bool       `json:"qShowReserved,omitempty"`
	ShowConfig   bool       `json:"qShowConfig,omitempty"`
	Data         Projection `json:"qData"`
}

// list makes a list object and reads its layout. member is the list's name in the layout; its
// definition's is the same with Def.
func list[T any](ctx context.Context, d *Doc, qType, member string, def listDef) *Reply[[]T] {
	if def.Data == nil {
		def.Data = Projection{}
	}
	props := map[string]any{
		"qInfo": struct {
			Type string `json:"qType"`
		}{qType},
		member + "Def": def,
	}
	return twoSteps[[]T](ctx, d, "CreateSessionObject", props, "GetLayout", "qLayout", member, "qItems")
}
