// Package foreign holds no code but tests: clients of Qlik Sense that others wrote, run against the
// simulated site. What they need and the site lacks is a fault of the site.
//
//	enigma.js     Qlik's JavaScript client of the Engine, through the proxy and with certificates
//	@qlik/api     Qlik's current JavaScript client: Engine and REST, a token exchanged for a cookie
//	serializeapp  reads a whole app with enigma.js
//	qrs-interact  a JavaScript client of the Repository
//	enigma-go     Qlik's Go client of the Engine
//	curl          logs in with a Windows account; skipped where there is none that speaks NTLM
//
// It is a module of its own, so that the product doesn't depend on them. The JavaScript clients are
// installed by npm, in the versions of node/package-lock.json, into the user's cache folder.
package foreign
