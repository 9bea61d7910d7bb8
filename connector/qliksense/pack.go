package qliksense

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// packedForm is raised when a packed app means something else: a process of another version then refuses
// it, and the app is read by the next crawl.
const packedForm = 1

// A packedApp is a listed app on its way to another process.
type packedApp struct {
	Form     int             `json:"form"`
	Key      catalog.Key     `json:"key"`
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Groups   []catalog.Key   `json:"groups"`
	Row      qixmap.AppRow   `json:"row"`
	Outdated bool            `json:"outdated"`
	People   []qixmap.Person `json:"people"`
}

// maxPacked bounds a packed app. The Repository's fields are far from it.
const maxPacked = 1 << 20

// Pack makes a listed app ready for another process.
func (s *site) Pack(l connector.Listed) ([]byte, error) {
	app, ok := l.Source.(*listedApp)
	if !ok {
		return nil, &catalog.Error{Code: catalog.CodeInternal, Op: "pack", Key: l.Unit.Key, Err: errForeign}
	}
	packed, err := json.Marshal(packedApp{
		packedForm, l.Unit.Key, l.Unit.Name, l.Version, l.Groups, app.row, app.outdated, app.people,
	})
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", l.Unit.Key, err)
	}
	if len(packed) > maxPacked {
		return nil, &catalog.Error{
			Code: catalog.CodeTooLarge, Op: "pack", Key: l.Unit.Key,
			Err: fmt.Errorf("the listing says %d bytes of it, more than %d", len(packed), maxPacked),
		}
	}
	return packed, nil
}

// Unpack takes a listed app over from another process.
func (s *site) Unpack(packed []byte) (connector.Listed, error) {
	var p packedApp
	err := json.Unmarshal(packed, &p)
	if err == nil && p.Form != packedForm {
		err = errors.New("it was listed by another version of this program")
	}
	if err != nil {
		return connector.Listed{}, &catalog.Error{
			Code: catalog.CodeInternal, Op: "unpack", Key: p.Key, Err: err,
			Cure: "Crawl again: processes of one version only should share a crawl.",
		}
	}
	return connector.Listed{
		Unit: catalog.Unit{Key: p.Key, Name: p.Name}, Version: p.Version, Groups: p.Groups,
		Source: &listedApp{row: p.Row, outdated: p.Outdated, people: p.People},
	}, nil
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
