package qvs

import (
	"strings"
)

// ownName is the name that inline and generated tables are called by: their label, or the next number.
func (r *interpreter) ownName(x *prefixes, l *load, kind string, counter *int) string {
	switch {
	case x.labelled:
		return x.label
	case l.labelled:
		return l.label
	}
	*counter++
	n := itoa(*counter)
	if len(n) < 2 {
		n = "0" + n
	}
	return kind + n
}

func (r *interpreter) autogenerate(l *load, x *prefixes) *rows {
	name := r.ownName(x, l, "AUTOGENERATE", &r.autogen)
	return &rows{
		sources: r.source(Object{Kind: Autogenerate, Name: "AUTOGENERATE(" + name + ")"}), name: name,
		closed: "AUTOGENERATE has no fields to refer to.",
	}
}

// inline reads the header of an inline table, and its rows while they are few.
func (r *interpreter) inline(l *load, x *prefixes) *rows {
	name := r.ownName(x, l, "INLINE", &r.generated)
	o := Object{Kind: Inline, Name: "INLINE(" + name + ")"}
	in := &rows{sources: r.source(o), name: name, closed: "The inline table has no field of this name."}
	at := l.t.place(l.sourceAt)
	in.inline = inlineRows(l.source, l.format)
	for i, h := range in.inline[0] {
		if h == "" && i > 0 {
			continue
		}
		if h != "" && in.find(h) == nil {
			in.fields = append(in.fields, r.column(o, h, at))
			in.byName = nil
		}
	}
	if strings.Contains(l.source, "$(") && len(in.inline[0]) == 1 && strings.HasPrefix(in.inline[0][0], "$(") {
		return r.open(o, at, name)
	}
	return in
}

// inlineRows cuts inline data; the first row is the header.
func inlineRows(data string, f format) [][]string {
	delimiter := f.delimiter
	switch strings.ToLower(delimiter) {
	case "":
		delimiter = ","
	case `\t`, "tab":
		delimiter = "\t"
	case "spaces":
		delimiter = " "
	}
	var out [][]string
	cells := 0
	for data != "" && cells < maxInlineCells {
		line := data
		if i := strings.IndexAny(data, "\r\n"); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = ""
		}
		if trim(line) == "" {
			continue
		}
		row := cutRow(line, delimiter)
		cells += len(row)
		out = append(out, row)
	}
	if len(out) == 0 {
		return [][]string{{}}
	}
	if f.noLabels {
		header := make([]string, len(out[0]))
		for i := range header {
			header[i] = "@" + itoa(i+1)
		}
		out = append([][]string{header}, out...)
	}
	return out
}

func cutRow(line, delimiter string) []string {
	var row []string
	for {
		s := strings.TrimLeft(line, " \u00A0\uFEFF")
		if delimiter == "\t" || s == "" || s[0] != '"' && s[0] != '\'' && s[0] != '[' && s[0] != '`' {
			cell, rest, more := strings.Cut(line, delimiter)
			row = append(row, trim(cell))
			if !more {
				return row
			}
			line = rest
			continue
		}
		end := strings.IndexByte(s[1:], closing(s[0]))
		if end < 0 {
			cell, rest, more := strings.Cut(line, delimiter)
			row = append(row, trim(cell))
			if !more {
				return row
			}
			line = rest
			continue
		}
		row = append(row, s[1:end+1])
		_, rest, more := strings.Cut(s[end+2:], delimiter)
		if !more {
			return row
		}
		line = rest
	}
}
