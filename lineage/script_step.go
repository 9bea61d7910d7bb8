package lineage

import (
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// maxStatement is how much of a statement an edge keeps, in bytes.
const maxStatement = 4000

// step is an edge without ends that tells which statement makes a field, or the table: of those that made
// the table, the one that names what the edge comes from.
func (b *builder) step(t *qvs.Table, f *qvs.Field, named string) catalog.LineageEdge {
	e := catalog.LineageEdge{Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Source: catalog.ScriptKey(b.app)}
	s := stepOf(t, f, named)
	if s == nil {
		return e
	}
	e.Statement, e.Tab, e.Line, e.Column = b.statement(s.Statement), s.At.Tab, s.At.Line, s.At.Column
	if f != nil && within(s, f.At) {
		e.Tab, e.Line, e.Column = f.At.Tab, f.At.Line, f.At.Column
	}
	b.doubt(&e)
	return e
}

// stepOf chooses among the steps of a table: the one that names the source and holds the field, else one
// that names the source, else the one that holds the field, else the first.
func stepOf(t *qvs.Table, f *qvs.Field, named string) *qvs.Step {
	var best *qvs.Step
	most := -1
	for i := range t.Steps {
		s := &t.Steps[i]
		score := 0
		if named != "" && strings.Contains(strings.ToLower(s.Statement), named) {
			score += 2
		}
		if f != nil && within(s, f.At) {
			score++
		}
		if s.What == "drop" || s.What == "rename" {
			score = -1
		}
		if score > most {
			best, most = s, score
		}
	}
	return best
}

// within reports whether a place is in a step's statement.
func within(s *qvs.Step, at qvs.Pos) bool {
	return at.Line > 0 && s.At.Line <= at.Line && at.Line <= s.At.Line+strings.Count(s.Statement, "\n")
}

// doubt lowers the confidence of what follows an include that couldn't be read.
func (b *builder) doubt(e *catalog.LineageEdge) {
	if b.doubtful > 0 && e.Line > b.doubtful {
		e.Confidence *= 0.8
	}
}

// unsure lowers the confidence of an edge from a column that is of one of several tables.
func unsure(e *catalog.LineageEdge, c qvs.Column) {
	if c.OneOf > 1 {
		e.Confidence /= float64(c.OneOf)
	}
}

// statement is a statement as it may be shown.
func (b *builder) statement(s string) string {
	if masked, known := b.masked[s]; known {
		return masked
	}
	masked := catalog.Mask(s)
	if len(masked) > maxStatement {
		masked = strings.ToValidUTF8(masked[:maxStatement], "") + "…"
	}
	b.masked[s] = masked
	return masked
}
