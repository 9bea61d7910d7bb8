package catalog

import (
	"fmt"
	"strings"
)

// A CrawlRequest is what somebody asks for who wants a connection to be crawled.
type CrawlRequest struct {
	Mode            Mode // "": selected if something is named, else delta
	Apps            []string
	Groups          []Key
	AllowMassRetire bool
	Trigger         Trigger // "": ByAPI
}

// Run is the crawl that is asked for; what contradicts itself in the request comes as FieldErrors.
func (q CrawlRequest) Run(connection, who string) (Run, error) {
	r := Run{
		Connection: connection, Mode: q.Mode, Trigger: q.Trigger, AskedBy: who,
		Apps: q.Apps, Groups: q.Groups, AllowMassRetire: q.AllowMassRetire,
	}
	if r.Trigger == "" {
		r.Trigger = ByAPI
	}
	chosen := len(q.Apps)+len(q.Groups) > 0
	errs := q.blanks()
	add := func(path, message, cure string) {
		errs = append(errs, FieldError{Path: path, Message: message, Cure: cure})
	}
	switch {
	case r.Mode == "" && chosen:
		r.Mode = Selected
	case r.Mode == "":
		r.Mode = Delta
	case r.Mode == Selected && !chosen:
		add("apps", "must name an app, or groups a report group: a selected crawl reads only those", "Name some, or leave the mode out.")
	case r.Mode != Selected && chosen:
		add("mode", "must be selected, or left out, when apps or groups are named: those are read in full", "Leave the mode out, or name no app and no group.")
	}
	if r.Mode == Selected && q.AllowMassRetire {
		add("allow_mass_retire", "has no meaning here: a selected crawl retires nothing", "Leave it out.")
	}
	return r, errs.OrNil()
}

// blanks are the places of apps and groups that name nothing.
func (q CrawlRequest) blanks() FieldErrors {
	var errs FieldErrors
	for i, app := range q.Apps {
		if strings.TrimSpace(app) == "" {
			errs = append(errs, FieldError{Path: fmt.Sprintf("apps[%d]", i), Message: "names no app", Cure: "Give an app's id, key or name."})
		}
	}
	for i, group := range q.Groups {
		if strings.TrimSpace(string(group)) == "" {
			errs = append(errs, FieldError{Path: fmt.Sprintf("groups[%d]", i), Message: "names no report group", Cure: "Give a report group's key."})
		}
	}
	return errs
}
