package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// packageVersion is the version as packages sort it: 1.2.0~rc.1 comes before 1.2.0.
func (r *release) packageVersion() string { return strings.ReplaceAll(r.version, "-", "~") }

// deb makes the package for Debian and Ubuntu, with dpkg-deb.
func (r *release) deb(ctx context.Context, b binary) error {
	dir := filepath.Join(r.work, "deb-"+b.goarch)
	if err := r.stage(b, dir, zshOfDebian); err != nil {
		return err
	}
	size, err := kilobytes(dir)
	if err != nil {
		return err
	}
	from, to := filepath.Join(r.root, "deploy/linux/deb"), filepath.Join(dir, "DEBIAN")
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if err := r.place(content{from: filepath.Join(from, script), mode: 0o755}, filepath.Join(to, script)); err != nil {
			return err
		}
	}
	if err := r.place(content{from: filepath.Join(from, "conffiles"), mode: 0o644}, filepath.Join(to, "conffiles")); err != nil {
		return err
	}
	fields := map[string]any{"Version": r.packageVersion(), "Arch": b.goarch, "Size": size}
	if err := fill(filepath.Join(from, "control"), filepath.Join(to, "control"), fields); err != nil {
		return err
	}
	if err := r.timesOf(dir); err != nil {
		return err
	}
	name := fmt.Sprintf("qlikcrawler_%s_%s.deb", r.packageVersion(), b.goarch)
	_, err = r.command(ctx, "dpkg-deb", "--root-owner-group", "-Zgzip", "--build", dir, filepath.Join(r.out, name))
	return err
}

// kilobytes is how much the files below dir take.
func kilobytes(dir string) (int64, error) {
	var sum int64
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			sum += (info.Size() + 1023) / 1024
		}
		return err
	})
	return sum, err
}

func fill(from, to string, fields map[string]any) error {
	t, err := template.ParseFiles(from)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := t.Option("missingkey=error").Execute(f, fields); err != nil {
		return err
	}
	return f.Close()
}

// archOfRedHat is what Red Hat calls a GOARCH.
var archOfRedHat = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// rpm makes the package for Red Hat, Fedora and SUSE, with rpmbuild.
func (r *release) rpm(ctx context.Context, b binary) error {
	dir := filepath.Join(r.work, "rpm-"+b.goarch)
	staged := filepath.Join(dir, "staged")
	if err := r.stage(b, staged, zshOfRedHat); err != nil {
		return err
	}
	arch := archOfRedHat[b.goarch]
	_, err := r.command(ctx, "rpmbuild", "-bb", "--quiet", "--target", arch+"-linux",
		"--define", "_topdir "+dir, "--define", "_rpmdir "+dir, "--define", "_rpmfilename out.rpm",
		"--define", "staged "+staged, "--define", "release_version "+r.packageVersion(),
		filepath.Join(r.root, "deploy/linux/rpm/qlikcrawler.spec"))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("qlikcrawler-%s-1.%s.rpm", r.packageVersion(), arch)
	return r.place(content{from: filepath.Join(dir, "out.rpm"), mode: 0o644}, filepath.Join(r.out, name))
}
