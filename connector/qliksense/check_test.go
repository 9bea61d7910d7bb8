package qliksense

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	secrets "github.com/qlikcrawler/qlikcrawler/connector/secret"
)

// stepNames are public: programs look for them.
var stepNames = []string{
	"dns", "tcp", "tls", "proxy", "login", "identity", "session", "qrs_read", "apps", "app_objects", "engine",
	"open", "script", "lineage", "connections", "data_model",
}

// A trialSite is a site to be checked, with the connection to it.
type trialSite struct {
	*world
	t    *testing.T
	conn catalog.Connection
	set  map[string]any // the connection's settings
	now  func() time.Time
}

func newTrialSite(t *testing.T, o qliktest.Options) *trialSite {
	t.Helper()
	x := &trialSite{world: newWorld(t, o), t: t}
	x.conn, _ = testConnection(t, x.server, nil)
	if err := json.Unmarshal(x.conn.Settings, &x.set); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *trialSite) token(token string) {
	x.conn.Secrets = catalog.Secrets{"jwt.token": catalog.NewSecret(token)}
}

// check runs a check and gives its steps by name.
func (x *trialSite) check() map[string]connector.Step {
	x.t.Helper()
	raw, err := json.Marshal(x.set)
	if err != nil {
		x.t.Fatal(err)
	}
	x.conn.Settings = raw
	if errs := Source().Validate(x.conn); len(errs) > 0 {
		x.t.Fatal(errs)
	}
	c, err := Source().Open(x.t.Context(), connector.Env{Connection: x.conn, Secret: connector.SecretsOf(x.conn, secrets.Resolver{}.Resolve), Now: x.now})
	if err != nil {
		x.t.Fatal(err)
	}
	defer c.Close()
	steps := map[string]connector.Step{}
	var names []string
	for step := range c.(connector.Checker).Check(within(x.t)) {
		steps[step.Name] = step
		names = append(names, step.Name)
	}
	if d := cmp.Diff(stepNames, names); d != "" {
		x.t.Errorf("steps (-want +got):\n%s", d)
	}
	return steps
}

func failedSteps(steps map[string]connector.Step) []string {
	var all []string
	for _, name := range stepNames {
		if steps[name].Status == connector.StepFailed {
			all = append(all, name)
		}
	}
	return all
}

func TestCheckOfASiteThatIsAllRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set     func(*trialSite)
		skipped []string
	}{
		"jwt":     {func(*trialSite) {}, nil},
		"windows": {(*trialSite).windows, nil},
		"certificate": {func(x *trialSite) {
			x.certificate()
			x.set["options"] = map[string]any{"data_model": "none"} // only the proxy has it
		}, []string{"proxy", "session", "data_model"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTrialSite(t, qliktest.Options{})
			c.set(x)
			var skipped []string
			steps := x.check()
			for _, name := range stepNames {
				if steps[name].Err != nil {
					t.Errorf("%s: %v", name, steps[name].Err)
				}
				if steps[name].Status == connector.StepSkipped {
					skipped = append(skipped, name)
				}
			}
			if d := cmp.Diff(c.skipped, skipped); d != "" {
				t.Errorf("skipped steps (-want +got):\n%s", d)
			}
			x.leftAlone()
		})
	}
}

func TestCheckSaysWhoTheServerTakesUsFor(t *testing.T) {
	t.Parallel()
	x := newTrialSite(t, qliktest.Options{})
	if step := x.check()["identity"]; step.Detail != `ACME\svc, with the roles RootAdmin` {
		t.Errorf("detail %q, error %v", step.Detail, step.Err)
	}
}

// The virtual proxy reads other claims than those that the connection fills.
func TestCheckFindsThatWeAreTakenForSomebodyElse(t *testing.T) {
	t.Parallel()
	x := newTrialSite(t, qliktest.Options{UserIDClaim: "sub"})
	signHere(x)
	x.set["jwt"].(map[string]any)["claims"] = map[string]any{"sub": "ann"}
	steps := x.check()
	if d := cmp.Diff([]string{"identity"}, failedSteps(steps)); d != "" {
		t.Fatalf("failed steps (-want +got):\n%s", d)
	}
	if err := steps["identity"].Err; !strings.Contains(err.Error(), `takes us for ACME\ann, not for ACME\svc`) {
		t.Error(err)
	}
}

func TestOneBadAppIsNotABadSite(t *testing.T) {
	t.Parallel()
	for _, f := range []qliktest.Fault{qliktest.AccessDenied4000, qliktest.ScriptDenied, qliktest.EngineAway, qliktest.MetadataMissing} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			x := newTrialSite(t, qliktest.Options{})
			x.server.Fail(x.sales.ID, f)
			steps := x.check()
			if all := failedSteps(steps); len(all) > 0 {
				t.Errorf("failed: %v", all)
			}
			told := false
			for _, step := range steps {
				told = told || strings.Contains(step.Detail, "not of Sales")
			}
			if !told {
				t.Error("no step names the bad app")
			}
			x.leftAlone()
		})
	}
}

func TestCheckNeverOpensWhatOpeningWouldUpgrade(t *testing.T) {
	t.Parallel()
	x := newTrialSite(t, qliktest.Options{})
	x.server.Edit(func(s *qliktest.Site) {
		for _, a := range s.Apps[:2] {
			a.MigrationHash, a.SavedInProductVersion = "old", "12.1.0"
		}
	})
	x.set["options"] = map[string]any{"migrate_apps": true}
	steps := x.check()
	if all := failedSteps(steps); len(all) > 0 {
		t.Errorf("failed: %v", all)
	}
	if !strings.Contains(steps["apps"].Detail, "opening would upgrade 2") || steps["open"].Detail != "opened the newest app" {
		t.Errorf("apps: %s; open: %s", steps["apps"].Detail, steps["open"].Detail)
	}
	x.leftAlone()
}

func TestCheckTellsAnEngineRefusalFromTheRepositorys(t *testing.T) {
	t.Parallel()
	x := newTrialSite(t, qliktest.Options{})
	x.certificate()
	other := qliktest.New(t, &qliktest.Site{}, qliktest.Options{})
	x.set["certificate"].(map[string]any)["engine_port"] = portOf(t, other.EngineURL)
	file := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(file, append(x.server.CAPEM(), other.CAPEM()...), 0o600); err != nil {
		t.Fatal(err)
	}
	x.set["tls"] = map[string]any{"ca_file": file}
	steps := x.check()
	if steps["qrs_read"].Status != connector.StepOK || steps["engine"].Status != connector.StepFailed {
		t.Errorf("qrs_read %s, engine %s", steps["qrs_read"].Status, steps["engine"].Status)
	}
	if text := steps["engine"].Err.Error(); !strings.Contains(text, "TLS handshake") {
		t.Error(text)
	}
}

func TestAStoppedCheckLogsOut(t *testing.T) {
	t.Parallel()
	x := newTrialSite(t, qliktest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := openSite(t, x.server, nil, nil)
	for step := range c.(connector.Checker).Check(ctx) {
		if step.Name == "login" {
			cancel()
		}
	}
	if n := x.server.Counters(); n.Sessions.Now != 0 || n.Logouts != 1 {
		t.Errorf("%d sessions left, %d logouts", n.Sessions.Now, n.Logouts)
	}
}

func portOf(t *testing.T, address string) float64 {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return port(t, u)
}
