package ui

import (
	"fmt"
	"html"
	"html/template"
	"net/http"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// A sourcePage is what templates/source.html shows.
type sourcePage struct {
	Thing
	Detail   *catalog.SourceDetail
	Tabs     []scriptTab
	Version  *catalog.SourceVersion // an older one
	Against  string                 // the hash of the one that it is compared with
	Diff     []diffLine
	Unsolved int
	Datasets []catalog.ScriptLink // the files and tables of databases that the script reads and writes
	Linked   map[catalog.Key]bool
}

// A scriptTab is a section of a load script, as Qlik's editor shows it.
type scriptTab struct {
	Name  string
	Lines []scriptLine
}

type scriptLine struct {
	Number int
	HTML   template.HTML
	Gaps   []catalog.LineageGap // what lineage didn't understand there
	Reads  []catalog.ScriptLink // of the statement that begins there
	Writes []catalog.ScriptLink
}

type diffLine struct {
	Kind string // "add", "del", "same", "head"
	Text string
}

// source shows a load script: its tabs, with what lineage didn't understand; or an older version; or what
// changed between two.
func (u *UI) source(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.SourceCode(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	p := &sourcePage{Detail: d, Linked: map[catalog.Key]bool{}, Thing: Thing{
		Kind: "Load script", Icon: "script", Key: d.Key, Name: d.Name, Retired: !d.RetiredAt.IsZero(), Around: d.Around,
		Facts: facts(fact{"Lines", number(d.Lines)}, u.date("First seen here", d.FirstSeenAt), u.date("Last seen here", d.LastSeenAt), u.date("Retired", d.RetiredAt), fact{"SHA-256 of the text as sent", d.SHA256}),
	}}
	if err := u.trace(r, &p.Thing, d.Report); err != nil {
		return err
	}
	code := d.Code
	if sha := r.URL.Query().Get("version"); sha != "" && sha != d.SHA256 {
		if p.Version, err = u.Catalog.SourceVersion(r.Context(), scopeOf(r), d.Key, sha); err != nil {
			return err
		}
		code = p.Version.Code
		if r.URL.Query().Get("diff") != "" {
			p.Against, p.Diff = d.SHA256, diffOf(p.Version.Code, d.Code)
		}
	}
	gaps, err := u.gapsByLine(r, d, p.Version == nil)
	if err != nil {
		return err
	}
	for _, list := range gaps {
		p.Unsolved += len(list)
	}
	var links []catalog.ScriptLink
	if p.Version == nil {
		if links, err = u.Catalog.ScriptLinks(r.Context(), scopeOf(r), d.Report); err != nil {
			return err
		}
	}
	if p.Diff == nil {
		p.Tabs = tabsOfScript(code, gaps, links)
		p.link(links)
	}
	return u.show(w, r, page{Template: "source", Title: "Script of " + d.Name, Nav: "catalog", Crumbs: crumbsOf(d.Around), Data: p})
}

// link puts what statements read and write to the lines that they begin in.
func (p *sourcePage) link(links []catalog.ScriptLink) {
	at := map[int]*scriptLine{}
	for t := range p.Tabs {
		for i := range p.Tabs[t].Lines {
			at[p.Tabs[t].Lines[i].Number] = &p.Tabs[t].Lines[i]
		}
	}
	for _, l := range links {
		line := at[l.Line]
		switch {
		case line == nil: // of an included script
		case l.Writes:
			line.Writes = append(line.Writes, l)
		default:
			line.Reads = append(line.Reads, l)
		}
		if !p.Linked[l.Node] {
			p.Linked[l.Node] = true
			if l.Kind == catalog.NodeDataset {
				p.Datasets = append(p.Datasets, l)
			}
		}
	}
}

func (u *UI) gapsByLine(r *http.Request, d *catalog.SourceDetail, current bool) (map[int][]catalog.LineageGap, error) {
	if u.Lineage == nil || !current {
		return nil, nil
	}
	all, err := u.Lineage.LineageGaps(r.Context(), scopeOf(r), d.Report)
	if err != nil {
		return nil, err
	}
	byLine := map[int][]catalog.LineageGap{}
	for _, g := range all {
		if g.Source == d.Key {
			byLine[g.Line] = append(byLine[g.Line], g)
		}
	}
	return byLine, nil
}

// sourceDownload sends the text, masked, as a file.
func (u *UI) sourceDownload(w http.ResponseWriter, r *http.Request) error {
	d, err := u.Catalog.SourceCode(r.Context(), scopeOf(r), keyOf(r))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename="+fileName(d.Name))
	_, _ = w.Write([]byte(d.Code)) // a reader who went away needs no file
	return nil
}

// fileName is a name for a script's file: what isn't a letter, a digit or a dash becomes one.
func fileName(app string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '-'
	}, app)
	return strings.Trim(plain[:min(len(plain), 80)], "-") + ".qvs"
}

