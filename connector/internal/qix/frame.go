package qix

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// excerptLen is how much of an unreadable message an error shows.
const excerptLen = 200

// A frame is one message of the server, taken apart but not decoded (facts C.3). Its slices are
// parts of the message.
type frame struct {
	id     int64
	hasID  bool
	method string
	params []byte
	result []byte
	err    []byte // the member error, nil when absent or null
	delta  bool
}

// parseFrame finds the members of a message. The values inside aren't checked: that is up to
// whoever decodes them.
func parseFrame(data []byte) (frame, error) {
	var f frame
	err := members(data, func(key, value []byte) error {
		switch string(key) {
		case "id":
			f.id, f.hasID = parseID(value)
		case "method":
			return json.Unmarshal(value, &f.method)
		case "params":
			f.params = value
		case "result":
			f.result = value
		case "error":
			f.err = nil
			if !isNull(value) {
				f.err = value
			}
		case "delta":
			f.delta = string(value) == "true"
		}
		return nil
	})
	if err == nil && !f.hasID && f.method == "" && f.err == nil {
		err = errors.New("neither a reply nor a notification")
	}
	return f, err
}

// parseID reads a request number; some servers quote it.
func parseID(value []byte) (int64, bool) {
	id, err := strconv.ParseInt(string(bytes.Trim(value, `"`)), 10, 64)
	return id, err == nil
}

// appendRequest writes a request. params is a JSON array.
func appendRequest(buf []byte, id int64, handle int, method string, params []byte) []byte {
	buf = append(buf, `{"jsonrpc":"2.0","id":`...)
	buf = strconv.AppendInt(buf, id, 10)
	buf = append(buf, `,"handle":`...)
	buf = strconv.AppendInt(buf, int64(handle), 10)
	buf = append(buf, `,"method":`...)
	buf = append(buf, quote(method)...)
	buf = append(buf, `,"params":`...)
	buf = append(buf, params...)
	return append(buf, '}')
}

// quote makes a JSON string.
func quote(text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // can't be: a string always encodes
		return []byte(`""`)
	}
	return quoted
}

// engineError decodes the member error of a reply, whatever shape it has.
func engineError(method string, raw []byte) *EngineError {
	var body struct {
		Code      Number `json:"code"`
		Parameter Text   `json:"parameter"`
		Message   Text   `json:"message"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return &EngineError{Method: method, Message: excerpt(raw)}
	}
	return &EngineError{
		Code: body.Code.Int(), Parameter: string(body.Parameter), Message: string(body.Message), Method: method,
	}
}

// excerpt is the start of a message for an error text. It stops where a result begins: scripts and
// connection strings in there hold passwords.
func excerpt(data []byte) string {
	if i := bytes.Index(data, []byte(`"result"`)); i >= 0 {
		data = data[:i+len(`"result"`)]
	}
	if len(data) > excerptLen {
		data = data[:excerptLen]
	}
	return string(bytes.ToValidUTF8(data, []byte("\uFFFD")))
}
