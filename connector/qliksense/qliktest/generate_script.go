package qliktest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// script makes the load script of the app and the lineage that its reload stored. An extract app
// reads databases and stores QVD files, the transform app after it turns those into others, and
// the three apps after that load them.
func (m *appMaker) script() (string, []LineageItem) {
	w := &scriptWriter{}
	w.line("///$tab Main")
	for _, v := range scriptVariables {
		w.line("SET %s='%s';", v.name, v.value)
	}
	line := m.number / appsInALine
	switch layerOf(m.number) {
	case "Extract":
		m.extract(w, line)
	case "Transform":
		m.transform(w, line)
	default:
		m.report(w, line)
	}
	w.line("///$tab History")
	for n := 1; w.lines < m.o.ScriptLines; n++ {
		w.line("// %03d checked by %s", n, people[n%len(people)])
	}
	return w.text.String(), w.stored()
}

func (m *appMaker) extract(w *scriptWriter, line int) {
	columns := names(dimensionFields)
	w.line("///$tab Extract")
	w.line("LIB CONNECT TO 'ERP (acme_svc-qlik)';")
	w.statement("{ERP (acme_svc-qlik)};", "Facts:\nSQL SELECT ID, %s\nFROM ERP.dbo.Facts_%d", columns, line)
	w.store("Facts", fmt.Sprintf("extract_facts_%d", line))
	w.line("DROP TABLE Facts;")
	w.line("LIB CONNECT TO 'DWH';")
	w.statement("DWH;", "Details:\nSQL SELECT ID, %s\nFROM dwh.details_%d", names(measureFields), line)
	w.store("Details", fmt.Sprintf("extract_details_%d", line))
	w.line("DROP TABLE Details;")
}

func (m *appMaker) transform(w *scriptWriter, line int) {
	w.line("///$tab Transform")
	w.line("StatusMap:")
	w.line("MAPPING LOAD * INLINE [")
	w.line("code, text")
	w.line("A, Active")
	w.line("I, Inactive")
	w.line("];")
	w.line("Facts:")
	w.line("LOAD ID, %s, ApplyMap('StatusMap', Status, Status) as [Status Text]", names(dimensionFields))
	w.from(fmt.Sprintf("extract_facts_%d", line))
	w.line("LEFT JOIN (Facts)")
	w.line("LOAD ID, Sum(Amount) as [Order Amount]")
	w.fromGrouped(fmt.Sprintf("extract_details_%d", line), "ID")
	w.store("Facts", fmt.Sprintf("facts_%d", line))
	w.line("Details:")
	w.line("LOAD *")
	w.from(fmt.Sprintf("extract_details_%d", line))
	w.store("Details", fmt.Sprintf("details_%d", line))
	w.line("DROP TABLES Facts, Details;")
}

func (m *appMaker) report(w *scriptWriter, line int) {
	w.line("///$tab Facts")
	w.line("Facts:")
	w.line("LOAD ID, %s", names(dimensionFields))
	w.from(fmt.Sprintf("facts_%d", line))
	w.line("///$tab Details")
	w.line("Details:")
	w.line("LOAD ID, %s", names(measureFields))
	w.from(fmt.Sprintf("details_%d", line))
	w.line("Summary:")
	w.line("LOAD ID, Sum(Amount) as [Amount of ID] RESIDENT Details GROUP BY ID;")
	w.lineage = append(w.lineage, LineageItem{Discriminator: "RESIDENT Details;"})
}

// A scriptWriter writes a script and beside it the lineage of its statements (facts C.9).
type scriptWriter struct {
	text    strings.Builder
	lines   int
	lineage []LineageItem
}

// stored is the lineage as a reload stores it: sorted, each line once.
func (w *scriptWriter) stored() []LineageItem {
	slices.SortFunc(w.lineage, func(a, b LineageItem) int {
		return cmp.Or(strings.Compare(a.Discriminator, b.Discriminator), strings.Compare(a.Statement, b.Statement))
	})
	return slices.Compact(w.lineage)
}

func (w *scriptWriter) line(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	w.text.WriteString(strings.ReplaceAll(s, "\n", "\r\n"))
	w.text.WriteString("\r\n")
	w.lines += 1 + strings.Count(s, "\n")
}

func (w *scriptWriter) statement(discriminator, format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	w.line("%s;", s)
	w.lineage = append(w.lineage, LineageItem{Discriminator: discriminator, Statement: strings.ReplaceAll(s, "\n", "\r\n")})
}

func (w *scriptWriter) from(file string) {
	w.line("FROM [$(vQvd)/%s.qvd] (qvd);", file)
	w.read(file)
}

func (w *scriptWriter) fromGrouped(file, by string) {
	w.line("FROM [$(vQvd)/%s.qvd] (qvd) GROUP BY %s;", file, by)
	w.read(file)
}

func (w *scriptWriter) read(file string) {
	w.lineage = append(w.lineage, LineageItem{Discriminator: `\\files.acme.example\qvd\` + file + ".qvd;"})
}

func (w *scriptWriter) store(table, file string) {
	w.line("STORE %s INTO [$(vQvd)/%s.qvd] (qvd);", table, file)
	w.lineage = append(w.lineage, LineageItem{Discriminator: fmt.Sprintf("{STORE - [lib://QVD/%s.qvd] (qvd)};", file)})
}

// names is a field list, each name quoted where it must be.
func names(fields []string) string {
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = f
		if strings.ContainsRune(f, ' ') {
			quoted[i] = "[" + f + "]"
		}
	}
	return strings.Join(quoted, ", ")
}
