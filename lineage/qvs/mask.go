package qvs

import (
	"regexp"
	"strings"
)

// masked stands where a secret was.
const masked = "***"

// Secrets as they occur in connect strings, in WITH CONNECTION of the REST connector, and in URLs.
var (
	secretIs     = regexp.MustCompile(`(?i)\b(XPassword|Password|XUserId)\s+is\s+('[^']*'?|"[^"]*"?|\[[^\]]*\]?|[^\s,;)\]]+)`)
	secretEquals = regexp.MustCompile(`(?i)\b([\w-]*(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|sharedaccesskey|signature|token|authorization|credential)[\w-]*)(\s*=\s*)('[^']*'?|"[^"]*"?|\{[^}]*\}?|[^\s&;,'"\])}]+)`)
	secretHeader = regexp.MustCompile(`(?i)\b(HTTPHEADER|BODY|QUERY)(\s+)("(?:[^"]|"")*"?|'(?:[^']|'')*'?)(\s*)("(?:[^"]|"")*"?|'(?:[^']|'')*'?)?`)
	secretUser   = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)([^\s/@:'"\]]*):([^\s/@'"\]]*)@`)
	secretParam  = regexp.MustCompile(`(?i)([?&](?:sig|sas|key|code|auth|pass|sv?c?_?key|x-amz-[a-z-]+|jwt)=)[^\s&'"\])]+`)
	secretBearer = regexp.MustCompile(`(?i)\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}`)
	secretConn   = regexp.MustCompile(`(?is)^\s*((?:ODBC|OLEDB|CUSTOM|LIB|BDI)?\s*CONNECT(?:32|64)?\s+TO\b).*`)
	secretName   = regexp.MustCompile(`(?i)(password|passwd|pwd|secret|token|api_?key|access_?key|credential|kennwort|passwort|mdp)`)
)

// mask takes credentials out of a text that is kept or shown.
func mask(s string) string {
	if !mayHoldSecret(s) {
		return s
	}
	s = secretUser.ReplaceAllString(s, "${1}"+masked+"@")
	s = secretIs.ReplaceAllString(s, "${1} is "+masked)
	s = secretHeader.ReplaceAllStringFunc(s, maskHeader)
	s = secretEquals.ReplaceAllString(s, "${1}${2}"+masked)
	s = secretParam.ReplaceAllString(s, "${1}"+masked)
	return secretBearer.ReplaceAllString(s, "${1} "+masked)
}

func maskHeader(m string) string {
	p := secretHeader.FindStringSubmatch(m)
	if strings.EqualFold(p[1], "BODY") {
		return p[1] + p[2] + `"` + masked + `"`
	}
	return p[1] + p[2] + p[3] + p[4] + `"` + masked + `"`
}

// mayHoldSecret looks once, and cheaply, for words that come with secrets.
func mayHoldSecret(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < '@' || c >= 0x80 || telling>>(c&31)&1 == 0 {
			continue
		}
		if c == '@' {
			return true
		}
		for _, h := range hints(c | 0x20) {
			if i+1 < len(s) && s[i+1]|0x20 == h[1]|0x20 && hasPrefixFold(s[i:], h) {
				return true
			}
		}
	}
	return false
}

// telling are the characters that hints begin with, and @, each by the last five bits of its code.
const telling uint32 = 1 | 1<<('a'&31) | 1<<('b'&31) | 1<<('c'&31) | 1<<('h'&31) | 1<<('j'&31) | 1<<('k'&31) | 1<<('p'&31) |
	1<<('q'&31) | 1<<('s'&31) | 1<<('t'&31) | 1<<('x'&31)

// hints are what a text with a secret has in it, by their first letter.
func hints(first byte) []string {
	switch first {
	case 'a':
		return hintsA[:]
	case 'b':
		return hintsB[:]
	case 'c':
		return hintsC[:]
	case 'h':
		return hintsH[:]
	case 'j':
		return hintsJ[:]
	case 'k':
		return hintsK[:]
	case 'p':
		return hintsP[:]
	case 'q':
		return hintsQ[:]
	case 's':
		return hintsS[:]
	case 't':
		return hintsT[:]
	}
	return hintsX[:]
}

var (
	hintsA = [...]string{"auth"}
	hintsB = [...]string{"bearer", "basic", "body"}
	hintsC = [...]string{"credential", "code="}
	hintsH = [...]string{"httpheader"}
	hintsJ = [...]string{"jwt"}
	hintsK = [...]string{"key"}
	hintsP = [...]string{"pass", "pwd"}
	hintsQ = [...]string{"query"}
	hintsS = [...]string{"secret", "sig", "sas="}
	hintsT = [...]string{"token"}
	hintsX = [...]string{"xuserid", "x-amz"}
)

// maskVariable hides a variable's value if its name or its text tells that it is a secret.
func maskVariable(name, value string) string {
	if value != "" && secretName.MatchString(name) {
		return masked
	}
	if m := secretConn.FindStringSubmatch(value); m != nil {
		return m[1] + " " + masked
	}
	return mask(value)
}

// shortLength is how much of a text messages show.
const shortLength = 80

// short is the beginning of a text in one line, credentials masked.
func short(s string) string {
	const enough = 20 * shortLength
	s = trim(s)
	if len(s) > enough {
		s = s[:enough]
	}
	if m := secretConn.FindStringSubmatch(s); m != nil {
		s = m[1] + " " + masked
	}
	s = strings.Join(strings.Fields(mask(s)), " ")
	if r := []rune(s); len(r) > shortLength {
		return string(r[:shortLength-1]) + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

// Mask takes the credentials out of a line of a script: passwords, keys and tokens, and all of a connect
// string behind CONNECT TO.
func Mask(line string) string {
	if m := secretConn.FindStringSubmatch(line); m != nil && !hasPrefixFold(trim(line), "lib") {
		return m[1] + " " + masked
	}
	return mask(line)
}
