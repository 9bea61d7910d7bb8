package postgres

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A stored is what the catalog has of a row: enough to decide what becomes of it.
type stored struct {
	hash       [hashSize]byte
	retired    bool
	incomplete bool
	typ        catalog.FieldType // of a report field
	origin     catalog.Origin    // of a report field
}

// A difference is what must be written to make a table's rows of a unit those of a snapshot.
type difference struct {
	added   []row
	changed []row    // other content, or retired until now
	gone    []string // keys
}

func (d difference) empty() bool { return len(d.added)+len(d.changed)+len(d.gone) == 0 }

// compare finds what to write to one table. What a gap hides isn't gone.
func compare(table int, rows []row, have map[string]stored, gaps []catalog.Gap) difference {
	var d difference
	seen := make(map[string]bool, len(rows))
	for _, r := range rows {
		if seen[r.key] {
			continue
		}
		seen[r.key] = true
		was, known := have[r.key]
		switch {
		case !known:
			d.added = append(d.added, r)
		case r.incomplete && !was.incomplete && !was.retired:
			// A fuller row from an earlier crawl stays as it is.
		case was.retired || was.hash != r.hash:
			d.changed = append(d.changed, r)
		}
	}
	for key, was := range have {
		if !seen[key] && !was.retired && !hidden(table, catalog.Key(key), was, gaps) {
			d.gone = append(d.gone, key)
		}
	}
	return d
}

// hidden tells whether a row that a snapshot lacks may only be missing because of a gap (see
// catalog.Gap).
func hidden(table int, key catalog.Key, was stored, gaps []catalog.Gap) bool {
	for _, g := range gaps {
		if covers(g, table, key, was) {
			return true
		}
	}
	return false
}

func covers(g catalog.Gap, table int, key catalog.Key, was stored) bool {
	field := func(typ catalog.FieldType) bool {
		return table == fields && was.typ == typ && was.origin != catalog.OriginInline && g.Key.Contains(key)
	}
	switch g.Part {
	case catalog.PartApp:
		return true
	case catalog.PartSheet:
		return (table == reports || table == fields) && g.Key.Contains(key)
	case catalog.PartMasterObjects:
		return field(catalog.MasterObject)
	case catalog.PartMeasures:
		return field(catalog.Measure)
	case catalog.PartDimensions:
		return field(catalog.Dimension)
	case catalog.PartVariables:
		return field(catalog.Variable)
	case catalog.PartScript:
		return table == sources
	case catalog.PartDataModel:
		return table == modelTables || table == modelFields
	default: // a part that only says something: nothing stands behind it
		return false
	}
}
