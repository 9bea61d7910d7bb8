package scheduler_test

import (
	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
	"github.com/qlikcrawler/qlikcrawler/scheduler"
)

var _ scheduler.Book = (*postgres.DB)(nil)
