package qliksense

import (
	"maps"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// packedForm is raised when a packed app means something else: a process of another version then refuses
// it, and the app is read by the next crawl.
const packedForm = 2

// A packedApp is what is said of a listed app on its way to another process.
type packedApp struct {
	Row      qixmap.AppRow   `json:"row"`
	Outdated bool            `json:"outdated"`
	People   []qixmap.Person `json:"people"`
}

// Pack makes a listed app ready for another process.
func (s *site) Pack(l connector.Listed) ([]byte, error) {
	app, ok := l.Source.(*listedApp)
	if !ok {
		return nil, &catalog.Error{Code: catalog.CodeInternal, Op: "pack", Key: l.Unit.Key, Err: errForeign}
	}
	return connector.Pack(packedForm, l, packedApp{app.row, app.outdated, app.people})
}

// Unpack takes a listed app over from another process.
func (s *site) Unpack(packed []byte) (connector.Listed, error) {
	l, p, err := connector.Unpack[packedApp](packedForm, packed)
	if err != nil {
		return connector.Listed{}, err
	}
	l.Source = &listedApp{row: p.Row, outdated: p.Outdated, people: p.People}
	return l, nil
}

// withPeople is what is known of people, with more of them.
func withPeople(known map[string]qixmap.Person, more []qixmap.Person) map[string]qixmap.Person {
	all := maps.Clone(known)
	if all == nil {
		all = map[string]qixmap.Person{}
	}
	for _, p := range more {
		if _, ok := all[p.ID]; !ok {
			all[p.ID] = p
		}
	}
	return all
}
