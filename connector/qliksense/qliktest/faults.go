package qliktest

import (
	"slices"
	"strings"
	"sync"
)

// A Fault is something that goes wrong with one app, or with the whole site when no app is named.
type Fault string

// Faults of the REST face. Those whose name ends in "once" heal when they have struck.
const (
	MetadataMissing Fault = "metadata-missing" // data/metadata and data/lineage: 404
	MetadataBroken  Fault = "metadata-broken"  // data/metadata: JSON cut in the middle (facts B.9)

	Expire401 Fault = "expire-401-once" // the session ends; this call gets 401
	Expire302 Fault = "expire-302-once" // the session ends; this call is sent to the login page
	Expire500 Fault = "expire-500-once" // the session ends; "Authentication error: Restart the browser."

	Unavailable    Fault = "unavailable"       // 503
	TooManyOnce    Fault = "throttled-once"    // 429 with Retry-After: 1, as balancers in front send
	TooMany        Fault = "throttled"         // 429 with Retry-After: 1, always
	SlowREST       Fault = "slow-rest"         // Options.SlowBy before the answer
	HangREST       Fault = "hang-rest"         // never answers
	ListingChanges Fault = "listing-changes"   // an app appears between two pages, once
	AwayAWhile     Fault = "away-a-while"      // 503 for a while: 16 requests, beginning with one for an app's data
	ResetREST      Fault = "reset-rest"        // the connection is reset
	ResetRESTOnce  Fault = "reset-rest-once"   // … once
	UnavailableOne Fault = "unavailable-once"  // 503 once
	CutREST        Fault = "cut-rest"          // the body ends in the middle
	NotJSON        Fault = "not-json"          // 200 with an HTML page
	DripREST       Fault = "drip-rest"         // bodies come in small pieces, over Options.SlowBy in all
	IDCase         Fault = "id-case"           // the Repository's lists write the app's id in upper case, the Engine in lower
	DuplicateRows  Fault = "duplicate-rows"    // the listing of apps names the app twice
	EngineAway     Fault = "no-engine"         // sockets of the app: OnNoEngineAvailable
	LicenseDenied  Fault = "license-denied"    // sockets: OnLicenseAccessDenied
	SocketFailed   Fault = "socket-failed"     // sockets: OnEngineWebsocketFailed
	DropAtGreeting Fault = "drop-greeting"     // sockets: upgrade accepted, then closed without a greeting, always
	HangAtGreeting Fault = "hang-greeting"     // sockets: upgrade accepted, and never greeted
	SilentClose    Fault = "silent-close-once" // upgrade accepted, then closed without a greeting (facts A.9)
)

// Settings of the site that are wrong: they concern all of it, not one app.
const (
	NotLinked     Fault = "not-linked"     // the virtual proxy isn't linked to the proxy: 400 with a page (facts A.5)
	CSRFRefused   Fault = "csrf-refused"   // sockets: no CSRF token is accepted, 403 (facts A.7)
	ObjectsHidden Fault = "objects-hidden" // security rules hide app objects from the Repository's lists and the Engine's
)

