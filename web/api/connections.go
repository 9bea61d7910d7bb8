package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/web/auth"
)

// A ConnectionRegister reads, saves and removes connections by their keys (contract §2).
type ConnectionRegister interface {
	Types() []catalog.ConnectionType
	Read(ctx context.Context, code string) (catalog.ConnectionDocument, error)
	Create(ctx context.Context, req catalog.SaveRequest) (catalog.SavedConnection, error)
	Replace(ctx context.Context, code string, req catalog.SaveRequest) (catalog.SavedConnection, error)
	Patch(ctx context.Context, code string, req catalog.SaveRequest) (catalog.SavedConnection, error)
	Remove(ctx context.Context, code string) error
	ConnectionChecker
}

// A ConnectionReader reads what crawls made of connections.
type ConnectionReader interface {
	catalog.QueryChecker
	ConnectionRows(ctx context.Context, q catalog.Query) (catalog.Page[catalog.ConnectionRow], error)
	Counts(ctx context.Context, code string) (catalog.Counts, error)
	Coverage(ctx context.Context, code string) (*catalog.Coverage, error)
	// SecretFaults tells why stored secrets of a connection can't be opened, by path.
	SecretFaults(ctx context.Context, code string) (map[string]*catalog.Error, error)
	// GrantConnection lets a user see a connection.
	GrantConnection(ctx context.Context, user, connection string) error
}

// connections are the operations on connections.
func (a *API) connections() {
	if a.Register == nil || a.Connections == nil {
		return
	}
	const tag = "connections"
	register(a, op{
		ID: "list-connection-types", Method: "GET", Path: "/connection-types", Summary: "The kinds of connections, and their keys", Tag: tag, Role: auth.Viewer,
		Description: "Every key that a connection may have, with its label, its help, when it is needed, and whether it is a secret: what a form is made of.",
	}, a.connectionTypes)
	list(a, op{
		ID: "list-connections", Path: "/connections", Summary: "List or search connections", Tag: tag, Role: auth.Viewer, List: catalog.ListConnections, Queries: a.Connections,
		Description: "Counts are left out unless `fields` names them.",
	}, a.listConnections)
	register(a, op{
		ID: "create-connection", Method: "POST", Path: "/connections", Summary: "Make a connection", Tag: tag, Role: auth.ConnectorCreator, Status: http.StatusCreated, Timeout: saveTimeout, OwnFaults: true,
		Description: "The connection is checked first, unless a check of the same settings has just passed or save_anyway says otherwise. A first crawl starts.",
	}, a.createConnection)
	register(a, op{
		ID: "read-connection", Method: "GET", Path: "/connections/{code}", Summary: "Read a connection", Tag: tag, Role: auth.Viewer, ConnectionParam: "code",
		Description: "Its keys without secrets, and its state.",
	}, a.readConnection)
	register(a, op{
		ID: "replace-connection", Method: "PUT", Path: "/connections/{code}", Summary: "Edit a connection as a whole", Tag: tag, Role: auth.ConnectorCreator, ConnectionParam: "code", Timeout: saveTimeout, OwnFaults: true,
		Description: "Keys that are left out have their default. A secret that is left out or empty stays as it is; null removes it. Where the address, the login, TLS or the proxy change, the connection is checked first. Nothing is fetched.",
	}, a.replaceConnection)
	register(a, op{
		ID: "patch-connection", Method: "PATCH", Path: "/connections/{code}", Summary: "Edit some keys of a connection", Tag: tag, Role: auth.ConnectorCreator, ConnectionParam: "code", Timeout: saveTimeout, OwnFaults: true,
		Description: "A JSON merge patch (RFC 7396): null removes a key, a secret too.",
	}, a.patchConnection)
	register(a, op{
		ID: "remove-connection", Method: "DELETE", Path: "/connections/{code}", Summary: "Remove a connection with everything of it", Tag: tag, Role: auth.ConnectorCreator, ConnectionParam: "code", Status: http.StatusAccepted,
		Description: "Refused while something uses it; the answer lists what. Its rows are removed in the background; until they are gone its state tells how far.",
	}, a.removeConnection)
	a.connectionSettings()
	a.connectionChecks()
	a.connectionLogs()
	register(a, op{ID: "read-coverage", Method: "GET", Path: "/connections/{code}/coverage", Summary: "How much of a connection could be read", Tag: tag, Role: auth.Viewer, ConnectionParam: "code"},
		a.readCoverage)
}

