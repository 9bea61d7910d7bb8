package main

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// TestConnectionFilesOfEveryWayIn goes each way by a connection file, as a person does.
func TestConnectionFilesOfEveryWayIn(t *testing.T) {
	t.Parallel()
	srv := qliktest.New(t, demo.Site(), qliktest.Options{HeaderPrefix: "hdr", RequireClientCert: true})
	info, err := srv.Info()
	if err != nil {
		t.Fatal(err)
	}
	port := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Port()
	}
	const head = "name: prod\ncode: prod\ntype: qlik-sense\n"
	own := fmt.Sprintf("tls: {ca_file: %s, client_cert: %s, client_key: %s}\n", info.CAFile, info.ClientCertFile, info.ClientKeyFile)
	for name, file := range map[string]string{
		"a header and a client certificate": head + fmt.Sprintf("url: %s\nauthentication: header\nheader: {prefix: hdr, name: X-Qlik-User, value: '%s\\%s'}\n", srv.URL, info.UserDirectory, info.UserID) + own,
		"a token and a client certificate":  head + fmt.Sprintf("url: %s\nauthentication: jwt\njwt: {prefix: jwt, token: %s}\n", srv.URL, info.Token) + own,
		"certificates": head + fmt.Sprintf("url: https://localhost\nlink_url: %s\nauthentication: certificate\ncertificate: {client_cert: %s, client_key: %s, root_cert: %s, user_directory: INTERNAL, user_id: sa_api, qrs_port: %s, engine_port: %s}\noptions: {data_model: none}\n",
			srv.URL, info.ClientCertFile, info.ClientKeyFile, info.CAFile, port(srv.QRSURL), port(srv.EngineURL)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := noDatabase(t).check(exitDone, file, "-f", "-")
			if !c.OK {
				t.Errorf("%+v", c.Steps)
			}
		})
	}
}
