package sql_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/lineage/sql"
)

func TestReadTellsWhereColumnsComeFrom(t *testing.T) {
	t.Parallel()
	for _, s := range statements {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(s.want, show(sql.Read(s.sql))); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", s.sql, diff)
			}
		})
	}
}
