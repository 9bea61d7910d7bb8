package main

import (
	"cmp"
	goflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
)

var update = goflag.Bool("update", false, "write the expected outputs anew")

// TestGoldenPageOfTheCommands holds docs/reference/commands.md to what the commands say of themselves.
func TestGoldenPageOfTheCommands(t *testing.T) {
	t.Parallel()
	root := newRoot(environment{Getenv: func(string) string { return "" }, Stdin: strings.NewReader("")})
	root.InitDefaultCompletionCmd()
	var page strings.Builder
	page.WriteString("# Commands\n\nMade from the program; `qlikcrawler COMMAND --help` says the same. Results go to standard output, logs and progress to standard error.\n\n")
	fmt.Fprintf(&page, "%s\n\n## Flags of every command\n\n%s", root.Long, flagTable(root.PersistentFlags()))
	describeCommands(&page, root)
	golden(t, "commands.md", page.String())
}

func describeCommands(page *strings.Builder, cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		fmt.Fprintf(page, "\n## %s\n\n%s\n\n```text\n%s\n```\n", c.CommandPath(), paragraphs(cmp.Or(c.Long, c.Short)), c.UseLine())
		if flags := flagTable(c.NonInheritedFlags()); flags != "" {
			page.WriteString("\n" + flags)
		}
		if c.Example != "" {
			fmt.Fprintf(page, "\nExamples:\n\n```text\n%s\n```\n", regexp.MustCompile(`(?m)^  `).ReplaceAllString(c.Example, ""))
		}
		if c.Parent().Name() == "completion" || c.Name() == "completion" {
			continue // the library's own pages are long, and the same for every program
		}
		describeCommands(page, c)
	}
}

// paragraphs drops the line breaks that a terminal needs and a page doesn't.
func paragraphs(text string) string {
	if first, _, more := strings.Cut(text, "\n\nTo "); more {
		text = first
	}
	return strings.TrimSpace(text)
}

func flagTable(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if !slices.Contains([]string{"", "false", "0", "[]", "0s"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.TrimSpace(name+" "+kind), strings.ReplaceAll(usage, "|", `\|`))
	})
	if b.Len() == 0 {
		return ""
	}
	return "| flag | |\n|---|---|\n" + b.String()
}

// TestGoldenPageOfTheConfiguration holds docs/reference/configuration.md to the sources' own lists of keys and
// to the environment variables that the program reads.
func TestGoldenPageOfTheConfiguration(t *testing.T) {
	t.Parallel()
	intro, err := os.ReadFile(filepath.Join("testdata", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range variables(t) {
		if !strings.Contains(string(intro), "`"+name+"`") {
			t.Errorf("testdata/configuration.md doesn't say what the environment variable %s does", name)
		}
	}
	var page strings.Builder
	page.Write(intro)
	for _, source := range sources() {
		fmt.Fprintf(&page, "\n## Keys of a connection of type %s\n\n| key | kind | with | default | |\n|---|---|---|---|---|\n", source.Type)
		for _, f := range document.Fields(source) {
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", f.Path, kindOf(f), f.When, defaultOf(f), strings.ReplaceAll(f.Help, "|", `\|`))
		}
	}
	golden(t, "configuration.md", page.String())
}

func kindOf(f catalog.Field) string {
	kind := strings.ReplaceAll(string(f.Kind), "_", " ")
	if len(f.Choices) > 0 {
		kind = strings.Join(f.Choices, ", ")
	}
	if f.Secret {
		kind += ", secret"
	}
	if f.Required || len(f.RequiredWhen) > 0 {
		kind = "**" + kind + "**"
	}
	return kind
}

func defaultOf(f catalog.Field) string {
	if f.Default == nil || f.Default == "" {
		return ""
	}
	return fmt.Sprintf("`%v`", f.Default)
}

// variables are the program's own environment variables: what its code names, but for tests.
func variables(t *testing.T) []string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, regexp.MustCompile(`QLIKCRAWLER_[A-Z][A-Z_]*[A-Z]`).FindAllString(string(text), -1)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "reference", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/reference/%s (make golden writes it anew):\n%s", name, diff)
	}
}
