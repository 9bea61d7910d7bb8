package qliktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// facts C.3: codes of requests that are none.
func TestEngineRefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/engineData")
	for _, tt := range []struct {
		name, frame, id string
		code            int
	}{
		{"no JSON", `{"jsonrpc":"2.0",`, "null", -32700},
		{"empty", ``, "null", -32700},
		{"a list", `[{"jsonrpc":"2.0","id":1,"handle":-1,"method":"EngineVersion"}]`, "null", -32600},
		{"no id", `{"jsonrpc":"2.0","handle":-1,"method":"EngineVersion"}`, "null", -32600},
		{"text as id", `{"id":"7","handle":-1,"method":"EngineVersion"}`, "null", -32600},
		{"other version", `{"jsonrpc":"1.0","id":3,"handle":-1,"method":"EngineVersion"}`, "3", -32600},
		{"no method", `{"jsonrpc":"2.0","id":4,"handle":-1}`, "4", -32600},
		{"no handle", `{"jsonrpc":"2.0","id":5,"method":"EngineVersion"}`, "5", -32600},
		{"params as text", `{"id":6,"handle":-1,"method":"EngineVersion","params":"x"}`, "6", -32600},
		{"unknown method", `{"id":7,"handle":-1,"method":"Nothing","params":[]}`, "7", -32601},
		{"method of a doc on Global", `{"id":8,"handle":-1,"method":"GetAllInfos","params":[]}`, "8", -32601},
		{"handle that isn't there", `{"id":9,"handle":1,"method":"GetLayout","params":[]}`, "9", -32602},
		{"missing parameter", `{"id":10,"handle":-1,"method":"OpenDoc","params":[]}`, "10", -32602},
		{"wrong type", `{"id":11,"handle":-1,"method":"OpenDoc","params":{"qDocName":5}}`, "11", -32602},
		{"wrong type of a flag", `{"id":12,"handle":-1,"method":"OpenDoc","params":["x","","","","yes"]}`, "12", -32602},
	} {
		c.write(tt.frame)
		f := c.next()
		if f.Error == nil || f.Error.Code != tt.code || !bytes.Contains(f.raw, []byte(`"id":`+tt.id+`,`)) {
			t.Errorf("%s: %s, want id %s and code %d", tt.name, f.raw, tt.id, tt.code)
		}
	}
}

