package lineage

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A target is where a data connection leads.
type target struct {
	folder string // of a folder connection, with slashes
	url    string // of a web file, or of a REST connection

	scheme   string // OpenLineage's, of a database: "mssql"; "" where it can't be told
	host     string // with the port
	database string
	dsn      string // what only the Qlik server can look up: a DSN, a TNS name
	name     string // the data connection's, folded
}

// Settings of connect strings by what they mean, for all providers (facts B.2: the strings of the folder, the
// web file, ODBC, OLE DB and Qlik's own connectors).
var settingNames = map[string][]string{
	"driver":   {"driver", "provider", "sourcetype"},
	"host":     {"host", "server", "data source", "datasource", "address", "addr", "network address", "hostname", "servername", "dbcname", "servernode", "account"},
	"port":     {"port", "portnumber", "port number"},
	"database": {"db", "database", "initial catalog", "dbname", "catalog", "databasename", "servicename", "service name", "sid", "project", "projectid"},
	"dsn":      {"dsn"},
	"url":      {"url"},
}

// schemes are OpenLineage's names of databases by what drivers and providers call them, the most telling
// first.
var schemes = []struct{ word, scheme, port string }{
	{"synapse", "sqlserver", "1433"},
	{"sqloledb", "mssql", "1433"},
	{"sqlncli", "mssql", "1433"},
	{"msoledbsql", "mssql", "1433"},
	{"sql server", "mssql", "1433"},
	{"sqlserver", "mssql", "1433"},
	{"mssql", "mssql", "1433"},
	{"azuresql", "mssql", "1433"},
	{"redshift", "redshift", "5439"},
	{"postgres", "postgres", "5432"},
	{"psql", "postgres", "5432"},
	{"mariadb", "mysql", "3306"},
	{"mysql", "mysql", "3306"},
	{"oracle", "oracle", "1521"},
	{"oraoledb", "oracle", "1521"},
	{"msdaora", "oracle", "1521"},
	{"snowflake", "snowflake", ""},
	{"bigquery", "bigquery", ""},
	{"gbq", "bigquery", ""},
	{"teradata", "teradata", "1025"},
	{"db2", "db2", "50000"},
	{"hdbodbc", "hana", ""},
	{"hana", "hana", ""},
	{"databricks", "databricks", "443"},
	{"hive", "hive", "10000"},
	{"impala", "impala", "21050"},
	{"trino", "trino", "8080"},
	{"presto", "trino", "8080"},
	{"athena", "awsathena", ""},
	{"sybase", "sybase", ""},
	{"cassandra", "cassandra", "9042"},
	{"mongo", "mongodb", "27017"},
}

var connectKind = regexp.MustCompile(`(?i)^\s*(ODBC|OLEDB|CUSTOM|LIB)?\s*CONNECT(?:32|64)?\s+TO\s*`)

