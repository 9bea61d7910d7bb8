package qliktest

import (
	"fmt"
	"strings"
)

// The words that generated sites are made of.
var (
	people = []string{
		"Anna Schäfer", "Ben Okafor", "Chiara Rossi", "David Müller", "Eva Novák", "佐藤 健", "Grace Hopper",
		"Henrik Sørensen", "Inès Dubois", "João Pereira", "Karin Weiß", "Liam O’Brien",
	}
	departments = []string{"Sales", "Finance", "Logistics", "Production", "HR", "Marketing", "IT", "Einkauf"}
	subjects    = []string{
		"Orders", "Invoices", "Stock", "Shipments", "Budgets", "Campaigns", "Headcount", "Maschinen", "Tickets", "Rückläufer", "売上", "Suppliers",
	}
	// dimensionFields are fields of every generated model.
	dimensionFields = []string{
		"Region", "Country", "City", "Customer", "Segment", "Product", "Category", "Year", "Month", "Sales Rep", "Währung", "Channel", "Status", "Plant",
	}
	// measureFields are the fields to sum up.
	measureFields = []string{"Amount", "Quantity", "Cost", "Budget", "Discount", "Weight kg", "Margin", "Tax"}
)

// accountOf makes an account of a person's name: letters of ASCII only, and a number of the rest.
func accountOf(name string) string {
	var b strings.Builder
	other := 0
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z':
			b.WriteRune(c)
		case c == ' ':
			b.WriteByte('.')
		default:
			other += int(c) % 89
		}
	}
	if other > 0 {
		fmt.Fprint(&b, other)
	}
	return strings.Trim(b.String(), ".")
}

// Five apps in a row belong together: one extracts, one transforms, three show.
const appsInALine = 5

func layerOf(i int) string {
	switch i % appsInALine {
	case 0:
		return "Extract"
	case 1:
		return "Transform"
	default:
		return "Report"
	}
}

func appName(i int) string {
	subject := subjects[i/appsInALine%len(subjects)]
	switch layerOf(i) {
	case "Extract":
		return fmt.Sprintf("01 Extract %s %04d", subject, i)
	case "Transform":
		return fmt.Sprintf("02 Transform %s %04d", subject, i)
	default:
		return fmt.Sprintf("%s %s %04d", subject, []string{"Overview", "Analysis", "Cockpit"}[i%3], i)
	}
}

func dimensionField(i int) string { return numbered(dimensionFields, i) }
func measureField(i int) string   { return numbered(measureFields, i) }

// numbered gives the words in turn; in the second round with a 2 after them, and so on.
func numbered(words []string, i int) string {
	if round := i / len(words); round > 0 {
		return fmt.Sprintf("%s %d", words[i%len(words)], round+1)
	}
	return words[i]
}
