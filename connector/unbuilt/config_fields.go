package unbuilt

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// Template is a commented connection file.
const Template = `# Folders of unbuilt Qlik apps: apps kept as files, as "qlik app unbuild" writes them, for example in Git.
# Keys with # in front show their default or an example. docs/how-to/unbuilt.md tells more.
name: Qlik apps in Git           # unique, compared without case
code: qlik-git                   # [a-z0-9-], unique, never changes: the first part of every key
type: unbuilt
# environment: DEV               # free text
# description: The apps of the finance team

unbuilt:
  # Each folder is an app or holds apps, at any depth. Relative paths are meant from this file's folder.
  # A folder's own name is part of the keys; where it lies is not: a checkout may move, but keeps its name.
  folders: [qlik-apps]

# options:
#   include_apps: []             # globs over title or id; an app's id is its path from the folder's name on
#   exclude_apps: []
#   workers: 4                   # apps read at a time on this connection, over all processes
#   system_variables: false      # true: Qlik's reserved and configuration variables too
#   auto_lineage: true
#   mass_retire_limit: 50%       # a crawl that would retire more of the known apps asks first
#   quiet_hours: ""              # '08:00-18:00 Mon-Fri': no crawl starts, a running one pauses
#   qvs_path: ""                 # folder of included scripts

# retention:                     # how long the past is kept: 90d, 52w, forever
#   runs: 90d                    # crawls with their outcomes
#   changes: forever             # what changed when
#   retired: forever             # rows that the folders no longer have

` + connector.TemplatePeople + `# schedule:
#   cron: '*/15 * * * *'         # minute, hour, day of month, month, day of week
#   time_zone: Europe/Paris
#   mode: delta                  # delta or full
#   full_every: 7                # so many scheduled crawls, one is full
#   enabled: true
`

// formFields describe every key of a connection that is this source's, in the order of the template.
func formFields() []catalog.Field {
	const patterns = "Patterns over title or id, such as finance/*; * is any text. Empty: "
	return []catalog.Field{
		{
			Path: "unbuilt.folders", Label: "Folders", Kind: catalog.KindList, Required: true, Example: "/srv/git/qlik-apps",
			Help: "On the machine that runs qlikcrawler, one a line. Each is an app or holds apps, at any depth. Its own name is part of the keys, where it lies is not.",
		},
		{Path: "options.include_apps", Label: "Apps to read", Kind: catalog.KindList, Help: patterns + "all."},
		{Path: "options.exclude_apps", Label: "Apps to leave out", Kind: catalog.KindList, Help: patterns + "none."},
		{Path: "options.workers", Label: "Apps at a time", Kind: catalog.KindWhole, Default: 4, Advanced: true, Help: "Over all processes; 1 to 64."},
		{Path: "options.system_variables", Label: "System variables", Kind: catalog.KindSwitch, Default: false, Advanced: true, Help: "Qlik's reserved and configuration variables too."},
		{Path: "options.auto_lineage", Label: "Build lineage after a crawl", Kind: catalog.KindSwitch, Default: true, Help: "Of what is stored."},
		{Path: "options.mass_retire_limit", Label: "Limit of retirement", Kind: catalog.KindShare, Default: "50%", Advanced: true, Help: "A crawl that would retire more of the known apps asks first."},
		{Path: "options.quiet_hours", Label: "Quiet hours", Kind: catalog.KindText, Advanced: true, Example: "08:00-18:00 Mon-Fri", Help: "No crawl starts then, and a running one pauses."},
		{Path: "options.qvs_path", Label: "Folder of included scripts", Kind: catalog.KindFile, Advanced: true, Help: "On the machine that runs qlikcrawler."},
	}
}
