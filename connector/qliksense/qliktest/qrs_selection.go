package qliktest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// A selectionTable holds the selections that clients have made (facts B.7), by id.
type selectionTable struct {
	mu   sync.Mutex
	byID map[string][]selectedItem
}

type selectedItem struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	ObjectID   string `json:"objectID"`
	ObjectName string `json:"objectName"`
}

// selection answers everything below /qrs/selection.
func (q *request) selection() {
	parts := q.parts[1:]
	switch {
	case q.r.Method == http.MethodPost && len(parts) == 0:
		q.selectItems()
	case len(parts) > 0 && isGUID(parts[0]):
		q.useSelection(strings.ToLower(parts[0]), parts[1:])
	case q.r.Method == http.MethodPost:
		var ok bool
		if q.entity, q.rest, ok = findEntity(parts); !ok || len(q.rest) > 0 {
			q.notFound()
			return
		}
		q.selectByFilter()
	default:
		q.notFound()
	}
}

// selectByFilter makes a selection of what a filter finds.
func (q *request) selectByFilter() {
	x, ok := q.query()
	if !ok {
		return
	}
	var items []selectedItem
	for _, r := range q.server.find(x) {
		items = append(items, selected(r))
	}
	q.saveSelection(items)
}

// selectItems makes a selection of ids; unreadable ones are left out.
func (q *request) selectItems() {
	var body struct {
		Items []selectedItem `json:"items"`
	}
	if err := json.NewDecoder(q.r.Body).Decode(&body); err != nil && err != io.EOF {
		plain(q.w, http.StatusBadRequest, "Bad Request")
		return
	}
	var items []selectedItem
	for _, item := range body.Items {
		e, ok := entityOf(item.Type)
		if !ok {
			plain(q.w, http.StatusBadRequest, "Bad Request")
			return
		}
		for _, r := range q.server.find(query{entity: e, user: q.user, only: []string{item.ObjectID}}) {
			items = append(items, selected(r))
		}
	}
	q.saveSelection(items)
}

func selected(r row) selectedItem {
	name, _ := r.get("name")
	text, _ := name.(string)
	return selectedItem{ID: newGUID(), Type: r.schema, ObjectID: r.id(), ObjectName: text}
}

func (q *request) saveSelection(items []selectedItem) {
	id := newGUID()
	t := &q.server.selected
	t.mu.Lock()
	if t.byID == nil {
		t.byID = map[string][]selectedItem{}
	}
	t.byID[id] = items
	t.mu.Unlock()
	body, err := json.Marshal(map[string]any{"id": id, "items": append([]selectedItem{}, items...), "schemaPath": "Selection"})
	if err != nil {
		plain(q.w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	q.send(http.StatusCreated, body)
}

// useSelection answers requests for the entities of one selection, and drops it.
func (q *request) useSelection(id string, parts []string) {
	t := &q.server.selected
	t.mu.Lock()
	items, ok := t.byID[id]
	if ok && len(parts) == 0 && q.r.Method == http.MethodDelete {
		delete(t.byID, id)
		t.mu.Unlock()
		q.w.WriteHeader(http.StatusNoContent)
		return
	}
	t.mu.Unlock()
	if q.entity, q.rest, q.known = findEntity(parts); !ok || !q.known {
		q.notFound()
		return
	}
	q.only = []string{}
	for _, item := range items {
		if item.Type == q.entity.schema {
			q.only = append(q.only, item.ObjectID)
		}
	}
	q.answer()
}
