package qliktest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// facts B.3: the filter language, on the small site, as an administrator.
func TestFilterLanguageB3(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	for _, tt := range []struct {
		path, filter string
		want         []string
	}{
		{"app", "", []string{"Sales", "Margin", "Draft 'A'"}},
		{"app", "name eq 'sales'", []string{"Sales"}},
		{"app", "NAME eq 'SALES'", []string{"Sales"}},
		{"app", "name ne 'sales'", []string{"Margin", "Draft 'A'"}},
		{"app", "name eq 'Draft ''A'''", []string{"Draft 'A'"}},
		{"app", "name sw 'SA'", []string{"Sales"}},
		{"app", "name ew 'in'", []string{"Margin"}},
		{"app", "name so 'a'", []string{"Sales", "Margin", "Draft 'A'"}},
		{"app", "name so 'a' and published eq true", []string{"Sales", "Margin"}},
		{"app", "published eq false", []string{"Draft 'A'"}},
		{"app", "published ne false", []string{"Sales", "Margin"}},
		{"app", "name eq 'Draft ''A''' or name eq 'Sales' and published eq false", []string{"Draft 'A'"}},
		{"app", "(name eq 'Draft ''A''' or name eq 'Sales') and published eq true", []string{"Sales"}},
		{"app", "((name eq 'Sales'))", []string{"Sales"}},
		{"app", "(fileSize ge 1000 and fileSize lt 3000)", []string{"Sales", "Margin"}},
		{"app", "fileSize gt 1000", []string{"Margin", "Draft 'A'"}},
		{"app", "fileSize le 1000", []string{"Sales"}},
		{"app", "id eq " + guidOf(42), []string{"Margin"}},
		{"app", "id eq '" + guidOf(42) + "'", []string{"Margin"}},
		{"app", "id eq '" + strings.ToUpper(guidOf(0xabc)) + "'", []string{}},
		{"app", "id ne " + guidOf(42), []string{"Sales", "Draft 'A'"}},
		{"app", "stream.name eq 'finance'", []string{"Margin"}},
		{"app", "stream.name ne 'finance'", []string{"Sales", "Draft 'A'"}},
		{"app", "stream.id eq " + guidOf(31), []string{"Sales"}},
		{"app", "stream.owner.userId eq 'root'", []string{"Sales", "Margin"}},
		{"app", "owner.userId eq 'ann' and owner.userDirectory eq 'acme'", []string{"Sales", "Draft 'A'"}},
		{"app", "tags.name eq 'gold'", []string{"Sales"}},
		{"app", "tags.name eq 'gold,silver'", []string{}},
		{"app", "tags.name ne 'gold'", []string{"Sales"}}, // silver is another
		{"app", "customProperties.definition.name eq 'Department' and customProperties.value eq 'hr'", []string{"Sales"}},
		{"app", "modifiedDate gt '2024-05-02 23:59:59'", []string{"Sales"}},
		{"app", "modifiedDate ge '2024-05-04T10:30:00.230Z'", []string{"Sales"}},
		{"app", "modifiedDate eq '2024-05-02T10:30:00.0012345Z'", []string{"Draft 'A'"}},
		{"app", "lastReloadTime eq '1753-01-01T00:00:00.000Z'", []string{"Margin", "Draft 'A'"}},
		{"app", "publishTime lt '2024-05-03 00:00:00'", []string{"Margin", "Draft 'A'"}},
		{"app/object", "app.id eq " + guidOf(41) + " and objectType eq 'sheet'", []string{"Base", "Community", "Private"}},
		{"app/object", "published eq true and approved eq false", []string{"Community"}},
		{"app/object", "app.owner.userId eq 'ann' and objectType eq 'measure'", []string{"Revenue"}},
		{"app/object", "app.stream.name eq 'Everyone' and tags.name eq 'gold'", []string{"Base"}},
		{"app/object", "app.id eq " + guidOf(41) + " or app.id eq " + guidOf(42) + " and objectType eq 'x'", []string{"Base", "Community", "Private", "Revenue", "vMax", ""}},
		{"reloadtask", "operational.lastExecutionResult.status eq FinishedFail", []string{"Reload Sales"}},
		{"reloadtask", "operational.lastExecutionResult.status eq 8", []string{"Reload Sales"}},
		{"reloadtask", "operational.lastExecutionResult.status lt 7", []string{"Never"}},
		{"reloadtask", "app.name eq 'Sales' and enabled eq true", []string{"Reload Sales"}},
		{"user", "roles eq 'RootAdmin'", []string{"Root"}},
		{"user", "attributes.attributeType eq 'Email' and attributes.attributeValue ew '@acme.example'", []string{"Ann O'Hara"}},
	} {
		t.Run(tt.path+" "+tt.filter, func(t *testing.T) {
			b.t = t
			got := b.names("/qrs/" + tt.path + "/full?filter=" + query1(tt.filter))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			var count struct{ Value int }
			b.decode("/qrs/"+tt.path+"/count?filter="+query1(tt.filter), &count)
			if count.Value != len(tt.want) {
				t.Errorf("count %d, want %d", count.Value, len(tt.want))
			}
		})
	}
}