// facts C.3: the recorded shape of "Invalid handle", the order of members, what requests may lack.
func TestEngineReplyShapes(t *testing.T) {
	t.Parallel()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/engineData")
	for _, tt := range []struct{ name, frame, want string }{
		{
			"invalid handle", `{"jsonrpc":"2.0","id":1,"handle":99,"method":"GetLayout","params":[]}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"parameter":"Invalid handle","message":"Invalid Params"}}`,
		},
		{
			"no jsonrpc, unknown members", `{"id":2,"handle":-1,"method":"EngineVersion","outKey":-1,"whatever":{}}`,
			`{"jsonrpc":"2.0","id":2,"result":{"qVersion":{"qComponentVersion":"12.2056.15"}}}`,
		},
		{
			"params null", `{"id":3,"handle":-1,"method":"GetAuthenticatedUser","params":null}`,
			`{"jsonrpc":"2.0","id":3,"result":{"qReturn":"UserDirectory=CORP; UserId=ann"}}`,
		},
		{
			"no document", `{"id":4,"handle":-1,"method":"GetActiveDoc","params":{}}`,
			`{"jsonrpc":"2.0","id":4,"error":{"code":1007,"parameter":"No active document","message":"App invalid"}}`,
		},
		{
			"opened", `{"id":5,"handle":-1,"method":"OpenDoc","params":["` + salesID + `","","","",true]}`,
			`{"jsonrpc":"2.0","id":5,"result":{"qReturn":{"qType":"Doc","qHandle":1,"qGenericId":"` + salesID + `"}},"change":[1]}`,
		},
		{
			"unknown object", `{"id":6,"handle":1,"method":"GetObject","params":["nope"]}`,
			`{"jsonrpc":"2.0","id":6,"result":{"qReturn":{"qType":null,"qHandle":null}}}`,
		},
		{
			"object", `{"id":7,"handle":1,"method":"GetObject","params":{"qId":"shBase"}}`,
			`{"jsonrpc":"2.0","id":7,"result":{"qReturn":{"qType":"GenericObject","qHandle":2,"qGenericType":"sheet","qGenericId":"shBase"}}}`,
		},
	} {
		c.write(tt.frame)
		if got := string(c.next().raw); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// facts C.3: defaults are left out unless return_empty; stored properties are never touched.
func TestEngineOmitsDefaults(t *testing.T) {
	t.Parallel()
	c, doc := openSales(t, ann, true)
	const list = `{"qListDef":{"qType":"variable","qShowConfig":true}}`
	items := string(c.do(doc, "GetVariables", list, "qList"))
	if strings.Contains(items, "false") || strings.Contains(items, `"qDescription":""`) {
		t.Errorf("defaults are there: %s", items)
	}
	c.write(fmt.Sprintf(`{"id":90,"handle":%d,"method":"GetVariables","params":%s,"return_empty":true}`, doc, list))
	if full := string(c.next().Result["qList"]); !strings.Contains(full, `"qIsReserved":false`) || !strings.Contains(full, `"qDescription":""`) {
		t.Errorf("return_empty leaves defaults out: %s", full)
	}
	h := c.handle(doc, "GetObject", `["chart1"]`)
	same(t, "stored properties", c.do(h, "GetProperties", `[]`, "qProp"), string(baseSheet().Children[0].Property))
}

// facts C.3: the first delta is add /, later ones are patches, and nothing when nothing changed.
func TestEngineDelta(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{})
	c := connect(t, s, site.Users[ann], "/app/"+salesID)
	doc := c.openDoc(salesID, true)
	ask := func(id int, method string) frame {
		c.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"handle":%d,"method":%q,"params":[],"delta":true}`, id, doc, method))
		return c.next()
	}
	first := ask(10, "GetAppLayout")
	if !first.Delta || !bytes.HasPrefix(first.Result["qLayout"], []byte(`[{"op":"add","path":"/","value":{"qTitle":"Sales"`)) ||
		!bytes.HasSuffix(first.raw, []byte(`,"delta":true}`)) {
		t.Errorf("first delta: %s", first.raw)
	}
	same(t, "unchanged", ask(11, "GetAppLayout").Result["qLayout"], `[]`)
	s.Edit(func(site *Site) { site.Apps[0].Name, site.Apps[0].Thumbnail = "Sales 2", "" })
	same(t, "changed", ask(12, "GetAppLayout").Result["qLayout"],
		`[{"op":"replace","path":"/qTitle","value":"Sales 2"},{"op":"remove","path":"/qThumbnail"}]`)
	if f := c.ask(doc, "GetAppLayout", `[]`); f.Delta || f.Result["qLayout"][0] != '{' {
		t.Errorf("a delta that nobody asked for: %s", f.raw)
	}
	if f := ask(14, "GetAllInfos"); f.Result["qInfos"][0] != '[' || !bytes.Contains(f.Result["qInfos"], []byte(`"value":[{"qId"`)) {
		t.Errorf("delta of a list: %s", f.raw)
	}
}

// facts C.3: patches stay out of names that clients would misread.
func TestDiffReplacesWhatPatchesCannotName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, now, want string }{
		{"nested", `{"a":{"b":1,"c":2}}`, `{"a":{"b":1,"c":3,"d":4}}`, `[{"op":"replace","path":"/a/c","value":3},{"op":"add","path":"/a/d","value":4}]`},
		{"slash", `{"a":{"x/y":1}}`, `{"a":{"x/y":2}}`, `[{"op":"replace","path":"/a","value":{"x/y":2}}]`},
		{"number as name", `{"a":{"1":1}}`, `{"a":{"1":2}}`, `[{"op":"replace","path":"/a","value":{"1":2}}]`},
		{"named twice", `{"a":{"b":1}}`, `{"a":{"b":2,"b":3}}`, `[{"op":"replace","path":"/a","value":{"b":2,"b":3}}]`},
		{"list", `{"a":[1]}`, `{"a":[1,2]}`, `[{"op":"replace","path":"/a","value":[1,2]}]`},
		{"other kind", `{"a":{"b":1}}`, `{"a":7}`, `[{"op":"replace","path":"/a","value":7}]`},
		{"whole", `"x"`, `"y"`, `[{"op":"replace","path":"/","value":"y"}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, key := deltaCache{}, deltaKey{1, "M", "q"}
			d.patch(key, json.RawMessage(tt.old))
			same(t, tt.name, d.patch(key, json.RawMessage(tt.now)), tt.want)
		})
	}
}

// facts C.3: any number of requests may be in flight, in order by default.
func TestEngineAnswersPipelinedRequests(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{Latency: Latency{Call: 20 * time.Millisecond}})
	c := connect(t, s, site.Users[ann], "/app/"+salesID)
	doc := c.openDoc(salesID, true)
	const n = 100
	start, first := time.Now(), c.id+1
	for range n {
		c.send(doc, "GetAppLayout", `[]`)
	}
	for i := range int64(n) {
		if f := c.next(); *f.ID != first+i {
			t.Fatalf("reply %d has id %d", i, *f.ID)
		}
	}
	if took := time.Since(start); took < 20*time.Millisecond || took > n*20*time.Millisecond/2 {
		t.Errorf("%d pipelined calls of 20 ms took %v", n, took)
	}
	if got := s.Counters().EngineCalls["GetAppLayout"]; got != n {
		t.Errorf("counted %d calls", got)
	}
}

// facts C.3: replies can come out of order.
func TestEngineRepliesOutOfOrder(t *testing.T) {
	t.Parallel()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{OutOfOrder: true}), site.Users[ann], "/app/engineData")
	want := map[int64]bool{}
	for range 10 {
		want[c.send(-1, "EngineVersion", `[]`)] = true
	}
	ordered, last := true, int64(0)
	for range 10 {
		f := c.next()
		ordered = ordered && *f.ID > last
		last = *f.ID
		delete(want, *f.ID)
	}
	if ordered || len(want) > 0 {
		t.Errorf("ordered: %v, missing: %v", ordered, want)
	}
}

