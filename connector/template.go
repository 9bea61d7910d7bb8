package connector

// TemplatePeople is the part of a connection file's template that every source has: how people get at the data,
// who answers for the connection, and who is told what a crawl did.
const TemplatePeople = `# access_instructions: ""        # how people get at the data; shown on every page of the connection
# governance:                    # user names
#   owner: anna
#   steward: ben
#   custodian: carla
# admins:                        # users with that role on this connection only
#   integration: []
#   security: []

# notify:                        # who is told what a crawl did (docs/how-to/notifications.md)
#   recipients: []               # mail addresses
#   webhooks: []                 # addresses, or references to them (env:NAME)
#   on: [added, changed, retired, failed]

`
