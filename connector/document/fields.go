package document

import (
	"slices"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// Types describe every kind of connection that the sources read, with every key of each.
func Types(sources connector.Sources) []catalog.ConnectionType {
	types := make([]catalog.ConnectionType, len(sources))
	for i, s := range sources {
		types[i] = catalog.ConnectionType{Type: s.Type, Title: s.Title, Fields: Fields(s)}
	}
	return types
}

// Fields describe every key of a source's connections, in the order of contract §2.
func Fields(source connector.Source) []catalog.Field {
	return slices.Concat(headFields(source), source.Fields, tailFields())
}

func headFields(source connector.Source) []catalog.Field {
	typ := source.Type
	fields := []catalog.Field{
		{Path: "name", Label: "Name", Kind: catalog.KindText, Required: true, Example: "Qlik Sense PROD", Help: "What people call it; unique, compared without case."},
		{Path: "code", Label: "Code", Kind: catalog.KindText, Required: true, Fixed: true, Example: "qlik-prod", Help: "Lower-case letters, digits and hyphens; unique, and it never changes: it is the first part of every key."},
		{Path: "type", Label: "Type", Kind: catalog.KindChoice, Required: true, Fixed: true, Choices: []string{typ}, Default: typ, Help: "The kind of site."},
		{Path: "environment", Label: "Environment", Kind: catalog.KindText, Example: "PROD", Help: "Free text."},
		{Path: "description", Label: "Description", Kind: catalog.KindLongText, Help: "Free text."},
		{Path: "url", Label: "Address", Kind: catalog.KindURL, Required: true, Example: "https://sense.example.com", Help: "Of the site; a bare host name means https, and a port and a virtual proxy's path are allowed."},
	}
	if source.Local {
		return fields[:len(fields)-1] // it has no address
	}
	return fields
}

func tailFields() []catalog.Field {
	const keep = "A time such as 90d, or forever."
	fields := []catalog.Field{
		{Path: "retention.runs", Label: "Keep crawls for", Default: "90d", Help: "Crawls with their outcomes. " + keep},
		{Path: "retention.changes", Label: "Keep history for", Default: forever, Help: "What changed when. " + keep},
		{Path: "retention.retired", Label: "Keep retired rows for", Default: forever, Help: "What the site no longer has. " + keep},
		{Path: "access_instructions", Label: "Access instructions", Kind: catalog.KindLongText, Help: "How people get at the data; shown on every page of the connection."},
		{Path: "governance.owner", Label: "Owner", Help: "User name of who answers for the data."},
		{Path: "governance.steward", Label: "Steward", Help: "User name of who looks after the definitions."},
		{Path: "governance.custodian", Label: "Custodian", Help: "User name of who looks after the system."},
		{Path: "admins.integration", Label: "Integration admins", Kind: catalog.KindList, Help: "Users who may crawl and schedule this connection, whatever their role is elsewhere."},
		{Path: "admins.security", Label: "Security admins", Kind: catalog.KindList, Help: "Users who may grant access to this connection, whatever their role is elsewhere."},
		{Path: "notify.recipients", Label: "Mail to", Kind: catalog.KindList, Example: "anna@example.com", Help: "Who is told what a crawl did."},
		{Path: "notify.webhooks", Label: "Webhooks", Kind: catalog.KindList, Example: "https://hooks.example.com/qlik", Help: "Programs that are told, by a signed POST; an address that is itself a secret is given as a reference, such as env:QLIK_WEBHOOK."},
		{Path: "notify.on", Label: "Tell of", Kind: catalog.KindList, Choices: eventNames(), Default: eventNames(), Help: "What is told."},
		{Path: "schedule.cron", Label: "Schedule", Example: "0 2 * * *", Help: "When to crawl: minute, hour, day of month, month, day of week; or a preset such as @daily."},
		{Path: "schedule.time_zone", Label: "Time zone", Example: "Europe/Paris", Help: "Of the schedule."},
		{Path: "schedule.mode", Label: "Mode", Kind: catalog.KindChoice, Choices: []string{string(catalog.Delta), string(catalog.Full)}, Default: string(catalog.Delta), Help: "delta reads what changed; full reads everything."},
		{Path: "schedule.full_every", Label: "A full crawl every", Kind: catalog.KindWhole, Help: "So many scheduled crawls, one is full."},
		{Path: "schedule.enabled", Label: "Enabled", Kind: catalog.KindSwitch, Default: true, Help: "Off: the schedule pauses."},
	}
	for i := range fields {
		if fields[i].Kind == "" {
			fields[i].Kind = catalog.KindText
		}
	}
	return fields
}

func eventNames() []string {
	names := make([]string, len(catalog.Events))
	for i, e := range catalog.Events {
		names[i] = string(e)
	}
	return names
}
