package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func debOf(t *testing.T) string {
	dir, r := released(t)
	return filepath.Join(dir, "qlikcrawler_"+r.packageVersion()+"_amd64.deb")
}

func TestTheDebianPackageInstallsAProgramThatRuns(t *testing.T) {
	t.Parallel()
	_, r := released(t)
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	unpackDeb(t, root, debOf(t))
	for path, mode := range map[string]os.FileMode{
		"usr/bin/qlikcrawler": 0o755, "usr/lib/systemd/system/qlikcrawler.service": 0o644, "usr/share/man/man1/qlikcrawler-check.1.gz": 0o644,
		"usr/share/bash-completion/completions/qlikcrawler": 0o644, "usr/share/zsh/vendor-completions/_qlikcrawler": 0o644,
		"usr/share/fish/vendor_completions.d/qlikcrawler.fish": 0o644, "usr/share/doc/qlikcrawler/copyright": 0o644,
	} {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, mode %v", path, err, info)
		}
	}
	said := output(t, filepath.Join(root, "usr/bin/qlikcrawler"), "version")
	contains(t, "the installed program's version", said, "qlikcrawler v"+r.version, "linux/amd64")
	contains(t, "its version in JSON", output(t, filepath.Join(root, "usr/bin/qlikcrawler"), "version", "--json"), r.commit)
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to try its completions with")
	}
	output(t, bash, "-n", filepath.Join(root, "usr/share/bash-completion/completions/qlikcrawler"))
}

// unpackDeb unpacks a package as dpkg does before it runs the package's scripts; without root's rights, its
// files alone.
func unpackDeb(t *testing.T, root, deb string) {
	t.Helper()
	if os.Geteuid() != 0 {
		output(t, "dpkg-deb", "-x", deb, root)
		return
	}
	output(t, "dpkg", "--root="+root, "--force-depends", "--force-script-chrootless", "--unpack", deb)
	status := output(t, "dpkg-query", "--admindir="+filepath.Join(root, "var/lib/dpkg"), "-W", "-f=${Status}|${Conffiles}", "qlikcrawler")
	contains(t, "dpkg's status", status, "install ok unpacked", "/etc/qlikcrawler/qlikcrawler.env")
}

func TestTheDebianPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	_, r := released(t)
	control := output(t, "dpkg-deb", "-f", debOf(t))
	contains(t, "control", control, "Package: qlikcrawler\n", "Version: "+r.packageVersion()+"\n", "Architecture: amd64\n",
		"Depends: adduser, ca-certificates\n", "Recommends: postgresql\n", "Installed-Size: ")
	list := output(t, "dpkg-deb", "-c", debOf(t))
	for line := range strings.SplitSeq(strings.TrimSpace(list), "\n") {
		if !strings.Contains(line, " root/root ") {
			t.Errorf("not root's: %s", line)
		}
	}
	contains(t, "the list of files", list, "-rw-r----- root/root", "./etc/qlikcrawler/qlikcrawler.env")
}

// The script that follows the installation makes the user, closes the file of secrets, and starts nothing.
func TestTheDebianPackageMakesItsUser(t *testing.T) {
	t.Parallel()
	scripts := t.TempDir()
	output(t, "dpkg-deb", "-e", debOf(t), scripts)
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		output(t, "sh", "-n", filepath.Join(scripts, script))
	}
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	for _, name := range []string{"getent", "adduser", "chown", "chmod", "systemctl"} {
		text := fmt.Sprintf("#!/bin/sh\necho %s \"$@\" >>%s\n[ %s != getent ]\n", name, calls, name)
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(scripts, "postinst"), "configure")
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	done, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "what the script does", string(done), "adduser --quiet --system --group",
		"chown root:qlikcrawler /etc/qlikcrawler /etc/qlikcrawler/qlikcrawler.env\n", "chmod 0640 /etc/qlikcrawler/qlikcrawler.env\n")
	if strings.Contains(string(done), "systemctl start") || strings.Contains(string(done), "enable") {
		t.Errorf("it starts the service by itself:\n%s", done)
	}
}

func TestTheRedHatPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	dir, r := released(t)
	path := filepath.Join(dir, "qlikcrawler-"+r.packageVersion()+"-1.x86_64.rpm")
	db := t.TempDir() // an empty one: the machine's may not be there
	rpm := func(args ...string) string {
		return output(t, "rpm", append(append([]string{"--dbpath", db, "-qp"}, args...), path)...)
	}
	said := rpm("--qf", "%{NAME}|%{VERSION}|%{ARCH}|%{LICENSE}|%{BUILDHOST}|%{BUILDTIME}\n")
	contains(t, "the header", said, fmt.Sprintf("qlikcrawler|%s|x86_64|Apache-2.0|qlikcrawler|%d\n", r.packageVersion(), r.moment.Unix()))
	contains(t, "what it requires", rpm("--requires"), "ca-certificates\n", "shadow-utils\n")
	contains(t, "what it recommends", rpm("--recommends"), "postgresql-server\n")
	contains(t, "its scripts", rpm("--scripts"), "useradd -r -g qlikcrawler", "systemctl try-restart qlikcrawler.service")
	// PATH SIZE MTIME DIGEST MODE OWNER GROUP ISCONFIG ISDOC …
	files := map[string][]string{}
	for line := range strings.SplitSeq(strings.TrimSpace(rpm("--dump")), "\n") {
		field := strings.Fields(line)
		files[field[0]] = field
	}
	env := files["/etc/qlikcrawler/qlikcrawler.env"]
	if env == nil || env[4] != "0100640" || env[5] != "root" || env[6] != "qlikcrawler" || env[7] != "1" {
		t.Errorf("the file of variables: %v", env)
	}
	for _, want := range []string{
		"/usr/lib/systemd/system/qlikcrawler.service", "/usr/share/man/man1/qlikcrawler.1.gz", "/usr/share/zsh/site-functions/_qlikcrawler",
	} {
		if files[want] == nil {
			t.Errorf("it lacks %s", want)
		}
	}
	if got, want := files["/usr/bin/qlikcrawler"][3], digestInArchive(t); got != want {
		t.Errorf("its program is not that of the archive: %s, %s", got, want)
	}
}

// digestInArchive is that of the program that the bill of materials speaks of.
func digestInArchive(t *testing.T) string {
	dir, r := released(t)
	folder := "qlikcrawler_" + r.version + "_linux_amd64"
	path := filepath.Join(t.TempDir(), "qlikcrawler")
	if err := os.WriteFile(path, unpack(t, filepath.Join(dir, folder+".tar.gz"))[folder+"/qlikcrawler"], 0o600); err != nil {
		t.Fatal(err)
	}
	sum, err := sumOf(path)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum)
}

// exposure is how open the unit may be, from 0 to 10, by systemd's reckoning, times ten: 1.3 now.
const exposure = "15"

func TestTheUnitIsWhatSystemdTakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(project, "deploy/linux/qlikcrawler.service"))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "qlikcrawler")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// Only what isn't installed here is replaced: the program and its manual.
	unit := strings.NewReplacer("/usr/bin/qlikcrawler", program, "Documentation=man:qlikcrawler(1)\n", "").Replace(string(text))
	path := filepath.Join(dir, "qlikcrawler.service")
	if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v: %s", err, out)
	}
	output(t, "systemd-analyze", "security", "--offline=true", "--threshold="+exposure, "--no-pager", path)
	args := strings.Fields(between(t, string(text), "ExecStart=/usr/bin/qlikcrawler ", "\n"))
	if len(args) != 1 || args[0] != "serve" {
		t.Errorf("it starts %q", args)
	}
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	if !ok {
		t.Fatalf("%q is missing", from)
	}
	out, _, _ := strings.Cut(rest, to)
	return out
}
