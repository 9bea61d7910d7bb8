package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// SaveLineage stores what an app says of where its data comes from, in place of what it said before, in
// one transaction, and tells whether anything changed; an equal lineage writes none of its rows. run is
// the crawl that makes it; 0: nobody's, on demand. CodeConflict if the run isn't running any more, or the
// app's rows have changed since they were read: then whoever changed them makes it.
func (db *DB) SaveLineage(ctx context.Context, run catalog.RunID, l *catalog.LineageStored) (changed bool, err error) {
	return db.saveLineage(ctx, catalog.Claim{Run: run}, l)
}

func (db *DB) saveLineage(ctx context.Context, c catalog.Claim, l *catalog.LineageStored) (changed bool, err error) {
	run := c.Run
	rows, err := lineageRowsOf(l)
	if err != nil {
		return false, err
	}
	err = db.inQuickTx(ctx, func(tx pgx.Tx) error {
		was, err := lineageState(ctx, tx, c, l)
		if err != nil {
			return err
		}
		if was.equal(l, rows.hash) {
			return nil
		}
		var said map[string]string
		b := &pgx.Batch{}
		if changed = string(was.hash) != string(rows.hash); changed {
			if said, err = queueChanged(ctx, tx, b, was, l, rows); err != nil {
				return err
			}
		}
		queueLineageUnit(b, run, l, rows.hash)
		if err := tx.SendBatch(ctx, b).Close(); err != nil || said == nil {
			return err
		}
		return markTouchedBy(ctx, tx, clean(string(l.App)), said)
	})
	return changed, fail("save the lineage of", l.App, err)
}

// A lineageWas is what the catalog has of an app's lineage.
type lineageWas struct {
	known    bool
	hash     []byte
	content  int64
	reader   int
	places   string
	includes bool
}

func (w lineageWas) equal(l *catalog.LineageStored, hash []byte) bool {
	return w.known && string(w.hash) == string(hash) && w.content == l.Content && w.reader == l.Reader &&
		w.places == digestPlaces(l.Connections, l.Uses) && w.includes == l.Includes
}

// lineageState locks the app, checks that its rows are those that the lineage was made of, and reads what
// there is: one round trip, with the fence of a run.
func lineageState(ctx context.Context, tx pgx.Tx, c catalog.Claim, l *catalog.LineageStored) (lineageWas, error) {
	var w lineageWas
	var f fenced
	unit := clean(string(l.App))
	b := &pgx.Batch{}
	if c.Run != 0 {
		queueFence(b, c, &f)
	}
	b.Queue(lockExclusive, "unit/"+unit)
	b.Queue("select content from qlikcrawler.unit where key = $1 and retired_at is null", unit).QueryRow(func(row pgx.Row) error {
		var content int64
		err := row.Scan(&content)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && content != l.Content {
			return appChanged(l.App)
		}
		return err
	})
	b.Queue("select true, hash, content, reader, places, includes from qlikcrawler.lineage_unit where unit = $1", unit).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&w.known, &w.hash, &w.content, &w.reader, &w.places, &w.includes)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	err := tx.SendBatch(ctx, b).Close()
	return w, err
}

func appChanged(app catalog.Key) error {
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: "save the lineage of", Key: app,
		Err:  catalog.ErrAppChanged,
		Cure: "Build its lineage again.",
	}
}

// queueChanged replaces the rows of a lineage, and gives what links followed from until now. An app that had none needn't
// be asked: all its datasets are marked, and nil is given.
func queueChanged(ctx context.Context, tx pgx.Tx, b *pgx.Batch, was lineageWas, l *catalog.LineageStored, rows *lineageRows) (said map[string]string, err error) {
	unit := clean(string(l.App))
	if was.known {
		if said, err = linkables(ctx, tx, unit); err != nil {
			return nil, err
		}
	}
	queueLineage(b, was.known, l, rows)
	if !was.known && saysLinkable(l) {
		b.Queue(markTouched(datasetsOf), unit)
	}
	return said, nil
}

// saysLinkable tells whether links may follow from a lineage.
func saysLinkable(l *catalog.LineageStored) bool {
	return len(l.Stars) > 0 ||
		slices.ContainsFunc(l.Nodes, func(n catalog.LineageNode) bool {
			return n.Kind == catalog.NodeDataset || n.Kind == catalog.NodeDatasetColumn
		}) ||
		slices.ContainsFunc(l.Edges, func(e catalog.LineageEdge) bool {
			return e.Level == catalog.ColumnLevel && strings.HasPrefix(string(e.To), "dataset:")
		})
}

