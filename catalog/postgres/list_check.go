package postgres

import (
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// CheckQuery says all that is wrong with a query of a list, without asking the database: CodeInvalid with
// catalog.QueryFaults, as the list itself would. Who may see what plays no part in it.
func (db *DB) CheckQuery(list catalog.ListName, q catalog.Query) error {
	if faults := listOf(list).check(q); len(faults) > 0 {
		return &catalog.Error{Code: catalog.CodeInvalid, Op: "list the " + string(list), Err: faults}
	}
	return nil
}

// QueryColumns are the columns that a list can be sorted by, and those that it can be filtered by.
func (db *DB) QueryColumns(list catalog.ListName) (sort, filter []string) {
	return listOf(list).askable()
}

// An askable is a list, whatever its rows are.
type askable interface {
	check(q catalog.Query) catalog.QueryFaults
	askable() (sort, filter []string)
}

func (l *list[T]) check(q catalog.Query) catalog.QueryFaults {
	faults := l.asked(q).faults
	_, filter := l.askable()
	for i, f := range q.Filters {
		if c := l.column(f.Column); c != nil && c.inner {
			faults = append(faults, catalog.QueryFault{
				Parameter: f.Column, Filter: true, Index: i, Why: fmt.Sprintf("the %s can't be filtered by %q", l.name, f.Column), Cure: catalog.OneOf(f.Column, filter),
			})
		}
	}
	return faults
}

func (l *list[T]) askable() (sort, filter []string) {
	filters := func(c *listColumn[T]) bool { return c.filterable() && !c.inner }
	return l.names((*listColumn[T]).sortable), l.names(filters)
}

// listOf finds a list. That there is none is a fault of this program.
func listOf(name catalog.ListName) askable {
	l, ok := map[catalog.ListName]askable{
		catalog.ListAudit:       auditList,
		catalog.ListChanges:     changeList,
		catalog.ListColumns:     columnList,
		catalog.ListConnections: connectionList,
		catalog.ListFields:      fieldList,
		catalog.ListGaps:        gapList,
		catalog.ListGroups:      groupList,
		catalog.ListLineageGaps: lineageGapList,
		catalog.ListEdges:       manualList,
		catalog.ListOutcomes:    outcomeList,
		catalog.ListReports:     reportList,
		catalog.ListRuns:        runList,
		catalog.ListSources:     sourceList,
		catalog.ListTables:      tableList,
		catalog.ListTokens:      tokenList,
		catalog.ListUsers:       userList,
	}[name]
	if !ok {
		panic(fmt.Sprintf("there is no list of %s", name))
	}
	return l
}
