package qvs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A unit is a part of a generated script that knows what it has to give: it is its own oracle. In its text
// '·' is a gap where anything blank may stand, '¦' one that must not break the line.
type unit struct {
	text string
	want []string // in the notation of show
}

// A generator composes units of what is nasty in scripts. The same seed gives the same units.
type generator struct {
	*rand.Rand
	n int // of the unit: it is in all its names
}

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 17))} }

// A name is as it is written, and what it says.
type name struct{ raw, is string }

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// name makes a name that no other unit has, written in one of many ways.
func (g *generator) name(base string) name {
	is := fmt.Sprintf("%s%d", base, g.n)
	switch g.IntN(9) {
	case 0:
		return name{`"` + is + `;x"`, is + ";x"}
	case 1:
		return name{"[" + is + " it's]", is + " it's"}
	case 2:
		return name{"[" + is + " a]]b]", is + " a]b"}
	case 3:
		return name{"[" + is + " http://x/y]", is + " http://x/y"}
	case 4:
		return name{`"` + is + ` ""q"""`, is + ` "q"`}
	case 5:
		return name{"[" + is + " /*, */ END IF]", is + " /*, */ END IF"}
	case 6:
		return name{"`" + is + " [x`", is + " [x"}
	case 7:
		return name{is + "_Ünï#%", is + "_Ünï#%"}
	}
	return name{is, is}
}