// readTarget reads a data connection. Its string holds no secret: who lists them has taken those out.
func readTarget(d catalog.DataConnection) target {
	t := target{name: catalog.FoldName(d.Name)}
	text := strings.TrimSpace(d.ConnectString)
	switch strings.ToLower(d.Type) {
	case "folder":
		t.folder = strings.TrimRight(strings.ReplaceAll(text, `\`, "/"), "/")
		return t
	case "internet":
		t.url = text
		return t
	}
	kind := ""
	if match := connectKind.FindStringSubmatch(text); match != nil {
		kind = strings.ToLower(match[1])
		text = text[len(match[0]):]
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	text = strings.Trim(text, `"'`)
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	settings := pairsOf(text)
	if len(settings) == 0 && kind == "odbc" { // the bare name of a DSN
		t.dsn = text
		return t
	}
	t.read(settings, d.Type)
	return t
}

// pairsOf reads "a=b;c={d;e}". Names are folded. A part without = is a DSN if it stands first.
func pairsOf(text string) map[string]string {
	pairs := map[string]string{}
	for i, part := range catalog.SplitSettings(text) {
		name, value, found := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		value = strings.Trim(strings.TrimSpace(value), `"'{}`)
		switch {
		case found && name != "":
			pairs[name] = value
		case i == 0 && name != "" && strings.Contains(text, ";"):
			pairs["dsn"] = strings.TrimSpace(part)
		}
	}
	return pairs
}

func (t *target) read(settings map[string]string, typ string) {
	of := func(meaning string) string {
		for _, name := range settingNames[meaning] {
			if v := settings[name]; v != "" {
				return v
			}
		}
		return ""
	}
	t.dsn, t.url, t.database = of("dsn"), of("url"), of("database")
	port := ""
	if s := settings["driver"] + " " + settings["sourcetype"] + " " + settings["provider"] + " " + typ; strings.TrimSpace(s) != "" {
		lower := strings.ToLower(s)
		for _, x := range schemes {
			if strings.Contains(lower, x.word) {
				t.scheme, port = x.scheme, x.port
				break
			}
		}
	}
	t.host = strings.ToLower(of("host"))
	t.hostParts(of("port"), port)
}

// hostParts takes "tcp:host\instance,port", "host:port/service" and the like apart.
func (t *target) hostParts(port, usual string) {
	host := strings.TrimPrefix(t.host, "tcp:")
	if i := strings.IndexByte(host, '/'); i >= 0 && t.scheme == "oracle" { // EZConnect
		t.database = cmp.Or(t.database, host[i+1:])
		host = host[:i]
	}
	if before, after, found := strings.Cut(host, ","); found { // SQL Server's way
		host, port = before, cmp.Or(strings.TrimSpace(after), port)
	}
	if before, after, found := strings.Cut(host, ":"); found {
		host, port = before, cmp.Or(after, port)
	}
	if t.scheme == "oracle" && port == "" && !strings.Contains(host, ".") && t.database == "" {
		t.dsn, host = cmp.Or(t.dsn, host), "" // a TNS name
	}
	if host == "." || host == "(local)" || host == "localhost" || host == "127.0.0.1" {
		t.dsn, host = cmp.Or(t.dsn, "localhost"), "" // every site has its own
	}
	instance := ""
	if before, after, found := strings.Cut(host, `\`); found { // a named instance
		host, instance = before, after
	}
	switch {
	case host == "":
		t.host = ""
	case instance != "" && port == "":
		t.host = host + "/" + instance
	case t.scheme == "snowflake":
		t.host = strings.TrimSuffix(host, ".snowflakecomputing.com")
	default:
		t.host = strings.TrimSuffix(host+":"+cmp.Or(port, usual), ":")
	}
}

// table names a table as OpenLineage does for this database.
func (t target) table(code, written string) place {
	parts := strings.Split(written, ".")
	switch {
	case t.url != "" && t.scheme == "": // a REST connection
		if u, err := url.Parse(written); err == nil && u.Host != "" {
			return webPlace(written, code)
		}
		p := webPlace(t.url, code)
		p.name += "#" + written
		return p
	case t.scheme == "bigquery":
		return place{namespace: "bigquery", name: qualified(parts, t.database), shared: true}
	case t.host == "" && t.dsn != "":
		return place{namespace: cmp.Or(t.scheme, "odbc") + "://" + code + "/" + slashless(strings.ToLower(t.dsn)), name: t.fullName(parts)}
	case t.host == "" || t.scheme == "":
		return place{namespace: "lib://" + code + "/" + slashless(t.name), name: written}
	default:
		return place{namespace: t.scheme + "://" + t.host, name: t.fullName(parts), shared: true}
	}
}

// usualSchema is the schema of a table that is named without one.
var usualSchema = map[string]string{"mssql": "dbo", "sqlserver": "dbo", "postgres": "public", "redshift": "public"}

// fullName completes a table's name: database.schema.table, or database.table where there are no schemas.
func (t target) fullName(parts []string) string {
	switch t.scheme {
	case "mysql", "teradata", "hive", "impala":
		return qualified(parts, t.database)
	case "oracle":
		if t.database != "" && len(parts) < 3 {
			return t.database + "." + strings.Join(parts, ".")
		}
		return strings.Join(parts, ".")
	}
	schema := usualSchema[t.scheme]
	if len(parts) == 3 && parts[1] == "" && schema != "" { // database..table
		parts = []string{parts[0], schema, parts[2]}
	}
	if len(parts) == 1 && schema != "" {
		parts = []string{schema, parts[0]}
	}
	if len(parts) < 3 && t.database != "" {
		return t.database + "." + strings.Join(parts, ".")
	}
	return strings.Join(parts, ".")
}

// qualified is a name with the database that it is in, unless it names one.
func qualified(parts []string, database string) string {
	if len(parts) == 1 && database != "" {
		parts = []string{database, parts[0]}
	}
	return strings.Join(parts, ".")
}