// saveTimeout is how long saving may take, with its check.
const saveTimeout = 5 * time.Minute

// connectionKeys is a connection by its keys; which there are is told by GET /connection-types.
type connectionKeys map[string]any

// Schema names the top keys; what is in them is told by the connection's type.
func (connectionKeys) Schema(huma.Registry) *huma.Schema {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }
	group := func(doc string) *huma.Schema {
		return &huma.Schema{Type: "object", AdditionalProperties: true, Description: doc, Nullable: true}
	}
	return &huma.Schema{
		Type: "object", AdditionalProperties: true,
		Description: "A connection by the keys of a connection file; GET /connection-types describes every one. state is read only, and passed over in what is sent.",
		Properties: map[string]*huma.Schema{
			"name": text("Unique, compared without case."), "code": text("Lower-case letters, digits, hyphens; it never changes."),
			"type": text("The kind of site, such as qlik-sense."), "url": text("Where the site is."), "authentication": text("How to log in."),
			"environment": {Type: "string", Nullable: true}, "description": {Type: "string", Nullable: true}, "access_instructions": {Type: "string", Nullable: true},
			"windows": group("The Windows login."), "jwt": group("The JWT login."), "header": group("The header login."), "certificate": group("The login with certificates."),
			"tls": group("Whom to trust."), "proxy": group("An HTTP proxy."), "options": group("What and how to crawl."), "retention": group("How long the past is kept."),
			"governance": group("Owner, steward, custodian."), "admins": group("Users with a role on this connection only."),
			"notify": group("Who is told what a crawl did."), "schedule": group("When it is crawled."), "state": group("What became of it; read only."),
		},
	}
}

// A connectionState is what became of a connection: read only.
type connectionState struct {
	Health            string             `json:"health"`
	HealthReason      string             `json:"health_reason,omitempty"`
	HealthSince       time.Time          `json:"health_since,omitzero"`
	CheckedAt         time.Time          `json:"checked_at,omitzero"`
	CheckHalted       bool               `json:"check_halted,omitempty"`
	LastSuccessAt     time.Time          `json:"last_success_at,omitzero"`
	LastRefresh       string             `json:"last_refresh"`
	NextRunAt         time.Time          `json:"next_run_at,omitzero"`
	Counts            *catalog.Counts    `json:"counts,omitempty"`
	SecretsSet        []string           `json:"secrets_set"`
	UnreadableSecrets []unreadableSecret `json:"unreadable_secrets,omitempty"`
	Removal           *catalog.Removal   `json:"removal,omitempty"`
	FirstCrawl        catalog.RunID      `json:"first_crawl,omitempty"`
	CreatedAt         time.Time          `json:"created_at,omitzero"`
	ModifiedAt        time.Time          `json:"modified_at,omitzero"`
	Revision          int64              `json:"revision"`
}

type unreadableSecret struct {
	Path  string `json:"path"`
	Error string `json:"error"`
	Cure  string `json:"cure"`
}

type typesOutput struct {
	Body struct {
		Items []catalog.ConnectionType `json:"items"`
	}
}

func (a *API) connectionTypes(context.Context, *struct{}) (*typesOutput, error) {
	out := &typesOutput{}
	out.Body.Items = a.Register.Types()
	return out, nil
}

// connectionQuery is what a list of connections is asked with.
type connectionQuery struct {
	ListParams
	Text string `query:"q" maxLength:"200" doc:"Keeps connections with this text in code, name, environment, description or address."`
}

func (a *API) listConnections(ctx context.Context, in *connectionQuery, q catalog.Query) (catalog.Page[catalog.ConnectionRow], error) {
	if in.Text != "" {
		q.Filters = append(q.Filters, catalog.Filter{Column: "text", Op: catalog.Contains, Values: []string{in.Text}})
	}
	return a.Connections.ConnectionRows(ctx, q)
}

// SaveParams are what every save is asked with.
type SaveParams struct {
	SaveAnyway bool `query:"save_anyway" doc:"Save without a check that passed."`
	Body       connectionKeys
}

func (in *SaveParams) request(may func(auth.Role) bool) catalog.SaveRequest {
	return catalog.SaveRequest{Keys: written(in.Body), Anyway: in.SaveAnyway, MayGrant: may(auth.SecurityAdmin), MaySchedule: may(auth.IntegrationAdmin)}
}

