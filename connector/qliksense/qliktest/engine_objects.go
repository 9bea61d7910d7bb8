package qliktest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// objectMethods are the methods of a generic object (facts C.5).
func objectMethods() map[string]method {
	ms := map[string]method{
		"GetLayout":              {call: (*call).getLayout},
		"GetProperties":          {call: (*call).getProperties},
		"GetEffectiveProperties": {call: (*call).getEffectiveProperties},
		"GetFullPropertyTree":    {call: (*call).getFullPropertyTree},
		"GetInfo":                {call: (*call).getInfo},
		"GetChildInfos":          {call: (*call).getChildInfos},
		"GetChild":               {params: []string{"qId"}, call: (*call).getChild, whole: true},
		"GetParent":              {call: func(c *call) (structure, *rpcError) { return c.handleTo(c.node.parent), nil }, whole: true},
		"GetLinkedObjects":       {call: (*call).getLinkedObjects},
		"GetSnapshotObject":      {call: func(c *call) (structure, *rpcError) { return c.handleTo(nil), nil }, whole: true},
		"GetHyperCubeData":       {params: []string{"qPath", "qPages"}, call: (*call).getHyperCubeData},
		"GetListObjectData":      {params: []string{"qPath", "qPages"}, call: (*call).getHyperCubeData},
	}
	for _, name := range []string{"SetProperties", "SetFullPropertyTree", "ApplyPatches", "CreateChild"} {
		ms[name] = method{needs: Update, call: (*call).notSimulated}
	}
	return ms
}

// libraryMethods are the methods of dimensions, measures and bookmarks; own names the one that gives
// a member of the properties.
func libraryMethods(own, part string) map[string]method {
	ms := map[string]method{
		"GetLayout":        {call: (*call).getLayout},
		"GetProperties":    {call: (*call).getProperties},
		"GetInfo":          {call: (*call).getInfo},
		"GetLinkedObjects": {call: (*call).getLinkedObjects},
	}
	if own != "" {
		ms[own] = method{call: func(c *call) (structure, *rpcError) {
			return structure{{part, get(c.node.props, part)}}, nil
		}}
	}
	for _, name := range []string{"SetProperties", "ApplyPatches"} {
		ms[name] = method{needs: Update, call: (*call).notSimulated}
	}
	return ms
}

func (c *call) getLayout() (structure, *rpcError) {
	layout, err := c.layoutOf(c.node)
	return structure{{"qLayout", layout}}, err
}

// getProperties gives the properties as they are stored, byte for byte.
func (c *call) getProperties() (structure, *rpcError) {
	return structure{{"qProp", c.node.props}}, nil
}

func (c *call) getEffectiveProperties() (structure, *rpcError) {
	return structure{{"qProp", c.effective(c.node)}}, nil
}

// effective gives a node's properties as they act: those of the master object that it extends, with
// its own in their place (facts C.8).
func (c *call) effective(n *node) json.RawMessage {
	master := c.master(n)
	if master == nil {
		return n.props
	}
	var known document
	for _, m := range membersOf(n.props) {
		known = append(known, entry{m.name, m.value})
	}
	return render(overlay(c.effective(master), known), true)
}

// master gives the object that a node extends; nil when there is none, or only the node itself.
func (c *call) master(n *node) *node {
	id := text(n.props, "qExtendsId")
	if id == "" || n.kind != kindObject {
		return nil
	}
	master := c.lookup(kindObject, id)
	for m, seen := master, map[*node]bool{n: true}; m != nil; m = c.lookup(kindObject, text(m.props, "qExtendsId")) {
		if seen[m] {
			return nil // they extend each other
		}
		seen[m] = true
	}
	return master
}

func (c *call) getFullPropertyTree() (structure, *rpcError) {
	if c.node.tree == nil {
		return structure{{"qPropEntry", document{{"qProperty", c.node.props}, {"qChildren", list{}}}}}, nil
	}
	return structure{{"qPropEntry", propertyTree(c.node.tree)}}, nil
}

