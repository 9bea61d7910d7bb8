package qliksense

import "github.com/qlikcrawler/qlikcrawler/catalog"

// formFields describe every key of a connection that is this source's, in the order of the template. A test
// compares them with what is decoded and with the template.
func formFields() []catalog.Field {
	var all []catalog.Field
	for _, part := range [][]catalog.Field{addressFields(), windowsFields(), jwtFields(), headerFields(), certificateFields(), tlsFields(), proxyFields(), optionFields()} {
		all = append(all, part...)
	}
	for i := range all {
		if all[i].Kind == "" {
			all[i].Kind = catalog.KindText
		}
	}
	return all
}

func addressFields() []catalog.Field {
	return []catalog.Field{
		{
			Path: "link_url", Label: "Link address", Kind: catalog.KindURL, RequiredWhen: []string{loginCertificate}, Example: "https://sense.example.com",
			Help: "What people's browsers use; links to apps and sheets are made of it. Left out: the address with the login's prefix. Needed with certificates or an alias.",
		},
		{
			Path: "alias_host_name", Label: "Alias host name", Advanced: true, Example: "sense",
			Help: "The host name to present when the certificate or the host allow list wants another one than the address has.",
		},
		{
			Path: "authentication", Label: "Log in with", Kind: catalog.KindChoice, Required: true, Choices: []string{loginJWT, loginWindows, loginHeader, loginCertificate},
			Help: "How to log in; docs/how-to/connecting.md tells each way from both sides.",
		},
	}
}

func windowsFields() []catalog.Field {
	const when = loginWindows
	need := []string{when}
	return []catalog.Field{
		{Path: "windows.prefix", Label: "Virtual proxy prefix", When: when, Help: "Empty for the default virtual proxy."},
		{Path: "windows.user_directory", Label: "Domain", When: when, Example: "ACME", Help: "The Windows domain of the account; may be empty."},
		{Path: "windows.user_id", Label: "User", When: when, RequiredWhen: need, Example: "svc-qlik", Help: "The account's name, without the domain."},
		{Path: "windows.password", Label: "Password", When: when, RequiredWhen: need, Secret: true, Help: secretHelp + " A refused password is never tried twice."},
	}
}

const secretHelp = "The value itself, sealed before it is stored, or where it is: env:NAME, file:PATH, vault:MOUNT/PATH#FIELD, aws:SECRET_ID#FIELD or azure:VAULT/SECRET."

func jwtFields() []catalog.Field {
	const when = loginJWT
	need := []string{when}
	return []catalog.Field{
		{Path: "jwt.prefix", Label: "Virtual proxy prefix", When: when, Example: "jwt", Help: "The prefix of the JWT virtual proxy; may be empty."},
		{Path: "jwt.token", Label: "Token", Kind: catalog.KindLongText, When: when, RequiredWhen: need, Alternatives: []string{"jwt.private_key"}, Secret: true, Help: "A token that was signed elsewhere. " + secretHelp},
		{
			Path: "jwt.private_key", Label: "Private key", Kind: catalog.KindLongText, When: when, Secret: true, Alternatives: []string{"jwt.token"},
			Help: "In place of a token: tokens are signed here with this RSA key in PEM form, without a passphrase. " + secretHelp,
		},
		{Path: "jwt.algorithm", Label: "Algorithm", Kind: catalog.KindChoice, When: when, Choices: []string{"RS256", "RS384", "RS512"}, Default: "RS256", Advanced: true, Help: "Of the tokens that are signed here."},
		{Path: "jwt.key_id", Label: "Key id", When: when, Advanced: true, Help: "The token's kid, if the virtual proxy's side wants one."},
		{Path: "jwt.user_id", Label: "User id", When: when, Example: "svc-qlik", Help: "Whom the tokens that are signed here name; needed with a private key."},
		{Path: "jwt.user_directory", Label: "User directory", When: when, Example: "ACME", Help: "The directory of that user; needed with a private key."},
		{Path: "jwt.user_id_claim", Label: "Claim of the user id", When: when, Default: "userid", Advanced: true, Help: "As the virtual proxy has it, with case."},
		{Path: "jwt.user_directory_claim", Label: "Claim of the user directory", When: when, Default: "userdirectory", Advanced: true, Help: "As the virtual proxy has it, with case."},
		{Path: "jwt.name", Label: "Name", When: when, Advanced: true, Help: "A claim that gives a new user its name."},
		{Path: "jwt.email", Label: "Mail address", When: when, Advanced: true, Help: "A claim that gives a new user its mail address."},
		{Path: "jwt.groups", Label: "Groups", Kind: catalog.KindList, When: when, Advanced: true, Help: "Groups that security rules on the site may speak of."},
		{Path: "jwt.audience", Label: "Audience", When: when, Advanced: true, Help: "Only when the virtual proxy asks for one."},
		{Path: "jwt.lifetime", Label: "Lifetime", Kind: catalog.KindDuration, When: when, Default: "1h", Advanced: true, Help: "How long a token that is signed here is valid; at least 1m."},
		{Path: "jwt.claims", Label: "Further claims", Kind: catalog.KindMapping, When: when, Advanced: true, Help: "Names and values that the tokens get besides."},
	}
}

