package qliksense

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// The logins (contract §2, authentication).
const (
	loginWindows     = "windows"
	loginJWT         = "jwt"
	loginHeader      = "header"
	loginCertificate = "certificate"
)

// The ways to read the data model (contract §2, options.data_model).
const (
	dataModelNone     = "none"
	dataModelMetadata = "metadata"
	dataModelOpen     = "open"
)

// A config is a connection's settings, checked.
type config struct {
	Code     string   // the first part of every key
	Base     *url.URL // scheme, host, port and virtual-proxy prefix
	LinkBase string   // what people's browsers use, without a slash at the end
	Login    string   // one of the logins
	settings
}

// settings are the keys of a connection file that are the source's; see catalog.Connection.Settings.
// Keys of the crawler stand here too, so that they aren't unknown: it reads them itself.
type settings struct {
	LinkURL        string              `json:"link_url"`
	AliasHostName  string              `json:"alias_host_name"`
	Authentication string              `json:"authentication" enum:"windows|jwt|header|certificate"`
	Windows        windowsSettings     `json:"windows"`
	JWT            jwtSettings         `json:"jwt"`
	Header         headerSettings      `json:"header"`
	Certificate    certificateSettings `json:"certificate"`
	TLS            tlsSettings         `json:"tls"`
	Proxy          proxySettings       `json:"proxy"`
	Options        options             `json:"options"`

	Retention map[string]any `json:"retention"`
	Admins    map[string]any `json:"admins"`
	Notify    map[string]any `json:"notify"`
	Schedule  map[string]any `json:"schedule"`
}

type windowsSettings struct {
	Prefix        string `json:"prefix"`
	UserDirectory string `json:"user_directory"`
	UserID        string `json:"user_id"`
	Password      string `json:"password"` // a reference; a value is in the connection's secrets
}

type jwtSettings struct {
	Prefix             string         `json:"prefix"`
	Token              string         `json:"token"`       // a reference, likewise
	PrivateKey         string         `json:"private_key"` // likewise
	Algorithm          string         `json:"algorithm" enum:"RS256|RS384|RS512"`
	KeyID              string         `json:"key_id"`
	UserID             string         `json:"user_id"`
	UserDirectory      string         `json:"user_directory"`
	UserIDClaim        string         `json:"user_id_claim"`
	UserDirectoryClaim string         `json:"user_directory_claim"`
	Name               string         `json:"name"`
	Email              string         `json:"email"`
	Groups             []string       `json:"groups"`
	Audience           string         `json:"audience"`
	Lifetime           time.Duration  `json:"lifetime"`
	Claims             map[string]any `json:"claims"`
}

type headerSettings struct {
	Prefix string `json:"prefix"`
	Name   string `json:"name"`
	Value  string `json:"value"` // a reference, likewise
}

type certificateSettings struct {
	ClientCert    string `json:"client_cert"`
	ClientKey     string `json:"client_key"`
	RootCert      string `json:"root_cert"`
	PFX           string `json:"pfx"`
	Password      string `json:"password"` // a reference, likewise
	UserDirectory string `json:"user_directory"`
	UserID        string `json:"user_id"`
	QRSPort       int    `json:"qrs_port" min:"1" max:"65535"`
	EnginePort    int    `json:"engine_port" min:"1" max:"65535"`
}

type tlsSettings struct {
	CAFile             string `json:"ca_file"`
	Truststore         string `json:"truststore"`
	TruststorePassword string `json:"truststore_password"` // a reference, likewise
	TruststoreType     string `json:"truststore_type" enum:"pkcs12|jks"`
	ServerName         string `json:"server_name"`
	ClientCert         string `json:"client_cert"`
	ClientKey          string `json:"client_key"`
	PFX                string `json:"pfx"`
	PFXPassword        string `json:"pfx_password"` // a reference, likewise
	InsecureSkipVerify bool   `json:"insecure_skip_verify"`
}

type proxySettings struct {
	URL      string `json:"url"`
	Username string `json:"username"`
	Password string `json:"password"` // a reference, likewise
}

// options are the connection's options. The crawler reads some of them too.
type options struct {
	CrawlStreams             bool              `json:"crawl_streams"`
	ExcludeUnpublishedApps   bool              `json:"exclude_unpublished_apps"`
	ExcludeUnpublishedSheets bool              `json:"exclude_unpublished_sheets"`
	IncludeApps              []string          `json:"include_apps"` // globs over name or id
	ExcludeApps              []string          `json:"exclude_apps"`
	IncludeStreams           []string          `json:"include_streams"`
	ExcludeStreams           []string          `json:"exclude_streams"`
	Workers                  int               `json:"workers" min:"1" max:"64"`
	MaxSessions              int               `json:"max_sessions" min:"1" max:"5"`
	AppTimeout               time.Duration     `json:"app_timeout"`
	DataModel                string            `json:"data_model" enum:"none|metadata|open"`
	MigrateApps              bool              `json:"migrate_apps"`
	SystemVariables          bool              `json:"system_variables"`
	AutoLineage              bool              `json:"auto_lineage"`
	MassRetireLimit          connector.Percent `json:"mass_retire_limit"`
	QuietHours               string            `json:"quiet_hours"`
	QVSPath                  string            `json:"qvs_path"`
	LogsPath                 string            `json:"logs_path"`
	QVDsPath                 string            `json:"qvds_path"`
}

// defaults are what a connection has where its file says nothing.
func defaults() settings {
	return settings{
		JWT:         jwtSettings{Algorithm: "RS256", UserIDClaim: "userid", UserDirectoryClaim: "userdirectory", Lifetime: time.Hour},
		Certificate: certificateSettings{QRSPort: 4242, EnginePort: 4747},
		Options: options{
			CrawlStreams: true, Workers: 4, MaxSessions: 2, AppTimeout: 2 * time.Minute,
			DataModel: dataModelMetadata, AutoLineage: true, MassRetireLimit: 50,
		},
	}
}

// SecretPaths are the keys whose values are secrets: sealed when stored, never shown.
func SecretPaths() []string {
	return []string{
		"windows.password", "jwt.token", "jwt.private_key", "header.value", "certificate.password",
		"tls.truststore_password", "tls.pfx_password", "proxy.password",
	}
}

// validate tells everything that is wrong with a connection's settings, without any network call.
func validate(c catalog.Connection) connector.FieldErrors {
	_, errs := parseConfig(c)
	return errs
}

// parseConfig reads and checks a connection's settings. The config is of use only without errors.
func parseConfig(c catalog.Connection) (config, connector.FieldErrors) {
	cfg := config{Code: c.Code, settings: defaults()}
	tree := map[string]any{}
	if len(c.Settings) > 0 {
		if err := json.Unmarshal(c.Settings, &tree); err != nil {
			return cfg, connector.FieldErrors{{Message: "the settings are no JSON object"}}
		}
	}
	k := checker{conn: c, tree: tree, cfg: &cfg}
	unread := connector.DecodeSettings(tree, &cfg.settings)
	k.run()
	return cfg, connector.Besides(unread, k.errs)
}
