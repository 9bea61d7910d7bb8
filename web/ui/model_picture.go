package ui

import (
	"cmp"
	"context"
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

// How much of a data model its picture shows.
const (
	mostModelRows   = 120 // more fields than these: only those that link tables
	mostModelTables = 80  // more tables than these: no picture
)

// A modelPicture is a data model as Qlik's viewer shows it: tables as boxes, the fields that they have in
// common as links.
type modelPicture struct {
	drawing.Picture
	Keys map[string]catalog.Key // of tables and fields, by the IDs of boxes and rows
	Only bool                   // fields that link nothing are left out
	Many bool                   // there are too many tables for a picture
}

// pictureOf draws the model of an app.
func pictureOf(ctx context.Context, tables []catalog.TableRow, fields []catalog.ColumnRow) (*modelPicture, error) {
	if len(tables) < 2 {
		return nil, nil
	}
	p := &modelPicture{Keys: map[string]catalog.Key{}, Only: len(fields) > mostModelRows}
	if len(tables) > mostModelTables {
		p.Many = true
		return p, nil
	}
	boxes, links := p.describe(tables, fields)
	var err error
	p.Picture, err = drawing.Draw(ctx, boxes, links)
	return p, err
}

func (p *modelPicture) describe(tables []catalog.TableRow, fields []catalog.ColumnRow) ([]drawing.Box, []drawing.Link) {
	var boxes []drawing.Box
	at := map[string]int{}
	for _, t := range tables {
		id := "t" + t.Name
		at[t.Name] = len(boxes)
		boxes = append(boxes, drawing.Box{ID: id, Kind: "model", Title: t.Name, Sub: plural(t.Rows, "row") + ", " + plural(t.Fields, "field"), Key: string(t.Key), Open: true})
		p.Keys[id] = t.Key
	}
	var links []drawing.Link
	for _, f := range keysFirst(fields) {
		if p.Only && len(f.Tables) < 2 {
			continue
		}
		last := ""
		for _, name := range f.Tables {
			i, known := at[name]
			if !known {
				continue
			}
			id := "f" + f.Name + "\x00" + name
			boxes[i].Rows = append(boxes[i].Rows, drawing.Row{ID: id, Kind: "field", Name: f.Name, Focus: len(f.Tables) > 1})
			p.Keys[id] = f.Key
			if last != "" {
				links = append(links, drawing.Link{From: last, To: id})
			}
			last = id
		}
	}
	return boxes, links
}

// keysFirst has the fields that link tables before the others, each by name.
func keysFirst(fields []catalog.ColumnRow) []catalog.ColumnRow {
	sorted := slices.Clone(fields)
	slices.SortFunc(sorted, func(a, b catalog.ColumnRow) int {
		if aKey, bKey := len(a.Tables) > 1, len(b.Tables) > 1; aKey != bKey {
			if aKey {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return sorted
}

// KeyOf is the key of a table or field in the picture.
func (p *modelPicture) KeyOf(id string) string { return string(p.Keys[id]) }
