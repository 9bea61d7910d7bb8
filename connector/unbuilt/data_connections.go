package unbuilt

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt/appfiles"
)

// DataConnections lists what the apps' connections.yml name. On a site a name is one connection; of several apps
// that tell different things of a name, the first counts.
func (s *site) DataConnections(ctx context.Context) ([]catalog.DataConnection, error) {
	places, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	var list []catalog.DataConnection
	known := map[string]bool{}
	for _, p := range places {
		f, _ := s.folder(p.Folder)
		err := s.within(ctx, f, func(t tree) error {
			for _, c := range appfiles.ReadConnections(t.in(p.Dir)) {
				if id := catalog.FoldName(c.Name); !known[id] {
					known[id] = true
					list = append(list, catalog.DataConnection{
						ID: clean(id), Name: clean(c.Name), Type: clean(c.Type), ConnectString: clean(qixmap.Place(c.Type, c.String)),
					})
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, explainFolder(f, err)
		}
	}
	return list, nil
}
