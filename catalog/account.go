package catalog

import "time"

// A Role says what somebody may do (contract §5).
type Role string

// The roles. Each but RoleNone includes what a viewer may; see Includes.
const (
	RoleNone             Role = ""
	RoleViewer           Role = "viewer"            // reads
	RoleConnectorCreator Role = "connector_creator" // also makes and edits connections
	RoleIntegrationAdmin Role = "integration_admin" // also crawls, schedules, builds lineage
	RoleSecurityAdmin    Role = "security_admin"    // reads; manages users, tokens, roles, grants, governance
	RoleAdmin            Role = "admin"             // all
)

// Roles are all roles that a user can have, in the contract's order.
var Roles = []Role{RoleViewer, RoleConnectorCreator, RoleIntegrationAdmin, RoleSecurityAdmin, RoleAdmin}

// Includes reports whether who has role r may do what needs the other one. Integration admins may do
// what connector creators may; security admins are viewers besides; admins may do all.
func (r Role) Includes(need Role) bool {
	switch {
	case need == RoleNone, r == need, r == RoleAdmin:
		return true
	case r == RoleNone:
		return false
	case need == RoleViewer:
		return true
	default:
		return r == RoleIntegrationAdmin && need == RoleConnectorCreator
	}
}

// A User may log in, or owns API tokens.
type User struct {
	Name           string // unique, compared without case; never changes
	DisplayName    string
	Role           Role
	AllConnections bool     // the role holds on every connection
	Connections    []string // without AllConnections: the codes of those it holds on
	Disabled       bool     // may not log in, and tokens don't work
	HasPassword    bool     // read only
	Version        int64    // grows with every edit; read only
	CreatedAt      time.Time
	LastLoginAt    time.Time // zero: never
}

// A Credential is what a request came with.
type Credential struct {
	Kind      string    // "session" or "token"
	ID        int64     // of the session or of the token
	CreatedAt time.Time // when the person logged in, or the token was made
	SeenAt    time.Time // when it was last used, to the minute
	ExpiresAt time.Time // zero: never
}

// An Identity is a credential with the user that it belongs to and what that user may do.
type Identity struct {
	Credential Credential
	User       User

	// What the token is limited to; a session is not limited.
	TokenRole        Role     // RoleNone: no limit
	TokenConnections []string // nil: no limit

	// The connections whose `admins` name the user (contract §2).
	IntegrationAdminOf []string
	SecurityAdminOf    []string
}

// A Token is an API token of a user, without its secret.
type Token struct {
	ID          int64
	User        string
	Name        string   // what it is for
	Role        Role     // what it may at most
	Connections []string // nil: all that its user may see
	CreatedAt   time.Time
	CreatedBy   string
	ExpiresAt   time.Time // zero: never
	LastUsedAt  time.Time // zero: never; to the minute
	RevokedAt   time.Time // zero: not revoked
}

// An AuditEntry is one call that changed something, or tried to.
type AuditEntry struct {
	ID         int64
	At         time.Time
	User       string // "" for a login of an unknown user; "(cli)" for a command on the server
	Via        string // "session 12", "token 3", "cli"
	Address    string // where from
	Action     string // the operation's id, such as "create-user"
	Method     string
	Path       string // without the query
	Connection string // the one that it was about, if one
	Status     int64  // the answer's
	RequestID  string
	Detail     string // a few words, without secrets
}

// Failures are the failed logins of a user or an address, lately.
type Failures struct {
	Count int
	Since time.Duration // the last one
}

// A KeyedCall is a call with an Idempotency-Key, and its answer.
type KeyedCall struct {
	Credential string // "session 12": keys of different credentials are different
	Key        []byte // SHA-256 of the key
	Request    []byte // SHA-256 of what was asked
	Status     int    // of the answer; 0: not answered yet
	Answer     []byte // sealed by the caller: it may hold secrets
}
