// Command release builds what people download: static binaries for each system, archives, packages for Debian
// and Red Hat, and for each binary the list of its parts (SBOM); and the checksums of all of it.
//
//	go -C tools run ./release -root .. -out ../dist
//	go -C tools run ./release -root .. licenses
//
// The same commit gives the same bytes, whoever builds it where and when, with the same version of Go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/tools/internal/license"
)

// systems are those that are released, as GOOS/GOARCH.
var systems = []string{"linux/amd64", "linux/arm64", "windows/amd64", "darwin/amd64", "darwin/arm64"}

// program is the package of the binary.
const program = "./cmd/qlikcrawler"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	root := set.String("root", "..", "folder of the project")
	out := set.String("out", "../dist", "folder to write to")
	only := set.String("systems", strings.Join(systems, ","), "systems to build for")
	packages := set.Bool("packages", true, "make the packages for Debian and Red Hat, too (needs dpkg-deb and rpmbuild)")
	dirty := set.Bool("dirty", false, "allow changes that are not committed")
	if err := set.Parse(args); err != nil {
		return err
	}
	dir, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	target, err := filepath.Abs(*out)
	if err != nil {
		return err
	}
	switch set.Arg(0) {
	case "":
		r := &release{root: dir, out: target, systems: strings.Split(*only, ","), packages: *packages, dirty: *dirty}
		return r.make(ctx)
	case "licenses":
		return writeLicensePage(ctx, dir)
	default:
		return fmt.Errorf("unknown command %q", set.Arg(0))
	}
}

// licensePage is where the page about licenses is.
const licensePage = "docs/reference/licenses.md"

func writeLicensePage(ctx context.Context, root string) error {
	modules, err := modulesOf(ctx, root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, licensePage), []byte(license.Page(modules)), 0o644)
}

// modulesOf lists the modules in any of the binaries. One that may not be passed on is an error.
func modulesOf(ctx context.Context, root string) ([]license.Module, error) {
	modules, err := license.Modules(ctx, root, program, systems)
	if err != nil {
		return nil, err
	}
	if problems := license.Problems(modules); len(problems) > 0 {
		return nil, fmt.Errorf("licenses: %s", strings.Join(problems, "; "))
	}
	return modules, nil
}
