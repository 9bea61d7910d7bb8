package export

import (
	"encoding/json"
	"io"
	"strings"
)

// plain is a value as it stands in a cell of CSV: texts as they are, nothing for null, numbers and JSON
// documents as JSON writes them.
func plain(value json.RawMessage) (string, error) {
	if len(value) == 0 || string(value) == "null" {
		return "", nil
	}
	if value[0] != '"' {
		return string(value), nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err
}

// writeRecord writes a line of RFC 4180: encoding/csv would change the line ends within cells, and a script
// is exact. A cell is quoted where it must be, and where blanks at its ends could get lost.
func writeRecord(w io.Writer, cells []string) error {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if !strings.ContainsAny(c, ",\"\r\n") && c == strings.TrimSpace(c) {
			b.WriteString(c)
			continue
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(c, `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(w, b.String())
	return err
}
