package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newMan is the command that packages are made with; nobody else needs it.
func newMan(a *app) *cobra.Command {
	var date string
	cmd := &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages of all commands into a folder",
		Hidden: true,
		Long: "Write a manual page (roff, section 1) for each command into a folder, made of what --help says.\n" +
			"The packages hold them already.",
		Example: "  qlikcrawler man /tmp/man && man /tmp/man/qlikcrawler-crawl.1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := time.Parse(time.DateOnly, date); date != "" && err != nil {
				return wrongUse("--date: want YYYY-MM-DD")
			}
			return writeManuals(cmd.Root(), args[0], date)
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "date of the pages, YYYY-MM-DD (default: none)")
	return cmd
}

// writeManuals writes the page of a command and those of the commands below it.
func writeManuals(cmd *cobra.Command, dir, date string) error {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	if err := os.WriteFile(filepath.Join(dir, name+".1"), []byte(manual(cmd, date)), 0o644); err != nil {
		return fmt.Errorf("write the manual page of %s: %w", cmd.CommandPath(), err)
	}
	for _, sub := range cmd.Commands() {
		if !shown(sub) {
			continue
		}
		if err := writeManuals(sub, dir, date); err != nil {
			return err
		}
	}
	return nil
}

// shown tells whether a command has a page: hidden ones and cobra's own help have none.
func shown(cmd *cobra.Command) bool { return cmd.IsAvailableCommand() && cmd.Name() != "help" }

// manual is the manual page of a command, in roff.
func manual(cmd *cobra.Command, date string) string {
	var p page
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	p.line(`.TH %s 1 %s "qlikcrawler %s" "User Commands"`, macroArgument(strings.ToUpper(name)), macroArgument(date), escaped(currentVersion().Version))
	p.line(".nh\n.ad l") // no hyphens within words, no stretched lines: keys and paths are to be copied
	p.section("NAME")
	p.line(`%s \- %s`, escaped(name), escaped(cmd.Short))
	p.section("SYNOPSIS")
	p.line(".B %s", escaped(cmd.UseLine()))
	p.section("DESCRIPTION")
	if p.text(cmd.Long); cmd.Long == "" {
		p.text(cmd.Short + ".")
	}
	p.options("OPTIONS", cmd.NonInheritedFlags())
	p.options("OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	if cmd.Example != "" {
		p.section("EXAMPLES")
		p.literal(cmd.Example)
	}
	p.related(cmd)
	return p.String()
}

// A page is a manual page as it grows.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }
func (p *page) section(title string)            { p.line(".SH %s", macroArgument(title)) }

// text writes paragraphs. A line that is indented stands as it is: it is part of a table or an example.
func (p *page) text(text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			p.line(".PP")
		}
		if strings.Contains("\n"+paragraph, "\n ") || strings.Contains(paragraph, "\n\t") {
			p.literal(paragraph)
			continue
		}
		p.line("%s", escaped(paragraph))
	}
}

// literal writes lines as they are.
func (p *page) literal(text string) { p.line(".nf\n%s\n.fi", escaped(text)) }

func (p *page) options(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.section(title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		what, usage := pflag.UnquoteUsage(f)
		label := "--" + f.Name
		if f.Shorthand != "" {
			label = "-" + f.Shorthand + ", " + label
		}
		p.line(".TP\n.B %s", escaped(strings.TrimSpace(label+" "+what)))
		p.line("%s", escaped(usage))
	})
}

// related names the commands above and below.
func (p *page) related(cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, cmd.Parent().CommandPath())
	}
	for _, sub := range cmd.Commands() {
		if shown(sub) {
			names = append(names, sub.CommandPath())
		}
	}
	if len(names) == 0 {
		return
	}
	p.section("SEE ALSO")
	for i, name := range names {
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		p.line(".BR %s (1)%s", escaped(strings.ReplaceAll(name, " ", "-")), comma)
	}
}

// escaped is a text in which roff sees no command of its own.
func escaped(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

// macroArgument is an argument of a roff macro.
func macroArgument(text string) string {
	return `"` + strings.ReplaceAll(escaped(text), `"`, `\(dq`) + `"`
}
