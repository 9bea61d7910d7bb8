package qliksense

import "github.com/qlikcrawler/qlikcrawler/connector"

// Template is a commented connection file.
const Template = `# A Qlik Sense Enterprise site (client-managed). Keys with # in front show their default or an example.
name: Qlik Sense PROD            # unique, compared without case
code: qlik-prod                  # [a-z0-9-], unique, never changes: the first part of every key
type: qlik-sense
# environment: PROD              # free text
# description: Finance and sales site
url: https://sense.example.com   # a bare host name means https; a port and a virtual-proxy path are allowed
# link_url: ""                   # what people's browsers use; default: url with the login's prefix
# alias_host_name: sense         # Host and TLS name to present when the certificate wants another name; needs link_url

# How to log in: windows, jwt, header or certificate.
authentication: jwt

# A secret (password, token, private_key, value) is the value itself, sealed before it is stored, or where it is:
# "env:NAME", "file:PATH", "vault:MOUNT/PATH#FIELD", "aws:SECRET_ID#FIELD" or "azure:VAULT/SECRET" (docs/how-to/secrets.md).
jwt:
  prefix: jwt                    # of the virtual proxy; may be empty
  token: env:QLIK_TOKEN
  # Or, instead of token, tokens are signed here:
  # private_key: file:privatekey.pem
  # user_id: svc-qlik
  # user_directory: ACME
  # algorithm: RS256             # RS256, RS384 or RS512
  # key_id: ""
  # user_id_claim: userid        # the names of the claims as the virtual proxy has them, with case
  # user_directory_claim: userdirectory
  # name: ""
  # email: ""
  # groups: []
  # audience: ""                 # only when the virtual proxy asks for one
  # lifetime: 1h
  # claims: {}

# windows:                       # NTLM with an account of the Windows domain
#   prefix: ""                   # of the virtual proxy; empty for the default one
#   user_directory: ACME         # the domain; may be empty
#   user_id: svc-qlik
#   password: env:QLIK_PASSWORD

# header:
#   prefix: hdr
#   name: X-Qlik-User
#   value: 'ACME\svc-qlik'

# certificate:                   # straight to the Repository and the Engine, without the proxy; needs link_url
#   client_cert: client.pem
#   client_key: client_key.pem   # not encrypted
#   pfx: ""                      # in place of both, as a Windows export has it
#   password: ""                 # of the PFX file
#   root_cert: root.pem          # or root.cer
#   user_directory: INTERNAL
#   user_id: sa_api
#   qrs_port: 4242
#   engine_port: 4747

# tls:
#   ca_file: ca.pem              # authorities to trust besides the system's
#   truststore: trust.p12        # likewise, as PKCS12 or JKS
#   truststore_password: env:TRUST_PASSWORD
#   truststore_type: pkcs12      # pkcs12 or jks; default: what the file is
#   client_cert: own.pem         # when the proxy wants a client certificate along with the login
#   client_key: own_key.pem
#   pfx: ""                      # in place of both
#   pfx_password: ""
#   server_name: ""              # the name that the server's certificate has
#   insecure_skip_verify: false  # true: anybody may listen in

# proxy:                         # an HTTP proxy on the way; none is taken from the environment
#   url: http://proxy.example.com:3128
#   username: svc-qlik
#   password: env:PROXY_PASSWORD

# options:
#   crawl_streams: true          # false: no stream groups; published apps are read all the same
#   exclude_unpublished_apps: false
#   exclude_unpublished_sheets: false
#   include_apps: []             # globs over name or id
#   exclude_apps: []
#   include_streams: []
#   exclude_streams: []
#   workers: 4                   # apps read at a time on this connection, over all processes
#   max_sessions: 2              # Qlik allows 5 a user
#   app_timeout: 2m
#   data_model: metadata         # none, metadata (costs the server no memory), or open (metadata; apps that
#                                # have none are opened with their data, one at a time)
#   migrate_apps: false          # true: may open apps that opening would upgrade
#   system_variables: false      # true: Qlik's reserved and configuration variables too
#   auto_lineage: true
#   mass_retire_limit: 50%
#   quiet_hours: ""              # '08:00-18:00 Mon-Fri': no crawl starts, a running one pauses
#   qvs_path: ""                 # folder of included scripts
#   logs_path: ""                # folder of script logs
#   qvds_path: ""                # folder of QVD files, whose headers are read

# retention:                     # how long the past is kept: 90d, 52w, forever
#   runs: 90d                    # crawls with their outcomes
#   changes: forever             # what changed when
#   retired: forever             # rows that the site no longer has

` + connector.TemplatePeople + `# schedule:
#   cron: '0 2 * * *'            # minute, hour, day of month, month, day of week
#   time_zone: Europe/Paris
#   mode: delta                  # delta or full
#   full_every: 7                # so many scheduled crawls, one is full
#   enabled: true
`