// facts B.1, B.3: what isn't the language is refused with the text of the server.
func TestFilterErrorsB3(t *testing.T) {
	t.Parallel()
	_, s := start(t, Options{})
	b := direct(t, s, "")
	for _, filter := range []string{
		"name", "name eq", "name eq Sales", "name eq 'Sales", "name eq 'O'Hara'", "name gt 'a'", "name like 'a'",
		"not name eq 'a'", "name in ('a')", "name eq null", "nosuch eq 'a'", "stream eq 'a'", "tags eq 'a'",
		"tags.nosuch eq 'a'", "name.x eq 'a'", "id eq 'abc'", "id gt " + guidOf(1), "id sw '" + guidOf(1) + "'",
		"published eq 'true'", "published eq 1", "published gt true", "fileSize eq '1'", "fileSize eq x", "fileSize sw 1",
		"modifiedDate gt 2024-05-01", "modifiedDate gt 'yesterday'", "modifiedDate so '2024'",
		"(name eq 'a'", "name eq 'a')", "name eq 'a' and", "and name eq 'a'", "name eq 'a' name eq 'b'",
		"name eq 'a' xor name eq 'b'", "operational eq 1", "'name' eq 'a'", "()",
	} {
		r := b.must(400, "/qrs/app/full?filter="+query1(filter))
		if want := "Cannot parse the expression: " + filter; r.body != want {
			t.Errorf("%q: %q, want %q", filter, r.body, want)
		}
		if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "text/") {
			t.Errorf("%q: an error body of type %s", filter, got)
		}
	}
	if r := b.must(400, "/qrs/app?filter=name%20eq%20'A&B'"); r.body != "Missing parameter value(s)" {
		t.Errorf("raw &: %q", r.body)
	}
	if got := b.names("/qrs/app?filter=name+so+'a'+and+name+sw+'M'"); len(got) != 1 {
		t.Errorf("+ for blanks: %q", got)
	}
}

// FuzzFilter: no text ends the server, and what parses can be asked.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		"name eq 'a'", "(id eq 00000000-0000-0000-0000-000000000000)", "tags.name so '''' or fileSize ge 1 and published eq true",
		"stream.name ne 'x'", "((((", "modifiedDate lt '2024-05-01 00:00:00'",
	} {
		f.Add(seed)
	}
	app, _ := entityOf("App")
	sample := app.sample()
	empty := newGraph(&Site{}, map[*byte]itemTitle{}).app(&App{})
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseFilter(text, sample)
		if err != nil || c == nil {
			return
		}
		c.matches(sample)
		c.matches(empty)
		c.pinned("app.id")
	})
}
