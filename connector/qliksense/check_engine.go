package qliksense

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// A trialApp is an app of the sample.
type trialApp struct {
	row    qixmap.AppRow
	engine *qix.Session // nil: no socket
	doc    *qix.Doc     // nil: not open
}

func (c *check) engine(ctx context.Context) (string, error) {
	var t trial
	for _, app := range c.sample {
		var err error
		app.engine, err = c.dial(ctx, app.row.ID)
		t.note(app.row.Name, err)
	}
	if t.count == 0 {
		engine, err := c.anySocket(ctx)
		t.note("", err)
		if err == nil {
			version, err := engine.EngineVersion(ctx).Get(ctx)
			return "Engine " + version, explain("ask the Engine's version", "", err)
		}
	}
	if t.failed() {
		return "tried on " + t.tried(), c.refusedSocket(ctx, t.first)
	}
	for _, app := range c.sample {
		if app.engine == nil {
			continue
		}
		version, err := app.engine.EngineVersion(ctx).Get(ctx)
		if err != nil {
			return "", explain("ask the Engine's version", "", err)
		}
		says, err := t.result("connected for", "")
		return "Engine " + version + ", " + says, err
	}
	return "", nil
}

// refusedSocket says more exactly why no socket came about.
func (c *check) refusedSocket(ctx context.Context, err error) error {
	var push *qix.PushError
	var handshake *qix.HandshakeError
	switch {
	case errors.As(err, &push) && push.Method == "OnNoEngineAvailable":
		return fault(catalog.CodeUnreachable, "connect to the Engine", "the virtual proxy has no Engine to lead to", err,
			"In the QMC, Virtual proxies, Load balancing: add a server node with an Engine; check there under Engines that it is running.")
	case errors.As(err, &handshake) && handshake.Status == http.StatusForbidden && !c.direct():
		return c.forbiddenSocket(ctx, err)
	case errors.As(err, &handshake) && handshake.Status == http.StatusForbidden:
		return fault(catalog.CodeForbidden, "connect to the Engine", "the Engine refused the account "+c.expected(), err,
			"Check certificate.user_directory and user_id, and in the QMC under Engines that it is running: an Engine that is down may answer with 403 too.")
	}
	return err
}

// forbiddenSocket tells the two reasons for a 403 apart (facts A.7, A.8): who brings no cookie is asked for no
// CSRF token, but for an allowed host all the same.
func (c *check) forbiddenSocket(ctx context.Context, err error) error {
	engine, again := c.stranger(ctx)
	if again == nil {
		_ = engine.Close() // always nil
	}
	var handshake *qix.HandshakeError
	if errors.As(again, &handshake) && handshake.Status == http.StatusForbidden {
		host := c.session.socketHeader().Get("Origin")
		return fault(catalog.CodeForbidden, "connect to the Engine", "the proxy refused the socket (status 403): the host of "+host+" is not on the allow list", err,
			"In the QMC, Virtual proxies, Advanced: add the host name of url to the host allow list (a name without scheme and port; an IP address never matches), or set alias_host_name to a name that is on it.")
	}
	return fault(catalog.CodeForbidden, "connect to the Engine", "the proxy refused the socket (status 403): its check against cross-site requests (CSRF) failed", err,
		"Let the query of WebSocket requests, their cookies and the header Origin through unchanged: something between this program and the proxy takes the parameter qlik-csrf-token or the session's cookie out.")
}

func (c *check) open(ctx context.Context) (string, error) {
	var t trial
	for _, app := range c.sample {
		if app.engine == nil {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, min(c.site.cfg.Options.AppTimeout, time.Minute))
		doc, err := app.engine.OpenDoc(limited, app.row.ID, true)
		cancel()
		app.doc = doc
		t.note(app.row.Name, explain("open "+app.row.Name, "", err))
	}
	if t.count == 0 {
		c.broken["open"] = true // there is nothing to try the rest on
		return "", skip("every app would be upgraded by opening it")
	}
	return t.result("opened", "")
}

// tryOpen tries one right on the open apps.
func (c *check) tryOpen(what string, try func(*qix.Doc) error) trial {
	var t trial
	for _, app := range c.sample {
		if app.doc != nil {
			t.note(app.row.Name, explain(fmt.Sprintf("%s of %s", what, app.row.Name), "", try(app.doc)))
		}
	}
	return t
}

// script tries the two calls for it, the one that needs less first (facts C.6).
func (c *check) script(ctx context.Context) (string, error) {
	empty := 0
	t := c.tryOpen("read script", func(doc *qix.Doc) error {
		script, err := doc.GetScriptEx(ctx).Get(ctx)
		text := script.Script
		if err != nil {
			text, err = doc.GetScript(ctx).Get(ctx)
		}
		if err == nil && text == "" {
			empty++
		}
		return err
	})
	says, err := t.result("read of", c.rule("App.Object_*", "Read")+
		" The script is the app object app_appscript. Older Engines want the right to reload the app.")
	if err == nil && empty == t.good {
		says += "; all empty: either they have none, or the account may not read it"
	}
	return says, err
}

func (c *check) lineage(ctx context.Context) (string, error) {
	t := c.tryOpen("read lineage", func(doc *qix.Doc) error {
		_, err := doc.GetLineage(ctx).Get(ctx)
		return err
	})
	return t.result("read of", cureReload)
}

func (c *check) connections(ctx context.Context) (string, error) {
	t := c.tryOpen("list data connections", func(doc *qix.Doc) error {
		_, err := doc.GetConnections(ctx).Get(ctx)
		return err
	})
	return t.result("listed in", cureReload+" "+c.rule("DataConnection_*", "Read"))
}

// cureReload is for what the Engine shows only to those who may reload the app (facts C.6).
const cureReload = "A crawl of this version does without it. The Engine wants the right to reload the app (Update on App_*), which also lets the account save apps: think before you give it."