// Resolve tells what is wrong with the keys of a new connection.
func (in *SaveParams) Resolve(hc huma.Context) []error {
	ctx := hc.Context()
	req := in.request(auth.From(ctx).MayItself)
	req.DryRun = true
	_, err := apiOf(hc).Register.Create(ctx, req)
	return keyFaults(err)
}

// keyFaults are what is wrong with the keys of a connection.
func keyFaults(err error) []error {
	var errs catalog.FieldErrors
	if !errors.As(err, &errs) {
		return nil
	}
	return faultsOf(withCure(errs, "Change it as it says there; GET "+Prefix+"/connection-types describes every key."))
}

// written are the keys that a client may write.
func written(keys connectionKeys) map[string]any {
	out := maps.Clone(map[string]any(keys))
	if out == nil {
		out = map[string]any{}
	}
	delete(out, "state")
	return out
}

type editParams struct {
	IfMatch
	Code string `path:"code" doc:"The connection's code."`
	SaveParams
}

// Resolve tells what is wrong with the keys of an edit.
func (in *editParams) Resolve(hc huma.Context) []error {
	a, ctx := apiOf(hc), hc.Context()
	req := in.request(func(need auth.Role) bool { return auth.From(ctx).MayOn(need, in.Code) })
	req.DryRun = true
	save := a.Register.Replace
	if hc.Method() == http.MethodPatch {
		save = a.Register.Patch
	}
	_, err := save(ctx, in.Code, req)
	return keyFaults(err)
}

type connectionOutput struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     connectionKeys
}

type codeParam struct {
	Code string `path:"code" doc:"The connection's code."`
}

func (a *API) readConnection(ctx context.Context, in *codeParam) (*connectionOutput, error) {
	doc, err := a.Register.Read(ctx, in.Code)
	if err != nil {
		return nil, unfoundConnection(err, in.Code)
	}
	return a.connectionAnswer(ctx, doc, 0)
}

func connectionTag(c catalog.Connection) string { return etag(c.Code, c.Revision) }

// connectionAnswer is a connection as it goes out.
func (a *API) connectionAnswer(ctx context.Context, doc catalog.ConnectionDocument, first catalog.RunID) (*connectionOutput, error) {
	state, err := a.stateOf(ctx, doc.Connection)
	if err != nil {
		return nil, err
	}
	state.FirstCrawl = first
	text, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	keys := connectionKeys(maps.Clone(doc.Keys))
	keys["state"] = json.RawMessage(text)
	if !auth.From(ctx).MayOn(auth.ConnectorCreator, doc.Connection.Code) {
		delete(keys, "notify") // addresses of people, and of hooks that are keys themselves
	}
	return &connectionOutput{ETag: connectionTag(doc.Connection), Body: keys}, nil
}

func (a *API) stateOf(ctx context.Context, c catalog.Connection) (*connectionState, error) {
	counts, err := a.Connections.Counts(ctx, c.Code)
	if err != nil {
		return nil, err
	}
	faults, err := a.Connections.SecretFaults(ctx, c.Code)
	if err != nil {
		return nil, err
	}
	s := &connectionState{
		Health: string(c.Health), HealthReason: c.HealthReason, HealthSince: c.HealthSince, CheckedAt: c.CheckedAt, CheckHalted: c.CheckHalted,
		LastSuccessAt: c.LastSuccessAt, LastRefresh: lastRefresh(c), NextRunAt: c.NextRunAt, Counts: &counts,
		SecretsSet: slices.Sorted(maps.Keys(c.Secrets)), Removal: c.Removal, CreatedAt: c.CreatedAt, ModifiedAt: c.ModifiedAt, Revision: c.Revision,
	}
	if s.SecretsSet == nil {
		s.SecretsSet = []string{}
	}
	for _, path := range slices.Sorted(maps.Keys(faults)) {
		e := faults[path]
		s.UnreadableSecrets = append(s.UnreadableSecrets, unreadableSecret{Path: path, Error: e.Err.Error(), Cure: e.Cure})
	}
	return s, nil
}

// lastRefresh tells in a sentence when the catalog was last brought up to date.
func lastRefresh(c catalog.Connection) string {
	if c.LastSuccessAt.IsZero() {
		return "It has not been refreshed yet: there is no complete crawl."
	}
	return "It was last refreshed at " + c.LastSuccessAt.UTC().Format(time.RFC3339) + "."
}

