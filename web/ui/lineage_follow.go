package ui

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/ui/drawing"
)

// A reader follows boxes at the edge of the picture further: each brings its neighbors. What that costs is bounded: by
// the boxes of an address, the rows of a box that are followed, and the nodes that a box brings.
const (
	mostFollowed = 30
	rowsFollowed = 40
	mostBrought  = 200
)

// follow adds to a graph what boxes bring, one after the other: the later may have come with the earlier. It says what
// the last one brought.
func (u *UI) follow(ctx context.Context, q catalog.LineageQuery, g *catalog.LineageGraph, boxes []string) (note string, err error) {
	for _, id := range boxes {
		room := min(mostBrought, maxDrawn-len(g.Nodes))
		m := merger{LineageGraph: g, known: map[catalog.Key]bool{}, edges: map[[2]catalog.Key]bool{}, room: room}
		for _, n := range g.Nodes {
			m.known[n.Key] = true
		}
		for _, e := range g.Edges {
			m.edges[[2]catalog.Key{e.From, e.To}] = true
		}
		before, from, left := len(g.Nodes), boxNodes(g, id), false
		for i, n := range from {
			if i == rowsFollowed || m.room == 0 {
				left = true
				break
			}
			q.Key, q.Direction, q.Depth, q.Limit = n.Key, n.Side, 1, mostBrought
			more, err := u.Lineage.Lineage(ctx, q)
			if catalog.CodeOf(err) == catalog.CodeNotFound { // gone since, or nothing is known of it
				continue
			}
			if err != nil {
				return "", err
			}
			left = m.add(n, more) || left
		}
		note = toldOf(len(g.Nodes)-before, left)
	}
	return note, nil
}

// boxNodes are the nodes of a box that can be followed: its rows, or, without any, what it stands for.
func boxNodes(g *catalog.LineageGraph, id string) []catalog.GraphNode {
	var rows, own []catalog.GraphNode
	for _, n := range g.Nodes {
		switch {
		case n.Side == "" || drawing.BoxOf(n) != id:
		case string(n.Key) == id:
			own = append(own, n)
		default:
			rows = append(rows, n)
		}
	}
	if len(rows) > 0 && len(own) > 0 && own[0].Kind == catalog.NodeDataset {
		return rows // the whole table would bring all its columns
	}
	return append(own, rows...)
}

// A merger adds graphs to one.
type merger struct {
	*catalog.LineageGraph
	known map[catalog.Key]bool
	edges map[[2]catalog.Key]bool
	room  int // nodes that may still be added
}

// add adds what lies beyond a node, as far as there is room; it reports whether something was left out.
func (m *merger) add(from catalog.GraphNode, more *catalog.LineageGraph) (left bool) {
	for _, n := range more.Nodes {
		if m.known[n.Key] {
			continue
		}
		if m.room == 0 {
			left = true
			continue
		}
		n.Side, n.Depth = from.Side, from.Depth+n.Depth
		m.room--
		m.known[n.Key] = true
		m.Nodes = append(m.Nodes, n)
	}
	for _, e := range more.Edges {
		ends := [2]catalog.Key{e.From, e.To}
		if !m.edges[ends] && m.known[e.From] && m.known[e.To] {
			m.edges[ends] = true
			m.Edges = append(m.Edges, e)
		}
	}
	return left
}

// toldOf says what a box brought.
func toldOf(added int, left bool) string {
	switch {
	case left:
		return plural(added, "node") + " more, and there are others: a box brings what is next to " + number(rowsFollowed) + " of its rows, and " +
			number(mostBrought) + " nodes, at most. Begin at it to see all."
	case added == 0:
		return "Nothing lies beyond it that the picture doesn't have."
	}
	return plural(added, "node") + " more."
}