// A file is a path as it is written, and what it says.
func (g *generator) file(base string) name {
	is := fmt.Sprintf("%s%d", base, g.n)
	switch g.IntN(6) {
	case 0:
		return name{"[lib://Con//deep/" + is + ".qvd]", "lib://Con//deep/" + is + ".qvd"}
	case 1:
		return name{"lib://Con/*" + is + ".qvd", "lib://Con/*" + is + ".qvd"}
	case 2:
		return name{"'lib://Con/a;b " + is + ".qvd'", "lib://Con/a;b " + is + ".qvd"}
	case 3:
		return name{`[lib://Con\sub\` + is + ".qvd]", "lib://Con/sub/" + is + ".qvd"}
	case 4:
		return name{"[lib://Con/it's " + is + " (2).qvd]", "lib://Con/it's " + is + " (2).qvd"}
	}
	return name{"[lib://Con/" + is + ".qvd]", "lib://Con/" + is + ".qvd"}
}

// fields makes fields a, b, … of a file, with expressions around them, and what they come from.
func (g *generator) fields(table name, file string, bases ...string) (list string, want []string) {
	var items []string
	for _, base := range bases {
		f, as := g.name(base), g.name(base+"As")
		switch g.IntN(5) {
		case 0:
			items = append(items, f.raw)
			as = f
		case 1:
			items = append(items, f.raw+"·As·"+as.raw)
		case 2:
			items = append(items, "If(¦"+f.raw+"·=·'it''s; a // b'¦,·'/*',·"+f.raw+"·)·as·"+as.raw)
		case 3:
			items = append(items, "Upper(¦"+f.raw+"·&·']'·&·Chr(39))·AS·"+as.raw)
		default:
			items = append(items, "Date#(·"+f.raw+"·,¦'YYYY-MM-DD')·*·1.5e3·as·"+as.raw)
		}
		want = append(want, fmt.Sprintf("%s.%s <- %s.%s", table.is, as.is, file, f.is))
	}
	return strings.Join(items, "¦,·"), want
}

func from(table name, kind, object string) string {
	conn := ""
	if kind == "qvd" || kind == "file" {
		conn = "Con "
	}
	return fmt.Sprintf("%s from %s %s%s", table.is, kind, conn, object)
}

// unit makes the next part of a script.
func (g *generator) unit() unit {
	g.n++
	all := []func(*generator) unit{
		(*generator).plain, (*generator).preceding, (*generator).selected, (*generator).inlined, (*generator).joined, (*generator).mapped,
		(*generator).resident, (*generator).decided, (*generator).looped, (*generator).called, (*generator).renamed, (*generator).sectioned,
		(*generator).noise, (*generator).stored, (*generator).concatenated, (*generator).expanded, (*generator).switched, (*generator).generated,
	}
	return all[g.IntN(len(all))](g)
}

func (g *generator) plain() unit {
	t, f := g.name("T"), g.file("f")
	list, want := g.fields(t, f.is, "a", "b", "c")
	prefix := g.pick("", "NoConcatenate·", "First 10·", "Buffer·(stale after 7 days)·NoConcatenate·", "NoConcatenate·Sample·0.5·")
	where := g.pick("", "·Where·1=1", "·WHERE·Not·IsNull(1)·Order·By·1·desc", "·While·IterNo()<=2")
	return unit{t.raw + ":·" + prefix + "LOAD·" + g.pick("", "Distinct·") + list + "·FROM·" + f.raw + "·(¦qvd¦)" + where + ";", append(want, from(t, "qvd", f.is))}
}

func (g *generator) preceding() unit {
	t, f := g.name("T"), g.file("f")
	a, b, c := g.name("a"), g.name("b"), g.name("c")
	return unit{
		t.raw + ":·LOAD·*,·" + b.raw + "·&·'x'·as·" + c.raw + ";·LOAD·" + a.raw + "¦,·" + a.raw + "·+·1·as·" + b.raw + "·From·" + f.raw + "·(qvd);",
		[]string{
			from(t, "qvd", f.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, a.is, f.is, a.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, b.is, f.is, a.is),
			fmt.Sprintf("%s.%s <- %s.%s", t.is, c.is, f.is, a.is),
		},
	}
}

func (g *generator) selected() unit {
	t := g.name("T")
	db, schema := fmt.Sprintf("Db%d", g.n), g.pick("dbo", "[my schema]", `"Sales"`)
	table := strings.Trim(schema, `[]"`) + ".Tab" + fmt.Sprint(g.n)
	return unit{
		"LIB·CONNECT·TO·'" + db + "';·" + t.raw + ":·" + g.pick("SQL·", "") + "SELECT·x.id" + fmt.Sprint(g.n) + ",·x.[a b]·AS·ab" + fmt.Sprint(g.n) +
			"·FROM·" + schema + ".Tab" + fmt.Sprint(g.n) + "·x·WHERE·x.d·>=·'2024;01'·AND·x.e·<>·'it''s';",
		[]string{
			fmt.Sprintf("%s from db %s %s", t.is, db, table), fmt.Sprintf("%s.id%d <- %s.id%d", t.is, g.n, table, g.n), fmt.Sprintf("%s.ab%d <- %s.a b", t.is, g.n, table),
		},
	}
}

func (g *generator) inlined() unit {
	t := g.name("T")
	d := g.pick(",", ";", "|", `\t`, "#")
	cut := d
	if d == `\t` {
		cut = "\t"
	}
	format := ""
	if d != "," {
		format = "·(txt,·delimiter·is·'" + d + "')"
	}
	a, b := fmt.Sprintf("i%d a", g.n), fmt.Sprintf("j%d", g.n)
	return unit{
		t.raw + ":·LOAD·*·INLINE·[\n" + a + cut + b + "\n1" + cut + "it's\n\n2" + cut + "; LOAD x\n]" + format + ";",
		[]string{
			fmt.Sprintf("%s from inline INLINE(%s)", t.is, t.is), fmt.Sprintf("%s.%s <- INLINE(%s).%s", t.is, a, t.is, a), fmt.Sprintf("%s.%s <- INLINE(%s).%s", t.is, b, t.is, b),
		},
	}
}

func (g *generator) joined() unit {
	t, f, h := g.name("T"), g.file("f"), g.file("h")
	k, a, b := g.name("k"), g.name("a"), g.name("b")
	return unit{
		t.raw + ":·LOAD·" + k.raw + ",·" + a.raw + "·FROM·" + f.raw + "·(qvd);·" + g.pick("Left·Join", "INNER·JOIN") + "¦(" + t.raw + ")·" + g.pick("", "First·5·") + "LOAD·" + k.raw + ",·" + b.raw + "·FROM·" + h.raw + "·(qvd);",
		[]string{
			from(t, "qvd", f.is), from(t, "qvd", h.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, a.is, f.is, a.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, b.is, h.is, b.is),
			"?" + fmt.Sprintf("%s.%s <- ", t.is, k.is),
		},
	}
}

func (g *generator) mapped() unit {
	t, f, h := g.name("T"), g.file("f"), g.file("h")
	m, a, b := fmt.Sprintf("Map%d", g.n), g.name("a"), g.name("b")
	want := []string{f.is + "." + a.is, h.is + ".to" + fmt.Sprint(g.n)}
	slices.Sort(want)
	return unit{
		m + ":·MAPPING·LOAD·from" + fmt.Sprint(g.n) + ",·to" + fmt.Sprint(g.n) + "·FROM·" + h.raw + "·(qvd);·" + t.raw + ":·LOAD·ApplyMap('" + m + "',·" + a.raw + ",·'n/a;')·as·" + b.raw + "·FROM·" + f.raw + "·(qvd);",
		[]string{from(t, "qvd", f.is), from(t, "qvd", h.is), fmt.Sprintf("%s.%s <- %s", t.is, b.is, strings.Join(want, ", "))},
	}
}

func (g *generator) resident() unit {
	t, u, f := g.name("T"), g.name("U"), g.file("f")
	a, b := g.name("a"), g.name("b")
	return unit{
		t.raw + ":·LOAD·" + a.raw + "·FROM·" + f.raw + "·(qvd);·NoConcatenate·" + u.raw + ":·LOAD·" + a.raw + "·as·" + b.raw + "·Resident·" + t.raw + ";·DROP·TABLE·" + t.raw + ";",
		[]string{from(u, "qvd", f.is), fmt.Sprintf("%s.%s <- %s.%s", u.is, b.is, f.is, a.is), "dropped " + t.is},
	}
}

func (g *generator) decided() unit {
	in, never := g.plain(), "\nNEVER"+fmt.Sprint(g.n)+": LOAD x FROM never.qvd (qvd);\n"
	v := fmt.Sprintf("vIf%d", g.n)
	switch g.IntN(3) {
	case 0:
		in.text = "IF¦1=2¦THEN" + never + "ELSEIF 'a;b' = 'a;b' THEN\n" + in.text + "\nELSE" + never + "END IF\n"
	case 1:
		in.text = "LET " + v + " = 3;\nif $(" + v + ") > 2 then\nIF Len('it''s then') = 9 THEN\n" + in.text + "\nENDIF;\nElse" + never + "End If;\n"
	default:
		in.text = "SUB Never" + fmt.Sprint(g.n) + "(a, b)\nIF a THEN" + never + "END IF\nEND SUB\nIF 1=1 THEN " + in.text + " END IF\n"
	}
	return in
}

func (g *generator) looped() unit {
	t, v := g.name("T"), fmt.Sprintf("v%d", g.n)
	a := fmt.Sprintf("a%d", g.n)
	head, items := "FOR EACH "+v+" IN 'x', 'y'\n", []string{"x", "y"}
	switch g.IntN(3) {
	case 0:
		head, items = "FOR "+v+" = 1 TO 5 STEP 2\n", []string{"1", "3", "5"}
	case 1:
		head, items = "FOR EACH "+v+" IN FileList('lib://Con/m"+fmt.Sprint(g.n)+"*.qvd')\n", nil
	}
	body := t.raw + ":·LOAD·" + a + "·FROM·[lib://Con/l" + fmt.Sprint(g.n) + "$(" + v + ").qvd]·(qvd);\n"
	if items == nil {
		body = t.raw + ":·LOAD·" + a + "·FROM·[$(" + v + ")]·(qvd);\n"
		f := fmt.Sprintf("lib://Con/m%d*.qvd", g.n)
		return unit{head + body + "NEXT " + v + "\n", []string{from(t, "qvd", f), fmt.Sprintf("%s.%s <- %s.%s", t.is, a, f, a)}}
	}
	var want, origins []string
	for _, it := range items {
		f := fmt.Sprintf("lib://Con/l%d%s.qvd", g.n, it)
		want, origins = append(want, from(t, "qvd", f)), append(origins, f+"."+a)
	}
	return unit{head + body + "NEXT\n", append(want, fmt.Sprintf("%s.%s <- %s", t.is, a, strings.Join(origins, ", ")))}
}

func (g *generator) called() unit {
	t, a := fmt.Sprintf("T%d", g.n), fmt.Sprintf("a%d", g.n)
	f := fmt.Sprintf("lib://Con/sub %d.qvd", g.n)
	return unit{
		fmt.Sprintf("SUB Do%d(pTab, pFile)\n[$(pTab)]:\nLOAD·%s·FROM·[lib://Con/$(pFile).qvd]·(qvd);\nEND SUB\nCALL Do%d('%s',¦'sub %d')\n", g.n, a, g.n, t, g.n),
		[]string{from(name{is: t}, "qvd", f), fmt.Sprintf("%s.%s <- %s.%s", t, a, f, a)},
	}
}

func (g *generator) renamed() unit {
	t, f := g.name("T"), g.file("f")
	a, b, c := g.name("a"), g.name("b"), g.name("c")
	return unit{
		t.raw + ":·LOAD·" + a.raw + ",·" + b.raw + "·FROM·" + f.raw + "·(qvd);·RENAME·FIELD·" + a.raw + "·TO·" + c.raw + ";·DROP·FIELDS·" + b.raw + "·FROM·" + t.raw + ";",
		[]string{from(t, "qvd", f.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, c.is, f.is, a.is)},
	}
}

func (g *generator) sectioned() unit {
	s := fmt.Sprintf("Sec%d", g.n)
	return unit{
		"SECTION·ACCESS;·" + s + ":·LOAD·*·INLINE·[\nACCESS,USERID,R" + fmt.Sprint(g.n) + "\nADMIN,A;B,*\n];·Section·Application;",
		[]string{"section " + s},
	}
}

func (g *generator) noise() unit {
	return unit{text: g.pick(
		"REM it's LOAD x FROM y;", "TRACE don't; ", ";;;", "/* /* nested; ' [ */", "// it's; [ /*\n", "///$tab Part\n", "SET vText"+fmt.Sprint(g.n)+" = it's [1 http://x; ",
		"LET vDay"+fmt.Sprint(g.n)+" = Date(Today()-1, 'YYYY;MM');", "SET ThousandSep=',';", "SLEEP·10;", "QUALIFY·zz"+fmt.Sprint(g.n)+";·UNQUALIFY·*;",
		"\t\uFEFF \u00A0\n", "SET DateFormat='YYYY-MM-DD';", "COMMENT·FIELD·[zz;]·WITH·'it''s';",
	)}
}

func (g *generator) stored() unit {
	t, f, h := g.name("T"), g.file("f"), fmt.Sprintf("lib://Con/s%d.qvd", g.n)
	a := g.name("a")
	return unit{
		t.raw + ":·LOAD·" + a.raw + "·FROM·" + f.raw + "·(qvd);·STORE·" + t.raw + "·INTO·[" + h + "]" + g.pick("", "·(qvd)") + ";",
		[]string{
			from(t, "qvd", f.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, a.is, f.is, a.is), fmt.Sprintf("store %s -> %s", t.is, h), fmt.Sprintf("%s.%s <= %s.%s", h, a.is, f.is, a.is),
		},
	}
}

func (g *generator) concatenated() unit {
	t, f, h := g.name("T"), g.file("f"), g.file("h")
	a, b := g.name("a"), g.name("b")
	return unit{
		t.raw + ":·LOAD·" + a.raw + "·FROM·" + f.raw + "·(qvd);·" + g.pick("Concatenate·("+t.raw+")·First·3·LOAD·", "First·3·CONCATENATE("+t.raw+")·LOAD·", "Concatenate·LOAD·") + b.raw + "·FROM·" + h.raw + "·(qvd);",
		[]string{
			from(t, "qvd", f.is), from(t, "qvd", h.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, a.is, f.is, a.is), fmt.Sprintf("%s.%s <- %s.%s", t.is, b.is, h.is, b.is),
		},
	}
}

func (g *generator) expanded() unit {
	n := g.n
	t := fmt.Sprintf("T%d", n)
	f := fmt.Sprintf("lib://Con/e%d.qvd", n)
	return unit{
		fmt.Sprintf("SET vDir%[1]d = lib://Con;\nSET vFile%[1]d = $(vDir%[1]d)/e%[1]d;\nSET f%[1]d = If($1 > 0, $1, [n%[1]d $2]);\nLET vN%[1]d = 'a' & '%[1]d';\n"+
			"T$(=%[1]d):·LOAD·$(vN%[1]d)·as·[x $(vN%[1]d)],·$(f%[1]d(p%[1]d,q))·as·y%[1]d·FROM·[$(vFile%[1]d).qvd]·(qvd);", n),
		[]string{
			from(name{is: t}, "qvd", f), fmt.Sprintf("%s.x a%d <- %s.a%d", t, n, f, n), fmt.Sprintf("%s.y%d <- %s.n%d q, %s.p%d", t, n, f, n, f, n),
		},
	}
}

func (g *generator) switched() unit {
	in := g.plain()
	v := fmt.Sprintf("vSwitch%d", g.n)
	in.text = "LET " + v + " = 'B';\nSWITCH '$(" + v + ")'\nCASE 'A', 'C'\nNEVER: LOAD x FROM never.qvd (qvd);\nCASE 'D','B'\n" + in.text + "\nDEFAULT\nTRACE no;\nEND SWITCH\n"
	return in
}

func (g *generator) generated() unit {
	t, a := g.name("T"), g.name("a")
	return unit{
		t.raw + ":·LOAD·RowNo()·as·" + a.raw + "·AUTOGENERATE·10·WHERE·Mod(RecNo(),·2)·=·0;",
		[]string{fmt.Sprintf("%s from autogenerate AUTOGENERATE(%s)", t.is, t.is), fmt.Sprintf("%s.%s <-", t.is, a.is)},
	}
}

// A style says how the gaps of a script are filled.
type style struct {
	crlf, bom, comments bool
}

// write makes a script of units, and tells in which lines (from 1) each of them stands.
func (g *generator) write(units []unit, st style) (script string, lines [][2]int) {
	var b strings.Builder
	if st.bom {
		b.WriteString("\uFEFF")
	}
	line := 1
	for _, u := range units {
		first := line
		for _, r := range u.text {
			s := string(r)
			switch r {
			case '·':
				s = g.gap(st, true)
			case '¦':
				s = g.gap(st, false)
			}
			line += strings.Count(s, "\n")
			b.WriteString(s)
		}
		lines = append(lines, [2]int{first, line})
		b.WriteByte('\n')
		line++
	}
	script = b.String()
	if st.crlf {
		script = strings.ReplaceAll(script, "\n", "\r\n")
	}
	return script, lines
}

func (g *generator) gap(st style, breaks bool) string {
	switch {
	case !st.comments:
		return " "
	case breaks:
		return g.pick(" ", "\t", "\n", "  \n\t", " /* it's; [ */ ", " // don't; \"\n", "\u00A0", " /* a\nb */ ")
	}
	return g.pick(" ", "\t", " /* it's; [ */ ")
}