func headerFields() []catalog.Field {
	const when = loginHeader
	need := []string{when}
	return []catalog.Field{
		{Path: "header.prefix", Label: "Virtual proxy prefix", When: when, Example: "hdr", Help: "The prefix of the header virtual proxy."},
		{Path: "header.name", Label: "Header", When: when, RequiredWhen: need, Example: "X-Qlik-User", Help: "The header that the virtual proxy reads."},
		{Path: "header.value", Label: "Value", When: when, RequiredWhen: need, Secret: true, Help: `The user as the virtual proxy wants it, such as ACME\svc-qlik. ` + secretHelp},
	}
}

func certificateFields() []catalog.Field {
	const when = loginCertificate
	need := []string{when}
	return []catalog.Field{
		{Path: "certificate.client_cert", Label: "Client certificate", Kind: catalog.KindFile, When: when, RequiredWhen: need, Alternatives: []string{"certificate.pfx"}, Example: "client.pem", Help: "The file that the QMC exported."},
		{Path: "certificate.client_key", Label: "Key of the certificate", Kind: catalog.KindFile, When: when, RequiredWhen: need, Alternatives: []string{"certificate.pfx"}, Example: "client_key.pem", Help: "Not encrypted."},
		{Path: "certificate.root_cert", Label: "Root certificate", Kind: catalog.KindFile, When: when, Example: "root.pem", Help: "The site's own authority, as the QMC exported it."},
		{Path: "certificate.pfx", Label: "PFX file", Kind: catalog.KindFile, When: when, Alternatives: []string{"certificate.client_cert"}, Example: "client.pfx", Help: "A Windows export, in place of certificate and key."},
		{Path: "certificate.password", Label: "Password of the PFX file", When: when, Secret: true, Help: secretHelp},
		{Path: "certificate.user_directory", Label: "User directory", When: when, RequiredWhen: need, Example: "INTERNAL", Help: "The directory of the user on whose behalf to read."},
		{Path: "certificate.user_id", Label: "User", When: when, RequiredWhen: need, Example: "sa_api", Help: "On whose behalf to read."},
		{Path: "certificate.qrs_port", Label: "Port of the Repository", Kind: catalog.KindWhole, When: when, Default: 4242, Advanced: true, Help: "Of QRS."},
		{Path: "certificate.engine_port", Label: "Port of the Engine", Kind: catalog.KindWhole, When: when, Default: 4747, Advanced: true, Help: "Of the Engine's sockets."},
	}
}

func tlsFields() []catalog.Field {
	return []catalog.Field{
		{Path: "tls.ca_file", Label: "Authorities to trust", Kind: catalog.KindFile, Example: "ca.pem", Help: "PEM file of authorities to trust besides the system's."},
		{Path: "tls.truststore", Label: "Trust store", Kind: catalog.KindFile, Advanced: true, Example: "trust.p12", Help: "Likewise, as a PKCS12 or JKS file."},
		{Path: "tls.truststore_password", Label: "Password of the trust store", Secret: true, Advanced: true, Help: secretHelp},
		{Path: "tls.truststore_type", Label: "Type of the trust store", Kind: catalog.KindChoice, Choices: []string{"pkcs12", "jks"}, Advanced: true, Help: "Left out: by the file's extension."},
		{Path: "tls.client_cert", Label: "Client certificate", Kind: catalog.KindFile, Advanced: true, Example: "own.pem", Help: "When the proxy wants one along with the login."},
		{Path: "tls.client_key", Label: "Key of the client certificate", Kind: catalog.KindFile, Advanced: true, Example: "own_key.pem", Help: "Not encrypted."},
		{Path: "tls.pfx", Label: "Client certificate as PFX", Kind: catalog.KindFile, Advanced: true, Example: "own.pfx", Help: "In place of certificate and key."},
		{Path: "tls.pfx_password", Label: "Password of the PFX file", Secret: true, Advanced: true, Help: secretHelp},
		{Path: "tls.server_name", Label: "Name in the certificate", Advanced: true, Help: "The name that the server's certificate has, when it isn't the host name of the address."},
		{Path: "tls.insecure_skip_verify", Label: "Don't verify the server's certificate", Kind: catalog.KindSwitch, Default: false, Advanced: true, Help: "On: anybody on the way may listen in and pose as the server."},
	}
}

