package qliksense

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qixmap"
	"github.com/qlikcrawler/qlikcrawler/connector/internal/qrs"
)

func (c *check) qrsRead(ctx context.Context) (string, error) {
	about, err := c.session.qrs().About(ctx)
	if err != nil {
		return "", explain("read about", "", err)
	}
	return "Repository " + about.BuildVersion, nil
}

// sampleSize is how many of the newest apps are tried: one bad app isn't a bad site.
const sampleSize = 5

func (c *check) apps(ctx context.Context) (string, error) {
	var rows []qixmap.AppRow
	var newest generation
	all := 0
	for app, err := range c.session.qrs().Apps(ctx, "") {
		if err != nil {
			return "", explain("list apps", "", err)
		}
		all++
		newest.see(app.SavedInProductVersion, app.MigrationHash)
		if row := newAppRow(app); c.site.filter.app(row) {
			rows = append(rows, row)
		}
	}
	switch {
	case all == 0:
		return "", fault(catalog.CodeForbidden, "list apps", "the account "+c.account+" sees no app", nil,
			c.rule("App_*,Stream_*", "Read")+" Qlik makes an account at its first login, without any right of its own.")
	case len(rows) == 0:
		return "", fault(catalog.CodeInvalid, "list apps", fmt.Sprintf("the account sees %d apps, and options leave all of them out", all), nil,
			"Check options.include_apps, exclude_apps, include_streams, exclude_streams and exclude_unpublished_apps.")
	}
	outdated := c.choose(rows, newest)
	says := fmt.Sprintf("%d apps", all)
	if len(rows) < all {
		says += fmt.Sprintf(", %d of them to be read", len(rows))
	}
	if outdated > 0 {
		says += fmt.Sprintf("; opening would upgrade %d, which are left alone", outdated)
	}
	return says, nil
}

// choose picks the sample: the apps reloaded last. One that opening might upgrade is never opened here,
// whatever options.migrate_apps says; without a hash nobody knows, unless the site has none at all.
func (c *check) choose(rows []qixmap.AppRow, newest generation) (outdated int) {
	when := func(r qixmap.AppRow) time.Time {
		if r.LastReload.After(r.Modified) {
			return r.LastReload
		}
		return r.Modified
	}
	slices.SortStableFunc(rows, func(a, b qixmap.AppRow) int {
		return cmp.Or(when(b).Compare(when(a)), strings.Compare(a.ID, b.ID))
	})
	c.newest = rows[:min(len(rows), sampleSize)]
	for _, r := range rows {
		if newest.outdated(r.MigrationHash) {
			outdated++
			continue
		}
		if len(c.sample) < sampleSize && (r.MigrationHash != "" || len(newest.hashes) == 0) {
			c.sample = append(c.sample, &trialApp{row: r})
		}
	}
	return outdated
}

func (c *check) appObjects(ctx context.Context) (string, error) {
	var t trial
	objects := 0
	for _, app := range c.newest {
		n := 0
		for _, err := range c.session.qrs().AppObjects(ctx, "app.id eq "+app.ID) {
			if err != nil {
				return "", explain("list app objects", "", err)
			}
			n++
		}
		t.note(app.Name, nil)
		objects += n
	}
	if objects == 0 {
		return "", fault(catalog.CodeForbidden, "list app objects", fmt.Sprintf("the account sees no app object in %s", t.tried()), nil,
			c.rule("App.Object_*", "Read"))
	}
	return fmt.Sprintf("%d app objects in %s", objects, t.tried()), nil
}

func (c *check) dataModel(ctx context.Context) (string, error) {
	if c.site.cfg.Options.DataModel == dataModelNone {
		return "", skip("options.data_model is none")
	}
	var t trial
	for _, app := range c.newest {
		if app.LastReload.IsZero() {
			continue
		}
		_, err := c.session.qrs().DataMetadata(ctx, app.ID)
		t.note(app.Name, explain("read data model of "+app.Name, "", err))
	}
	if t.count == 0 {
		return "", skip("none of %s was ever reloaded", t.of(len(c.newest)))
	}
	if t.failed() && qrs.KindOf(t.first) == qrs.NotFound {
		return "", fault(catalog.CodeNotFound, "read data model", "the server has no stored data model for "+t.tried(), t.first, c.cureModel())
	}
	return t.result("data model read of", "")
}

func (c *check) cureModel() string {
	if c.direct() {
		return "Through certificates the stored data model is out of reach: the proxy serves it. Use another login, or set options.data_model to open or none."
	}
	return "Reload an app on this server (the data model is stored at a reload, by Qlik Sense June 2018 and later), or set options.data_model to open or none."
}

// rule is the security rule to paste.
func (c *check) rule(resources, action string) string {
	condition := `user.userDirectory="DIRECTORY" and user.userId="USER"`
	if directory, user, ok := strings.Cut(c.account, `\`); ok {
		condition = fmt.Sprintf(`user.userDirectory=%q and user.userId=%q`, directory, user)
	}
	return fmt.Sprintf("In the QMC, Security rules, Create new: resource filter %s; actions %s; conditions ((%s)); context Both in hub and QMC.",
		resources, action, condition)
}

// A trial is a right tried on the apps of a sample: it fails when it failed on all of them.
type trial struct {
	count, good int
	first       error // the first refusal
	which       string
}

func (t *trial) note(app string, err error) {
	t.count++
	if err == nil {
		t.good++
		return
	}
	if t.first == nil {
		t.first, t.which = err, app
	}
}

func (t *trial) failed() bool { return t.count > 0 && t.good == 0 }

// tried names the sample.
func (t *trial) tried() string { return t.of(t.count) }

func (t *trial) of(n int) string {
	if n == 1 {
		return "the newest app"
	}
	return fmt.Sprintf("the %d newest apps", n)
}

// result is the outcome of a step; a cure that isn't "" replaces that of the refusal.
func (t *trial) result(did, cure string) (string, error) {
	switch {
	case t.failed():
		err := t.first
		if cure != "" {
			err = fault(catalog.CodeOf(err), "", "", err, cure)
		}
		return "tried on " + t.tried(), err
	case t.first != nil:
		return fmt.Sprintf("%s %d of %s; not of %s: %s", did, t.good, t.tried(), t.which, t.first), nil
	}
	return fmt.Sprintf("%s %s", did, t.tried()), nil
}
