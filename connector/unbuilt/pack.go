package unbuilt

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// packedForm is raised when a packed app means something else.
const packedForm = 2

// Pack makes a listed app ready for another process, which needs the same folders at the same place.
func (s *site) Pack(l connector.Listed) ([]byte, error) {
	p, ok := l.Source.(*place)
	if !ok {
		return nil, &catalog.Error{Code: catalog.CodeInternal, Op: "pack", Key: l.Unit.Key, Err: errForeign}
	}
	return connector.Pack(packedForm, l, *p)
}

// Unpack takes a listed app over from another process.
func (s *site) Unpack(packed []byte) (connector.Listed, error) {
	l, p, err := connector.Unpack[place](packedForm, packed)
	if err != nil {
		return connector.Listed{}, err
	}
	l.Source = &p
	return l, nil
}
