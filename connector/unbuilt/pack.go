package unbuilt

import (
	"encoding/json"
	"errors"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// packedForm is raised when a packed app means something else.
const packedForm = 1

// A packedApp is a listed app on its way to another process, which needs the same folders at the same place.
type packedApp struct {
	Form    int           `json:"form"`
	Unit    catalog.Unit  `json:"unit"`
	Version string        `json:"version"`
	Groups  []catalog.Key `json:"groups"`
	Place   place         `json:"place"`
}

// Pack makes a listed app ready for another process.
func (s *site) Pack(l connector.Listed) ([]byte, error) {
	p, ok := l.Source.(*place)
	if !ok {
		return nil, &catalog.Error{Code: catalog.CodeInternal, Op: "pack", Key: l.Unit.Key, Err: errForeign}
	}
	return json.Marshal(packedApp{packedForm, l.Unit, l.Version, l.Groups, *p})
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
			Code: catalog.CodeInternal, Op: "unpack", Key: p.Unit.Key, Err: err,
			Cure: "Crawl again: processes of one version only should share a crawl.",
		}
	}
	return connector.Listed{Unit: p.Unit, Version: p.Version, Groups: p.Groups, Source: &p.Place}, nil
}