// propertyTree is a tree as GetFullPropertyTree has it, every property as it is stored.
func propertyTree(t *Tree) document {
	children := list{}
	for i := range t.Children {
		children = append(children, propertyTree(&t.Children[i]))
	}
	d := document{{"qProperty", t.Property}, {"qChildren", children}}
	if len(t.EmbeddedSnapshotRef) > 0 {
		d = append(d, entry{"qEmbeddedSnapshotRef", t.EmbeddedSnapshotRef})
	}
	return d
}

func (c *call) getInfo() (structure, *rpcError) { return structure{{"qInfo", c.node.info()}}, nil }

func (c *call) getChildInfos() (structure, *rpcError) {
	infos := list{}
	for _, child := range c.node.children {
		infos = append(infos, child.info())
	}
	return structure{{"qInfos", infos}}, nil
}

func (c *call) getChild() (structure, *rpcError) {
	id, err := c.str("qId")
	if err != nil {
		return nil, err
	}
	for _, child := range c.node.children {
		if child.id == id {
			return c.handleTo(child), nil
		}
	}
	return c.handleTo(nil), nil
}

// getLinkedObjects lists the objects that refer to the node: instances of a master object, users of a
// dimension or measure.
func (c *call) getLinkedObjects() (structure, *rpcError) {
	items := list{}
	id := render(c.node.id, true)
	var walk func(ns []*node)
	walk = func(ns []*node) {
		for _, n := range ns {
			props := render(n.props, true)
			for _, name := range []string{`"qLibraryId":`, `"qExtendsId":`} {
				if n != c.node && bytes.Contains(props, append([]byte(name), id...)) {
					items = append(items, structure{{"qInfo", n.info()}, {"qRootId", n.root().id}})
					break
				}
			}
			walk(n.children)
		}
	}
	walk(c.doc.objects)
	return structure{{"qItems", items}}, nil
}

// createSessionObject makes an object that lives as long as the session, which its sockets share
// (facts C.1, C.5). "If the chosen identifier is already in use, the engine automatically sets
// another one" (the RPC schema on NxInfo); serializeapp makes two lists of one id.
func (c *call) createSessionObject() (structure, *rpcError) {
	props, err := c.obj("qProp")
	if err != nil {
		return nil, err
	}
	info := get(props, "qInfo")
	n := &node{kind: kindObject, id: text(info, "qId"), typ: text(info, "qType")}
	switch {
	case n.typ == "":
		return nil, invalidParam("qType")
	case n.id == "", c.lookup(kindObject, n.id) != nil:
		n.id = newGUID()
	}
	n.props = render(overlay(props, document{{"qInfo", document{{"qId", n.id}, {"qType", n.typ}}}}), true)
	c.session.objects = append(c.session.objects, n)
	result := c.handleTo(n)
	c.changed = append(c.changed, c.opens...)
	return result, nil
}

// destroySessionObject ends a session object; its handles are closed on all sockets of the session.
func (c *call) destroySessionObject() (structure, *rpcError) {
	id, err := c.str("qId")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.session.objects, func(n *node) bool { return n.id == id })
	if i < 0 {
		return structure{{"qSuccess", false}}, nil
	}
	c.session.objects = slices.Delete(c.session.objects, i, i+1)
	for p := range c.session.peers {
		closed := p.shut(kindObject, id)
		if p == c.peer {
			c.closed = append(c.closed, closed...)
		} else {
			p.gone = append(p.gone, closed...) // told with that socket's next reply (facts C.3)
		}
	}
	return structure{{"qSuccess", true}}, nil
}

// maxCells is the largest data page (facts C.10).
const maxCells = 10_000

// getHyperCubeData gives empty pages: the simulated site holds no data.
func (c *call) getHyperCubeData() (structure, *rpcError) {
	pages, cells := list{}, 0
	for _, p := range itemsOf(c.args["qPages"]) {
		var area struct{ QWidth, QHeight int }
		if json.Unmarshal(p, &area) != nil {
			return nil, invalidParam("qPages")
		}
		cells += area.QWidth * area.QHeight
		pages = append(pages, structure{{"qArea", structure{}}})
	}
	if cells > maxCells {
		return nil, &rpcError{7009, "", "Calculated pages too large"}
	}
	return structure{{"qDataPages", pages}}, nil
}
