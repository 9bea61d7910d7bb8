package catalog

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
	var errs FieldErrors
	switch {
	case r.Mode == "" && chosen:
		r.Mode = Selected
	case r.Mode == "":
		r.Mode = Delta
	case r.Mode == Selected && !chosen:
		errs.Add("apps", "must name an app, or groups a report group: a selected crawl reads only those")
	case r.Mode != Selected && chosen:
		errs.Add("mode", "must be selected, or left out, when apps or groups are named: those are read in full")
	}
	if r.Mode == Selected && q.AllowMassRetire {
		errs.Add("allow_mass_retire", "has no meaning here: a selected crawl retires nothing")
	}
	return r, errs.OrNil()
}
