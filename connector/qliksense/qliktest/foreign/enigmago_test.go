package foreign_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlik-oss/enigma-go/v4"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

func TestEnigmaGoReadsAppsWithCertificates(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for _, app := range site.Apps {
		t.Run(app.Name, func(t *testing.T) {
			global := dialDirect(t, ctx, srv, app.ID)
			defer global.DisconnectFromServer()
			readWithEnigmaGo(t, ctx, global, site, app)
		})
	}
}

func TestEnigmaGoReadsAnAppThroughTheProxy(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	app := find(t, site, "Sales Overview 📈")
	cookie, token := logIn(t, srv)
	address := strings.Replace(srv.URL, "https", "wss", 1) + "/" + srv.Prefix + "/app/" + app.ID + "/identity/enigma-go?qlik-csrf-token=" + url.QueryEscape(token)
	global, err := enigma.Dialer{TLSClientConfig: trust(t, srv)}.Dial(ctx, address, http.Header{"Cookie": {cookie}, "Origin": {srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer global.DisconnectFromServer()
	readWithEnigmaGo(t, ctx, global, site, app)
}

// TestEnigmaGoWithATokenOnTheSocket is how enigma-go's own example logs in: a mild site lets it.
func TestEnigmaGoWithATokenOnTheSocket(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options qliktest.Options
		refused bool
	}{"mild site": {qliktest.Options{Mild: true}, false}, "strict site": {qliktest.Options{}, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := demo.Site()
			srv := qliktest.New(t, site, tc.options)
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			address := strings.Replace(srv.URL, "https", "wss", 1) + "/" + srv.Prefix + "/app/engineData"
			header := http.Header{"Authorization": {"Bearer " + srv.Token(site.Users[0])}}
			global, err := enigma.Dialer{TLSClientConfig: trust(t, srv)}.Dial(ctx, address, header)
			if tc.refused {
				if err == nil || !strings.Contains(err.Error(), "403") {
					t.Errorf("a token on the upgrade: %v, want 403 (facts A.7)", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer global.DisconnectFromServer()
			if v, err := global.EngineVersion(ctx); err != nil || v.ComponentVersion != site.EngineVersion {
				t.Errorf("engine version %v, %v", v, err)
			}
		})
	}
}

func TestEnigmaGoIsRefused(t *testing.T) {
	t.Parallel()
	site := demo.Site()
	srv := qliktest.New(t, site, qliktest.Options{})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	global := dialDirect(t, ctx, srv, "engineData")
	defer global.DisconnectFromServer()
	wantCode(t, "GetActiveDoc without a doc", 1007, func() error { _, err := global.GetActiveDoc(ctx); return err })
	wantCode(t, "OpenDoc of an unknown app", 1003, func() error {
		_, err := global.OpenDoc(ctx, "00000000-dead-beef-0000-000000000000", "", "", "", true)
		return err
	})
	app := find(t, site, "Headcount")
	wantCode(t, "OpenDoc against section access", 4000, func() error { // sa_api is not in it (facts A.10)
		_, err := global.OpenDoc(ctx, app.ID, "", "", "", true)
		return err
	})
}

func readWithEnigmaGo(t *testing.T, ctx context.Context, global *enigma.Global, site *qliktest.Site, app *qliktest.App) {
	t.Helper()
	doc, err := global.OpenDoc(ctx, app.ID, "", "", "", true)
	if app.SectionAccess {
		var refusal enigma.Error
		if !errors.As(err, &refusal) || refusal.Code() != 4000 {
			t.Errorf("section access let sa_api in: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	c := app.Content()
	admin := site.Users[0]
	if user := must[string](t)(global.GetAuthenticatedUser(ctx)); strings.Contains(user, "sa_api") {
		admin = &qliktest.User{Directory: "INTERNAL", Name: "sa_api", Roles: []string{"RootAdmin"}}
	}
	objects := visible(site, admin, app, c.Objects)
	infos := must[[]*enigma.NxInfo](t)(doc.GetAllInfos(ctx))
	var found []string
	for _, info := range infos {
		found = append(found, info.Id)
	}
	sameSet(t, "GetAllInfos", ids(entries(slices.Concat(objects, c.Dimensions, c.Measures, c.Bookmarks))), found)
	for _, it := range objects {
		id, _ := it.Tree.Info()
		handle := must[*enigma.GenericObject](t)(doc.GetObject(ctx, id))
		same(t, "tree of "+id, it.Tree, must[json.RawMessage](t)(handle.GetFullPropertyTreeRaw(ctx)))
		same(t, "properties of "+id, it.Tree.Property, must[json.RawMessage](t)(handle.GetPropertiesRaw(ctx)))
		if layout := must[*enigma.GenericObjectLayout](t)(handle.GetLayout(ctx)); layout.Info.Id != id {
			t.Errorf("layout of %s is of %s", id, layout.Info.Id)
		}
	}
	for _, it := range c.Measures {
		id, _ := it.Tree.Info()
		measure := must[*enigma.GenericMeasure](t)(doc.GetMeasure(ctx, id))
		same(t, "measure "+id, it.Tree.Property, must[json.RawMessage](t)(measure.GetPropertiesRaw(ctx)))
	}
	for _, it := range c.Dimensions {
		id, _ := it.Tree.Info()
		dimension := must[*enigma.GenericDimension](t)(doc.GetDimension(ctx, id))
		same(t, "dimension "+id, it.Tree.Property, must[json.RawMessage](t)(dimension.GetPropertiesRaw(ctx)))
	}
	variables := must[[]*enigma.NxVariableListItem](t)(doc.GetVariables(ctx, &enigma.VariableListDef{Type: "variable", ShowReserved: true, ShowConfig: true}))
	if script := must[string](t)(doc.GetScript(ctx)); script != c.Script || len(variables) != len(c.Variables) {
		t.Errorf("script is %.100q, %d variables, want %d", script, len(variables), len(c.Variables))
	}
	if lineage := must[[]*enigma.LineageInfo](t)(doc.GetLineage(ctx)); len(lineage) != len(c.Lineage) {
		t.Errorf("%d lines of lineage, want %d", len(lineage), len(c.Lineage))
	}
	if list := must[[]*enigma.Connection](t)(doc.GetConnections(ctx)); len(list) != len(site.DataConnections) {
		t.Errorf("%d connections, want %d", len(list), len(site.DataConnections))
	}
}

// must gives a call's result, and ends the test on its error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t *testing.T, what string, code int, call func() error) {
	t.Helper()
	var refusal enigma.Error
	if err := call(); !errors.As(err, &refusal) || refusal.Code() != code {
		t.Errorf("%s: %v, want code %d", what, err, code)
	}
}

func trust(t *testing.T, srv *qliktest.Server) *tls.Config {
	t.Helper()
	info := must[qliktest.Info](t)(srv.Info())
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(info.CAFile))) {
		t.Fatal("the site's authority is no certificate")
	}
	return &tls.Config{RootCAs: pool}
}

func dialDirect(t *testing.T, ctx context.Context, srv *qliktest.Server, app string) *enigma.Global {
	t.Helper()
	info := must[qliktest.Info](t)(srv.Info())
	config := trust(t, srv)
	config.Certificates = []tls.Certificate{must[tls.Certificate](t)(tls.LoadX509KeyPair(info.ClientCertFile, info.ClientKeyFile))}
	header := http.Header{"X-Qlik-User": {"UserDirectory=INTERNAL; UserId=sa_api"}}
	return must[*enigma.Global](t)(enigma.Dialer{TLSClientConfig: config}.Dial(ctx, srv.EngineURL+"/app/"+app, header))
}

// logIn exchanges a token for a cookie and a CSRF token with nothing but net/http.
func logIn(t *testing.T, srv *qliktest.Server) (cookie, token string) {
	t.Helper()
	info := must[qliktest.Info](t)(srv.Info())
	req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/"+srv.Prefix+"/qps/csrftoken?xrfkey=0123456789abcdef", nil))
	req.Header.Set("X-Qlik-Xrfkey", "0123456789abcdef")
	req.Header.Set("Authorization", "Bearer "+info.Token)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust(t, srv)}}
	defer client.CloseIdleConnections()
	res := must[*http.Response](t)(client.Do(req))
	defer res.Body.Close()
	if len(res.Cookies()) != 1 {
		t.Fatalf("%d cookies with status %s", len(res.Cookies()), res.Status)
	}
	c := res.Cookies()[0]
	return c.Name + "=" + c.Value, res.Header.Get("qlik-csrf-token")
}
