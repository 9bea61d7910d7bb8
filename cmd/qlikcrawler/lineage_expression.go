package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

type expressionFlags struct{ variables, fields, measures []string }

func newLineageExpression(a *app) *cobra.Command {
	var f expressionFlags
	cmd := &cobra.Command{
		Use:   "expression EXPR",
		Short: "Tell what an expression of a chart refers to",
		Long: `Tell what an expression of a chart refers to: fields, variables, functions, aggregations, alternate
states and bookmarks. Set analysis, Aggr, TOTAL, searches and $( ) are understood. EXPR - is standard
input; an expression that starts with a minus goes behind --.

What can't be read is told with its place and doesn't change the exit status.`,
		Example: `  qlikcrawler lineage expression 'Sum({<Year={$(vYear)}>} Sales)'
  qlikcrawler lineage expression 'vMargin / [Total Sales]' --variables 'vMargin=Sum(Sales)-Sum(Cost)' --measures 'Total Sales'
  qlikcrawler lineage expression --json - < measure.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := args[0]
			if text == "-" {
				b, err := io.ReadAll(cmd.InOrStdin())
				if err != nil {
					return fmt.Errorf("read the expression: %w", err)
				}
				text = string(b)
			}
			return a.printExpression(cmd.OutOrStdout(), cmd.ErrOrStderr(), text, expr.Read(text, f.known()))
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.variables, "variables", nil, "names of the app's variables, separated by commas; or NAME=DEFINITION; may be repeated")
	fl.StringArrayVar(&f.fields, "fields", nil, "names of the app's fields, separated by commas")
	fl.StringArrayVar(&f.measures, "measures", nil, "names and labels of the app's master measures, separated by commas")
	return cmd
}

// known is what the flags tell of the app. A list of fields tells that there are no others.
func (f expressionFlags) known() expr.Known {
	k := expr.Known{Measures: nameSet(f.measures), VariableNames: map[string]bool{}}
	if len(f.fields) > 0 {
		k.Fields = nameSet(f.fields)
	}
	for _, v := range f.variables {
		name, definition, defined := strings.Cut(v, "=")
		if !defined {
			for n := range nameSet([]string{v}) {
				k.VariableNames[n] = true
			}
			continue
		}
		if k.Variables == nil {
			k.Variables = map[string]string{}
		}
		k.Variables[strings.TrimSpace(name)] = definition
	}
	return k
}

func nameSet(lists []string) map[string]bool {
	set := map[string]bool{}
	for _, list := range lists {
		for _, name := range strings.Split(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				set[name] = true
			}
		}
	}
	return set
}

// An expressionResult is what --json prints; docs/explanation/lineage.md describes it.
type expressionResult struct {
	Expression   string   `json:"expression"`
	Fields       []string `json:"fields"`
	Variables    []string `json:"variables"`
	Functions    []string `json:"functions"`
	Aggregations []string `json:"aggregations"`
	States       []string `json:"alternate_states_or_bookmarks,omitempty"`
	Measures     []string `json:"measures,omitempty"`
}

// printExpression prints a reading; with --json, what couldn't be read goes to standard error.
func (a *app) printExpression(out, errs io.Writer, text string, r expr.Reading) error {
	if a.json {
		printDiagnostics(errs, text, r.Diagnostics)
		return printJSON(out, expressionResult{
			text, r.Names(expr.ToField), r.Names(expr.ToVariable), r.Names(expr.ToFunction), r.Names(expr.ToAggregation),
			r.Names(expr.ToState), r.Names(expr.ToMeasure),
		})
	}
	if len(r.References) == 0 {
		fmt.Fprintln(out, "the expression refers to nothing")
	} else {
		printReferences(out, r.References)
	}
	if strings.TrimSpace(r.Expanded) != strings.TrimSpace(text) {
		fmt.Fprintf(out, "\nexpanded\n  %s\n", strings.ReplaceAll(strings.TrimSpace(r.Expanded), "\n", "\n  "))
	}
	if len(r.Diagnostics) > 0 {
		fmt.Fprintln(out)
		printDiagnostics(out, text, r.Diagnostics)
	}
	return nil
}

// printReferences lists each thing once for a role and a way that it comes by, at its first place.
func printReferences(out io.Writer, refs []expr.Reference) {
	t := newTable(out, "WHAT", "NAME", "USED AS", "AT", "BY VARIABLE")
	seen := map[string]bool{}
	for _, target := range []expr.Target{
		expr.ToField, expr.ToMeasure, expr.ToDimension, expr.ToVariable, expr.ToState, expr.ToAggregation, expr.ToFunction,
	} {
		for _, r := range refs {
			key := strings.Join(append([]string{r.Name, string(r.Role)}, r.Via...), "\x00")
			if r.Target != target || seen[string(target)+key] {
				continue
			}
			seen[string(target)+key] = true
			what := string(target)
			if r.Literal {
				what = "text naming a field"
			}
			t.AppendRow([]any{what, r.Name, string(r.Role), fmt.Sprintf("%d:%d", r.Line, r.Column), strings.Join(r.Via, " → ")})
		}
	}
	t.Render()
}

// printDiagnostics prints each with the line that it is about and a caret below the place.
func printDiagnostics(w io.Writer, text string, list []expr.Diagnostic) {
	for _, d := range list {
		fmt.Fprintf(w, "%s\n  %s\n", d, strings.ReplaceAll(d.Caret(text), "\n", "\n  "))
	}
}
