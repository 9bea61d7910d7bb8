package qliksense

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qix"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
)

var _ connector.Checker = (*site)(nil)

// Check goes the way of a crawl step by step: see connector.Checker.
func (s *site) Check(ctx context.Context) iter.Seq[connector.Step] {
	return func(yield func(connector.Step) bool) {
		c := &check{site: s, session: s.session, broken: map[string]bool{}}
		defer c.end()
		s.session.atLimit.hurry() // a finding, and nothing to wait for
		for _, x := range c.stages() {
			step := c.do(ctx, x)
			if ctx.Err() != nil || !yield(step) {
				return
			}
		}
	}
}

// A check is one run through all steps, with what the earlier ones found for the later ones.
type check struct {
	site    *site
	session *session
	broken  map[string]bool // steps that failed, and those that were skipped because of one

	knock  *knock // the first answer of the server; nil: not asked yet
	global socket // a socket for no app

	account string          // DIRECTORY\user, "" when the server didn't say
	newest  []qixmap.AppRow // of the newest apps, a few
	sample  []*trialApp     // those of the newest that may be opened
}

// A socket is the outcome of one dial.
type socket struct {
	dialed bool
	engine *qix.Session // nil: see err
	err    error
}

// A stage is a step to be done. What it needs are steps that must not have failed.
type stage struct {
	name, title string
	needs       []string
	limit       time.Duration
	run         func(context.Context) (detail string, err error)
}

// stages are all steps in order. Their names are public: programs look for them.
func (c *check) stages() []stage {
	const short, long = time.Minute, 5 * time.Minute
	all := []stage{
		{"dns", "Look the host name up", nil, short, c.dns},
		{"tcp", "Connect to the server", []string{"dns"}, short, c.tcp},
		{"tls", "Verify the server's certificate", []string{"tcp"}, short, c.tls},
		{"proxy", "Find the virtual proxy", []string{"tls"}, short, c.proxy},
		{"login", "Log in", []string{"proxy"}, 2*firstTimeout + short, c.login},
		{"identity", "Ask who the server takes us for", []string{"login"}, short, c.identity},
		{"session", "Count the sessions of the account", []string{"login"}, 2 * short, c.sessions},
		{"qrs_read", "Read from the Repository", []string{"login"}, short, c.qrsRead},
		{"apps", "List apps", []string{"qrs_read"}, long, c.apps},
		{"app_objects", "List app objects", []string{"apps"}, short, c.appObjects},
		{"engine", "Connect to the Engine", []string{"apps", "session"}, long, c.engine},
		{"open", "Open an app without data", []string{"engine"}, long, c.open},
		{"script", "Read a load script", []string{"open"}, short, c.script},
		{"lineage", "Read lineage", []string{"open"}, short, c.lineage},
		{"connections", "List data connections", []string{"open"}, short, c.connections},
		{"data_model", "Read a stored data model", []string{"apps"}, short, c.dataModel},
	}
	if c.site.cfg.Options.QVDsPath != "" {
		all = append(all, stage{"qvd_files", "Read headers of QVD files", nil, long, c.qvdFiles})
	}
	return all
}

// titleOf is a step's name for people.
func (c *check) titleOf(name string) string {
	for _, x := range c.stages() {
		if x.name == name {
			return fmt.Sprintf("%q", x.title)
		}
	}
	return name
}

// A notApplicable ends a step that has nothing to do. Steps that need it go on.
type notApplicable struct{ why string }

func (n *notApplicable) Error() string { return n.why }

func skip(format string, args ...any) error { return &notApplicable{fmt.Sprintf(format, args...)} }

// do runs a step, unless one that it needs failed.
func (c *check) do(ctx context.Context, x stage) connector.Step {
	step := connector.Step{Name: x.name, Title: x.title, Status: connector.StepOK}
	if i := slices.IndexFunc(x.needs, func(need string) bool { return c.broken[need] }); i >= 0 {
		c.broken[x.name] = true
		step.Status, step.Detail = connector.StepSkipped, "it needs the step "+c.titleOf(x.needs[i])
		return step
	}
	limited, cancel := context.WithTimeout(ctx, x.limit)
	defer cancel()
	start := time.Now()
	detail, err := x.run(limited)
	step.Detail, step.Took = detail, time.Since(start)
	var none *notApplicable
	switch {
	case errors.As(err, &none):
		step.Status, step.Detail = connector.StepSkipped, none.why
	case err != nil:
		c.broken[x.name] = true
		step.Status, step.Err = connector.StepFailed, explain(x.name, "", err)
		step.Key = c.keyOf(x.name, step.Err)
	}
	return step
}

// end closes the sockets and logs out. What can't be logged out is in the log: the session says it.
func (c *check) end() {
	if c.global.engine != nil {
		_ = c.global.engine.Close() // always nil
	}
	for _, app := range c.sample {
		if app.engine != nil {
			_ = app.engine.Close() // always nil
		}
	}
	_ = c.session.close() // it has logged the error
}

// fault makes the error of a failed step.
func fault(code catalog.Code, op, says string, cause error, cure string) error {
	return &catalog.Error{Code: code, Op: op, Err: said(says, orNew(says, cause)), Cure: cure}
}

// orNew is cause, or an error of these words when there is none.
func orNew(says string, cause error) error {
	if cause == nil {
		return errors.New(says)
	}
	return cause
}

// direct reports whether the connection goes to the Repository's and the Engine's own ports.
func (c *check) direct() bool { return c.site.cfg.Login == loginCertificate }