func queueLineageUnit(b *pgx.Batch, run catalog.RunID, l *catalog.LineageStored, hash []byte) {
	var made any
	if run != 0 {
		made = run
	}
	uses := l.Uses
	if uses == nil {
		uses = []string{}
	}
	b.Queue(`insert into qlikcrawler.lineage_unit (unit, connection, content, reader, uses, places, includes, hash, columns, unresolved, run)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (unit) do update set content = excluded.content, reader = excluded.reader, uses = excluded.uses,
			places = excluded.places, includes = excluded.includes, hash = excluded.hash, columns = excluded.columns,
			unresolved = excluded.unresolved, built_at = now(),
			run = case when lineage_unit.hash = excluded.hash then lineage_unit.run else excluded.run end`,
		clean(string(l.App)), l.App.Connection(), l.Content, l.Reader, uses, digestPlaces(l.Connections, l.Uses), l.Includes,
		hash, l.Columns, l.Unresolved, made)
}

// lineageTables are those whose rows belong to one unit.
var lineageTables = []string{"lineage_edge", "lineage_statement", "lineage_node", "lineage_star", "lineage_gap"}

// queueLineage stores the rows of a unit's lineage, instead of those of a known one.
func queueLineage(b *pgx.Batch, known bool, l *catalog.LineageStored, r *lineageRows) {
	unit, code := clean(string(l.App)), l.App.Connection()
	if known {
		for _, t := range lineageTables {
			b.Queue("delete from qlikcrawler."+t+" where unit = $1", unit)
		}
	}
	b.Queue(`insert into qlikcrawler.lineage_node (unit, key, connection, kind, name, parent_key, report_key, attributes, mask)
		select $1, x.key, x.connection, x.kind, x.name, x.parent_key, x.report_key, x.attributes::jsonb, x.mask
		from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
			as x(key, connection, kind, name, parent_key, report_key, attributes, mask)`, append([]any{unit}, r.nodes.args()...)...)
	b.Queue(`insert into qlikcrawler.lineage_statement (unit, n, statement, source_key, tab, line, "column")
		select $1, x.n, x.statement, x.source_key, x.tab, nullif(x.line, 0), nullif(x.col, 0)
		from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::int[]) with ordinality
			as x(statement, source_key, tab, line, col, n)`, append([]any{unit}, r.statements.args()...)...)
	b.Queue(`insert into qlikcrawler.lineage_edge (unit, connection, from_key, to_key, level, how, origin, confidence, statement)
		select $1, $2, x.from_key, x.to_key, x.level, x.how, x.origin, x.confidence, nullif(x.statement, 0)
		from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::int[])
			as x(from_key, to_key, level, how, origin, confidence, statement)`, append([]any{unit, code}, r.edges.args()...)...)
	if len(l.Stars) > 0 {
		b.Queue(`insert into qlikcrawler.lineage_star (unit, from_dataset, to_dataset)
			select $1, x.f, x.t from unnest($2::text[], $3::text[]) as x(f, t)`, append([]any{unit}, r.stars.args()...)...)
	}
	if len(l.Gaps) == 0 {
		return
	}
	b.Queue(`insert into qlikcrawler.lineage_gap (unit, connection, source_key, tab, line, "column", what, why)
		select $1, $2, x.source_key, x.tab, nullif(x.line, 0), nullif(x.col, 0), x.what, x.why
		from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::int[])
			as x(source_key, tab, what, why, line, col)`, append([]any{unit, code}, r.gaps.args()...)...)
}

// lineageRows are the rows of a unit's lineage, column by column.
type lineageRows struct {
	nodes, statements, edges, stars, gaps columnar
	hash                                  []byte
}

// A columnar holds rows as one array for each text, number and integer column.
type columnar struct {
	texts   []textColumn
	reals   [][]float64
	numbers [][]int32
}

func (c *columnar) args() []any {
	var out []any
	for _, t := range c.texts {
		out = append(out, t)
	}
	for _, r := range c.reals {
		out = append(out, r)
	}
	for _, n := range c.numbers {
		out = append(out, n)
	}
	return out
}

