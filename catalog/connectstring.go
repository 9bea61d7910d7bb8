package catalog

// SplitSettings cuts a connect string at the semicolons that aren't inside braces or quotes.
func SplitSettings(text string) []string {
	var parts []string
	start := 0
	var closing rune
	for i, r := range text {
		switch {
		case closing != 0:
			if r == closing {
				closing = 0
			}
		case r == '{':
			closing = '}'
		case r == '"' || r == '\'':
			closing = r
		case r == ';':
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
