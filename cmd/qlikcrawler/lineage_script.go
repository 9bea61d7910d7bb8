package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

func newLineageScript(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "script FILE",
		Short: "Read a load script: its tables, where their fields come from, what it stores",
		Long: `Read a load script and tell which tables it makes, where each field comes from, what it stores,
and what of it couldn't be understood. - reads the script from standard input. Nothing is contacted,
no data is read. With --json the answer is one document.

Files that the script includes are looked for in --include-dir, by their whole path below it and
by their name. Without it, what they hold is unknown, and the answer says so.

What isn't understood never changes the exit status; a file that can't be read is exit status 1.`,
		Example: "  qlikcrawler lineage script sales.qvs\n  qlikcrawler lineage script --json --include-dir includes - < sales.qvs",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, _, err := readFile(args[0], cmd.InOrStdin())
			if err != nil {
				return fmt.Errorf("read the script: %w", err)
			}
			if dir != "" {
				if info, err := os.Stat(dir); err != nil || !info.IsDir() {
					return wrongUse("--include-dir %s: there is no such folder", dir)
				}
			}
			script := strings.ToValidUTF8(decodeScript(text), "\uFFFD")
			res := qvs.Run(script, qvs.Options{Include: includesFrom(dir)})
			if a.json {
				return printJSON(cmd.OutOrStdout(), res.Report())
			}
			printScript(cmd.OutOrStdout(), script, res)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "include-dir", "", "folder with the files that the script includes")
	return cmd
}

// decodeScript makes UTF-8 of a script that an editor saved as UTF-16.
func decodeScript(b []byte) string {
	if len(b) < 2 || !(b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) {
		return string(b)
	}
	little := b[0] == 0xFF
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		if little {
			units = append(units, uint16(b[i])|uint16(b[i+1])<<8)
		} else {
			units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
		}
	}
	return string(utf16.Decode(units))
}

// includesFrom reads included files below a folder; nil without one. Nothing outside of it is ever read.
func includesFrom(dir string) func(string) (string, error) {
	if dir == "" {
		return nil
	}
	return func(path string) (string, error) {
		path = strings.ReplaceAll(path, `\`, "/")
		if _, rest, ok := strings.Cut(path, "://"); ok {
			path = rest
		}
		parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
		for i, p := range parts {
			parts[i] = strings.TrimSuffix(p, ":")
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return "", err
		}
		defer root.Close()
		for i := range parts { // the whole path, then without the connection's name, …, then the name alone
			text, err := readInclude(root, filepath.Join(parts[i:]...))
			if err == nil {
				return text, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				continue
			}
		}
		return "", fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
}

// maxInclude bounds the size of an included file, in bytes.
const maxInclude = 32 << 20

func readInclude(root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxInclude))
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(decodeScript(b), "\uFFFD"), nil
}

// printScript prints what a script does for a person.
func printScript(w io.Writer, script string, res *qvs.Result) {
	rep := res.Report()
	printScriptTables(w, res)
	if len(rep.Stores) > 0 {
		fmt.Fprintf(w, "Stores\n")
		for _, s := range rep.StoreSources {
			for _, st := range rep.Stores {
				if st.Target == s.Target {
					fmt.Fprintf(w, "  %s  ←  %s\n", st.Target, st.Table)
				}
			}
			for _, o := range s.Sources {
				fmt.Fprintf(w, "      from %s\n", objectText(o))
			}
		}
		fmt.Fprintln(w)
	}
	for _, list := range []struct {
		title string
		names []string
	}{{"Dropped", rep.DroppedTables}, {"Section access", rep.SectionAccessTables}, {"Unresolved", rep.Unresolved}} {
		if len(list.names) > 0 {
			fmt.Fprintf(w, "%s: %s\n", list.title, strings.Join(list.names, ", "))
		}
	}
	printScriptDiagnostics(w, script, res.Diagnostics)
	fmt.Fprintf(w, "%s, %s, %s not understood\n", count(len(rep.Tables), "table"), count(len(rep.Stores), "store"), count(len(res.Diagnostics), "thing"))
}

func printScriptTables(w io.Writer, res *qvs.Result) {
	for _, t := range res.Tables {
		if t.Fate != qvs.Data {
			continue
		}
		fmt.Fprintf(w, "Table %s\n", t.Name)
		for _, s := range t.Sources {
			fmt.Fprintf(w, "  from %s\n", objectText(qvs.ReportObject{Kind: s.Kind, Connection: s.Connection, Object: s.Name}))
		}
		width := 0
		for _, f := range t.Fields {
			width = max(width, min(len([]rune(f.Name)), 40))
		}
		for _, f := range t.Fields {
			from := make([]string, 0, len(f.From))
			for _, c := range f.From {
				from = append(from, c.Object.Name+"."+c.Name)
			}
			fmt.Fprintf(w, "    %s%s  %s\n", f.Name, strings.Repeat(" ", max(0, width-len([]rune(f.Name)))), arrows(from))
		}
		fmt.Fprintln(w)
	}
}

// maxArrows is how many sources of a field are printed.
const maxArrows = 6

func arrows(from []string) string {
	switch {
	case len(from) == 0:
		return "(no source)"
	case len(from) > maxArrows:
		return "← " + strings.Join(from[:maxArrows], ", ") + fmt.Sprintf(" and %d more", len(from)-maxArrows)
	}
	return "← " + strings.Join(from, ", ")
}

func objectText(o qvs.ReportObject) string {
	if o.Connection == "" || strings.Contains(o.Object, "://"+o.Connection) {
		return string(o.Kind) + " " + o.Object
	}
	return string(o.Kind) + " " + o.Object + "  (connection " + o.Connection + ")"
}

// printCaret shows a line with a mark below the column, unless the line holds credentials: then without them.
func printCaret(w io.Writer, line, masked string, column int) {
	const most = 160
	if masked = qvs.Mask(masked); masked != line {
		fmt.Fprintf(w, "    %s\n", printable(masked))
		return
	}
	runes := []rune(line)
	from := 0
	if column-1 > most {
		from = min(column-1-most/2, len(runes))
	}
	shown := runes[from:min(len(runes), from+most)]
	pad := make([]rune, 0, column)
	for _, r := range runes[from:min(len(runes), column-1)] {
		if r != '\t' {
			r = ' '
		}
		pad = append(pad, r)
	}
	fmt.Fprintf(w, "    %s\n    %s^\n", printable(string(shown)), string(pad))
}

// printable is text without what would do something to a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// printScriptDiagnostics prints each with its line and a caret.
func printScriptDiagnostics(w io.Writer, script string, list []qvs.Diagnostic) {
	if len(list) == 0 {
		return
	}
	lines, masked := scriptLines(script), scriptLines(catalog.Mask(script))
	fmt.Fprintln(w)
	for _, d := range list {
		place := fmt.Sprintf("line %d, column %d", d.At.Line, d.At.Column)
		if d.At.Tab != "" {
			place += ", tab " + d.At.Tab
		}
		if d.At.Included != "" {
			place += ", in " + d.At.Included
		}
		fmt.Fprintf(w, "%s: %s\n", place, cmp.Or(d.Why, d.Kind))
		if n := d.At.Line; n >= 1 && n <= len(lines) && n <= len(masked) {
			printCaret(w, lines[n-1], masked[n-1], d.At.Column)
		}
		if d.What != "" {
			fmt.Fprintf(w, "    at: %s\n", printable(d.What))
		}
	}
	fmt.Fprintln(w)
}

func scriptLines(s string) []string {
	s = strings.TrimPrefix(s, "\uFEFF")
	return strings.Split(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n")
}