// A textColumn is texts as pgx sends them: "" is null.
type textColumn []string

func (t textColumn) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(t)), LowerBound: 1}}
}

func (t textColumn) IndexType() any { return "" }

func (t textColumn) Index(n int) any {
	if t[n] == "" {
		return nil
	}
	return t[n]
}

func newColumnar(texts, reals, numbers int) columnar {
	return columnar{texts: make([]textColumn, texts), reals: make([][]float64, reals), numbers: make([][]int32, numbers)}
}

// text appends a row's texts; "" is null.
func (c *columnar) text(values ...string) {
	for i, v := range values {
		c.texts[i] = append(c.texts[i], clean(v))
	}
}

func (c *columnar) number(values ...int) {
	for i, v := range values {
		c.numbers[i] = append(c.numbers[i], int32(v))
	}
}

// lineageRowsOf turns a lineage into rows, and hashes them. The lineage's order counts: it must be the
// same for the same rows.
func lineageRowsOf(l *catalog.LineageStored) (*lineageRows, error) {
	r := &lineageRows{
		nodes: newColumnar(8, 0, 0), statements: newColumnar(3, 0, 2), edges: newColumnar(5, 1, 1),
		stars: newColumnar(2, 0, 0), gaps: newColumnar(4, 0, 2),
	}
	for _, n := range l.Nodes {
		doc, err := attributesText(n)
		if err != nil {
			return nil, err
		}
		r.nodes.text(string(n.Key), n.Connection, string(n.Kind), n.Name, string(n.Parent), string(n.Report), doc, n.Mask)
	}
	r.addEdges(l.Edges)
	for _, s := range l.Stars {
		r.stars.text(string(s.From), string(s.To))
	}
	for _, g := range l.Gaps {
		r.gaps.text(string(g.Source), g.Tab, g.What, g.Why)
		r.gaps.number(g.Line, g.Column)
	}
	r.sum(l)
	return r, nil
}

func attributesText(n catalog.LineageNode) (string, error) {
	doc, err := jsonOf(n.Attributes)
	if err != nil {
		return "", &catalog.Error{Code: catalog.CodeInternal, Op: "store", Key: n.Key, Err: err}
	}
	s, _ := doc.(document)
	return string(s), nil
}

type statementPlace struct {
	text, source, tab string
	line, column      int
}

// addEdges appends edges, each statement once.
func (r *lineageRows) addEdges(edges []catalog.LineageEdge) {
	seen := map[statementPlace]int{}
	for _, e := range edges {
		place := statementPlace{e.Statement, string(e.Source), e.Tab, e.Line, e.Column}
		n := 0
		if place != (statementPlace{}) {
			if n = seen[place]; n == 0 {
				n = len(seen) + 1
				seen[place] = n
				r.statements.text(place.text, place.source, place.tab)
				r.statements.number(place.line, place.column)
			}
		}
		r.edges.text(string(e.From), string(e.To), string(e.Level), string(e.How), string(e.Origin))
		r.edges.reals[0] = append(r.edges.reals[0], e.Confidence)
		r.edges.number(n)
	}
}

// sum hashes all rows, and what is told beside them.
func (r *lineageRows) sum(l *catalog.LineageStored) {
	h := sha256.New()
	var buf []byte
	for _, c := range []columnar{r.nodes, r.statements, r.edges, r.stars, r.gaps} {
		for _, column := range c.texts {
			buf = append(buf[:0], 'c')
			for _, v := range column {
				if v == "" {
					buf = append(buf, '0')
					continue
				}
				buf = appendText(append(buf, 's'), v)
			}
			_, _ = h.Write(buf)
		}
		_, _ = fmt.Fprint(h, c.reals, c.numbers)
	}
	_, _ = fmt.Fprint(h, l.Columns, l.Unresolved, l.Uses)
	r.hash = h.Sum(nil)[:hashSize]
}

// queueRetireLineage takes a retired unit's lineage away.
func queueRetireLineage(b *pgx.Batch, unit string) {
	b.Queue(markTouched(datasetsOf), unit)
	b.Queue("delete from qlikcrawler.lineage_unit where unit = $1", unit)
	for _, t := range lineageTables {
		b.Queue("delete from qlikcrawler."+t+" where unit = $1", unit)
	}
}