// facts C.3: CancelRequest makes a running call an error 15; what it opened isn't open.
func TestEngineCancelsARequest(t *testing.T) {
	t.Parallel()
	site := engineSite()
	s := startSite(t, site, Options{Latency: Latency{Open: time.Hour}})
	c := connect(t, s, site.Users[ann], "/app/"+salesID)
	open := c.send(-1, "OpenDoc", fmt.Sprintf(`[%q,"","","",true]`, salesID))
	cancel := c.send(-1, "CancelRequest", fmt.Sprintf(`{"qRequestId":%d}`, open))
	got := map[int64]frame{}
	for range 2 {
		f := c.next()
		got[*f.ID] = f
	}
	if e := got[open].Error; e == nil || e.Code != 15 || e.Message != "Request aborted" {
		t.Errorf("canceled call: %s", got[open].raw)
	}
	if got[cancel].Error != nil {
		t.Errorf("CancelRequest: %s", got[cancel].raw)
	}
	c.fails(-1, "GetActiveDoc", `[]`, 1007)
	c.fails(1, "GetAppLayout", `[]`, -32602)
}

// facts C.3: a handle is good only after the reply that made it.
func TestEngineHandlesNeedTheirReply(t *testing.T) {
	t.Parallel()
	site := engineSite()
	c := connect(t, startSite(t, site, Options{Latency: Latency{Open: 50 * time.Millisecond}}), site.Users[ann], "/app/"+salesID)
	c.send(-1, "OpenDoc", fmt.Sprintf(`[%q,"","","",true]`, salesID))
	guess := c.send(1, "GetAppLayout", `[]`)
	c.next()
	if f := c.next(); *f.ID != guess || f.Error == nil || f.Error.Code != -32602 {
		t.Errorf("a guessed handle works: %s", f.raw)
	}
	c.do(1, "GetAppLayout", `[]`, "qLayout")
}

// facts C.2: frames may be very large, both ways.
func TestEngineTakesAndSendsLargeFrames(t *testing.T) {
	t.Parallel()
	site := engineSite()
	site.Apps[0].Load = func() *Content { return &Content{Script: strings.Repeat("// ä\r\n", 1<<18)} }
	c := connect(t, startSite(t, site, Options{}), site.Users[ann], "/app/"+salesID)
	doc := c.openDoc(salesID, true)
	var script string
	if err := json.Unmarshal(c.do(doc, "GetScript", `[]`, "qScript"), &script); err != nil || len(script) != 7<<18 {
		t.Errorf("script of %d bytes: %v", len(script), err)
	}
	h := c.handle(doc, "CreateSessionObject", `[{"qInfo":{"qType":"x"},"big":"`+strings.Repeat("y", 5<<18)+`"}]`)
	if p := c.do(h, "GetProperties", `[]`, "qProp"); len(p) < 5<<18 {
		t.Errorf("properties of %d bytes", len(p))
	}
}
