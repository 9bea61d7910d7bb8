package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// root is the folder of the project.
const root = ".."

// An instruction is a line of a Dockerfile, put together where it is continued.
type instruction struct{ word, rest string }

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	var list []instruction
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		list = append(list, instruction{word, strings.Join(strings.Fields(rest), " ")})
	}
	return list
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// There is no container engine where the tests run: the Dockerfile is read, not built.
func TestTheImageIsSmallAndRunsAsNobody(t *testing.T) {
	t.Parallel()
	list := dockerfile(t)
	last := 0
	for i, in := range list {
		if in.word == "FROM" {
			last = i
		}
	}
	if base := list[last].rest; base != "scratch" {
		t.Errorf("the image is made on %s", base)
	}
	final := map[string][]string{}
	for _, in := range list[last+1:] {
		final[in.word] = append(final[in.word], in.rest)
	}
	if user := final["USER"]; !slices.Equal(user, []string{"65532:65532"}) {
		t.Errorf("it runs as %q: want a number that isn't 0, for Kubernetes to see it", user)
	}
	if len(final["RUN"]) > 0 {
		t.Errorf("nothing can run in an empty image: %q", final["RUN"])
	}
	for _, word := range []string{"ENTRYPOINT", "HEALTHCHECK"} {
		if got := final[word]; len(got) != 1 || !strings.Contains(got[0], `["/usr/bin/qlikcrawler"`) {
			t.Errorf("%s is %q", word, got)
		}
	}
	build := ""
	for _, in := range list[:last] {
		build += in.word + " " + in.rest + "\n"
	}
	for _, want := range []string{
		"FROM --platform=$BUILDPLATFORM golang:", "-o /out/usr/bin/qlikcrawler ./cmd/qlikcrawler", "CGO_ENABLED=0", "-trimpath",
		"-X main.version=${VERSION}", "cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/", "chown 65532:65532 /out/data",
	} {
		if !strings.Contains(build, want) {
			t.Errorf("the first stage doesn't say %q:\n%s", want, build)
		}
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, filepath.Join(root, "go.mod")))
	if !strings.Contains(build, "ARG GO_VERSION="+version[1]+".") {
		t.Errorf("it isn't built with the Go of go.mod, %s", version[1])
	}
}

// What .dockerignore keeps out is nothing that the program is made of, and no secret of .env gets in.
func TestTheImageIsMadeOfAllThatTheProgramNeeds(t *testing.T) {
	t.Parallel()
	var patterns []string
	for line := range strings.SplitSeq(read(t, filepath.Join(root, ".dockerignore")), "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			patterns = append(patterns, line)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{if and .Module .Module.Main}}{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}`,
		"./cmd/qlikcrawler")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"go.mod", "go.sum", "LICENSE", "docs/reference/licenses.md"}
	for line := range strings.SplitSeq(string(bytes.TrimSpace(out)), "\n") {
		files = append(files, strings.TrimPrefix(strings.TrimSpace(line), base+"/"))
	}
	if len(files) < 300 {
		t.Fatalf("go list gives %d files only", len(files))
	}
	for _, file := range files {
		if ignored(patterns, file) {
			t.Errorf("%s is kept out of the image's build", file)
		}
	}
	for _, file := range []string{"deploy/compose/.env", "dist/x", ".git/config", "catalog/postgres/list_test.go"} {
		if !ignored(patterns, file) {
			t.Errorf("%s goes into the image's build", file)
		}
	}
}

// ignored tells whether a pattern names the file or a folder above it. Patterns are those that we use: a path, or
// a name in any folder (**/NAME).
func ignored(patterns []string, file string) bool {
	for ; file != "."; file = path.Dir(file) {
		for _, p := range patterns {
			name, anywhere := strings.CutPrefix(p, "**/")
			if match, err := path.Match(name, path.Base(file)); anywhere && match && err == nil || p == file {
				return true
			}
		}
	}
	return false
}

// A composition is what we use of a compose file. A key that isn't here is an error.
type composition struct {
	Name     string             `yaml:"name"`
	Services map[string]service `yaml:"services"`
	Networks map[string]struct {
		Internal bool `yaml:"internal"`
	} `yaml:"networks"`
	Volumes map[string]struct{} `yaml:"volumes"`
}

type service struct {
	Image       string            `yaml:"image"`
	Profiles    []string          `yaml:"profiles"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Networks    []string          `yaml:"networks"`
	Volumes     []string          `yaml:"volumes"`
	Build       struct {
		Context    string            `yaml:"context"`
		Dockerfile string            `yaml:"dockerfile"`
		Args       map[string]string `yaml:"args"`
	} `yaml:"build"`
	DependsOn map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck struct {
		Test     []string `yaml:"test"`
		Interval string   `yaml:"interval"`
		Timeout  string   `yaml:"timeout"`
		Retries  int      `yaml:"retries"`
		Disable  bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
	ReadOnly        bool     `yaml:"read_only"`
	Tmpfs           []string `yaml:"tmpfs"`
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	Restart         string   `yaml:"restart"`
	StopGracePeriod string   `yaml:"stop_grace_period"`
}

func composed(t *testing.T) composition {
	t.Helper()
	var c composition
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "compose/compose.yaml")), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCompositionIsWhole(t *testing.T) {
	t.Parallel()
	c := composed(t)
	for name, s := range c.Services {
		for _, n := range s.Networks {
			if _, ok := c.Networks[n]; !ok {
				t.Errorf("%s: no network %s", name, n)
			}
		}
		for _, v := range s.Volumes {
			if source, _, _ := strings.Cut(v, ":"); !strings.HasPrefix(source, ".") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: no volume %s", name, source)
				}
			}
		}
		for other, on := range s.DependsOn {
			if len(c.Services[other].Healthcheck.Test) == 0 || on.Condition != "service_healthy" {
				t.Errorf("%s waits for %s, which has no health", name, other)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is open to other machines without TLS: %s", name, p)
			}
		}
		if s.Build.Context != "" {
			if _, err := os.Stat(filepath.Join("compose", s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := c.Services["site"].Profiles; !slices.Equal(got, []string{"demo"}) {
		t.Errorf("the simulated site starts without being asked for: %q", got)
	}
}

// Whoever forgets a secret is told so; none has a default.
func TestTheCompositionHasNoSecretOfItsOwn(t *testing.T) {
	t.Parallel()
	c := composed(t)
	for where, value := range map[string]string{
		"POSTGRES_PASSWORD":      c.Services["postgres"].Environment["POSTGRES_PASSWORD"],
		"PGPASSWORD":             c.Services["qlikcrawler"].Environment["PGPASSWORD"],
		"QLIKCRAWLER_MASTER_KEY": c.Services["qlikcrawler"].Environment["QLIKCRAWLER_MASTER_KEY"],
	} {
		if !regexp.MustCompile(`^\$\{[A-Z_]+:\?[^}]+\}$`).MatchString(value) {
			t.Errorf("%s is %q", where, value)
		}
	}
	ours := c.Services["qlikcrawler"]
	if !ours.ReadOnly || !slices.Contains(ours.CapDrop, "ALL") || !slices.Contains(ours.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("it has rights that it doesn't need: %+v", ours)
	}
}
