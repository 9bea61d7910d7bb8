package catalog

import (
	"regexp"
	"strings"
	"unicode/utf8"
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
	named := containsAny(lower, stems)
	for _, m := range masks {
		switch {
		case m.named && !named || !containsAny(lower, m.hints):
		case m.named:
			text = nearStems(text, m.mask)
		default:
			text = m.mask(text)
		}
	}
	return text
}

// A mask hides one group of what its pattern finds.
type mask struct {
	pattern *regexp.Regexp
	group   int
	named   bool     // what it finds has a stem in it
	hints   []string // in lower case; a text with none of them has nothing to find
}

// stems are what the names of secrets are made of, each name of at least one; in lower case. The last is a
// letter that patterns take for an s.
var stems = []string{"pass", "pwd", "secret", "token", "key", "sig", "authorization", "cookie", "credential", "ſ"}

// nearStems masks the lines that may have a secret's name, with as many before and behind as one find can
// reach over: what is found has breaks only between words, of which there is one before the name, and two
// behind it. Patterns take their time, and most lines have no such name.
func nearStems(text string, mask func(string) string) string {
	var out strings.Builder
	done := 0   // of the text, in bytes
	before := 0 // where the last line began that isn't blank
	from, reach := -1, 0
	hide := func(to int) {
		if masked := mask(text[from:to]); masked != text[from:to] {
			out.WriteString(text[done:from])
			out.WriteString(masked)
			done = to
		}
		from = -1
	}
	for at, end := 0, 0; at < len(text); at = end {
		end = len(text)
		if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		line := text[at:end]
		if strings.TrimSpace(line) == "" {
			continue
		}
		switch {
		case hasStem(strings.ToLower(line)):
			if from < 0 {
				from = max(done, before)
			}
			reach = 2
		case from >= 0 && reach == 0:
			hide(at)
		default:
			reach--
		}
		before = at
	}
	if from >= 0 {
		hide(len(text))
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// hasStem reports whether a line, in lower case, has a word with a stem in it and behind that what can come
// before a value: a sign, a quote, or the end of the line.
func hasStem(line string) bool {
	for _, stem := range stems {
		for at := 0; ; {
			n := strings.Index(line[at:], stem)
			if n < 0 {
				break
			}
			at += n + len(stem)
			rest := strings.TrimLeftFunc(line[at:], isNameRune)
			rest = strings.TrimLeft(strings.TrimLeft(rest, `"'`), " \t\f\r\n")
			if rest == "" || strings.IndexByte(`=:%"'`, rest[0]) >= 0 {
				return true
			}
		}
	}
	return false
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.' || r >= utf8.RuneSelf
}

func containsAny(text string, some []string) bool {
	for _, s := range some {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
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
	newNamedMask(`(?i)(?:^|[^\w$-])(?:[\w-]*[_ -])?`+secretName+`\s*=\s*(`+value+`)`, 1, "="),
	newNamedMask(`(?i)\b`+secretName+`(?:%3d)([^\s&;'"]+)`, 1, "%3d"),
	newNamedMask(`(?i)["']`+secretName+`["']\s*:\s*("[^"\r\n]*"|'[^'\r\n]*')`, 1, ":"),
	newNamedMask(`(?i)["']`+secretName+`["']\s+("[^"\r\n]*"|'[^'\r\n]*')`, 1, `"`, "'"),
	newMask(`://[^\s/:@'"\[\]]+:([^\s/@'"\[\]]+)@`, 1, "://"),
	newMask(`(?i)\b(?:bearer|basic|apikey|negotiate)\s+([\w.~+/=-]{8,})`, 1, "bearer ", "basic ", "apikey ", "negotiate "),
	newMask(`\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*`, 0, "eyj"),
	newNamedMask(`(?i)\b(?:let|set)\s+[\w.]*(?:password|passwd|passphrase|pwd|secret|token|api_?key|credential)[\w.]*\s*=\s*('[^'\r\n]*'|"[^"\r\n]*"|[^;\s][^;\r\n]*)`, 1, "let", "set"),
}

func newMask(pattern string, group int, hints ...string) mask {
	return mask{pattern: regexp.MustCompile(pattern), group: group, hints: hints}
}

// newNamedMask is newMask for what has the name of a secret in it.
func newNamedMask(pattern string, group int, hints ...string) mask {
	m := newMask(pattern, group, hints...)
	m.named = true
	return m
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
