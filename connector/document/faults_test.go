package document_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
)

func TestAKeyOfTheWrongKindHidesNoOtherFault(t *testing.T) {
	t.Parallel()
	check := func(s *catalog.Schedule) (errs catalog.FieldErrors) {
		if s.Cron == "x" {
			errs.Add("cron", "wrong")
		}
		if s.TimeZone == "" {
			errs.Add("time_zone", "missing")
		}
		return errs
	}
	site := map[string]any{
		"name": "x", "code": "x", "type": "qlik-sense", "url": "https://x", "authentication": "jwt",
		"jwt": map[string]any{"prefix": "jwt", "token": "env:QLIK_TOKEN"},
	}
	for name, c := range map[string]struct {
		key  string
		is   any
		want []string
	}{
		"a schedule":           {"schedule", map[string]any{"cron": "x", "time_zone": 7, "enabled": "yes"}, []string{"/schedule/time_zone", "/schedule/enabled", "/schedule/cron"}},
		"no schedule":          {"schedule", "daily", []string{"/schedule"}},
		"recipients":           {"notify", map[string]any{"recipients": []any{1, "x", true, "a@b.de"}}, []string{"/notify/recipients/0", "/notify/recipients/2", "/notify/recipients/1"}},
		"admins of both kinds": {"admins", map[string]any{"integration": []any{7, "a b", 7, "ann"}}, []string{"/admins/integration/0", "/admins/integration/2", "/admins/integration/1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := map[string]any{c.key: c.is}
			for k, v := range site {
				tree[k] = v
			}
			_, errs := document.Reader{Sources: sources, CheckSchedule: check}.Read(tree)
			var got []string
			for _, e := range errs {
				got = append(got, e.Pointer())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
