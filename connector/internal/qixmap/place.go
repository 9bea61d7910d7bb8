package qixmap

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// Place is a connect string of a data connection of a type without anything secret: what tells the place, and
// nothing that it doesn't know.
func Place(typ, text string) string {
	switch strings.ToLower(typ) {
	case "folder":
		if strings.Contains(text, "://") {
			return withoutUser(text)
		}
		return text
	case "internet":
		return withoutUser(text)
	}
	match := connectTo.FindStringSubmatchIndex(text)
	if match == nil {
		return harmless(strings.Trim(text, ` "'[];`))
	}
	return text[match[2]:match[3]] + ` "` + harmless(strings.Trim(text[match[1]:], ` "'[];`)) + `"`
}

var connectTo = regexp.MustCompile(`(?i)^\s*((?:ODBC|OLEDB|CUSTOM)?\s*CONNECT(?:32|64)?\s+TO)\s*`)

// withoutUser is an address without user, password and query.
func withoutUser(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// placeSettings are those settings of connect strings that tell a place, in lower case.
var placeSettings = map[string]bool{
	"provider": true, "driver": true, "sourcetype": true, "dsn": true, "host": true, "hostname": true, "server": true, "servername": true,
	"servernode": true, "data source": true, "datasource": true, "address": true, "addr": true, "network address": true, "dbcname": true,
	"port": true, "port number": true, "portnumber": true, "db": true, "database": true, "databasename": true, "dbname": true,
	"initial catalog": true, "catalog": true, "schema": true, "servicename": true, "service name": true, "sid": true, "account": true,
	"warehouse": true, "project": true, "projectid": true, "dataset": true, "region": true, "url": true,
}

// harmless keeps the settings that tell a place. A single word is the name of a DSN.
func harmless(text string) string {
	if !strings.Contains(text, "=") {
		if strings.ContainsAny(text, ";:@") {
			return ""
		}
		return text
	}
	var kept []string
	for _, part := range catalog.SplitSettings(text) {
		name, value, _ := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !placeSettings[strings.ToLower(name)] {
			continue
		}
		value = strings.TrimSpace(value)
		if strings.Contains(value, "://") {
			value = withoutUser(strings.Trim(value, `"'{}`))
		}
		if strings.ContainsAny(value, "@=") { // no place is written like that
			continue
		}
		kept = append(kept, name+"="+value)
	}
	return strings.Join(kept, ";")
}