func proxyFields() []catalog.Field {
	return []catalog.Field{
		{Path: "proxy.url", Label: "HTTP proxy", Kind: catalog.KindURL, Advanced: true, Example: "http://proxy.example.com:3128", Help: "An HTTP proxy on the way; none is taken from the environment."},
		{Path: "proxy.username", Label: "User of the proxy", Advanced: true, Help: "When the proxy wants a login."},
		{Path: "proxy.password", Label: "Password of the proxy", Secret: true, Advanced: true, Help: secretHelp},
	}
}

func optionFields() []catalog.Field {
	patterns := "Patterns (* and ?) over names or ids; empty: "
	return []catalog.Field{
		{Path: "options.crawl_streams", Label: "Read streams", Kind: catalog.KindSwitch, Default: true, Help: "Off: no stream groups; published apps are read all the same."},
		{Path: "options.exclude_unpublished_apps", Label: "Leave unpublished apps out", Kind: catalog.KindSwitch, Default: false, Help: "Apps in people's own work."},
		{Path: "options.exclude_unpublished_sheets", Label: "Leave private sheets out", Kind: catalog.KindSwitch, Default: false, Help: "Community and base sheets are published."},
		{Path: "options.include_apps", Label: "Apps to read", Kind: catalog.KindList, Help: patterns + "all."},
		{Path: "options.exclude_apps", Label: "Apps to leave out", Kind: catalog.KindList, Help: patterns + "none."},
		{Path: "options.include_streams", Label: "Streams to read", Kind: catalog.KindList, Help: patterns + "all."},
		{Path: "options.exclude_streams", Label: "Streams to leave out", Kind: catalog.KindList, Help: patterns + "none."},
		{Path: "options.workers", Label: "Apps at a time", Kind: catalog.KindWhole, Default: 4, Help: "Apps that are read at a time on this connection, over all processes; 1 to 64."},
		{Path: "options.max_sessions", Label: "Qlik sessions at a time", Kind: catalog.KindWhole, Default: 2, Advanced: true, Help: "Over all processes; Qlik allows 5 a user."},
		{Path: "options.app_timeout", Label: "Time for one app", Kind: catalog.KindDuration, Default: "2m", Advanced: true, Help: "An app that takes longer is an outcome, not the end of the crawl."},
		{
			Path: "options.data_model", Label: "Data model", Kind: catalog.KindChoice, Choices: []string{dataModelNone, dataModelMetadata, dataModelOpen}, Default: dataModelMetadata,
			Help: "metadata costs the server no memory; open also opens apps that have none with their data, one at a time.",
		},
		{Path: "options.migrate_apps", Label: "Open apps that would be upgraded", Kind: catalog.KindSwitch, Default: false, Advanced: true, Help: "On: opening may upgrade old apps on the server."},
		{Path: "options.system_variables", Label: "System variables", Kind: catalog.KindSwitch, Default: false, Advanced: true, Help: "Qlik's reserved and configuration variables too."},
		{Path: "options.auto_lineage", Label: "Build lineage after a crawl", Kind: catalog.KindSwitch, Default: true, Help: "Of what is stored; the site isn't asked."},
		{Path: "options.mass_retire_limit", Label: "Limit of retirement", Kind: catalog.KindShare, Default: "50%", Advanced: true, Help: "A crawl that would retire more of the known apps asks first."},
		{Path: "options.quiet_hours", Label: "Quiet hours", Advanced: true, Example: "08:00-18:00 Mon-Fri", Help: "No crawl starts then, and a running one pauses."},
		{Path: "options.qvs_path", Label: "Folder of included scripts", Kind: catalog.KindFile, Advanced: true, Help: "On the machine that runs qlikcrawler."},
		{Path: "options.logs_path", Label: "Folder of script logs", Kind: catalog.KindFile, Advanced: true, Help: "On the machine that runs qlikcrawler."},
		{Path: "options.qvds_path", Label: "Folder of QVD files", Kind: catalog.KindFile, Advanced: true, Help: "Whose headers are read; on the machine that runs qlikcrawler."},
	}
}
