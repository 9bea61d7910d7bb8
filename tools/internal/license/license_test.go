package license_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/tools/internal/license"
)

func TestLicensesAreToldByTheirWords(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"Apache": {"   Apache License\n  Version 2.0, January 2004", "Apache-2.0"},
		"MIT":    {"Permission is hereby granted,\nfree of charge, … THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT", "MIT"},
		"BSD 2":  {"Redistribution and use in source and\nbinary forms … this list of conditions", "BSD-2-Clause"},
		"BSD 3":  {"Redistribution and use in source and binary forms … this list of conditions … used to endorse or\npromote products", "BSD-3-Clause"},
		"MPL":    {"Mozilla Public License, version 2.0", "MPL-2.0"},
		"GPL":    {"GNU GENERAL PUBLIC LICENSE Version 3", ""},
		"notice": {"Copyright 2020 Somebody", ""},
	} {
		if got := license.Name(test.text); got != test.want {
			t.Errorf("%s: it says %q, want %q", name, got, test.want)
		}
	}
}

func TestWhatIsNotKnownToBeCompatibleIsAProblem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "COPYING"), "GNU GENERAL PUBLIC LICENSE Version 3")
	unknown, err := license.Read("example.com/gpl", "v1.0.0", dir)
	if err != nil {
		t.Fatal(err)
	}
	free := license.Module{Path: "example.com/free", License: "BSD-3-Clause AND MIT"}
	carries := license.Module{Path: "example.com/carries", License: "MIT", Inside: []license.Inside{{Name: "x", License: "AGPL-3.0"}}}
	got := license.Problems([]license.Module{free, unknown, carries})
	if len(got) != 2 || !strings.Contains(got[0], "example.com/gpl") || !strings.Contains(got[1], "AGPL-3.0") {
		t.Errorf("the problems are %q", got)
	}
}

func TestASecondLicenseFileCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "LICENSE-MIT"), `Permission is hereby granted, free of charge … the software is provided "as is"`)
	write(t, filepath.Join(dir, "LICENSE-BSD"), "Redistribution and use in source and binary forms … this list of conditions")
	write(t, filepath.Join(dir, "NOTICE"), "Copyright Somebody")
	write(t, filepath.Join(dir, "license.go"), "package license")
	m, err := license.Read("example.com/two", "v1.0.0", dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.License != "BSD-2-Clause AND MIT" || len(m.Files) != 3 {
		t.Errorf("it is %q with %d files", m.License, len(m.Files))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