// tabMark begins a section of a script (load-script language: a comment to the engine).
const tabMark = "///$tab"

// tabsOfScript cuts a script into its tabs and lines, and colors it.
func tabsOfScript(code string, gaps map[int][]catalog.LineageGap, links []catalog.ScriptLink) []scriptTab {
	lines := strings.Split(coloredScript(code, links), "\n")
	raw := strings.Split(code, "\n")
	if n := len(lines); n > 0 && raw[n-1] == "" {
		lines = lines[:n-1]
	}
	tabs := []scriptTab{{}}
	for i, line := range lines {
		if name, is := strings.CutPrefix(strings.TrimSpace(raw[i]), tabMark); is {
			if len(tabs) == 1 && len(tabs[0].Lines) == 0 {
				tabs = nil
			}
			tabs = append(tabs, scriptTab{Name: strings.TrimSpace(name)})
		}
		t := &tabs[len(tabs)-1]
		// The line was escaped when it was colored.
		t.Lines = append(t.Lines, scriptLine{Number: i + 1, HTML: template.HTML(strings.TrimSuffix(line, "\r")), Gaps: gaps[i+1]})
	}
	return tabs
}

// highlighted is a formula in colors; names of fields lead to their pages.
func highlighted(text string, fields map[string]catalog.Key) template.HTML {
	// colored escapes whatever comes from outside.
	return template.HTML(colored(text, func(t expr.Token, _ string) string {
		if key, ok := fields[t.Value()]; ok && (t.Kind == expr.Field || t.Kind == expr.Ident) {
			return keyURL("/model/field", string(key))
		}
		return ""
	}))
}

// coloredScript is a load script in colors; names of tables and files lead to their lineage.
func coloredScript(code string, links []catalog.ScriptLink) string {
	names := newNameLinker(links)
	return colored(code, func(t expr.Token, next string) string {
		if key := names.at(t, next); key != "" {
			return keyURL("/lineage", string(key))
		}
		return ""
	})
}

// colored writes a text of Qlik's language as HTML, each token in an element that says what it is. An element
// ends at the end of a line and begins anew, so that the lines may be cut apart. Where a token of one line leads
// is said by leads, which is asked in the order of the text and told the next token; "": nowhere.
func colored(text string, leads func(t expr.Token, next string) string) string {
	var b strings.Builder
	s := expr.NewScanner(text, 0)
	var next expr.Token
	for t := s.Next(); t.Kind != expr.EOF; t = next {
		next = s.Next()
		class := classOf(t)
		if url := leads(t, next.Text); url != "" {
			fmt.Fprintf(&b, `<a class="%s" href="%s">%s</a>`, class, html.EscapeString(url), html.EscapeString(t.Text))
			continue
		}
		for i, part := range strings.Split(t.Text, "\n") {
			if i > 0 {
				b.WriteByte('\n')
			}
			if class == "" || part == "" {
				b.WriteString(html.EscapeString(part))
			} else {
				fmt.Fprintf(&b, `<span class="%s">%s</span>`, class, html.EscapeString(part))
			}
		}
	}
	return b.String()
}

// classOf is how a token is shown.
func classOf(t expr.Token) string {
	switch t.Kind {
	case expr.Number:
		return "c-number"
	case expr.String:
		return "c-string"
	case expr.Field:
		return "c-field"
	case expr.Expansion:
		return "c-expansion"
	case expr.Comment:
		return "c-comment"
	case expr.Ident:
		if statementWords[strings.ToLower(t.Text)] {
			return "c-word"
		}
		if _, known := expr.FunctionName(t.Text); known {
			return "c-function"
		}
	}
	return ""
}

// statementWords are the words of the script language that are shown as such, wherever they stand.
var statementWords = wordSet(`load select sql from where group by order as set let if then else elseif end sub endsub call for each in to step next do while until loop
	resident inline autogenerate concatenate noconcatenate join left right inner outer keep mapping applymap drop table tables field fields store into qualify unqualify rename
	connect lib binary directory include trace exit script switch case default when unless crosstable intervalmatch hierarchy generic distinct and or not like using section
	access application tag untag comment alias buffer first sample info bundle semantic total`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// diffOf is what changed from one text to another, with three lines around.
func diffOf(before, after string) []diffLine {
	var lines []diffLine
	unified := udiff.Unified("before", "after", before, after)
	for line := range strings.Lines(unified) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		case strings.HasPrefix(line, "@@"):
			lines = append(lines, diffLine{"head", line})
		case strings.HasPrefix(line, "+"):
			lines = append(lines, diffLine{"add", line[1:]})
		case strings.HasPrefix(line, "-"):
			lines = append(lines, diffLine{"del", line[1:]})
		default:
			lines = append(lines, diffLine{"same", strings.TrimPrefix(line, " ")})
		}
	}
	return lines
}
