package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// TestKeys holds contract §3, form by form.
func TestKeys(t *testing.T) {
	t.Parallel()
	app := catalog.AppKey("qlik-prod", "0c4b")
	sheet := catalog.SheetKey(app, "xYz")
	cell := catalog.CellKey(sheet, "UmfP")
	for want, got := range map[catalog.Key]catalog.Key{
		"qlik-prod/0c4b":                       app,
		"qlik-prod/0c4b/xYz":                   sheet,
		"qlik-prod/0c4b/xYz/UmfP":              cell,
		"qlik-prod/0c4b/Jzwumj":                catalog.ItemKey(app, "Jzwumj"),
		"qlik-prod/0c4b/xYz/UmfP/measure/0":    catalog.InlineMeasureKey(cell, 0),
		"qlik-prod/0c4b/xYz/UmfP/dimension/12": catalog.InlineDimensionKey(cell, 12),
		"qlik-prod/0c4b/script":                catalog.ScriptKey(app),
		"qlik-prod/0c4b/table/Sales%2F2024":    catalog.ModelTableKey(app, "Sales/2024"),
		"qlik-prod/0c4b/field/100%25 Größe":    catalog.ModelFieldKey(app, "100% Größe"),
		"qlik-prod/stream/aaec":                catalog.StreamKey("qlik-prod", "aaec"),
		"qlik-prod/app/0c4b":                   catalog.AppGroupKey("qlik-prod", "0c4b"),
		"qlik-prod/personal/eca5":              catalog.PersonalKey("qlik-prod", "eca5"),
	} {
		if got != want {
			t.Errorf("key %q, want %q", got, want)
		}
	}
}

func TestKeyContainsOnlyWhatIsUnderIt(t *testing.T) {
	t.Parallel()
	for other, want := range map[catalog.Key]bool{"c/a": true, "c/a/s": true, "c/ab": false, "c": false, "": false} {
		if got := catalog.Key("c/a").Contains(other); got != want {
			t.Errorf("c/a contains %q: %v, want %v", other, got, want)
		}
	}
}

func TestSourceCodeCountsLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "a": 1, "a\n": 1, "a\nb": 2, "a\r\nb\r\n": 2, "\n\n": 2} {
		if got := (catalog.SourceCode{Code: text}).Lines(); got != want {
			t.Errorf("%q has %d lines, want %d", text, got, want)
		}
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := (catalog.SourceCode{}).SHA256(); got != empty {
		t.Errorf("sha256 of nothing is %s", got)
	}
}

func TestErrorTellsOperationSubjectAndCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("access denied")
	err := fmt.Errorf("crawl: %w", &catalog.Error{
		Code: catalog.CodeForbidden, Op: "read script of", Key: "c/a", Err: &catalog.Error{Code: catalog.CodeInternal, Err: cause, Cure: "give the right"},
	})
	if got, want := err.Error(), "crawl: read script of c/a: access denied"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if catalog.CodeOf(err) != catalog.CodeForbidden || catalog.CureOf(err) != "give the right" || !errors.Is(err, cause) {
		t.Errorf("code %s, cure %q", catalog.CodeOf(err), catalog.CureOf(err))
	}
	if got := (&catalog.Error{Code: catalog.CodeWouldMigrate}).Error(); got != "would migrate" {
		t.Errorf("an error without a cause says %q", got)
	}
}

func TestCodeOfWhatNobodyClassified(t *testing.T) {
	t.Parallel()
	for want, err := range map[catalog.Code]error{
		"": nil, catalog.CodeInternal: errors.New("x"), catalog.CodeTimeout: fmt.Errorf("x: %w", context.DeadlineExceeded),
	} {
		if got := catalog.CodeOf(err); got != want {
			t.Errorf("%v has the code %q, want %q", err, got, want)
		}
	}
	if got := catalog.CureOf(errors.New("x")); got != "" {
		t.Errorf("cure %q", got)
	}
}

func TestOnlyWhatMayHealIsTransient(t *testing.T) {
	t.Parallel()
	healing := map[catalog.Code]bool{catalog.CodeUnreachable: true, catalog.CodeThrottled: true, catalog.CodeTimeout: true}
	for _, c := range catalog.Codes {
		if c.Transient() != healing[c] {
			t.Errorf("%s transient: %v", c, c.Transient())
		}
	}
}

func TestTallyCountsEveryChange(t *testing.T) {
	t.Parallel()
	var tally catalog.Tally
	for _, c := range []catalog.Change{catalog.Added, catalog.Updated, catalog.Unchanged, catalog.Retired, catalog.Partial, catalog.FailedUnit} {
		tally.Count(c)
	}
	want := catalog.Tally{Added: 1, Updated: 1, Unchanged: 1, Retired: 1, Partial: 1, Failed: 1}
	if tally != want || tally.Read() != 5 {
		t.Errorf("%+v, %d read", tally, tally.Read())
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	secrets := catalog.Secrets{"jwt.token": catalog.NewSecret(value)}
	conn := catalog.Connection{Code: "c", Secrets: secrets}
	doc, err := json.Marshal(conn)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "connection", conn, "secrets", secrets, "secret", secrets["jwt.token"])
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "connection", conn, "secrets", secrets, "secret", secrets["jwt.token"])
	for name, text := range map[string]string{
		"json": string(doc), "log": log.String(), "%v": fmt.Sprintf("%v", conn), "%+v": fmt.Sprintf("%+v", conn), "%#v": fmt.Sprintf("%#v", conn),
		"%s": fmt.Sprintf("%s", secrets), "%q": fmt.Sprintf("%q", secrets), "%x": fmt.Sprintf("%x", secrets["jwt.token"]),
	} {
		if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("%s shows the secret: %s", name, text)
		}
	}
	if secrets["jwt.token"].Reveal() != value {
		t.Error("Reveal doesn't give the value")
	}
}
