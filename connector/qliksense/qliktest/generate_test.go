package qliktest_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
)

func TestGenerateGivesTheSameSiteForTheSameSeed(t *testing.T) {
	t.Parallel()
	options := qliktest.GenerateOptions{Apps: 23, Seed: 7}
	print := func(o qliktest.GenerateOptions) string {
		var b strings.Builder
		for _, a := range qliktest.Generate(o).Apps {
			content, err := json.Marshal(a.Content())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, a.ID, a.Name, a.Owner.Account(), a.FileSize, a.LastReload, string(content))
		}
		return b.String()
	}
	first := print(options)
	if d := cmp.Diff(first, print(options)); d != "" {
		t.Error(d)
	}
	options.Seed++
	if print(options) == first {
		t.Error("another seed gives the same site")
	}
}

func TestGenerateHasTheStandardSizes(t *testing.T) {
	t.Parallel()
	for _, a := range qliktest.Generate(qliktest.GenerateOptions{Apps: 30}).Apps {
		c := a.Content()
		got := map[string]int{"dimensions": len(c.Dimensions), "measures": len(c.Measures)}
		for _, it := range c.Objects {
			_, typ := it.Tree.Info()
			if typ == "sheet" && it.Owner != nil && !it.Published {
				continue // somebody's private sheet comes on top
			}
			got[typ]++
			if typ == "sheet" {
				got["cells"] += len(it.Tree.Children)
			}
		}
		for _, v := range c.Variables {
			if !v.ScriptCreated {
				got["variables"]++
			}
		}
		want := map[string]int{
			"dimensions": 10, "measures": 10, "masterobject": 3, "sheet": 3, "cells": 15, "variables": 5, "LoadModel": 1, "appprops": 1,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", a.Name, d)
		}
		if lines := strings.Count(c.Script, "\n"); lines < 60 || len(c.Lineage) == 0 || c.Metadata == nil {
			t.Errorf("%s: %d lines of script, %d of lineage, metadata %d bytes", a.Name, lines, len(c.Lineage), len(c.Metadata))
		}
	}
}

func TestGenerateMixesWhatSitesHave(t *testing.T) {
	t.Parallel()
	site := qliktest.Generate(qliktest.GenerateOptions{Apps: 60})
	seen := map[string]bool{}
	for _, a := range site.Apps {
		seen["unpublished app"] = seen["unpublished app"] || !a.Published()
		seen["tags"] = seen["tags"] || len(a.Tags) > 0
		seen["custom properties"] = seen["custom properties"] || len(a.CustomProperties) > 0
		for _, it := range a.Content().Objects {
			_, typ := it.Tree.Info()
			seen["community sheet"] = seen["community sheet"] || typ == "sheet" && it.Published && !it.Approved
			seen["private sheet"] = seen["private sheet"] || typ == "sheet" && a.Published() && !it.Published
		}
		all, err := json.Marshal(a.Content())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			`"qGrouping":"H"`, `"qGrouping":"C"`, `"qExtendsId"`, `"filterpane"`, `"listbox"`, `"container"`, `"qLibraryId"`, `"text-image"`,
			"LIB CONNECT TO", "MAPPING LOAD", "LEFT JOIN", "STORE Facts INTO",
		} {
			seen[text] = seen[text] || strings.Contains(string(all), text)
		}
	}
	for what, yes := range seen {
		if !yes {
			t.Errorf("no %s in 60 apps", what)
		}
	}
}

func TestGeneratedAppsReadWhatOthersStore(t *testing.T) {
	t.Parallel()
	stores := regexp.MustCompile(`STORE \w+ INTO \[([^\]]+)\]`)
	loads := regexp.MustCompile(`FROM \[([^\]]+\.qvd)\]`)
	stored, loaded := map[string]bool{}, map[string]bool{}
	for _, a := range qliktest.Generate(qliktest.GenerateOptions{Apps: 25}).Apps {
		for _, m := range stores.FindAllStringSubmatch(a.Content().Script, -1) {
			stored[m[1]] = true
		}
		for _, m := range loads.FindAllStringSubmatch(a.Content().Script, -1) {
			loaded[m[1]] = true
		}
	}
	if len(stored) != 20 || !reflect.DeepEqual(stored, loaded) {
		t.Errorf("stored and loaded files differ: %s", cmp.Diff(stored, loaded))
	}
}

func TestGenerateGivesEveryThingAnID(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	claim := func(id, what string) {
		if other, taken := ids[id]; taken || id == "" {
			t.Errorf("%s has the id %q of %s", what, id, other)
		}
		ids[id] = what
	}
	site := qliktest.Generate(qliktest.GenerateOptions{Apps: 12})
	for _, u := range site.Users {
		claim(u.ID, u.Account())
		claim(u.Account(), "account of "+u.DisplayName)
	}
	for _, s := range site.Streams {
		claim(s.ID, s.Name)
	}
	for _, a := range site.Apps {
		claim(a.ID, a.Name)
		inApp := map[string]bool{}
		for _, items := range [][]qliktest.Item{a.Content().Dimensions, a.Content().Measures, a.Content().Objects} {
			for _, it := range items {
				claim(it.RowID, a.Name)
				eachID(it.Tree, func(id string) {
					if inApp[id] {
						t.Errorf("%s: two objects have the id %s", a.Name, id)
					}
					inApp[id] = true
				})
			}
		}
	}
}

func eachID(tree qliktest.Tree, do func(string)) {
	id, _ := tree.Info()
	do(id)
	for _, c := range tree.Children {
		eachID(c, do)
	}
}

func TestGenerateWithout(t *testing.T) {
	t.Parallel()
	none := qliktest.GenerateOptions{Apps: 3, Dimensions: -1, Measures: -1, MasterObjects: -1, Sheets: -1, Variables: -1, ScriptLines: -1}
	for _, a := range qliktest.Generate(none).Apps {
		if c := a.Content(); len(c.Dimensions)+len(c.Measures) != 0 || len(c.Objects) != 2 {
			t.Errorf("%s isn't empty: %d objects", a.Name, len(c.Objects))
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		qliktest.Generate(qliktest.GenerateOptions{Apps: 1000})
	}
}
