// Package qliksense reads a Qlik Sense Enterprise on Windows site: streams and apps from its Repository
// (QRS), what is inside an app from its Engine, the data model from what the last reload stored.
//
// It opens an app with its data only when told to (options.data_model: open), never opens one that opening would upgrade unless told to, and
// changes nothing on the site. README.md tells what becomes of Qlik's objects.
package qliksense

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

// Type is what a connection's key "type" says for this source.
const Type = "qlik-sense"

// Source is Qlik Sense Enterprise on Windows.
func Source() connector.Source {
	return connector.Source{
		Type:      Type,
		Title:     "Qlik Sense Enterprise on Windows",
		Validate:  validate,
		Open:      open,
		Locks:     locks,
		LastLight: "qrs_read",
		Template:  Template,
		Fields:    formFields(),
		Secrets:   SecretPaths(),
		Files: []string{
			"certificate.client_cert", "certificate.client_key", "certificate.root_cert", "certificate.pfx",
			"tls.ca_file", "tls.truststore", "tls.client_cert", "tls.client_key", "tls.pfx",
			"options.qvs_path", "options.logs_path", "options.qvds_path",
		},
		Sent:   []string{"windows.password", "jwt.token", "jwt.private_key", "header.value", "proxy.password"},
		Server: []string{"alias_host_name", "proxy.url", "tls.insecure_skip_verify"},
	}
}

// locks: domains lock accounts after some wrong passwords; tokens, headers and certificates have no such count.
func locks(c catalog.Connection) bool {
	var keys struct {
		Authentication string `json:"authentication"`
	}
	return json.Unmarshal(c.Settings, &keys) == nil && keys.Authentication == loginWindows
}

// open makes a connector. It reads certificate files, with their passwords, and makes no call to the site.
func open(ctx context.Context, env connector.Env) (connector.Connector, error) {
	cfg, errs := parseConfig(env.Connection)
	if len(errs) > 0 {
		return nil, &catalog.Error{Code: catalog.CodeInvalid, Op: "read settings", Err: errs}
	}
	f, err := newFilter(cfg.Options)
	if err != nil {
		return nil, err
	}
	s, err := newSession(ctx, cfg, env)
	if err != nil {
		return nil, err
	}
	return &site{cfg: cfg, session: s, filter: f, log: s.log, gate: newGate(usualPace(cfg.Options.Workers), s.log), people: map[string]qixmap.Person{}, turn: make(chan struct{}, 1)}, nil
}

// A site is a connection to one Qlik Sense site.
type site struct {
	cfg     config
	session *session
	filter  filter
	log     *slog.Logger
	gate    *gate

	turn   chan struct{} // holds one while an app is open with its data
	rested time.Time     // when the next may be; guarded by turn

	mu     sync.Mutex
	people map[string]qixmap.Person // by id, as far as anybody asked: see lookUp
	apps   []listedApp              // from Groups, for the next Units: see keepApps
}

// options are what the mapping must know of the connection.
func (s *site) options() qixmap.Options {
	return qixmap.Options{
		Code:            s.cfg.Code,
		LinkBase:        s.cfg.LinkBase,
		PrivateSheets:   !s.cfg.Options.ExcludeUnpublishedSheets,
		SystemVariables: s.cfg.Options.SystemVariables,
	}
}

// Usage is what was asked of the site so far.
func (s *site) Usage() catalog.Usage { return s.session.usage() }

// Close logs out. It may be called twice.
func (s *site) Close() error { return s.session.close() }
