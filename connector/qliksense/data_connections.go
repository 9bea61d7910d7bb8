package qliksense

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// DataConnections lists what load scripts connect with (facts B.2). Of connect strings it keeps only what
// tells the place: users, passwords, tokens and whatever else it doesn't know are left out.
func (s *site) DataConnections(ctx context.Context) ([]catalog.DataConnection, error) {
	var list []catalog.DataConnection
	for d, err := range s.session.qrs().DataConnections(ctx) {
		if err != nil {
			return nil, explain("list data connections", "", err)
		}
		list = append(list, catalog.DataConnection{
			ID: d.ID, Name: clean(d.Name), Type: clean(d.Type), ConnectString: clean(qixmap.Place(d.Type, d.ConnectionString)),
		})
	}
	return list, nil
}
