package sql_test

import (
	"fmt"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/lineage/sql"
)

// show prints a query in a form that fits table tests: a line for each part that isn't empty.
func show(q sql.Query) string {
	var b strings.Builder
	if q.Kind != sql.Select {
		fmt.Fprintf(&b, "kind %s\n", q.Kind)
	}
	for _, c := range q.Columns {
		fmt.Fprintf(&b, "%s <- %s", c.Name, origins(c.From))
		if len(c.Except) > 0 {
			fmt.Fprintf(&b, " except %s", strings.Join(c.Except, ", "))
		}
		b.WriteByte('\n')
	}
	var tables []string
	for _, t := range q.Tables {
		s := t.Name
		if t.Kind != sql.BaseTable {
			s += " (" + string(t.Kind) + ")"
		}
		tables = append(tables, s)
	}
	line(&b, "tables", strings.Join(tables, " | "))
	line(&b, "filters", origins(q.Filters))
	line(&b, "target", q.Target)
	if q.TableLevel {
		b.WriteString("table level\n")
	}
	for _, d := range q.Diagnostics {
		fmt.Fprintf(&b, "%d: %s: %s\n", d.Offset, d.What, d.Why)
	}
	return b.String()
}

func line(b *strings.Builder, what, text string) {
	if text != "" {
		fmt.Fprintf(b, "%s: %s\n", what, strings.TrimRight(text, " "))
	}
}

// origins prints origins; a question mark is a candidate.
func origins(list []sql.Origin) string {
	var out []string
	for _, o := range list {
		s := o.Table + "." + o.Column
		if o.Candidate {
			s += "?"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}
