package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

type sample struct {
	Name    string            `json:"name"`
	Mode    string            `json:"mode" enum:"fast|careful"`
	On      bool              `json:"on"`
	Workers int               `json:"workers" min:"1" max:"64"`
	Ratio   float64           `json:"ratio"`
	Limit   connector.Percent `json:"limit"`
	Timeout time.Duration     `json:"timeout"`
	Globs   []string          `json:"include_apps"`
	Labels  map[string]string `json:"labels"`
	Free    map[string]any    `json:"free"`
	Inner   struct {
		Deep struct {
			Port int `json:"port"`
		} `json:"deep"`
	} `json:"inner"`
	Maybe *struct {
		File string `json:"file"`
	} `json:"maybe"`
}

func TestDecodeSettingsFillsWhatIsThereAndKeepsDefaults(t *testing.T) {
	t.Parallel()
	got := sample{Workers: 4, Mode: "careful", Timeout: time.Minute}
	errs := connector.DecodeSettings(map[string]any{
		"name": "n", "on": true, "ratio": 0.5, "limit": "50%", "timeout": "1d12h", "include_apps": []any{"a*", "b"},
		"labels": map[string]any{"x": "y"}, "free": map[string]any{"any": []any{1.0}}, "mode": nil,
		"inner": map[any]any{"deep": map[string]any{"port": uint64(443)}}, "maybe": map[string]any{"file": "f"},
	}, &got)
	want := sample{
		Name: "n", Mode: "careful", On: true, Workers: 4, Ratio: 0.5, Limit: 50, Timeout: 36 * time.Hour, Globs: []string{"a*", "b"},
		Labels: map[string]string{"x": "y"}, Free: map[string]any{"any": []any{1.0}},
		Maybe: &struct {
			File string `json:"file"`
		}{"f"},
	}
	want.Inner.Deep.Port = 443
	if diff := cmp.Diff(want, got); diff != "" || len(errs) > 0 {
		t.Error(diff, errs)
	}
}

func TestDecodeSettingsTellsAllThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	var got sample
	errs := connector.DecodeSettings(map[string]any{
		"name": 12345, "mode": "fats", "on": "yes", "workers": 65, "ratio": "x", "limit": "150%", "timeout": 120,
		"include_apps": "a", "labels": map[string]any{"x": true}, "free": []any{}, "worker": 1,
		"inner": map[string]any{"deep": map[string]any{"port": 1.5, "prot": 1}, "shallow": 1}, "maybe": "f", "Name": "x",
		"zzz": map[string]any{"password": "geheim"},
	}, &got)
	want := []string{
		"name: must be a text, not a number; put it in quotes",
		`mode: "fats" is not known; did you mean fast?`,
		"on: must be true or false, not a text",
		"workers: must be 1 to 64, not 65",
		"ratio: must be a number, not a text",
		`limit: must be a share from 0% to 100%, such as 50%, not "150%"`,
		"timeout: must be a duration with its unit, such as 90s, 2m or 30d, not a number",
		"include_apps: must be a list, such as [a, b], not a text",
		"labels.x: must be a text, not true or false; put it in quotes",
		"free: must be a group of keys, not a list",
		"inner.deep.port: must be a whole number, not 1.5",
		"inner.deep.prot: there is no such key; did you mean port?",
		"inner.shallow: there is no such key here; known are deep",
		"maybe: must be a group of keys, not a text",
		"Name: there is no such key; did you mean name?",
		"worker: there is no such key; did you mean workers?",
		"zzz: there is no such key here; known are free, include_apps, inner, labels, limit, maybe, mode, name, on, ratio, timeout, workers",
	}
	if diff := cmp.Diff(want, strings.Split(errs.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeSettingsReadsNumbersOfAllDecoders(t *testing.T) {
	t.Parallel()
	for _, n := range []any{8, int64(8), uint64(8), 8.0, json.Number("8")} {
		var got sample
		if errs := connector.DecodeSettings(map[string]any{"workers": n, "limit": n}, &got); len(errs) > 0 || got.Workers != 8 || got.Limit != 8 {
			t.Errorf("%T: %v, %d", n, errs, got.Workers)
		}
	}
	var got sample
	if errs := connector.DecodeSettings(map[string]any{"workers": 1e300}, &got); len(errs) != 1 {
		t.Errorf("1e300 workers: %v", errs)
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"2m": 2 * time.Minute, "365d": 365 * 24 * time.Hour, "1w": 7 * 24 * time.Hour, "1w1d1h": 8*24*time.Hour + time.Hour, "90s": 90 * time.Second, "0d": 0, "0": 0, "1h30m": 90 * time.Minute,
	} {
		if got, err := connector.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "5", "-1h", "d", "1y", "1d-1h", "forever", "99999999999d", "1d5"} {
		if got, err := connector.ParseDuration(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

func TestSecretReferences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"env:A": "env", "file:/a/b": "file", "vault:a/b#c": "vault", "aws:x": "aws", "azure:v/s": "azure",
		"eyJhbGciOi.x.y": "", "-----BEGIN PRIVATE KEY-----": "", "http://x": "", "Env:A": "", "": "",
	} {
		if got, ok := connector.SecretReference(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestReferencesAreReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]connector.Reference{
		"env:QLIK_TOKEN":               {Scheme: "env", Place: "QLIK_TOKEN"},
		"file:/run/secrets/a#b":        {Scheme: "file", Place: "/run/secrets/a#b"},
		`file:C:\keys\qlik.pem`:        {Scheme: "file", Place: `C:\keys\qlik.pem`},
		"vault:secret/qlik/prod#token": {Scheme: "vault", Place: "secret/qlik/prod", Field: "token"},
		"aws:qlik/prod#token":          {Scheme: "aws", Place: "qlik/prod", Field: "token"},
		"aws:qlik-key":                 {Scheme: "aws", Place: "qlik-key"},
		"aws:arn:aws:secretsmanager:eu-west-1:123456789012:secret:qlik-AbCdEf#token": {Scheme: "aws", Place: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:qlik-AbCdEf", Field: "token"},
		"azure:acme-vault/qlik-token":     {Scheme: "azure", Place: "acme-vault/qlik-token"},
		"azure:acme.vault.azure.cn/token": {Scheme: "azure", Place: "acme.vault.azure.cn/token"},
	} {
		got, err := connector.ParseReference(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestAMalformedReferenceIsOneErrorThatShowsNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"env:", "env:HUNTER 2", "env:HUNTER=2", "file:", "file:HUNTER2\n", "vault:", "vault:HUNTER2", "vault:HUNTER2#x", "vault:a/HUNTER2", "vault:a/HUNTER2#",
		"vault:/a/HUNTER2#x", "vault:a/../HUNTER2#x", "vault:a//HUNTER2#x", "aws:", "aws:#HUNTER2", "aws:HUNTER2#", "aws:HUNTER 2#x", "azure:", "azure:HUNTER2",
		"azure:HUNTER2/", "azure:/HUNTER2", "azure:HUNTER2/a/b", "azure:HUNTER2.example.com/a", "azure:HUNTER2/a#b",
	} {
		why := connector.CheckReference(text)
		scheme, _, _ := strings.Cut(text, ":")
		if !strings.Contains(why, "write "+scheme+":") || strings.Contains(why, "HUNTER") || strings.Contains(why, "\n") {
			t.Errorf("%q: %q", text, why)
		}
	}
}

func TestSecretsOfResolvesWhenAsked(t *testing.T) {
	t.Parallel()
	settings, err := json.Marshal(map[string]any{
		"jwt": map[string]any{"token": "env:TOKEN"}, "windows": map[string]any{"password": "vault:a#b"}, "header": map[string]any{"value": "file:/gone"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var asked []connector.Reference
	secret := connector.SecretsOf(
		catalog.Connection{Settings: settings, Secrets: catalog.Secrets{"proxy.password": catalog.NewSecret("sealed")}},
		func(_ context.Context, r connector.Reference) (string, error) {
			asked = append(asked, r)
			if r.Place == "/gone" {
				return "", errors.New("it is gone")
			}
			return "from " + r.Place, nil
		})
	if len(asked) > 0 {
		t.Errorf("asked before it was needed: %v", asked)
	}
	for path, want := range map[string]string{"jwt.token": "from TOKEN", "proxy.password": "sealed"} {
		if got, err := secret(t.Context(), path); err != nil || got != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for path, says := range map[string]string{"windows.password": "vault:MOUNT/PATH#FIELD", "header.value": "it is gone", "tls.pfx_password": "is not set"} {
		if got, err := secret(t.Context(), path); err == nil || got != "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if len(asked) != 2 {
		t.Errorf("asked %v: want the two that were needed", asked)
	}
}
