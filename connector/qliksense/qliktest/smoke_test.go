package qliktest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func testSite() *Site {
	u := &User{ID: newGUID(), Directory: "ACME", Name: "ann", Roles: []string{"RootAdmin"}}
	a := &App{ID: newGUID(), Name: "Sales", Owner: u}
	return &Site{Users: []*User{u}, Apps: []*App{a}, BuildVersion: "31.62.0.0", EngineVersion: "12.2056.15"}
}

func TestSocketGreeting(t *testing.T) {
	t.Parallel()
	site := testSite()
	s := New(t, site, Options{})
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: s.ClientTLS(false)}}
	defer c.CloseIdleConnections()
	req, _ := http.NewRequest("GET", s.URL+"/jwt/qps/csrftoken", nil)
	req.Header.Set("Authorization", "Bearer "+s.Token(site.Users[0]))
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 204 {
		t.Fatal(res.Status)
	}
	d := websocket.Dialer{TLSClientConfig: s.ClientTLS(false)}
	h := http.Header{"Origin": {s.URL}, "Cookie": {res.Cookies()[0].String()}}
	ws, wres, err := d.Dial(strings.Replace(s.URL, "https", "wss", 1)+"/jwt/app/"+site.Apps[0].ID+"/identity/x/ttl/5?qlik-csrf-token="+res.Header.Get("qlik-csrf-token"), h)
	if err != nil {
		t.Fatal(err, wres)
	}
	defer ws.Close()
	for _, want := range []string{"OnAuthenticationInformation", "OnConnected"} {
		_, b, err := ws.ReadMessage()
		if err != nil || !strings.Contains(string(b), want) {
			t.Fatalf("%s %v", b, err)
		}
	}
}
