package catalog

import (
	"regexp"
	"strings"
)

// Masked is what stands where a credential stood.
const Masked = "***"

// Mask takes the credentials out of source code, statements and connect strings, for people, search and
// exports: passwords ("Password is", "XPassword is", "PWD="), the scrambled user ids beside them, keys and
// tokens in connect strings and URLs, user:password@ in URLs, HTTP authorization, JSON web tokens, and
// the values that LET and SET give to variables called after a secret.
//
// Lines stay lines, and all else stays as it is. What is only a reference to a variable, $(vPassword),
// says nothing and stays. To mask twice changes nothing.
func Mask(text string) string {
	lower := strings.ToLower(text)
	for _, m := range masks {
		if m.maybe(lower) {
			text = m.mask(text)
		}
	}
	return text
}

// A mask hides one group of what its pattern finds.
type mask struct {
	pattern *regexp.Regexp
	group   int
	hints   []string // in lower case; a text with none of them has nothing to find
}

const (
	// secretName is how settings, query parameters and headers are called whose values are secrets.
	secretName = `(?:x?password|passwd|passphrase|pwd|secret|client[_-]?secret|token|(?:access|refresh|id|auth|bearer|security|session)[_-]?token|` +
		`api[_-]?key|apikey|x-api-key|account[_-]?key|accountkey|shared[_-]?access[_-]?key|sharedaccesskey|(?:aws[_-]?)?secret[_-]?(?:access[_-]?)?key|` +
		`access[_-]?key|subscription[_-]?key|ocp-apim-subscription-key|private[_-]?key|x-amz-signature|x-amz-security-token|signature|sig|authorization|proxy-authorization|cookie|set-cookie)`
	// value is a quoted text on one line, or what stands up to the next separator.
	value = `'[^'\r\n]*'|"[^"\r\n]*"|\{[^}\r\n]*\}|[^\s;,&'"\[\](){}<>]+`
)

var masks = []mask{
	newMask(`(?i)\bx?(?:password|userid)\s+is\s+(\[[^\]\r\n]*\]|`+value+`)`, 1, "password", "userid"),
	newMask(`(?i)(?:^|[^\w$-])(?:[\w-]*[_ -])?`+secretName+`\s*=\s*(`+value+`)`, 1, "="),
	newMask(`(?i)\b`+secretName+`(?:%3d)([^\s&;'"]+)`, 1, "%3d"),
	newMask(`(?i)["']`+secretName+`["']\s*:\s*("[^"\r\n]*"|'[^'\r\n]*')`, 1, ":"),
	newMask(`(?i)["']`+secretName+`["']\s+("[^"\r\n]*"|'[^'\r\n]*')`, 1, `"`, "'"),
	newMask(`://[^\s/:@'"\[\]]+:([^\s/@'"\[\]]+)@`, 1, "://"),
	newMask(`(?i)\b(?:bearer|basic|apikey|negotiate)\s+([\w.~+/=-]{8,})`, 1, "bearer ", "basic ", "apikey ", "negotiate "),
	newMask(`\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*`, 0, "eyj"),
	newMask(`(?i)\b(?:let|set)\s+[\w.]*(?:password|passwd|passphrase|pwd|secret|token|api_?key|credential)[\w.]*\s*=\s*('[^'\r\n]*'|"[^"\r\n]*"|[^;\s][^;\r\n]*)`, 1, "let", "set"),
}

func newMask(pattern string, group int, hints ...string) mask {
	return mask{regexp.MustCompile(pattern), group, hints}
}

// maybe reports whether a text, given in lower case, can have something to find.
func (m mask) maybe(lower string) bool {
	for _, h := range m.hints {
		if strings.Contains(lower, h) {
			return true
		}
	}
	return false
}

func (m mask) mask(text string) string {
	var b strings.Builder
	end := 0
	for _, found := range m.pattern.FindAllStringSubmatchIndex(text, -1) {
		from, to := found[2*m.group], found[2*m.group+1]
		secret := text[from:to]
		inner := secret
		if n := len(secret); n >= 2 && strings.ContainsRune(`'"[{`, rune(secret[0])) {
			inner = secret[1 : n-1]
			from, to = from+1, to-1
		}
		if inner == "" || inner == Masked || reference.MatchString(strings.TrimSpace(inner)) {
			continue
		}
		b.WriteString(text[end:from])
		b.WriteString(Masked)
		end = to
	}
	if end == 0 {
		return text
	}
	b.WriteString(text[end:])
	return b.String()
}

// reference is the value of a variable, which isn't there before the script runs.
var reference = regexp.MustCompile(`^\$\(=?[\w. ]+\)?$|^\$$`)
