package lineage

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/lineage/qvs"
)

// A place is a dataset's name as OpenLineage writes it, and how it was found.
type place struct {
	namespace, name string
	shared          bool   // two sites mean the same by it: the namespace doesn't carry a site's code
	connection      string // the data connection's name, folded; "" where there is none
	why             string // why it isn't resolved; "": it is
}

// An atlas finds the places that scripts name.
type atlas struct {
	code, app   string
	connections map[string]target // by folded name
	seen        map[qvs.Object]place
}

func newAtlas(app catalog.Key, list []catalog.DataConnection) *atlas {
	code, id, _ := strings.Cut(string(app), "/")
	a := &atlas{code: code, app: id, connections: map[string]target{}, seen: map[qvs.Object]place{}}
	for _, d := range list {
		name := catalog.FoldName(d.Name)
		if _, known := a.connections[name]; !known {
			a.connections[name] = readTarget(d)
		}
	}
	return a
}

// place finds an object's place; the zero place for what is made inside of the script.
func (a *atlas) place(o qvs.Object) place {
	p, known := a.seen[o]
	if known {
		return p
	}
	switch o.Kind {
	case qvs.DB:
		p = a.table(o)
	case qvs.QVD, qvs.File, qvs.Web, qvs.Binary:
		p = a.file(o)
	}
	if strings.Contains(p.name, "$(") {
		p.why = "the script doesn't tell what the variable in the name stands for"
	}
	a.seen[o] = p
	return p
}

// table finds a database table: through the data connection to its server and database.
func (a *atlas) table(o qvs.Object) place {
	name := catalog.FoldName(o.Connection)
	t, known := a.connections[name]
	switch {
	case name == "":
		return place{namespace: "unknown://" + a.code, name: o.Name, why: "the script reads it before it connects to a database"}
	case !known:
		return place{
			namespace: "lib://" + a.code + "/" + slashless(name), name: o.Name, connection: name,
			why: "the data connection " + o.Connection + " is not among those that the account may see",
		}
	default:
		p := t.table(a.code, o.Name)
		p.connection = name
		return p
	}
}

// slashless keeps a name one part of a namespace.
func slashless(s string) string { return strings.NewReplacer("/", "%2F", "%", "%25").Replace(s) }

// libPath is a path through a data connection.
var libPath = regexp.MustCompile(`(?i)^lib://([^/]+)/*(.*)$`)

// file finds a file or a page: through the folder or the address of its data connection.
func (a *atlas) file(o qvs.Object) place {
	name := strings.TrimSpace(strings.ReplaceAll(o.Name, `\`, "/"))
	match := libPath.FindStringSubmatch(name)
	if match == nil {
		return a.bare(name, o)
	}
	folded := catalog.FoldName(match[1])
	t, known := a.connections[folded]
	switch {
	case known && t.folder != "":
		p := a.bare(t.folder+"/"+match[2], o)
		p.connection = folded
		return p
	case known && t.url != "":
		p := webPlace(t.url, a.code) // the connection is the page; what the script adds is only a name
		if i := strings.IndexByte(match[2], '#'); i >= 0 {
			p.name += match[2][i:]
		}
		p.connection = folded
		return p
	case known: // a provider of files that has no path
		return place{namespace: "lib://" + a.code + "/" + slashless(folded), name: cleanPath(match[2]), connection: folded}
	case folded == "attachedfiles": // every app has its own
		return place{namespace: "lib://" + a.code + "/" + a.app + "/attachedfiles", name: cleanPath(match[2])}
	default:
		return place{
			namespace: "lib://" + a.code + "/" + slashless(folded), name: cleanPath(match[2]), connection: folded,
			why: "the data connection " + match[1] + " is not among those that the account may see",
		}
	}
}

var (
	drive     = regexp.MustCompile(`^[A-Za-z]:/`)
	remoteWeb = regexp.MustCompile(`(?i)^(https?|ftps?|sftp|s3|gs|abfss|wasbs|hdfs)://`)
)

// bare finds a path that names no data connection.
func (a *atlas) bare(name string, o qvs.Object) place {
	switch {
	case strings.HasPrefix(name, "//"): // a share of a file server
		host, rest, _ := strings.Cut(strings.TrimLeft(name, "/"), "/")
		return place{namespace: "file://" + strings.ToLower(host), name: "/" + cleanPath(rest), shared: true}
	case remoteWeb.MatchString(name):
		return webPlace(name, a.code)
	case drive.MatchString(name), strings.HasPrefix(name, "/"):
		return place{namespace: "file://local." + a.code, name: "/" + cleanPath(name)}
	case o.Kind == qvs.Web && strings.HasPrefix(name, "#") && a.connections[catalog.FoldName(o.Connection)].url != "": // a level of a REST connection's answer
		folded := catalog.FoldName(o.Connection)
		p := webPlace(a.connections[folded].url, a.code)
		p.name, p.connection = p.name+name, folded
		return p
	case o.Kind == qvs.Web: // a function of a web connector
		return place{namespace: "lib://" + a.code + "/" + slashless(catalog.FoldName(o.Connection)), name: o.Name, connection: catalog.FoldName(o.Connection)}
	default:
		return place{
			namespace: "file://relative." + a.code, name: cleanPath(name),
			why: "the path is relative, and where to is known by the Qlik server alone",
		}
	}
}

// cleanPath gives a path of Windows in one form: lower case, slashes, no detours.
func cleanPath(p string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.ToLower(strings.ReplaceAll(p, `\`, "/"))), "/")
}

// webPlace finds a page or a stored object by its address. Users, passwords and queries are left out.
func webPlace(address, code string) place {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return place{namespace: "unknown://" + code, name: catalog.Mask(address), why: "the address can't be read"}
	}
	p := place{namespace: strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host), name: u.Path, shared: true}
	if p.name == "" {
		p.name = "/"
	}
	if u.Fragment != "" {
		p.name += "#" + u.Fragment
	}
	return p
}

// key is the dataset's key; "" for the zero place.
func (p place) key() catalog.Key {
	if p.namespace == "" {
		return ""
	}
	return catalog.DatasetKey(p.namespace, p.name)
}

// maskOf is a regular expression for the keys of the files that a key with * or ? stands for; "" without.
func maskOf(key catalog.Key) string {
	if !strings.ContainsAny(string(key), "*?") {
		return ""
	}
	quoted := regexp.QuoteMeta(string(key))
	return "^" + strings.NewReplacer(`\*`, "[^/]*", `\?`, "[^/]").Replace(quoted) + "$"
}