// Faults of the Engine.
const (
	AccessDenied4000    Fault = "access-denied"      // OpenDoc: 4000
	AccessDenied5       Fault = "access-denied-5"    // OpenDoc: 5
	NotFound            Fault = "not-found"          // OpenDoc: 1003
	Corrupt             Fault = "corrupt"            // OpenDoc: 11
	TooLarge            Fault = "too-large"          // OpenDoc: 1015
	OtherMode           Fault = "other-mode"         // OpenDoc: 1009
	MigrationFailed     Fault = "migration-failed"   // OpenDoc: 1012
	ReloadRunning       Fault = "reload-running"     // OpenDoc: 11000
	HangAtOpen          Fault = "hang-open"          // OpenDoc is never answered
	SlowOpen            Fault = "slow-open"          // OpenDoc: Options.SlowBy before the answer
	DropAtOpen          Fault = "drop-open"          // the connection breaks at OpenDoc
	DropAtOpenOnce      Fault = "drop-open-once"     // … once
	DropInTheMiddle     Fault = "drop-middle"        // the connection breaks while objects are read
	DropInTheMiddleOnce Fault = "drop-middle-once"   // … once
	HangInTheMiddle     Fault = "hang-middle"        // a property tree is never answered
	GarbageFrame        Fault = "garbage-frame"      // a reply is no JSON
	TruncatedFrame      Fault = "truncated-frame"    // a reply's JSON is cut
	HugeFrame           Fault = "huge-frame"         // a reply with 64 MiB of blanks in it
	NullResult          Fault = "null-result"        // "result":null
	UnknownPush         Fault = "unknown-push"       // a notification that nobody knows, before every reply
	ScriptDenied        Fault = "script-denied"      // GetScript, GetScriptEx: 5
	LineageDenied       Fault = "lineage-denied"     // GetLineage: 5
	ConnectionsDenied   Fault = "connections-denied" // GetConnections: 5
	ObjectUnreadable    Fault = "object-unreadable"  // the property tree of the first sheet: 5
	OutOfMemory         Fault = "out-of-memory"      // OpenDoc: 6
	AlreadyOpen         Fault = "already-open"       // OpenDoc: 1002
	DeletedAtOpen       Fault = "deleted-at-open"    // somebody deletes the app when its socket has been let in
	ItemMissing         Fault = "item-missing"       // the first master dimension is listed, and there is none
	AbortedOnce         Fault = "aborted-once"       // error 15 for a call, once
	ConnectFailed       Fault = "connect-failed"     // OpenDoc: 1008
	StoreMissing        Fault = "store-missing"      // OpenDoc: 9003
	DuplicateKeys       Fault = "duplicate-keys"     // a title or qInfo is named twice in a reply
	NotANumber          Fault = "nan-strings"        // measured numbers are "NaN"
	DripFrame           Fault = "drip-frame"         // replies come in small pieces, over Options.SlowBy each
	LateReply           Fault = "late-reply"         // Options.SlowBy before an object's answer; others overtake it
)

// Faults gives all faults, for help texts and for checking names.
func Faults() []Fault {
	return []Fault{
		MetadataMissing, MetadataBroken, Expire401, Expire302, Expire500, Unavailable, UnavailableOne,
		TooMany, TooManyOnce, SlowREST, HangREST, ListingChanges, AwayAWhile, ResetREST, ResetRESTOnce, CutREST,
		NotJSON, DripREST, IDCase, DuplicateRows, EngineAway, LicenseDenied, SocketFailed, SilentClose, NotLinked, CSRFRefused, ObjectsHidden,
		AccessDenied4000, AccessDenied5, NotFound, Corrupt, TooLarge, OtherMode, MigrationFailed,
		ReloadRunning, HangAtOpen, SlowOpen, DropAtOpen, DropAtOpenOnce, DropInTheMiddle,
		DropInTheMiddleOnce, HangInTheMiddle, GarbageFrame, TruncatedFrame, HugeFrame, NullResult,
		UnknownPush, ScriptDenied, LineageDenied, ConnectionsDenied, ObjectUnreadable, ItemMissing, AbortedOnce,
		OutOfMemory, AlreadyOpen, DeletedAtOpen, DropAtGreeting, HangAtGreeting,
		ConnectFailed, StoreMissing, DuplicateKeys, NotANumber, LateReply, DripFrame,
	}
}

// A faultTable is what goes wrong at present, by app ("" for the whole site).
type faultTable struct {
	mu sync.Mutex
	on map[string][]Fault

	away int // requests that the fault AwayAWhile still refuses
}

// Fail makes f happen to the app, to everything when appID is "". Failing twice is failing once.
func (s *Server) Fail(appID string, f Fault) {
	key := strings.ToLower(appID)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.on == nil {
		s.faults.on = map[string][]Fault{}
	}
	if !slices.Contains(s.faults.on[key], f) {
		s.faults.on[key] = append(s.faults.on[key], f)
	}
}

// Heal takes the app's faults away; "" those that were given for the whole site.
func (s *Server) Heal(appID string) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	delete(s.faults.on, strings.ToLower(appID))
}

// faultOn gives the faults that concern the app, the site's own included.
func (s *Server) faultOn(appID string) []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	all := slices.Clone(s.faults.on[""])
	if appID == "" {
		return all
	}
	return append(all, s.faults.on[strings.ToLower(appID)]...)
}

// has reports whether f concerns the app.
func (s *Server) has(appID string, f Fault) bool { return slices.Contains(s.faultOn(appID), f) }

// take reports whether f concerns the app, and heals it: for faults that strike once.
func (s *Server) take(appID string, f Fault) bool {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, key := range []string{strings.ToLower(appID), ""} {
		if i := slices.Index(s.faults.on[key], f); i >= 0 {
			s.faults.on[key] = slices.Delete(s.faults.on[key], i, i+1)
			return true
		}
	}
	return false
}
