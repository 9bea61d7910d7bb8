package qix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// errTruncated says that a JSON text ends too early.
var errTruncated = errors.New("unexpected end of JSON")

// members calls visit for each member of the JSON object in data, in order; key is unquoted, value
// is a part of data. It finds where values end without looking into them, so a value may still be
// malformed inside. A key that occurs twice is visited twice (facts C.3).
func members(data []byte, visit func(key string, value []byte) error) error {
	i := skipSpace(data, 0)
	if i == len(data) {
		return errTruncated
	}
	if data[i] != '{' {
		return fmt.Errorf("no JSON object: starts with %q", data[i])
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return onlySpace(data, i+1)
	}
	for {
		key, value, next, err := member(data, i)
		if err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
		i = skipSpace(data, next)
		switch {
		case i == len(data):
			return errTruncated
		case data[i] == '}':
			return onlySpace(data, i+1)
		case data[i] != ',':
			return fmt.Errorf("byte %d: %q between members", i, data[i])
		}
		i = skipSpace(data, i+1)
	}
}

// member reads one member that starts at i and returns where it ends.
func member(data []byte, i int) (key string, value []byte, end int, err error) {
	end, err = skipString(data, i)
	if err != nil {
		return "", nil, 0, err
	}
	key, err = unquote(data[i:end])
	if err != nil {
		return "", nil, 0, err
	}
	i = skipSpace(data, end)
	if i == len(data) {
		return "", nil, 0, errTruncated
	}
	if data[i] != ':' {
		return "", nil, 0, fmt.Errorf("byte %d: %q after a key", i, data[i])
	}
	i = skipSpace(data, i+1)
	end, err = skipValue(data, i)
	if err != nil {
		return "", nil, 0, err
	}
	return key, data[i:end:end], end, nil
}

// skipValue returns where the value that starts at i ends. Inside objects and arrays it only
// counts brackets and passes over strings.
func skipValue(data []byte, i int) (int, error) {
	if i >= len(data) {
		return 0, errTruncated
	}
	switch data[i] {
	case '"':
		return skipString(data, i)
	case '{', '[':
		return skipNested(data, i)
	}
	end := i
	for end < len(data) && !strings.ContainsRune(",}] \t\r\n", rune(data[end])) {
		end++
	}
	if !json.Valid(data[i:end]) {
		return 0, fmt.Errorf("byte %d: no JSON value", i)
	}
	return end, nil
}

func skipNested(data []byte, i int) (int, error) {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '"':
			end, err := skipString(data, i)
			if err != nil {
				return 0, err
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return 0, errTruncated
}

// skipString returns where the string that starts at i ends.
func skipString(data []byte, i int) (int, error) {
	if i >= len(data) {
		return 0, errTruncated
	}
	if data[i] != '"' {
		return 0, fmt.Errorf("byte %d: %q where a string was expected", i, data[i])
	}
	for j := i + 1; ; {
		k := bytes.IndexByte(data[j:], '"')
		if k < 0 {
			return 0, errTruncated
		}
		j += k
		escapes := 0
		for data[j-1-escapes] == '\\' { // ends at the opening quote at the latest
			escapes++
		}
		j++
		if escapes%2 == 0 {
			return j, nil
		}
	}
}

// unquote returns the text of a JSON string.
func unquote(quoted []byte) (string, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var text string
	err := json.Unmarshal(quoted, &text)
	return text, err
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n') {
		i++
	}
	return i
}

func onlySpace(data []byte, i int) error {
	if i = skipSpace(data, i); i < len(data) {
		return fmt.Errorf("byte %d: %q after the end", i, data[i])
	}
	return nil
}

// isNull says whether a value is absent or null.
func isNull(value []byte) bool {
	return len(value) == 0 || string(value) == "null"
}
