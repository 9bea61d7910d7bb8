package qvs

import (
	"cmp"
	"slices"
)

// A Report is a Result as the command prints it in JSON. All its lists are sets.
type Report struct {
	Tables              []ReportTable      `json:"tables"` // in the data model when the script has ended
	Stores              []ReportStore      `json:"stores"`
	ColumnLineage       []ReportColumn     `json:"column_lineage"` // from names that are outside of the script
	StoreColumnLineage  []ReportColumn     `json:"store_column_lineage,omitempty"`
	StoreSources        []ReportSources    `json:"store_sources,omitempty"`
	DroppedTables       []string           `json:"dropped_tables"`
	SectionAccessTables []string           `json:"section_access_tables,omitempty"`
	DerivedFields       []ReportColumn     `json:"derived_fields,omitempty"`
	Variables           map[string]string  `json:"variables,omitempty"`
	Unresolved          []string           `json:"unresolved,omitempty"`
	Diagnostics         []ReportDiagnostic `json:"diagnostics,omitempty"`
}

// A ReportTable is a table of the data model.
type ReportTable struct {
	Name    string         `json:"name"`
	Fields  []string       `json:"fields"`
	Sources []ReportObject `json:"sources"`
}

// A ReportObject is something outside of the script.
type ReportObject struct {
	Kind       ObjectKind `json:"kind"`
	Connection string     `json:"connection"`
	Object     string     `json:"object"`
}

// A ReportStore is a STORE statement that was executed.
type ReportStore struct {
	Table  string `json:"table"`
	Target string `json:"target"`
}

// A ReportColumn is what a field or a stored column comes from.
type ReportColumn struct {
	To   string   `json:"to"`
	From []string `json:"from"`
}

// ReportSources are the objects that a stored file comes from.
type ReportSources struct {
	Target  string         `json:"target"`
	Sources []ReportObject `json:"sources"`
}

// A ReportDiagnostic is something that couldn't be read.
type ReportDiagnostic struct {
	Tab      string `json:"tab,omitempty"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Included string `json:"included,omitempty"`
	Kind     string `json:"kind"`
	What     string `json:"what"`
	Why      string `json:"why"`
}

// Report makes the document that the command prints in JSON.
func (res *Result) Report() Report {
	rep := Report{
		Tables: []ReportTable{}, Stores: []ReportStore{}, ColumnLineage: []ReportColumn{}, DroppedTables: append([]string{}, res.Dropped...),
		Variables: res.Variables, Unresolved: res.Unresolved,
	}
	for _, t := range res.Tables {
		switch t.Fate {
		case Section:
			rep.SectionAccessTables = append(rep.SectionAccessTables, t.Name)
		case Data:
			rep.table(t)
		}
	}
	rep.stores(res.Stores)
	for _, d := range res.Diagnostics {
		rep.Diagnostics = append(rep.Diagnostics, ReportDiagnostic{
			Tab: d.At.Tab, Line: d.At.Line, Column: d.At.Column, Included: d.At.Included, Kind: d.Kind, What: d.What, Why: d.Why,
		})
	}
	return rep
}

func (rep *Report) table(t *Table) {
	rt := ReportTable{Name: t.Name, Fields: []string{}, Sources: reportObjects(t.Sources)}
	for _, f := range t.Fields {
		rt.Fields = append(rt.Fields, f.Name)
		rep.ColumnLineage = append(rep.ColumnLineage, ReportColumn{To: t.Name + "." + f.Name, From: columnNames(f.From)})
	}
	for _, f := range t.Derived {
		rep.DerivedFields = append(rep.DerivedFields, ReportColumn{To: t.Name + "." + f.Name, From: columnNames(f.From)})
	}
	rep.Tables = append(rep.Tables, rt)
}

// stores lists each STORE once; what several of them write to one file is put together.
func (rep *Report) stores(list []Store) {
	columns, targets := map[string]int{}, map[string]int{}
	seen := map[ReportStore]bool{}
	for i := range list {
		s := &list[i]
		if rs := (ReportStore{Table: s.TableName, Target: s.Target}); !seen[rs] {
			seen[rs] = true
			rep.Stores = append(rep.Stores, rs)
		}
		at, ok := targets[s.Target]
		if !ok {
			at = len(rep.StoreSources)
			targets[s.Target] = at
			rep.StoreSources = append(rep.StoreSources, ReportSources{Target: s.Target, Sources: []ReportObject{}})
		}
		rep.StoreSources[at].Sources = uniteObjects(rep.StoreSources[at].Sources, reportObjects(s.Sources))
		for j := range s.Fields {
			f := &s.Fields[j]
			to := s.Target + "." + f.Name
			if k, ok := columns[to]; ok {
				rep.StoreColumnLineage[k].From = uniteNames(rep.StoreColumnLineage[k].From, columnNames(f.From))
				continue
			}
			columns[to] = len(rep.StoreColumnLineage)
			rep.StoreColumnLineage = append(rep.StoreColumnLineage, ReportColumn{To: to, From: columnNames(f.From)})
		}
	}
}

func reportObjects(list []Object) []ReportObject {
	out := make([]ReportObject, len(list))
	for i, o := range list {
		out[i] = ReportObject{Kind: o.Kind, Connection: o.Connection, Object: o.Name}
	}
	return out
}

func columnNames(list []Column) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Object.Name + "." + c.Name
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func uniteNames(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func uniteObjects(a, b []ReportObject) []ReportObject {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y ReportObject) int {
		return cmp.Or(cmp.Compare(x.Object, y.Object), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Connection, y.Connection))
	})
	return slices.Compact(out)
}
