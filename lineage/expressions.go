package lineage

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/expr"
)

// How sure the edges of an expression are.
const (
	byVariable = 0.9 // a field that an expression gets at by a variable's text
	byText     = 0.5 // a field that is only named by a text, as in FieldValue('Country', 1)
)

// A reader reads the expressions of an app and knows what its names mean.
type reader struct {
	*builder
	known      expr.Known
	variables  map[string]catalog.Key
	measures   map[string]catalog.Key
	dimensions map[string]catalog.Key
	fields     map[string]catalog.Key
	columns    map[catalog.Key]map[string]catalog.Key // of a cell: its measures and dimensions by label
	used       map[catalog.Key]map[catalog.Key]bool   // what an item or a cell takes directly from
}

// expressions adds measures, dimensions and variables, what they are made of, and the cells that show them.
func (b *builder) expressions() {
	r := &reader{
		builder: b, variables: map[string]catalog.Key{}, measures: map[string]catalog.Key{}, dimensions: map[string]catalog.Key{},
		fields: map[string]catalog.Key{}, columns: map[catalog.Key]map[string]catalog.Key{}, used: map[catalog.Key]map[catalog.Key]bool{},
	}
	r.learn()
	for i := range b.in.App.Fields {
		if f := &b.in.App.Fields[i]; f.Type != catalog.MasterObject {
			r.item(f)
		}
	}
	for i := range b.in.App.Reports {
		if c := &b.in.App.Reports[i]; c.Kind == catalog.ReportCell {
			r.extras(c)
		}
	}
	r.tablesOfCells()
}

// learn collects what names may mean.
func (r *reader) learn() {
	r.known = expr.Known{
		Variables: map[string]string{}, VariableNames: map[string]bool{}, Measures: map[string]bool{}, Dimensions: map[string]bool{},
	}
	for key, n := range r.nodes {
		if n.Kind == catalog.NodeField {
			r.fields[n.Name] = key
		}
	}
	if len(r.fields) > 0 {
		r.known.Fields = map[string]bool{}
		for name := range r.fields {
			r.known.Fields[name] = true
		}
	}
	for i := range r.in.App.Fields {
		r.learnItem(&r.in.App.Fields[i])
	}
}

func (r *reader) learnItem(f *catalog.ReportField) {
	names := []string{f.Name}
	if f.Label != "" && f.Label != f.Name {
		names = append(names, f.Label)
	}
	for _, name := range names {
		switch {
		case name == "":
		case f.Type == catalog.Variable:
			r.variables[f.Name] = f.Key
			r.known.Variables[f.Name] = f.Formula
		case f.Origin == catalog.OriginInline:
			if r.columns[f.Report] == nil {
				r.columns[f.Report] = map[string]catalog.Key{}
			}
			if _, taken := r.columns[f.Report][name]; !taken {
				r.columns[f.Report][name] = f.Key
			}
		case f.Type == catalog.Measure:
			r.measures[name], r.known.Measures[name] = f.Key, true
		case f.Type == catalog.Dimension:
			r.dimensions[name], r.known.Dimensions[name] = f.Key, true
		}
	}
}

// item adds one measure, dimension or variable.
func (r *reader) item(f *catalog.ReportField) {
	n := catalog.LineageNode{Key: f.Key, Name: f.Name, Report: f.Report}
	switch f.Type {
	case catalog.Measure:
		n.Kind = catalog.NodeMeasure
	case catalog.Dimension:
		n.Kind = catalog.NodeDimension
	default:
		n.Kind = catalog.NodeVariable
	}
	r.node(n)
	if f.Origin == catalog.OriginInline {
		r.structure(f.Key, f.Report, catalog.ColumnLevel)
		r.uses(f.Report, f.Key)
	}
	if f.Type == catalog.Variable && f.Origin == catalog.OriginScript {
		r.scriptVariable(f)
	}
	if f.Master != "" {
		r.master(f)
		return
	}
	for _, text := range r.formulas(f) {
		r.read(f, text)
	}
}

