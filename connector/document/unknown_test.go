package document_test

import (
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
)

func TestAnUnknownKeyIsToldWithAllThatThereAre(t *testing.T) {
	t.Parallel()
	for _, typ := range []any{"qlik-sense", "qlik_sense", nil, 7} {
		tree := map[string]any{"name": "x", "code": "x", "type": typ, "url": "https://x", "colour": "red", "desription": "y", "schedul": 1, "retenton": 2, "a.b": 3}
		_, errs := document.Reader{Sources: sources}.Read(tree)
		told := map[string]catalog.FieldError{}
		for _, e := range errs {
			told[e.Pointer()] = e
		}
		for pointer, want := range map[string][]string{
			"/colour":     {"name", "code", "type", "url", "environment", "description", "access_instructions", "governance", "admins", "notify", "retention", "schedule", "options", "jwt"},
			"/desription": {"Did you mean description?"},
			"/schedul":    {"Did you mean schedule?"},
			"/retenton":   {"Did you mean retention?"},
			"/a.b":        {"name"},
		} {
			for _, text := range want {
				if e, ok := told[pointer]; !ok || !strings.Contains(e.Cure, text) {
					t.Errorf("type %v, %s: no %q in %+v", typ, pointer, text, e)
				}
			}
		}
	}
}
