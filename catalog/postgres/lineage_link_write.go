package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// linksAtATime bounds what is written at a time, in links and datasets. A link takes some 500 bytes on its way.
const linksAtATime = 5000

// A linkPart is what follows from some datasets, while it is compared with what is stored, and written.
type linkPart struct {
	datasets []string
	links    map[[2]string]linkedness
	made     map[string]map[string]bool // columns
}

type linkedness struct {
	level      catalog.Level
	confidence float64
	dataset    string // that it comes from
}

// write makes the stored links and columns those that follow; what is there already isn't touched.
func (l *linker) write(ctx context.Context, tx pgx.Tx) error {
	datasets := l.datasets()
	if l.scope == nil {
		datasets = slices.Collect(maps.Keys(l.columns))
		if _, err := tx.Exec(ctx, "delete from qlikcrawler.lineage_link where from_dataset is null"); err != nil {
			return err // an earlier version's
		}
	}
	slices.Sort(datasets)
	part := newLinkPart()
	for _, d := range datasets {
		l.linksFrom(d, part)
		if len(part.datasets)+len(part.links) < linksAtATime {
			continue
		}
		if err := part.write(ctx, tx); err != nil {
			return err
		}
		part = newLinkPart()
	}
	return part.write(ctx, tx)
}

// linksFrom adds the links that come from a dataset.
func (l *linker) linksFrom(d string, p *linkPart) {
	p.datasets = append(p.datasets, d)
	p.made[d] = l.made[d]
	columns := l.columns[d]
	for _, mask := range l.masks[d] {
		p.link(d, d, mask, catalog.TableLevel, maskConfidence)
		for c := range columns {
			if l.columns[mask]["*"] {
				p.column(d, c, mask, "*", maskConfidence)
			}
			if l.columns[mask][c] {
				p.column(d, c, mask, c, maskConfidence)
			}
		}
	}
	for _, s := range l.storedIn[d] {
		for c := range l.columns[s.to] {
			if l.passes(s, c) {
				p.column(d, c, s.to, c, starConfidence)
			}
		}
	}
	for c := range columns {
		if c != "*" && columns["*"] {
			p.column(d, c, d, "*", starConfidence)
		}
	}
}

func newLinkPart() *linkPart {
	return &linkPart{links: map[[2]string]linkedness{}, made: map[string]map[string]bool{}}
}

func (p *linkPart) column(from, column, to, as string, confidence float64) {
	p.link(from, columnKey(from, column), columnKey(to, as), catalog.ColumnLevel, confidence)
}

// link adds a link. What follows in two ways is as sure as the surer one.
func (p *linkPart) link(dataset, from, to string, level catalog.Level, confidence float64) {
	pair := [2]string{from, to}
	if confidence > p.links[pair].confidence {
		p.links[pair] = linkedness{level, confidence, dataset}
	}
}

// write makes what is stored of the part's datasets what is in the part.
func (p *linkPart) write(ctx context.Context, tx pgx.Tx) error {
	gone, err := p.stored(ctx, tx)
	if err != nil {
		return err
	}
	links := newColumnar(4, 1, 0)
	for pair, how := range p.links {
		links.text(pair[0], pair[1], string(how.level), how.dataset)
		links.reals[0] = append(links.reals[0], how.confidence)
	}
	nodes := newColumnar(3, 0, 0)
	for d, columns := range p.made {
		for c := range columns {
			nodes.text(columnKey(d, c), d, c)
		}
	}
	b := &pgx.Batch{}
	if len(gone.texts[0]) > 0 {
		b.Queue(`delete from qlikcrawler.lineage_link l using unnest($1::text[], $2::text[]) as x(f, t)
			where l.from_key = x.f and l.to_key = x.t`, gone.texts[0], gone.texts[1])
	}
	if len(gone.texts[2]) > 0 {
		b.Queue(`delete from qlikcrawler.lineage_node where unit = '' and key = any($1)`, gone.texts[2])
	}
	if len(p.links) > 0 {
		b.Queue(`insert into qlikcrawler.lineage_link (from_key, to_key, level, from_dataset, confidence)
			select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[])`, links.args()...)
	}
	if len(nodes.texts[0]) > 0 {
		b.Queue(`insert into qlikcrawler.lineage_node (key, unit, connection, kind, name, parent_key)
			select f.key, '', (select min(d.connection) from qlikcrawler.lineage_node d where d.key = f.parent_key), 'dataset_column', f.name, f.parent_key
			from unnest($1::text[], $2::text[], $3::text[]) as f(key, parent_key, name)`, nodes.args()...)
	}
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}

// stored reads the links and columns of the last time. What was found again is taken off what is to be
// written; the others are gone: from and to of links, and keys of columns.
func (p *linkPart) stored(ctx context.Context, tx pgx.Tx) (columnar, error) {
	gone := newColumnar(3, 0, 0)
	b := &pgx.Batch{}
	b.Queue(`select from_key, to_key, level, confidence, from_dataset from qlikcrawler.lineage_link
		where from_dataset = any($1)`, p.datasets).Query(func(rows pgx.Rows) error {
		var pair [2]string
		var was linkedness
		_, err := pgx.ForEachRow(rows, []any{&pair[0], &pair[1], &was.level, &was.confidence, &was.dataset}, func() error {
			if p.links[pair] == was {
				delete(p.links, pair)
				return nil
			}
			gone.texts[0], gone.texts[1] = append(gone.texts[0], pair[0]), append(gone.texts[1], pair[1])
			return nil
		})
		return err
	})
	b.Queue("select key, parent_key, name from qlikcrawler.lineage_node where unit = '' and parent_key = any($1)",
		p.datasets).Query(func(rows pgx.Rows) error {
		var key, d, c string
		_, err := pgx.ForEachRow(rows, []any{&key, &d, &c}, func() error {
			if p.made[d][c] {
				delete(p.made[d], c)
				return nil
			}
			gone.texts[2] = append(gone.texts[2], key)
			return nil
		})
		return err
	})
	return gone, tx.SendBatch(ctx, b).Close()
}
