package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
)

// TestPagesAlertsAndDashboardSpeakOfOurMetrics holds docs/reference/metrics.md, deploy/monitoring/alerts.yaml and
// grafana.json to the metrics that the service has.
func TestPagesAlertsAndDashboardSpeakOfOurMetrics(t *testing.T) {
	t.Parallel()
	has := metricNames()
	if len(has) < 10 {
		t.Fatalf("metrics: %v", has)
	}
	page := deployed(t, "docs", "reference", "metrics.md")
	// The page writes qlikcrawler_a and …_b in one row.
	named := map[string]bool{}
	last := ""
	for _, name := range regexp.MustCompile("`(qlikcrawler|…)_[a-z_]+").FindAllString(page, -1) {
		name = strings.Trim(name, "`")
		if rest, short := strings.CutPrefix(name, "…"); short {
			name = last + rest
		}
		last, named[name] = name, true
	}
	for name := range has {
		if !named[name] {
			t.Errorf("docs/reference/metrics.md doesn't have %s", name)
		}
	}
	alerts := deployed(t, "deploy", "monitoring", "alerts.yaml")
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(alerts), &rules); err != nil || len(rules.Groups) == 0 || len(rules.Groups[0].Rules) < 5 {
		t.Fatalf("alerts.yaml: %v, %+v", err, rules)
	}
	for _, r := range rules.Groups[0].Rules {
		if r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
			t.Errorf("the alert %s doesn't say what is wrong and what to do", r.Alert)
		}
	}
	dashboard := deployed(t, "deploy", "monitoring", "grafana.json")
	if !json.Valid([]byte(dashboard)) {
		t.Error("grafana.json is no JSON")
	}
	for file, text := range map[string]string{"metrics.md": strings.Join(keys(named), " "), "alerts.yaml": alerts, "grafana.json": dashboard} {
		for _, name := range regexp.MustCompile(`qlikcrawler_[a-z_]+`).FindAllString(text, -1) {
			if base := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, ""); !has[name] && !has[base] {
				t.Errorf("%s speaks of %s, which there isn't", file, name)
			}
		}
	}
}

// metricNames are the names of the service's own metrics.
func metricNames() map[string]bool {
	descs := make(chan *prometheus.Desc)
	go func() {
		newMetrics(nil, nil).registry.Describe(descs)
		close(descs)
	}()
	names := map[string]bool{}
	for d := range descs {
		if m := regexp.MustCompile(`fqName: "(qlikcrawler_[a-z_]+)"`).FindStringSubmatch(d.String()); m != nil {
			names[m[1]] = true
		}
	}
	return names
}

func keys(set map[string]bool) (all []string) {
	for k := range set {
		all = append(all, k)
	}
	return all
}

func deployed(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