func (a *API) createConnection(ctx context.Context, in *SaveParams) (*connectionOutput, error) {
	if code, ok := in.Body["code"].(string); ok {
		aboutConnection(ctx, code)
	}
	saved, err := a.Register.Create(ctx, in.request(auth.From(ctx).MayItself))
	if err != nil {
		return nil, saveProblem(err)
	}
	annotate(ctx, saveWords(in.SaveAnyway))
	if who := auth.From(ctx); !who.User.AllConnections {
		if err := a.Connections.GrantConnection(ctx, who.Name(), saved.Connection.Code); err != nil {
			return nil, err
		}
	}
	out, err := a.connectionAnswer(ctx, saved.ConnectionDocument, saved.FirstRun)
	if err == nil {
		out.Location = Prefix + "/connections/" + saved.Connection.Code
	}
	return out, err
}

func saveWords(anyway bool) string {
	if anyway {
		return "saved without a check"
	}
	return "saved"
}

func (a *API) replaceConnection(ctx context.Context, in *editParams) (*connectionOutput, error) {
	return a.editConnection(ctx, in, a.Register.Replace)
}

func (a *API) patchConnection(ctx context.Context, in *editParams) (*connectionOutput, error) {
	return a.editConnection(ctx, in, a.Register.Patch)
}

type saver func(ctx context.Context, code string, req catalog.SaveRequest) (catalog.SavedConnection, error)

func (a *API) editConnection(ctx context.Context, in *editParams, save saver) (*connectionOutput, error) {
	may := func(need auth.Role) bool { return auth.From(ctx).MayOn(need, in.Code) }
	return a.edited(ctx, in.Code, in.IfMatch, in.request(may), save)
}

// edited saves an edit, conditionally if the client says of which state it was made.
func (a *API) edited(ctx context.Context, code string, match IfMatch, req catalog.SaveRequest, save saver) (*connectionOutput, error) {
	if len(match.IfMatch) > 0 {
		doc, err := a.Register.Read(ctx, code)
		if err != nil {
			return nil, unfoundConnection(err, code)
		}
		if err := match.unless(connectionTag(doc.Connection)); err != nil {
			return nil, err
		}
		req.Revision = doc.Connection.Revision
	}
	saved, err := save(ctx, code, req)
	if errors.Is(err, catalog.ErrChanged) && req.Revision != 0 {
		return nil, IfMatch{[]string{`"changed"`}}.unless("")
	}
	if err != nil {
		return nil, saveProblem(unfoundConnection(err, code))
	}
	annotate(ctx, saveWords(req.Anyway))
	return a.connectionAnswer(ctx, saved.ConnectionDocument, 0)
}

// saveProblem puts a check that failed into a problem that has its steps.
func saveProblem(err error) error {
	var failed *catalog.CheckFailed
	if !errors.As(err, &failed) {
		return err
	}
	p := conflict("It was not saved: "+failed.Error()+".", failed.First().Cure)
	for _, s := range failed.Steps {
		if s.Status == "failed" {
			p.Errors = append(p.Errors, FieldProblem{In: "body", Pointer: catalog.FieldError{Path: s.Key}.Pointer(), Detail: s.Name + ": " + s.Error, Cure: s.Cure})
		}
	}
	if p.Cure == "" {
		p.Cure = "Change what the step says, or save it all the same with save_anyway=true."
	} else {
		p.Cure += " To save it all the same: save_anyway=true."
	}
	return p
}

type removalOutput struct {
	Location string `header:"Location"`
	Body     struct {
		Connection string `json:"connection"`
		State      string `json:"state" doc:"removing"`
	}
}

func (a *API) removeConnection(ctx context.Context, in *codeParam) (*removalOutput, error) {
	err := a.Register.Remove(ctx, in.Code)
	var use *catalog.InUse
	if errors.As(err, &use) {
		with := make([]string, len(use.Uses))
		for i, u := range use.Uses {
			with[i] = u.Detail
		}
		return nil, conflict(fmt.Sprintf("The connection %s is in use and can't be removed.", in.Code), "End each use first; then remove the connection.", with...)
	}
	if err != nil {
		return nil, unfoundConnection(err, in.Code)
	}
	out := &removalOutput{Location: Prefix + "/connections/" + in.Code}
	out.Body.Connection, out.Body.State = in.Code, "removing"
	return out, nil
}

type coverageOutput struct{ Body *catalog.Coverage }

func (a *API) readCoverage(ctx context.Context, in *codeParam) (*coverageOutput, error) {
	c, err := a.Connections.Coverage(ctx, in.Code)
	return &coverageOutput{Body: c}, unfoundConnection(err, in.Code)
}
