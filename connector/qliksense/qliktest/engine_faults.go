package qliktest

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
)

// openFaults are the refusals of OpenDoc by fault (facts C.3, G 37).
func openFaults() map[Fault]*rpcError {
	return map[Fault]*rpcError{
		AccessDenied4000: {4000, "", "User access denied"},
		AccessDenied5:    {5, "", "Access denied"},
		OutOfMemory:      {6, "", "Out of memory"},
		AlreadyOpen:      {1002, "", "App already open"},
		NotFound:         {1003, "", "App not found"},
		ConnectFailed:    {1008, "", "App connect failed"},
		OtherMode:        {1009, "", "App already open in different mode"},
		MigrationFailed:  {1012, "", "App migration failed"},
		Corrupt:          {11, "", "Corrupt data"},
		TooLarge:         {1015, "", "App size exceeded"},
		StoreMissing:     {9003, "", "Persistence not found"},
		ReloadRunning:    {11000, "", "Reload in progress"},
	}
}

// strike lets the faults of the app happen that come before the call computes anything.
func (c *call) strike() *rpcError {
	switch c.method {
	case "OpenDoc":
		return c.strikeOpen()
	case "GetScript", "GetScriptEx":
		return c.denied(ScriptDenied)
	case "GetLineage":
		return c.denied(LineageDenied)
	case "GetConnections":
		return c.denied(ConnectionsDenied)
	}
	if !c.reads() {
		return nil
	}
	if c.take(AbortedOnce) {
		return aborted()
	}
	if c.ofFirstSheet() {
		return c.denied(ObjectUnreadable)
	}
	return nil
}

func (c *call) denied(f Fault) *rpcError {
	if c.has(f) {
		return accessDenied(c.method)
	}
	return nil
}

func (c *call) strikeOpen() *rpcError {
	c.app = asText(c.args["qDocName"])
	if c.has(HangAtOpen) {
		c.silent = true
		return aborted() // what its cancellation says
	}
	for f, err := range openFaults() {
		if c.has(f) {
			return &rpcError{err.code, c.app, err.message}
		}
	}
	return nil
}

// reads reports whether the call reads an object of an app: what faults in the middle strike.
func (c *call) reads() bool {
	return slices.Contains([]string{
		"GetFullPropertyTree", "GetProperties", "GetEffectiveProperties", "GetLayout", "GetObjects",
	}, c.method)
}

// ofFirstSheet reports whether the call reads properties of the app's first sheet.
func (c *call) ofFirstSheet() bool {
	if c.node == nil || c.method == "GetLayout" {
		return false
	}
	for _, n := range c.doc.objects {
		if n.typ == "sheet" {
			return c.node == n
		}
	}
	return false
}

// spoil lets the faults of the app happen to a reply that is ready.
func (p *peer) spoil(c *call, out *reply) {
	out.never = c.silent
	if c.has(UnknownPush) {
		out.push = []byte(`{"jsonrpc":"2.0","method":"OnNobodyKnowsThis","params":{"severity":"info"}}`)
	}
	switch {
	case c.method == "OpenDoc":
		p.spoilOpen(c, out)
	case c.reads():
		p.spoilRead(c, out)
	}
}

func (p *peer) spoilOpen(c *call, out *reply) {
	if c.has(SlowOpen) {
		out.extra = p.engine.server.options.SlowBy
	}
	if c.has(DropAtOpen) || c.take(DropAtOpenOnce) {
		out.act = func(p *peer) { p.drop() }
	}
}

// hugeBlanks is how many blanks the fault HugeFrame puts into a reply.
const hugeBlanks = 64 << 20

func (p *peer) spoilRead(c *call, out *reply) {
	frame := out.frame
	switch {
	case c.has(DropInTheMiddle) || c.take(DropInTheMiddleOnce):
		out.act = func(p *peer) {
			_ = p.writeRaw(halfFrame(frame)) // the connection goes down either way
			p.drop()
		}
	case c.method != "GetObjects" && c.method != "GetLayout" && c.has(HangInTheMiddle):
		out.never = true
	case c.has(GarbageFrame):
		out.frame = []byte("\x00\x01 this is no JSON {[")
	case c.has(TruncatedFrame):
		out.frame = frame[:len(frame)/2]
	case c.has(HugeFrame):
		out.frame = append([]byte{'{'}, append(bytes.Repeat([]byte{' '}, hugeBlanks), frame[1:]...)...)
	case c.has(NullResult):
		out.frame = render(document{{"jsonrpc", "2.0"}, {"id", c.id}, {"result", null{}}}, true)
	case c.has(DuplicateKeys):
		out.frame = duplicated(frame)
	case c.has(DripFrame):
		out.act = func(p *peer) { p.drip(frame) }
	case c.has(LateReply):
		out.late, out.extra = true, p.engine.server.options.SlowBy
	}
}

// halfFrame is a WebSocket frame that announces all of the text and holds half of it.
func halfFrame(text []byte) []byte {
	whole := wholeFrame(text)
	return whole[:len(whole)-len(text)+len(text)/2]
}

func wholeFrame(text []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{0x81, 127}, uint64(len(text))), text...)
}

// drip sends a frame in small pieces; it ends early when the socket does.
func (p *peer) drip(text []byte) {
	frame := wholeFrame(text)
	for piece := range slices.Chunk(frame, len(frame)/drops+1) {
		pause(context.Background(), p.engine.server.options.SlowBy/drops)
		if p.writeRaw(piece) != nil {
			return
		}
	}
}

// duplicated names the members of objects that have a title or a qInfo twice, as real layouts were
// seen to do (facts C.3).
func duplicated(frame []byte) []byte {
	for _, name := range []string{`"title":`, `"qInfo":`} {
		i := bytes.Index(frame, []byte(name))
		if i < 0 {
			continue
		}
		s := scanner{b: frame, i: i + len(name)}
		s.item()
		twice := append(bytes.Clone(frame[:s.i]), ',')
		return append(append(twice, frame[i:s.i]...), frame[s.i:]...)
	}
	return frame
}
