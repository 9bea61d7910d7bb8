package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestTheWholeConfigurationIsToldAtTheStartWithoutSecrets(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	env := map[string]string{
		"QLIKCRAWLER_DATABASE_URL": "postgres://me:planted-1@db/qlik", "QLIKCRAWLER_MASTER_KEY": "planted-2",
		"QLIKCRAWLER_SMTP_URL": "smtp://mailer:planted-3@mail:587?from=q@example.com", "QLIKCRAWLER_WEBHOOK_SECRET": "whsec_planted-4",
		"QLIKCRAWLER_FILE_ROOTS": "/srv/qlik", "QLIKCRAWLER_API_REFERENCES": "env:MY_*", "QLIKCRAWLER_DENY_NETWORKS": "all", "QLIKCRAWLER_ALLOW_NETWORKS": "10.1.2.3",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://traces.example.com", "OTEL_EXPORTER_OTLP_HEADERS": "key=planted-5",
	}
	a := &app{env: environment{Getenv: func(k string) string { return env[k] }}, log: slog.New(slog.NewJSONHandler(&out, nil))}
	if err := a.config.load(newServe(a).Flags(), a.env.Getenv); err != nil {
		t.Fatal(err)
	}
	a.logConfiguration(t.Context(), &database{url: a.config.DatabaseURL}, serveFlags{slots: 8, auditFor: "730d", connections: "/etc/qlik", web: webFlags{rate: 50}})
	told := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"smtp": "smtp://mailer:xxxxx@mail:587?from=q%40example.com", "webhooks": true, "file_roots": "/srv/qlik", "api_references": "env:MY_*",
		"deny_networks": "all", "allow_networks": "10.1.2.3", "traces": true, "work": true, "slots": 8.0, "rate_limit": 50.0,
		"audit_retention": "730d", "connections": "/etc/qlik", "master_key": "QLIKCRAWLER_MASTER_KEY", "database": "postgres://me:xxxxx@db/qlik",
	} {
		if told[key] != want {
			t.Errorf("%s is told as %v, want %v", key, told[key], want)
		}
	}
	if strings.Contains(out.String(), "planted") {
		t.Errorf("a secret is told: %s", out.String())
	}
}