// master links the use of a master item with the item.
func (r *reader) master(f *catalog.ReportField) {
	if !slices.ContainsFunc(r.in.App.Fields, func(m catalog.ReportField) bool { return m.Key == f.Master }) {
		r.gap(catalog.LineageGap{Source: f.Key, What: string(f.Master), Why: "the master item that is used here doesn't exist"})
		return
	}
	r.structure(f.Master, f.Key, catalog.ColumnLevel)
	r.uses(f.Key, f.Master)
}

// scriptVariable links a variable with the script that makes it.
func (r *reader) scriptVariable(f *catalog.ReportField) {
	script := catalog.ScriptKey(r.app)
	r.node(catalog.LineageNode{Key: script, Kind: catalog.NodeScriptTable, Name: "Load script", Report: r.app})
	r.edge(catalog.LineageEdge{
		From: script, To: f.Key, Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromScript, Confidence: 1, Source: script,
	})
}

// formulas are the expressions of an item: those of a drill-down or cyclic dimension stand one per line.
func (r *reader) formulas(f *catalog.ReportField) []string {
	text := strings.TrimSpace(f.Formula)
	if text == "" {
		return nil
	}
	if f.Type != catalog.Dimension || !strings.Contains(text, "\n") || r.fields[text] != "" {
		return []string{text}
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
		if !strings.HasPrefix(lines[i], "=") && r.fields[unquoted(lines[i])] == "" {
			return []string{text} // one expression of several lines
		}
	}
	return lines
}

// unquoted is the name in [x] or "x"; a name without quotes is itself.
func unquoted(s string) string {
	if len(s) >= 2 && (s[0] == '[' && s[len(s)-1] == ']' || s[0] == '"' && s[len(s)-1] == '"') {
		return s[1 : len(s)-1]
	}
	return s
}

// read adds the edges of one expression.
func (r *reader) read(f *catalog.ReportField, text string) {
	to := r.edgeOf(f.Key, text)
	if f.Type == catalog.Dimension && !strings.HasPrefix(text, "=") {
		if key := r.fields[unquoted(text)]; key != "" { // the bare name of a field, blanks and all
			r.add(to, key)
			return
		}
	}
	known := r.known
	if f.Origin == catalog.OriginInline {
		known.Labels = map[string]bool{}
		for name, key := range r.columns[f.Report] {
			known.Labels[name] = known.Labels[name] || key != f.Key
		}
	}
	constant := f.Type == catalog.Variable && !strings.HasPrefix(text, "=")
	if constant && known.Fields == nil {
		return // a text that may be anything
	}
	reading := expr.Read(text, known)
	for _, ref := range reading.References {
		r.reference(f, to, ref, constant)
	}
	for _, d := range reading.Diagnostics {
		if !constant {
			r.gap(catalog.LineageGap{Source: f.Key, Line: d.Line, Column: d.Column, What: shorten(catalog.Mask(text)), Why: d.Message})
		}
	}
}

// edgeOf is an edge without its beginning.
func (r *reader) edgeOf(to catalog.Key, text string) catalog.LineageEdge {
	return catalog.LineageEdge{
		To: to, Level: catalog.ColumnLevel, How: catalog.Direct, Origin: catalog.FromExpression, Confidence: 1,
		Statement: r.statement(text), Source: to,
	}
}

func (r *reader) add(e catalog.LineageEdge, from catalog.Key) {
	e.From = from
	r.edge(e)
	if from != "" {
		r.uses(e.To, from)
	}
}

func (r *reader) uses(to, from catalog.Key) {
	if r.used[to] == nil {
		r.used[to] = map[catalog.Key]bool{}
	}
	r.used[to][from] = true
}

