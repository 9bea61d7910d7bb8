// Command check lints the Helm chart, renders it with several files of values, and validates what comes out
// against the schemas of Kubernetes, strictly: a key that Kubernetes doesn't know is a fault.
//
//	go -C tools/kube run ./check
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// The folders are seen from tools/kube.
const (
	chartDir  = "../../deploy/helm/qlikcrawler"
	valuesDir = "../../deploy/helm/values"
)

// versions of Kubernetes that the chart is rendered for: the oldest that it takes, and the newest whose schemas
// are at hand.
var versions = []string{"1.25", "1.30"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c, err := loader.Load(chartDir)
	if err != nil {
		return fmt.Errorf("load the chart: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(valuesDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("there are no files of values"))
	}
	var errs []error
	for _, version := range versions {
		s, err := openSchemas(version)
		if err != nil {
			return err
		}
		errs = append(errs, s.notices()...)
		for _, file := range files {
			n, err := checkWith(c, s, file, version)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s, Kubernetes %s: %w", filepath.Base(file), version, err))
			}
			fmt.Printf("%s, Kubernetes %s: %d objects\n", filepath.Base(file), version, n)
		}
	}
	return errors.Join(append(errs, refusals(c)...)...)
}

// checkWith lints, renders and validates the chart with the values of a file.
func checkWith(c *chart.Chart, s *schemas, file, version string) (int, error) {
	values, err := chartutil.ReadValuesFile(file)
	if err != nil {
		return 0, err
	}
	kube := &chartutil.KubeVersion{Version: "v" + version + ".0", Major: "1", Minor: strings.TrimPrefix(version, "1.")}
	linted := lint.AllWithKubeVersion(chartDir, values, "catalog", kube)
	for _, m := range linted.Messages {
		if m.Severity >= support.WarningSev {
			return 0, fmt.Errorf("lint: %w", m)
		}
	}
	manifests, err := render(c, values, kube)
	if err != nil {
		return 0, err
	}
	objects, err := split(manifests)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, o := range objects {
		if err := s.validate(o); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", o["kind"], name(o), err))
		}
	}
	return len(objects), errors.Join(append(errs, promises(objects)...)...)
}

// render gives the manifests by the names of their templates.
func render(c *chart.Chart, values chartutil.Values, kube *chartutil.KubeVersion) (map[string]string, error) {
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *kube
	options := chartutil.ReleaseOptions{Name: "rel", Namespace: "catalog", Revision: 1, IsInstall: true}
	ready, err := chartutil.ToRenderValues(c, values, options, caps)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, ready)
}

// refusals are values that the chart's schema has to refuse.
func refusals(c *chart.Chart) []error {
	least := "database: {existingSecret: a}\nmasterKey: {existingSecret: b}\n"
	var errs []error
	for _, wrong := range []string{
		"database: {existingSecret: a}\n", // no master key
		least + "replicas: 2\n",           // no such value
		least + "web: {replicas: two}\n",
		least + "ingress: {enabled: true}\n",        // without a host
		least + "serviceMonitor: {enabled: true}\n", // without a token
		least + "image: {digest: latest}\n",
		least + "publicURL: catalog.example.com\n",
	} {
		values, err := chartutil.ReadValues([]byte(wrong))
		if err != nil {
			return []error{err}
		}
		kube := chartutil.DefaultCapabilities.KubeVersion
		if _, err := render(c, values, &kube); err == nil || !strings.Contains(err.Error(), "schema") {
			errs = append(errs, fmt.Errorf("values that should be refused are taken (%v):\n%s", err, wrong))
		}
	}
	return errs
}

// promises are what each pod of ours is, whatever the values say.
func promises(objects []map[string]any) []error {
	var errs []error
	roles := []string{}
	for _, o := range objects {
		if o["kind"] != "Deployment" {
			continue
		}
		roles = append(roles, name(o))
		for path, want := range map[string]any{
			"spec.template.spec.automountServiceAccountToken":                          false,
			"spec.template.spec.securityContext.runAsNonRoot":                          true,
			"spec.template.spec.securityContext.seccompProfile.type":                   "RuntimeDefault",
			"spec.template.spec.containers.0.securityContext.allowPrivilegeEscalation": false,
			"spec.template.spec.containers.0.securityContext.readOnlyRootFilesystem":   true,
			"spec.template.spec.containers.0.securityContext.capabilities.drop.0":      "ALL",
			"spec.template.spec.containers.0.readinessProbe.httpGet.path":              "/readyz",
			"spec.template.spec.containers.0.livenessProbe.httpGet.path":               "/healthz",
			"spec.template.spec.containers.0.startupProbe.httpGet.path":                "/healthz",
			"spec.template.spec.containers.0.resources.limits.memory":                  nil, // any
			"spec.template.spec.containers.0.env.2.valueFrom.secretKeyRef.name":        "catalog-db",
			"spec.template.spec.containers.0.env.3.valueFrom.secretKeyRef.name":        "catalog-key",
			"spec.template.spec.containers.0.args.0":                                   "serve",
			"spec.selector.matchLabels.app\u2024kubernetes\u2024io/component":          nil,
		} {
			got := at(o, path)
			if got == nil || want != nil && got != want {
				errs = append(errs, fmt.Errorf("%s: %s is %v, want %v", name(o), path, got, want))
			}
		}
	}
	slices.Sort(roles)
	if len(roles) != 2 || !strings.HasSuffix(roles[0], "-web") || !strings.HasSuffix(roles[1], "-worker") {
		errs = append(errs, fmt.Errorf("the deployments are %q", roles))
	}
	return errs
}
