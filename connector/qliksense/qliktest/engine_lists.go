package qliktest

import (
	"encoding/json"
	"slices"
)

// items lists nodes with qInfo, qMeta and what qData asks of each (facts C.5, C.7). No types means
// all.
func (c *call) items(nodes []*node, types []string, data json.RawMessage) list {
	all := list{}
	for _, n := range nodes {
		if len(types) > 0 && !slices.Contains(types, n.typ) {
			continue
		}
		all = append(all, structure{
			{"qInfo", n.info()}, {"qMeta", c.meta(n)}, {"qData", c.project(n, data)},
		})
	}
	return all
}

// project is an item's qData: each member of data is a JSON pointer into what the node is. Titles,
// conditions and the like come evaluated, and a path that leads nowhere gives "", except that missing cells
// are left out (facts G.2).
func (c *call) project(n *node, data json.RawMessage) document {
	out := document{}
	var layout json.RawMessage // made when a path needs it
	for _, m := range membersOf(data) {
		path := asText(m.value)
		value := c.projected(n, path, &layout)
		if value == nil && path == "/cells" {
			continue
		}
		if value == nil {
			value = ""
		}
		out = append(out, entry{m.name, value})
	}
	return out
}

// projected gives what a path of qData leads to; nil for nothing.
func (c *call) projected(n *node, path string, layout *json.RawMessage) any {
	switch {
	case len(path) == 0 || path[0] != '/':
		return nil
	case path == "/qDim/qFieldDefs" && n.kind == kindDimension:
		return "" // a live server's dimension list did so (facts C.7)
	case path == "/qDim/qLabelExpression", path == "/qMeasure/qLabelExpression":
		return evaluated(asText(at(n.props, path)))
	}
	if raw := at(c.effective(n), path); raw != nil {
		return c.layoutValue(raw)
	}
	if *layout == nil {
		l, err := c.layoutOf(n)
		if err != nil {
			return nil
		}
		*layout = render(l, true)
	}
	if raw := at(*layout, path); raw != nil {
		return raw
	}
	return nil
}

// listDefs gives what the list definitions of C.7 become in a layout; nil for a name that is none.
func listDefs(name string) func(*call, json.RawMessage) document {
	return map[string]func(*call, json.RawMessage) document{
		"qAppObjectListDef": (*call).appObjectList,
		"qDimensionListDef": (*call).dimensionList,
		"qMeasureListDef":   (*call).measureList,
		"qBookmarkListDef":  (*call).bookmarkList,
		"qVariableListDef":  (*call).variableList,
		"qFieldListDef":     (*call).fieldList,
		"qMediaListDef":     (*call).mediaList,
	}[name]
}

// listed is a list's layout. Its items are there even when there are none: clients that work on real
// sites walk over them without asking.
func listed(items list) document { return document{{"qItems", items}} }

// oneType reads a list definition's qType; none means all.
func oneType(def json.RawMessage) []string {
	if t := text(def, "qType"); t != "" {
		return []string{t}
	}
	return nil
}

func (c *call) appObjectList(def json.RawMessage) document {
	return listed(c.items(c.doc.objects, oneType(def), get(def, "qData")))
}

func (c *call) dimensionList(def json.RawMessage) document {
	return listed(c.items(c.doc.dimensions, oneType(def), get(def, "qData")))
}

func (c *call) measureList(def json.RawMessage) document {
	return listed(c.items(c.doc.measures, oneType(def), get(def, "qData")))
}

func (c *call) bookmarkList(def json.RawMessage) document {
	return listed(c.items(c.doc.bookmarks, oneType(def), get(def, "qData")))
}

// mediaList is empty: the simulated site holds no media.
func (c *call) mediaList(json.RawMessage) document { return listed(list{}) }

// childList is a layout's qChildList: the children with what the definition asks of each. An instance
// of a master object shows the master's children.
func (c *call) childList(n *node, def json.RawMessage) document {
	children := n.children
	if master := c.master(n); len(children) == 0 && master != nil {
		children = master.children
	}
	return listed(c.items(children, nil, get(def, "qData")))
}