// reference adds what one mention of something says.
func (r *reader) reference(f *catalog.ReportField, to catalog.LineageEdge, ref expr.Reference, constant bool) {
	to.Line, to.Column = ref.Line, ref.Column
	if ref.Role != expr.AsValue {
		to.How = catalog.Indirect
	}
	if ref.Literal {
		to.Confidence = byText
	}
	from := catalog.Key("")
	switch ref.Target {
	case expr.ToField:
		if from = r.fields[ref.Name]; from == "" && !constant && !ref.Literal && r.known.Fields != nil && !strings.Contains(ref.Name, "$(") {
			r.gap(catalog.LineageGap{Source: f.Key, Line: ref.Line, Column: ref.Column, What: ref.Name, Why: "the data model has no such field"})
		}
	case expr.ToVariable:
		from = r.variables[ref.Name]
	case expr.ToMeasure:
		from = r.measures[ref.Name]
	case expr.ToDimension:
		from = r.dimensions[ref.Name]
	case expr.ToLabel:
		from = r.columns[f.Report][ref.Name]
	}
	if from == "" || from == to.To {
		return
	}
	if len(ref.Via) == 0 {
		r.add(to, from)
		return
	}
	r.byVariables(to, from, ref)
}

// byVariables adds the way of something that an expression gets at by variables: from it to the innermost
// one, and outwards.
func (r *reader) byVariables(to catalog.LineageEdge, from catalog.Key, ref expr.Reference) {
	inner := from
	for _, name := range slices.Backward(ref.Via) {
		key := r.variables[name]
		if key == "" || key == inner {
			continue
		}
		e := to
		e.To, e.Source, e.Statement, e.Line, e.Column = key, key, r.statement(r.known.Variables[name]), 0, 0
		r.add(e, inner)
		inner = key
	}
	to.Confidence *= byVariable
	r.add(to, inner)
}

// extras are the further expressions of a cell: colors, conditions, reference lines. They decide how it
// looks, not what it shows.
func (r *reader) extras(c *catalog.Report) {
	var texts []string
	collectExpressions(map[string]any(c.Attributes), false, &texts)
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		e := r.edgeOf(c.Key, text)
		e.How = catalog.Indirect
		known := r.known
		known.Labels = map[string]bool{}
		for name := range r.columns[c.Key] {
			known.Labels[name] = true
		}
		for _, ref := range expr.Read(text, known).References {
			e.Confidence = 1
			if ref.Role == expr.AsValue {
				ref.Role = expr.AsCondition
			}
			r.reference(&catalog.ReportField{Key: c.Key, Report: c.Key}, e, ref, true)
		}
	}
}

// collectExpressions finds the texts of attributes that are called expressions or conditions.
func collectExpressions(v any, called bool, to *[]string) {
	switch v := v.(type) {
	case string:
		if called && strings.TrimSpace(v) != "" {
			*to = append(*to, v)
		}
	case []any:
		for _, x := range v {
			collectExpressions(x, called, to)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			lower := strings.ToLower(name)
			collectExpressions(v[name], strings.HasSuffix(lower, "expression") || strings.HasSuffix(lower, "condition"), to)
		}
	}
}

// tablesOfCells says which tables of the data model each cell shows.
func (r *reader) tablesOfCells() {
	names := map[catalog.Key]string{}
	for name, key := range r.fields {
		names[key] = name
	}
	for i := range r.in.App.Reports {
		c := &r.in.App.Reports[i]
		if c.Kind != catalog.ReportCell {
			continue
		}
		for _, field := range r.reach(c.Key) {
			for _, table := range r.tablesOf[names[field]] {
				r.edge(catalog.LineageEdge{
					From: table, To: c.Key, Level: catalog.TableLevel, How: catalog.Direct, Origin: catalog.FromExpression, Confidence: 1, Source: c.Key,
				})
			}
		}
	}
}

// reach gives the fields that something is made of, however many items are in between, in their order.
func (r *reader) reach(start catalog.Key) []catalog.Key {
	seen := map[catalog.Key]bool{start: true}
	queue := []catalog.Key{start}
	var fields []catalog.Key
	for len(queue) > 0 {
		here := queue[0]
		queue = queue[1:]
		if r.nodes[here].Kind == catalog.NodeField {
			fields = append(fields, here)
			continue
		}
		for from := range r.used[here] {
			if !seen[from] {
				seen[from] = true
				queue = append(queue, from)
			}
		}
	}
	slices.Sort(fields)
	return fields
}
