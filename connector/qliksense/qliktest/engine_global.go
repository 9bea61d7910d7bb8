package qliktest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// globalMethods are the methods of handle -1 (facts C.4).
func globalMethods() map[string]method {
	return map[string]method{
		"EngineVersion": {call: func(c *call) (structure, *rpcError) {
			return structure{{"qVersion", structure{{"qComponentVersion", c.site.EngineVersion}}}}, nil
		}},
		"GetAuthenticatedUser": {whole: true, call: func(c *call) (structure, *rpcError) {
			u := c.peer.user
			return structure{{"qReturn", fmt.Sprintf("UserDirectory=%s; UserId=%s", u.Directory, u.Name)}}, nil
		}},
		"GetDocList":   {call: (*call).getDocList},
		"OpenDoc":      {params: []string{"qDocName", "qUserName?", "qPassword?", "qSerial?", "qNoData?"}, call: (*call).openDoc, whole: true},
		"GetActiveDoc": {call: (*call).getActiveDoc, whole: true},
		"GetStreamList": {call: func(c *call) (structure, *rpcError) {
			streams := list{}
			for _, s := range c.site.Streams {
				if c.site.CanSeeStream(c.peer.user, s) {
					streams = append(streams, structure{{"qName", s.Name}, {"qId", s.ID}})
				}
			}
			return structure{{"qStreamList", streams}}, nil
		}},
		"GetConfiguration": {call: func(*call) (structure, *rpcError) { return structure{{"qConfig", structure{}}}, nil }},
		"GetBaseBNFHash": {params: []string{"qBnfType"}, call: func(c *call) (structure, *rpcError) {
			sum := sha256.Sum256(fmt.Append(nil, c.site.EngineVersion, string(c.args["qBnfType"])))
			return structure{{"qBnfHash", base64.StdEncoding.EncodeToString(sum[:])}}, nil
		}},
		"AllowCreateApp": {whole: true, call: func(c *call) (structure, *rpcError) {
			return structure{{"qReturn", c.peer.user.Admin()}}, nil
		}},
		"GetProgress": {params: []string{"qRequestId"}, call: func(*call) (structure, *rpcError) {
			return structure{{"qProgressData", structure{}}}, nil // no reload runs on the simulated site
		}},
		"CancelRequest": {params: []string{"qRequestId"}, whole: true, call: func(c *call) (structure, *rpcError) {
			_, err := c.number("qRequestId")
			return structure{}, err
		}},
		"CancelReload": {params: []string{"qReason?"}, whole: true, call: func(*call) (structure, *rpcError) {
			return structure{}, nil
		}},
	}
}

// getDocList lists the apps that the user may read.
func (c *call) getDocList() (structure, *rpcError) {
	docs := list{}
	for _, a := range c.site.Apps {
		if !c.site.Can(c.peer.user, Read, a) {
			continue
		}
		docs = append(docs, structure{
			{"qDocName", a.Name},
			{"qDocId", a.ID},
			{"qTitle", a.Name},
			{"qFileTime", serialDay(a.Modified)},
			{"qFileSize", a.FileSize},
			{"qReadOnly", !c.site.Can(c.peer.user, Update, a)},
			{"qLastReloadTime", optionalTime(a.LastReload)},
			{"qThumbnail", structure{{"qUrl", a.Thumbnail}}},
			{"qHasSectionAccess", a.SectionAccess},
			{"qMeta", append(c.appMeta(a), entry{"create", c.mayCreate(a)})},
		})
	}
	return structure{{"qDocList", docs}}, nil
}

// openDoc opens an app: with data, or without when qNoData is true (facts C.1, C.4).
func (c *call) openDoc() (structure, *rpcError) {
	id, err := c.str("qDocName")
	if err != nil {
		return nil, err
	}
	noData, err := c.flag("qNoData")
	if err != nil {
		return nil, err
	}
	app, err := c.openable(id, noData)
	if err != nil {
		return nil, err
	}
	s := c.session
	s.opened, s.noData, s.doc = app.ID, noData, nil
	c.undo = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.opened, s.doc = "", nil
	}
	migrates, saves := app.MigrationHash != c.site.MigrationHash, c.site.Can(c.peer.user, Update, app)
	c.after = func() { c.opened(app.ID, noData, migrates, saves) }
	c.app = app.ID
	return c.docHandle(true), nil
}

// openable says which app the user may open now, or why not.
func (c *call) openable(id string, noData bool) (*App, *rpcError) {
	s, p, site := c.session, c.peer, c.site
	missing := &rpcError{1003, id, "App not found"}
	app := site.FindApp(id)
	switch {
	case s.opened != "" && sameApp(s.opened, id) && s.noData != noData:
		return nil, &rpcError{1009, id, "App already open in different mode"}
	case s.opened != "":
		return nil, &rpcError{1002, id, "App already open"}
	case app == nil, p.appID != "" && !sameApp(p.appID, id):
		return nil, missing
	case !site.Can(p.user, Read, app) && p.direct:
		return nil, missing // facts C.3: "no read right on the engine path (4747)"
	case !site.Can(p.user, Read, app), !app.admits(p.user):
		return nil, &rpcError{4000, id, "User access denied"}
	}
	return app, nil
}

// admits reports whether section access lets the user in; it binds owners and administrators too
// (facts G 14).
func (a *App) admits(u *User) bool {
	if !a.SectionAccess {
		return true
	}
	for _, s := range a.SectionUsers {
		if s == u || strings.EqualFold(s.Account(), u.Account()) {
			return true
		}
	}
	return false
}

// opened counts an open and, when the app was made by another version of the Engine, its migration. Who may
// update the app saves the migrated one, whose dates change (facts G 38).
func (c *call) opened(id string, noData, migrates, saves bool) {
	srv := c.peer.engine.server
	srv.count(func(n *Counters) {
		if noData {
			n.OpensWithoutData++
		} else {
			n.OpensWithData++
		}
		if migrates {
			n.Migrations++
		}
	})
	if !migrates || !saves {
		return
	}
	user, now := c.peer.user, srv.now().UTC()
	srv.Edit(func(site *Site) {
		if a := site.FindApp(id); a != nil {
			a.MigrationHash, a.SavedInProductVersion = site.MigrationHash, site.EngineVersion
			a.Modified, a.ModifiedBy = now, user
		}
	})
}

// getActiveDoc gives the handle of the app that the session has open (facts C.4).
func (c *call) getActiveDoc() (structure, *rpcError) {
	if c.session.opened == "" {
		return nil, &rpcError{1007, "No active document", "App invalid"}
	}
	return c.docHandle(false), nil
}

func (c *call) docHandle(changed bool) structure {
	h := c.open(kindDoc, c.session.opened)
	if changed {
		c.changed = append(c.changed, h)
	}
	return structure{{"qReturn", structure{
		{"qType", string(kindDoc)}, {"qHandle", h}, {"qGenericId", c.session.opened},
	}}}
}

// serialDay is a time as GetDocList's qFileTime has it: days since 30 December 1899 (facts C.4).
func serialDay(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return t.UTC().Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
}
