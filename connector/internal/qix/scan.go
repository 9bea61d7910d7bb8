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

// members calls visit for each member of the JSON object that data is, in order; value is a part of
// data. It finds where values end without looking into them, so a value may still be malformed
// inside. A key that occurs twice is visited twice (facts C.3).
func members(data []byte, visit func(key, value []byte) error) error {
	end, err := walkObject(data, skipSpace(data, 0), func(key []byte, i int) (int, error) {
		end, err := skipValue(data, i)
		if err != nil {
			return 0, err
		}
		return end, visit(key, data[i:end:end])
	})
	if err != nil {
		return err
	}
	if end = skipSpace(data, end); end < len(data) {
		return fmt.Errorf("byte %d: %q after the end", end, data[end])
	}
	return nil
}

// walkObject reads the object that starts at i and returns where it ends. visit is given each key,
// unquoted, and where its value starts; it returns where the value ends.
func walkObject(data []byte, i int, visit func(key []byte, i int) (int, error)) (int, error) {
	return walkList(data, i, '{', '}', func(i int) (int, error) {
		end, err := skipString(data, i)
		if err != nil {
			return 0, err
		}
		key, err := unquote(data[i:end])
		if err != nil {
			return 0, err
		}
		i = skipSpace(data, end)
		if i == len(data) {
			return 0, errTruncated
		}
		if data[i] != ':' {
			return 0, fmt.Errorf("byte %d: %q after a key", i, data[i])
		}
		return visit(key, skipSpace(data, i+1))
	})
}

// walkList reads what stands between the brackets first and last, separated by commas. item is
// given where an item starts and returns where it ends.
func walkList(data []byte, i int, first, last byte, item func(i int) (int, error)) (int, error) {
	if i >= len(data) {
		return 0, errTruncated
	}
	if data[i] != first {
		return 0, fmt.Errorf("byte %d: %q where %q was expected", i, data[i], first)
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == last {
		return i + 1, nil
	}
	for {
		end, err := item(i)
		if err != nil {
			return 0, err
		}
		i = skipSpace(data, end)
		switch {
		case i >= len(data):
			return 0, errTruncated
		case data[i] == last:
			return i + 1, nil
		case data[i] != ',':
			return 0, fmt.Errorf("byte %d: %q between two items", i, data[i])
		}
		i = skipSpace(data, i+1)
	}
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
func unquote(quoted []byte) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	var text string
	err := json.Unmarshal(quoted, &text)
	return []byte(text), err
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n') {
		i++
	}
	return i
}

// isNull says whether a value is absent or null.
func isNull(value []byte) bool {
	return len(value) == 0 || string(value) == "null"
}
